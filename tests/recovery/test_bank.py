"""One bank a repetition, and every estimator put to it: the law of the demo bank is recovered within the gates."""

import pytest
from recovery.adoption import adoption
from recovery.exits import without_manager_effects
from recovery.harness import LONG, SHORT, Study
from recovery.leaving import death, draw_leavers, leaving, leaving_unseen, leaving_within_managers
from recovery.loyalty import weights_corrected, weights_uncorrected
from recovery.payments import frequency, spend
from recovery.programmes import club, retention, rollout, rollout_two_way
from recovery.validation import validate

from insights.demo import Law, simulate
from insights.demo.truth.record import marginal, marginal_hash

CLIENTS, MONTHS = 2_500, 48
"""Enough clients for ten events per parameter everywhere, few enough for twenty banks in every ``make test``."""

LONG_WINDOW = 60
"""Months of the window for which the marginal parameters were computed."""

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

DEFAULT = Study(
    "leaving",
    f"Who leaves from banks of {CLIENTS:,} clients and {LONG_WINDOW} months of the default law: managers have effects "
    "of their own. Once with satisfaction and intention seen, once without, against the marginal parameters.",
    lambda seed: draw_leavers(Law(), CLIENTS, LONG_WINDOW, seed),
    {
        "all seen, random intercept by manager": leaving_within_managers,
        "marginal, clustered by manager": leaving_unseen,
    },
)


def test_law_is_recovered() -> None:
    validate(BANK, SHORT)


@pytest.mark.long
def test_law_is_recovered_in_400_repetitions() -> None:
    validate(BANK, LONG)


@pytest.mark.long
def test_leaving_under_the_default_law_is_recovered_in_400_repetitions() -> None:
    assert marginal()["law"] == marginal_hash(Law()), "marginal.toml belongs to another law: compute it anew"
    validate(DEFAULT, LONG)
