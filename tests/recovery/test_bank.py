"""One bank a repetition, and every estimator put to it: the law of the demo bank is recovered within the gates."""

import pytest
from recovery.exits import without_manager_effects
from recovery.harness import LONG, SHORT, Study
from recovery.leaving import death, leaving, leaving_within_managers
from recovery.validation import validate

from insights.demo import Law, simulate

CLIENTS, MONTHS = 3_000, 60

BANK = Study(
    "bank",
    f"Banks of {CLIENTS:,} clients and {MONTHS} months, straight from the process; satisfaction and intention are "
    "seen, managers differ by experience only.",
    lambda seed: simulate(without_manager_effects(Law()), CLIENTS, MONTHS, seed),
    {"leaving to a competitor": leaving, "death": death},
)

WITH_MANAGERS = Study(
    "bank-managers",
    f"Banks of {CLIENTS:,} clients and {MONTHS} months of the default law: managers have effects of their own.",
    lambda seed: simulate(Law(), CLIENTS, MONTHS, seed),
    {"leaving to a competitor, random intercept by manager": leaving_within_managers},
)


def test_law_is_recovered() -> None:
    validate(BANK, SHORT)


@pytest.mark.long
def test_law_is_recovered_in_400_repetitions() -> None:
    validate(BANK, LONG)


@pytest.mark.long
def test_leaving_is_recovered_within_managers() -> None:
    validate(WITH_MANAGERS, LONG)
