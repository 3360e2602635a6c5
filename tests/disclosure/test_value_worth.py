"""A client whose value dominates, against what is told of the worth of the book: he cannot be worked out of it.

The promise is about cells: none is made up by one or two, be it in amounts or in what makes its interval wide. That no
number of the page happens to lie near what one client is worth is not promised and cannot be: ten years of five
measures span so much that some number is always near any amount, and nobody can know which.
"""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from insights.data.snapshot import Bank
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.reports.disclosure import protect
from insights.topics import value
from insights.topics.evidence import Answer, Estimates

topic = importlib.import_module("insights.topics.value.worth")  # the package has a function of this name


@pytest.fixture(scope="module")
def values(demo: Bank) -> LifetimeValues:
    found = lifetime_values(demo)
    assert isinstance(found, LifetimeValues)
    return found


@pytest.fixture(scope="module")
def answer(demo: Bank) -> Answer:
    found = value.worth(demo)
    assert isinstance(found, Answer)
    return found


def test_no_amount_that_is_told_is_made_up_by_one_or_two(demo: Bank, answer: Answer) -> None:
    rules, seen = demo.settings.disclosure, 0
    for name, told in protect(answer.evidence, rules).items():
        exact = answer.evidence[name]
        assert isinstance(exact, Estimates)
        assert isinstance(told, Estimates)
        keys = list(exact.dims)
        both = exact.rows.merge(told.rows[[*keys, "value"]], on=keys, suffixes=("", "_told"))
        for row in both.dropna(subset=["value_told", "absolute"]).to_dict("records"):
            seen += 1
            assert row["largest"] <= rules.dominance_largest * row["absolute"]
            assert row["largest"] + row["second"] <= rules.dominance_two * row["absolute"]
    assert seen > 20


def planted(values: LifetimeValues, share: float) -> LifetimeValues:
    """Return the values with one client whose own doubts make up this share of the variance of the book's worth.

    He is worth no more than before: who looks at amounts alone sees nobody who dominates.
    """
    drawn = values.drawn.expected.astype(float)
    at = int(np.argsort(values.value)[-20])
    rest = np.delete(drawn, at, axis=0).sum(axis=0)
    lots = np.random.default_rng(1).standard_normal(drawn.shape[1])
    lots -= np.polyval(np.polyfit(rest, lots, 1), rest)
    own = lots / lots.std() * rest.std() * np.sqrt(share / (1 - share))
    drawn[at] = values.value[at] + own - own.mean()
    return replace(values, drawn=replace(values.drawn, expected=drawn.astype(np.float32)))


@pytest.mark.parametrize(("share", "told"), [(0.2, True), (0.6, False)])
def test_an_interval_that_one_client_decides_is_not_told(
    demo: Bank, values: LifetimeValues, share: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its width would be his own: with and without him it says how little is known of him."""
    found = planted(values, share)
    monkeypatch.setattr(topic, "lifetime_values", lambda bank: found)
    answer = value.worth(demo)
    assert isinstance(answer, Answer)
    rows = protect(answer.evidence, demo.settings.disclosure)["totals"].rows.set_index("measure")  # type: ignore[union-attr]
    assert np.isfinite(rows.loc["value", ["value", "low", "high"]].to_numpy(float)).all() == told


def test_leaving_him_out_moves_the_interval_no_more_than_his_share(values: LifetimeValues) -> None:
    """What the book is worth is as unsure without the largest but for his part of it; a width of his own would show."""

    def narrower(found: LifetimeValues, at: int) -> float:
        drawn = found.drawn.expected.astype(float)
        sd = [d.sum(axis=0).std() for d in (drawn, np.delete(drawn, at, axis=0))]
        return float(1 - sd[1] / sd[0])

    giant = int(values.value.argmax())
    share = values.value[giant] / values.value.sum()
    assert share > 0.02
    assert narrower(values, giant) < share + 0.02
    # It could tell: who decides the interval narrows it by far more than his share when he is left out.
    at = int(np.argsort(values.value)[-20])
    assert narrower(planted(values, 0.6), at) > values.value[at] / values.value.sum() + 0.2
