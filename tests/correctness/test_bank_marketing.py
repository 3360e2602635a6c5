"""Real calls: cellular against telephone, adjusted for when the calls were made and whom they reached."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.stats.effects import OverlapComparison, overlap_comparison
from insights.stats.results import NotEstimable

RARE = 20
"""A level that fewer calls of a kind have tells the two kinds apart by itself: it is put with the most frequent one."""


@pytest.fixture(scope="module")
def calls(shared: Path) -> pd.DataFrame:
    """The calls in their order, with ``run``: the month of the campaign, counted on through the years."""
    data = pd.read_csv(shared / "data" / "bank_marketing" / "bank-additional-full.csv.gz", sep=";")
    data = data.assign(run=(data["month"] != data["month"].shift()).cumsum(), won=(data["y"] == "yes").astype(float))
    return data.assign(cellular=(data["contact"] == "cellular").astype(float))


def indicators(calls: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return indicators of the levels that both kinds of calls have often enough, the most frequent apart."""
    made = {}
    for name in names:
        sizes = calls.groupby([name, "cellular"]).size().unstack(fill_value=0).min(axis=1)
        common = calls[name].value_counts().idxmax()
        made |= {f"{name}:{v}": calls[name] == v for v in sizes.index if v != common and sizes[v] >= RARE}
    return pd.DataFrame(made).astype(float)


def whom(calls: pd.DataFrame) -> pd.DataFrame:
    names = ["job", "marital", "education", "default", "housing", "poutcome"]
    numbers = {"age": calls["age"], "age_squared": (calls["age"] - 40) ** 2, "calls": np.log(calls["campaign"])}
    # Without an earlier campaign there is no outcome of it; unknown housing is unknown for the same clients as loans.
    return indicators(calls, names).assign(**numbers)


def when(calls: pd.DataFrame) -> pd.DataFrame:
    return indicators(calls, ["run", "day_of_week"]).assign(euribor=calls["euribor3m"])


def told(calls: pd.DataFrame, covariates: pd.DataFrame) -> OverlapComparison:
    found = overlap_comparison(calls["won"], calls["cellular"], covariates, unit="share")
    assert isinstance(found, OverlapComparison), found
    return found


@pytest.fixture(scope="module")
def compared(calls: pd.DataFrame) -> pd.DataFrame:
    """The months in which both were used: in the first two, three calls in ten, everybody was called by telephone."""
    both = calls.groupby("run")["cellular"].transform(lambda c: min(c.sum(), len(c) - c.sum()) >= RARE).astype(bool)
    assert 1 - both.mean() == pytest.approx(0.30, abs=0.01)
    return calls[both].reset_index(drop=True)


def test_a_third_of_what_cellular_seems_to_sell_more_is_when_and_whom_it_reached(
    calls: pd.DataFrame, compared: pd.DataFrame
) -> None:
    plain = calls.groupby("cellular")["won"].mean()
    assert plain.loc[1.0] - plain.loc[0.0] == pytest.approx(0.0951, abs=5e-4)
    found = told(compared, pd.concat([when(compared), whom(compared)], axis=1))
    assert (found.table["difference_weighted"].abs() < 1e-8).all()
    assert found.effect.high < plain.loc[1.0] - plain.loc[0.0]
    # Adjusted: 6.3 points (5.2 to 7.5). In these months alone, unadjusted, it looks like half of it: telephone was
    # used more often when more was sold.
    assert found.effect.value == pytest.approx(0.0631, abs=0.001)
    assert (found.effect.low, found.effect.high) == pytest.approx((0.0515, 0.0746), abs=0.001)
    assert found.unadjusted.value == pytest.approx(0.0358, abs=0.001)
    # Something unseen would have to go with both by a risk ratio of 1.5 to bring the near end to nothing.
    assert found.e_value()[1] == pytest.approx(1.55, abs=0.02)


def test_for_the_months_alone_the_weights_are_those_of_strata(compared: pd.DataFrame) -> None:
    """With an indicator for every month overlap weights count each month by n1 n0 / n: worked out here directly."""
    found = told(compared, indicators(compared, ["run"]))
    cells = compared.groupby("run").agg(n=("won", "size"), one=("cellular", "sum"))
    means = compared.groupby(["run", "cellular"])["won"].mean().unstack()
    weight = cells["one"] * (cells["n"] - cells["one"]) / cells["n"]
    assert found.effect.value == pytest.approx(float(np.average(means[1.0] - means[0.0], weights=weight)))


def test_the_months_in_which_everybody_was_called_by_telephone_have_nothing_to_compare(calls: pd.DataFrame) -> None:
    early = calls[calls["run"] <= 2]
    found = overlap_comparison(early["won"], early["cellular"], whom(early))
    assert isinstance(found, NotEstimable)
    assert found.reason.startswith("the smaller group has 0 units")
