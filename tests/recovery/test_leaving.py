"""Leaving where managers have effects of their own: conditional parameters by random intercepts, and marginal ones."""

import pytest
from recovery.harness import LONG, Study
from recovery.leaving import draw_leavers, leaving_unseen, leaving_within_managers
from recovery.validation import validate

from insights.demo import Law
from insights.demo.truth.record import marginal, marginal_hash

CLIENTS, MONTHS = 2_500, 60
"""The window is that for which the marginal parameters were computed."""

DEFAULT = Study(
    "leaving",
    f"Who leaves from banks of {CLIENTS:,} clients and {MONTHS} months of the default law: managers have effects "
    "of their own. Once with satisfaction and intention seen, once without, against the marginal parameters.",
    lambda seed: draw_leavers(Law(), CLIENTS, MONTHS, seed),
    {
        "all seen, random intercept by manager": leaving_within_managers,
        "marginal, clustered by manager": leaving_unseen,
    },
)


@pytest.mark.long
def test_leaving_under_the_default_law_is_recovered_in_400_repetitions() -> None:
    assert marginal()["law"] == marginal_hash(Law()), "marginal.toml belongs to another law: compute it anew"
    validate(DEFAULT, LONG)
