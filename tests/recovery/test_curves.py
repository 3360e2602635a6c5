"""Restricted means and incidences of single banks lie within their intervals of what very many clients do."""

import pytest
from recovery.curves import BATCH, BATCHES, curves, draw_spells
from recovery.harness import Study
from recovery.validation import validate

BANKS = 100

STUDY = Study(
    "curves",
    f"Relationships of banks of 3,000 clients and 60 months, most of whom entered late; the truth is counted from "
    f"{BATCHES * BATCH:,} clients of the same law.",
    draw_spells,
    {"Kaplan-Meier and Aalen-Johansen, late entry": curves},
)


@pytest.mark.long
def test_restricted_means_and_incidences_cover_the_truth_of_a_very_large_simulation() -> None:
    validate(STUDY, BANKS)
