"""What clients kept are worth: by hand, with intervals through the whole chain, and all tests adjusted."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from survey_law import FACTORS, made_up

from insights.models.loyalty.keeping import KNOTS, Keeping, kept_by_segment
from insights.models.loyalty.tested import path_tests
from insights.models.value.worths import Ahead
from insights.stats.multiplicity import benjamini_hochberg, holm
from insights.stats.resampling import Replicates
from insights.stats.results import Estimate


@dataclass
class Values:
    """Two clients who bring 100 a month and stay for sure, but for leaving by choice in the first year."""

    leaving: float = 0.02
    months: int = 24
    measure: str = "margin"
    rate: float = 0.0

    @property
    def alive(self) -> np.ndarray:
        gone = np.minimum(np.arange(1, self.months + 1), 12) * self.leaving
        return np.tile(np.exp(-gone), (2, 1))

    def course(self) -> Ahead:
        flat = np.full((2, self.months), 100.0)
        return Ahead(self.alive, flat, flat, flat, np.zeros_like(flat))

    @property
    def inputs(self) -> Any:
        return SimpleNamespace(discount=np.ones(self.months))

    @property
    def value(self) -> np.ndarray:
        return 100 * self.alive.sum(axis=1)

    @property
    def drawn(self) -> Any:
        return SimpleNamespace(realised=np.outer(self.value, [0.8, 1.0, 1.2]))


def keeping() -> Keeping:
    values: Any = Values()
    return kept_by_segment(values, np.full((2, 12), 0.02), pd.Series(["big", "small"]))


def test_with_no_exit_left_all_bring_what_they_would_have_brought() -> None:
    found, values = keeping(), Values()
    at = list(KNOTS).index(1.0)
    assert found.curves[""][at] == pytest.approx((2 * 24 * 100) - values.value.sum())
    assert found.curves["big"] == pytest.approx(found.curves[""] / 2)
    assert found.curves[""][list(KNOTS).index(0.0)] == 0
    assert found.draws["small"] == pytest.approx([0.8, 1.0, 1.2])
    half = found.sizes[""]
    assert half[0] == pytest.approx(half[2] / 2)


def test_the_interval_goes_through_the_whole_chain() -> None:
    rng = np.random.default_rng(1)
    found = keeping()
    draws = 0.1 + 0.02 * rng.standard_normal((999, 1))
    told = found.worth(Replicates(np.array([0.1]), draws, "s", "exponential", 500, 60), 0, "", "CHF")
    sure = found.worth(Replicates(np.array([0.1]), np.full((999, 1), 0.1), "s", "exponential", 500, 60), 0, "", "CHF")
    assert isinstance(told, Estimate)
    assert isinstance(sure, Estimate)
    assert told.value == sure.value
    assert sure.low == pytest.approx(0.8 * sure.value)  # of the value alone
    assert told.high - told.low > 1.1 * (sure.high - sure.low)


def test_every_way_is_listed_and_adjusted_in_its_family() -> None:
    found = made_up(1)
    rows = path_tests(found, {("care", "value"): "raises", ("price", "value"): "raises"})
    assert len(rows) == 3 * len(FACTORS)  # everybody and two segments
    told = rows["expected"] != ""
    assert set(rows.loc[told, "factor"]) == {"care", "price"}
    assert (rows.loc[told, "segment"] == "").all()
    assert rows.loc[told, "adjusted"].to_numpy() == pytest.approx(holm(rows.loc[told, "p"].to_numpy()))
    assert rows.loc[~told, "adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(rows.loc[~told, "p"].to_numpy()))
    assert (rows.loc[rows["segment"] == "", "slope"] < 0).all()
