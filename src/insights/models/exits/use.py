"""The risks that reports and lists tell: the hazards', or the challenger's where it has been better out of time.

The challenger tells clients apart; how many leave in all the hazards tell, which know the exits of the last year too
and whose uncertainty is known. So its risks are brought to the hazards' total, at every past landmark as well before
the two are compared: what won is what is used. It has neither reasons nor months, so each client keeps those of the
hazards: one factor multiplies all his intensities such that his risk in twelve months is that of the challenger.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.challenger import challenger_risks, levelled
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.outcomes import FOLLOWED
from insights.models.exits.risk import ANY, HORIZONS, exit_risks, risks_of
from insights.models.exits.trials import CHALLENGER, chosen_model
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable


def risk_factors(bank: Bank, landmark: date | None = None) -> Floats | None:
    """Return by what each client's intensities of leaving are multiplied (n, order of ``in_force``); None: by nothing.

    None where the hazards are in use, and at past landmarks: the choice rests on what happened after them. Computed
    once.
    """
    if landmark not in (None, bank.as_of):
        return None
    return once(bank, ("risk_factors",), lambda: _factors(bank))


def risks_in_use(bank: Bank, landmark: date | None = None, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
    """Return ``exit_risks`` by the model in use. Computed once."""
    factors = risk_factors(bank, landmark)
    if factors is None:
        return exit_risks(bank, landmark, horizons)
    key = ("risks_in_use", tuple(horizons))
    return once(bank, key, lambda: risks_of(bank, fit_exit_hazards(bank), tuple(horizons), factors))


def _factors(bank: Bank) -> Floats | None:
    if chosen_model(bank).model != CHALLENGER:
        return None
    told = challenger_risks(bank)
    if isinstance(told, NotEstimable):
        return None
    own = exit_risks(bank)[f"{ANY}_{FOLLOWED}m"].to_numpy(float)
    wanted = np.log1p(-levelled(told, float(own.sum())))
    return np.divide(wanted, np.log1p(-own), out=np.ones_like(own), where=own > 0)
