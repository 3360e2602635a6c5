"""A client whose value dominates, against what is told of the worth of the book: he cannot be worked out of it."""

from pathlib import Path

import numpy as np
import pytest

from insights.data.snapshot import Bank, open_bank
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.reports.disclosure import protect
from insights.topics import value
from insights.topics.evidence import Answer, Estimates


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


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


def test_leaving_him_out_moves_the_interval_no_more_than_his_share(values: LifetimeValues) -> None:
    """The width of what the book is worth is that of all: without the largest it narrows by what he is of the sum."""
    drawn = values.drawn.expected.astype(float)
    giant = int(values.value.argmax())
    width = [float(np.diff(np.quantile(d.sum(axis=0), [0.025, 0.975]))[0]) for d in (drawn, np.delete(drawn, giant, 0))]
    share = values.value[giant] / values.value.sum()
    assert 1 - width[1] / width[0] < 3 * share
