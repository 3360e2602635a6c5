"""Real telephone campaigns in their order: learned from the earlier calls, scored on the later ones; traps refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.stats.in_order import InOrder, foretold_in_order
from insights.stats.results import Estimate, NotEstimable


@pytest.fixture(scope="module")
def calls(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "bank_marketing" / "bank-additional-full.csv.gz", sep=";")


ECONOMY = ["emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed", "month"]
"""What is the same for all who were called in a month."""


@pytest.fixture(scope="module")
def found(calls: pd.DataFrame) -> InOrder:
    told = foretold_in_order(
        calls.drop(columns=["y", *ECONOMY]),
        calls["y"] == "yes",
        revealed={"duration": "the call"},
        never={"pdays": 999},
    )
    assert isinstance(told, InOrder)
    return told


def test_the_length_of_the_call_is_refused_and_999_days_are_never(calls: pd.DataFrame, found: InOrder) -> None:
    assert found.refused == {"duration": "known only after the call"}
    assert not [n for n in found.names if n.startswith("duration")]
    assert (calls["pdays"] == 999).sum() == 39_673
    assert "pdays:never" in found.names
    without = calls.drop(columns=["y", "duration", *ECONOMY]).assign(pdays=calls["pdays"].replace(999, 5_000))
    same = foretold_in_order(without, calls["y"] == "yes", never={"pdays": 5_000})
    assert isinstance(same, InOrder)
    np.testing.assert_allclose(same.probability, found.probability)


def test_scores_are_of_the_later_calls_alone(calls: pd.DataFrame, found: InOrder) -> None:
    from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]

    later = (calls["y"] == "yes").to_numpy()[int(0.7 * len(calls)) :]
    assert len(found.probability) == len(later) == 12_357
    assert isinstance(found.average_precision, Estimate)
    assert found.average_precision.value == pytest.approx(average_precision_score(later, found.probability))
    best = np.sort(found.probability)[::-1][int(0.1 * len(later))]
    assert isinstance(found.lift, Estimate)
    assert found.lift.value == pytest.approx(later[found.probability > best].mean() / later.mean(), rel=0.02)
    # Of those with the highest tenth of the probabilities 1.57 times as many said yes as of all (1.47 to 1.67).
    assert found.average_precision.value == pytest.approx(0.313, abs=0.002)
    assert found.average_precision.low > later.mean()
    assert (found.lift.low, found.lift.high) == pytest.approx((1.469, 1.674), abs=0.02)
    # What is learned does not move with what came later.
    changed = calls["y"].where(np.arange(len(calls)) < int(0.7 * len(calls)), "no").copy()
    changed.iloc[-2_000:] = "yes"
    again = foretold_in_order(calls.drop(columns=["y", "duration", *ECONOMY]), changed == "yes", never={"pdays": 999})
    assert isinstance(again, InOrder)
    np.testing.assert_allclose(again.probability, found.probability)


def test_that_times_changed_is_told_by_the_calibration(found: InOrder) -> None:
    """The crisis lies between the parts: far more said yes later than the earlier calls let expect."""
    assert len(found.calibrated.table) == 10
    assert found.calibrated.table["n"].sum() == 12_357
    p = found.recalibrated.checks[0].p_value
    assert p is not None
    assert p < 1e-6
    assert isinstance(found.recalibrated.intercept, Estimate)
    assert found.recalibrated.intercept.low > 1
    assert isinstance(found.recalibrated.slope, Estimate)
    assert found.recalibrated.slope.low > 1


def test_five_series_of_one_economy_turn_the_ranking_upside_down(calls: pd.DataFrame) -> None:
    """They were learned while rates were high. That is why a bank's own report takes three at most, and compares."""
    every = foretold_in_order(
        calls.drop(columns="y"), calls["y"] == "yes", revealed={"duration": "the call"}, never={"pdays": 999}
    )
    assert isinstance(every, InOrder)
    assert isinstance(every.lift, Estimate)
    assert every.lift.high < 1


def test_the_length_of_the_call_would_have_looked_splendid(calls: pd.DataFrame, found: InOrder) -> None:
    leaking = foretold_in_order(calls.drop(columns=["y", *ECONOMY]), calls["y"] == "yes", never={"pdays": 999})
    assert isinstance(leaking, InOrder)
    assert isinstance(leaking.average_precision, Estimate)
    assert isinstance(found.average_precision, Estimate)
    assert leaking.average_precision.low > found.average_precision.high


def test_bad_input_is_named() -> None:
    columns = pd.DataFrame({"a": np.arange(300.0)})
    came = np.arange(300) % 2 == 0
    with pytest.raises(ValueError, match="there is no column b"):
        foretold_in_order(columns, came, revealed={"b": "the end"})
    with pytest.raises(ValueError, match="300 rows and 299 outcomes"):
        foretold_in_order(columns, came[1:])
    few = foretold_in_order(columns.head(100), came[:100])
    assert isinstance(few, NotEstimable)
    assert "needs 50 of each outcome" in few.reason
