"""The mean lifetime value is recovered: within three per cent over many futures, and by the gates of the harness."""

from pathlib import Path

import numpy as np
import pytest
from recovery.harness import Study, run
from recovery.validation import check
from recovery.worths import CLIENTS, FUTURES, MONTHS, YEARS, mean_value

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
        {"lifetime value": lambda seed: {"mean value": mean_value(tmp_path, seed)["mean value"]}},
    )
    assert REPETITIONS * FUTURES >= 1_000
    runs = run(study, REPETITIONS)
    check(study, runs)
    assert abs(float(np.mean(runs.value / runs.truth)) - 1) < NEAR


def test_the_mean_value_of_one_small_bank_is_near_that_of_its_futures(tmp_path: Path) -> None:
    """A glance at what the long study measures; a value that takes no account of leaving does not pass it."""
    found = mean_value(tmp_path, 1_100, clients=1_200, years=3, futures=16)
    off = {}
    for name, compared in found.items():
        assert isinstance(compared.answer, Estimate)
        assert compared.answer.se is not None
        error = np.hypot(compared.answer.se, compared.truth_se)
        off[name] = abs(compared.answer.value - compared.truth) / error
        assert error < 0.06 * compared.truth
    assert off["mean value"] < GATE
    assert off["nobody leaves"] > GATE
