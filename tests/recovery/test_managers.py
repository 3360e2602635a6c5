"""Managers differ by more than the bank records: what that does to an effect of their experience, and what cures it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from recovery.exits import draw_exits_by_manager
from recovery.harness import LONG, Compared, Study
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


STUDY = Study(
    "managers",
    "Exits to a competitor of 12,000 average clients of 60 managers in 48 months; managers have an effect of their own "
    "(standard deviation 0.3) beside experience.",
    draw_exits_by_manager,
    {"hazard, clustered by manager": clustered, "hazard, random intercept": random_intercept},
    naive={"hazard, every month for itself": unclustered},
)


def test_effect_of_experience_is_recovered_and_unclustered_intervals_cover_clearly_less_than_they_say() -> None:
    summary = validate(STUDY, ENOUGH).set_index(["estimator", "parameter"])
    naive = summary.loc[("hazard, every month for itself", "experience")]
    assert naive["coverage"] < 0.85
    assert naive["se_over_sd"] < 0.75
    assert naive["p_bias"] > 0.001  # its fault is the interval, not the estimate


@pytest.mark.long
def test_effect_of_experience_is_recovered_in_400_repetitions() -> None:
    validate(STUDY, LONG)
