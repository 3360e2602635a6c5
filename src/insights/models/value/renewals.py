"""Contracts that are renewed or not, period by period, from the spells of relationships."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.stats.renewal import ShiftedBetaGeometric, renewal_counts, shifted_beta_geometric
from insights.stats.results import NotEstimable


@dataclass(frozen=True)
class Renewals:
    """How many contracts came to each renewal and were lost there, and the model fitted to that.

    ``counts``: period (number of the renewal), at_risk, lost. ``fit`` is the shifted beta-geometric model, or why
    there is none. ``tested`` is the same fitted without the last ``held`` renewals (None where there are too few).
    """

    counts: pd.DataFrame
    fit: ShiftedBetaGeometric | NotEstimable
    tested: ShiftedBetaGeometric | NotEstimable | None
    held: int


def renewals(bank: Bank) -> Renewals:
    """Return the renewals of contracts that began in the window, made once; needs [value.renewal] and closures.

    A contract comes to its k-th renewal k periods after it began. One that ends by then, or within ``grace_months``
    after it, is not renewed. A renewal counts once its grace is over for everybody who began in that month, whoever
    left or stayed: otherwise those who leave early would be seen before those who stay.
    """
    return once(bank, "renewals", lambda: _made(bank))


def _made(bank: Bank) -> Renewals:
    rules = bank.settings.value.renewal
    assert rules is not None, "the topic asks before"
    assert bank.window_from is not None, "the topic asks before"
    told = spells(bank)
    told = told.filter(told.joined_on >= bank.window_from)
    rows = told.select("joined_on", "left_on").execute()
    joined, left = pd.to_datetime(rows["joined_on"]), pd.to_datetime(rows["left_on"])
    # Whole months only: in the month of the as-of date some have left and others will.
    whole = _months(joined, pd.Timestamp(bank.as_of) + pd.Timedelta(days=1)) - 1
    due = np.maximum((whole - rules.grace_months) // rules.period_months, 0)
    gone = left.notna().to_numpy()
    lasted = _months(joined, left.fillna(pd.Timestamp(bank.as_of)))
    at = np.maximum(-(-(lasted - rules.grace_months) // rules.period_months), 1)
    lost = gone & (at <= due)
    counts = renewal_counts(np.where(lost, at, due), lost)
    counts = counts[counts["at_risk"] > 0].reset_index(drop=True)
    held = len(counts) // 3
    tested = _fit(counts.iloc[: len(counts) - held]) if held and len(counts) - held >= 2 else None
    return Renewals(counts, _fit(counts), tested, held)


def _fit(counts: pd.DataFrame) -> ShiftedBetaGeometric | NotEstimable:
    if counts.empty:
        return NotEstimable("no contract has come to a renewal")
    return shifted_beta_geometric(counts["at_risk"], counts["lost"])


def _months(start: "pd.Series[pd.Timestamp]", end: "pd.Series[pd.Timestamp] | pd.Timestamp") -> np.ndarray:
    """Return whole months from start to end, both counted by their months."""
    last = end.dt if isinstance(end, pd.Series) else end
    return np.asarray((last.year - start.dt.year) * 12 + last.month - start.dt.month, dtype=np.int64)
