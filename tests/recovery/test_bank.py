"""One bank a repetition, and every estimator put to it: the law of the demo bank is recovered within the gates."""

import pytest
from recovery.adoption import adoption
from recovery.exits import without_manager_effects
from recovery.harness import LONG, SHORT, Study
from recovery.leaving import death, leaving
from recovery.loyalty import weights_corrected, weights_uncorrected
from recovery.payments import frequency, spend
from recovery.programmes import club, retention, rollout, rollout_in_money, rollout_two_way
from recovery.validation import validate

from insights.demo import Law, simulate

CLIENTS, MONTHS = 2_500, 48
"""Enough clients for ten events per parameter everywhere, few enough for twenty banks in every ``make test``."""

BANK = Study(
    "bank",
    f"Banks of {CLIENTS:,} clients and {MONTHS} months, straight from the process; satisfaction, intention and types "
    "of clients are seen, managers differ by experience only.",
    lambda seed: simulate(without_manager_effects(Law()), CLIENTS, MONTHS, seed),
    {
        "leaving to a competitor": leaving,
        "death": death,
        "randomised retention programme, by arms": retention,
        "channel programme, group-time effects": rollout,
        "channel programme, in money": rollout_in_money,
        "programme without effect, by managers' lot": club,
        "adoption of products": adoption,
        "loyalty weights, corrected": weights_corrected,
        "payments, BG/NBD": frequency,
        "payments, gamma-gamma": spend,
    },
    naive={
        "channel programme, two-way fixed effects": rollout_two_way,
        "loyalty weights, uncorrected": weights_uncorrected,
    },
)


def test_law_is_recovered() -> None:
    validate(BANK, SHORT)


@pytest.mark.long
def test_law_is_recovered_in_400_repetitions() -> None:
    validate(BANK, LONG)
