"""Managers differ by more than the bank records: what that does to an effect of their experience, and what cures it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from recovery.exits import draw_exits_by_manager
from recovery.harness import LONG, Compared, Study, outside, run, summarise
from recovery.leaving import compare
from recovery.validation import validate

from insights.demo import Law
from insights.stats.hazard import INTERCEPT, discrete_hazard

ENOUGH = 60
"""Repetitions of the short version: they are cheap here, and 20 would not always show the undercoverage."""

TRUTH = {"experience": Law().leaving.manager_experience}
"""The slope is the same conditionally and marginally: managers' effects are independent of experience, exits rare."""


def unclustered(cells: pd.DataFrame) -> Mapping[str, Compared]:
    return compare(discrete_hazard(cells[["experience"]], cells["left"], trials=cells["at_risk"]), TRUTH)


def clustered(cells: pd.DataFrame) -> Mapping[str, Compared]:
    fit = discrete_hazard(cells[["experience"]], cells["left"], trials=cells["at_risk"], cluster=cells["manager"])
    return compare(fit, TRUTH)


def random_intercept(cells: pd.DataFrame) -> Mapping[str, Compared]:
    fit = discrete_hazard(
        cells[["experience"]], cells["left"], trials=cells["at_risk"], random_intercept=cells["manager"]
    )
    return compare(fit, TRUTH | {INTERCEPT: float(np.log(Law().leaving.base))})


RIGHT = Study(
    "managers",
    "Exits to a competitor of 12,000 average clients of 60 managers in 48 months; managers have an effect of their own "
    "(standard deviation 0.3) beside experience.",
    draw_exits_by_manager,
    {"hazard, clustered by manager": clustered, "hazard, random intercept": random_intercept},
)
NAIVE = Study("managers-naive", RIGHT.about, draw_exits_by_manager, {"hazard, every month for itself": unclustered})


def test_effect_of_experience_is_recovered_and_covered() -> None:
    validate(RIGHT, ENOUGH)


@pytest.mark.long
def test_effect_of_experience_is_recovered_and_covered_in_400_repetitions() -> None:
    validate(RIGHT, LONG)


def test_unclustered_intervals_of_experience_cover_clearly_less_than_they_say() -> None:
    summary = summarise(run(NAIVE, ENOUGH))
    (fault,) = outside(summary)
    assert "cover in" in fault
    assert summary["coverage"].iloc[0] < 0.85
    assert summary["se_over_sd"].iloc[0] < 0.75
