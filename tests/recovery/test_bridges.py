"""Intervals of the parts of the bridge cover what the law of a simulated bank says that these parts are."""

from pathlib import Path

import pytest
from recovery.bridges import AS_OF, CLIENTS, MONTHS, bridge_parts
from recovery.harness import Study
from recovery.validation import validate

REPETITIONS = 40


@pytest.mark.long
def test_intervals_of_the_parts_of_the_bridge_cover(tmp_path: Path) -> None:
    study = Study(
        "bridge",
        f"Banks of {CLIENTS} clients over {MONTHS} months up to {AS_OF}: one rate of leaving, one expected flow, one "
        "market, fees in proportion to assets. The parts by the law are sums in closed form.",
        lambda seed: seed,
        {"bridge": lambda seed: bridge_parts(tmp_path, seed)},
    )
    validate(study, REPETITIONS)
