"""How many of those who will probably leave the retention programme could still keep, by what its experiment showed."""

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.trial import treated_clients, trial
from insights.stats.inputs import Floats
from insights.stats.results import Estimate
from insights.topics.lifecycle.retention import log_hazard_ratio, missing_for_trial


def shown_ratio(bank: Bank) -> Estimate | None:
    """Return the log hazard ratio of the programme where its experiment shows that it keeps clients, else None."""
    if missing_for_trial(bank):
        return None
    found = trial(bank)
    if isinstance(found, str):
        return None
    ratio = log_hazard_ratio(found)
    return ratio if isinstance(ratio, Estimate) and ratio.high < 0 else None


def not_in_programme(bank: Bank, clients: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return who (n) of the clients is not in the programme yet."""
    return ~np.isin(np.asarray(clients, dtype=object).astype(str), sorted(treated_clients(bank)))


def fall_in_proportion(risk: Floats, log_ratio: float) -> Floats:
    """Return by how much the probabilities (n) of leaving fall if all months' hazards are multiplied by one ratio."""
    return np.asarray(risk + np.expm1(np.exp(log_ratio) * np.log1p(-risk)), dtype=float)
