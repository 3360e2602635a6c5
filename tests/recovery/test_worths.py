"""The mean lifetime value is recovered: within three per cent over many futures, and by the gates of the harness."""

from pathlib import Path

import numpy as np
import pytest
from recovery.harness import Study, run
from recovery.validation import check
from recovery.worths import CLIENTS, FUTURES, MONTHS, YEARS, mean_value, valued_beside

from insights.stats.ranking import rank_correlation
from insights.stats.results import Estimate

REPETITIONS = 12
NEAR = 0.03
GATE = 3.0


@pytest.mark.long
def test_the_mean_value_is_that_of_the_futures(tmp_path: Path) -> None:
    study = Study(
        "worth",
        f"Banks of {CLIENTS:,} clients and {MONTHS} months of the default law, as they are delivered, and {FUTURES} "
        f"futures of {YEARS} years of each. What markets are expected to add is that of the law.",
        lambda seed: seed,
        {"lifetime value": lambda seed: mean_value(tmp_path, seed)},
    )
    assert REPETITIONS * FUTURES >= 1_000
    runs = run(study, REPETITIONS)
    check(study, runs)
    assert abs(float(np.mean(runs.value / runs.truth)) - 1) < NEAR


def test_a_small_banks_values_are_near_what_its_futures_bring(tmp_path: Path) -> None:
    """A glance at what the long study measures: how much, by whom, and how many stay."""
    values, best, truth = valued_beside(tmp_path, 1_100, clients=600, years=2, futures=8)
    told = ~np.isnan(truth)
    drawn = values.drawn.expected[told].mean(axis=0, dtype=float)
    error = float(np.hypot(drawn.std(), best.mean_value()[1]))
    mean = float(truth[told].mean())
    assert error < 0.1 * mean
    assert abs(float(values.value[told].mean()) - mean) < GATE * error
    ranks = rank_correlation(values.value[told], truth[told])
    assert isinstance(ranks, Estimate)
    assert ranks.value > 0.95
    there = float(best.alive[:, -1].mean())
    assert values.course().alive[:, -1].mean() == pytest.approx(there, abs=0.04)
    assert there < 1 - 2 * 0.04  # a value that takes no account of leaving would not pass
