"""Who gains from the retention programme: the learner of ``stats`` on what was known of each client before the lot."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.before import features_before
from insights.models.cache import once
from insights.models.trial import Trial, trial
from insights.stats.effects.learner import Gains, who_gains
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

SHORTEST, LONGEST = 6, 24
"""Months within which leaving is counted: all that is seen of it tells of the effect, but late exits tell of chance."""


@dataclass(frozen=True)
class ClientGains:
    """The fitted learner. ``features`` (n clients of the experiment, p) are those known before the programme started.

    ``gains`` speak of the probability of having left within ``months``: negative is good. ``trial`` has the same n
    rows: those drawn of whom something was known and who could be followed for so long. ``left`` (n) says who left.
    """

    gains: Gains
    trial: Trial
    features: pd.DataFrame
    left: np.ndarray
    months: int

    def predict(self, bank: Bank, clients: pd.DataFrame) -> Floats:
        """Return the predicted change (n) of the probability of leaving; ``clients`` as in ``features_before``."""
        return self.gains.predict(features_before(bank, clients)[list(self.features.columns)])


def client_gains(bank: Bank) -> ClientGains | NotEstimable | str:
    """Fit the learner once per bank; a code says why the programme is no experiment (see ``models.trial``)."""
    return once(bank, "client_gains", lambda: _fitted(bank), on_disk=True)


def _fitted(bank: Bank) -> ClientGains | NotEstimable | str:
    found = trial(bank)
    if isinstance(found, str):
        return found
    months = min(LONGEST, found.horizon())
    if months < SHORTEST:
        return NotEstimable(f"the arms are followed for {months} months only: {SHORTEST} are needed")
    rows = found.rows[found.followed >= months].reset_index(drop=True)
    own = Trial(found.name, rows, found.by_manager, found.absent, found.twice, found.main)
    features = features_before(
        bank, pd.DataFrame({n: rows[n] for n in ("client_id", "joined_on")} | {"day": rows["started_on"]})
    )
    features = features.loc[:, features.nunique() > 1]
    left = ((rows["cause"] != "") & (rows["time"] <= months)).to_numpy()
    fitted = who_gains(left, own.treated, features, cluster=own.clusters)
    return fitted if isinstance(fitted, NotEstimable) else ClientGains(fitted, own, features, left, months)
