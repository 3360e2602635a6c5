"""The mean lifetime value is recovered: within three per cent over many futures, and by the gates of the harness."""

from pathlib import Path

import numpy as np
import pytest
from recovery.harness import Study, run
from recovery.validation import check
from recovery.worths import CLIENTS, FUTURES, MONTHS, YEARS, mean_value

REPETITIONS = 12
NEAR = 0.03


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
