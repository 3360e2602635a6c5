"""Satisfaction per channel, fairly: the same client about the same kind of matter, in one channel and in another.

Clients choose their channel, and the satisfied may choose another one than the dissatisfied; so the mean mark of a
channel says as much about who uses it as about what it does. Within a client that is gone. Marks are weighted for who
gave one at all.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.stats.absorbed import AbsorbedFit, absorbed_regression
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survey import ResponseWeights, response_weights

NEEDS = ("contacts.channel", "contacts.contacted_on", "contacts.satisfaction")
NAIVE, FAIR, SAME = "naive", "fair", "same"
"""Mean marks as they are; within client, topic, quarter and who began; and at the same waiting time and outcome too."""
CHANNEL, TOPIC, WENT = "channel:", "topic:", "went:"
FEWEST_MARKS = 50
"""Marks of a channel below which it is left out: it would be compared by a handful of clients."""


@dataclass(frozen=True)
class Compared:
    """One channel in one comparison: ``found`` is its mark less that of the average contact."""

    channel: str
    how: str
    found: Estimate | NotEstimable
    clients: int
    marks: int


@dataclass(frozen=True)
class Satisfaction:
    """``compared`` per channel and way; ``mean`` is the mark of the average contact, from ``marks`` of ``clients``.

    ``weighted`` says whether marks are weighted for who gave one (else ``why``), ``effective`` the number of equally
    weighted marks. ``left_out`` are channels with too few marks. ``within`` clients gave marks in two channels or more.
    """

    compared: tuple[Compared, ...]
    mean: float
    clients: int
    marks: int
    within: int
    weighted: bool
    why: str
    effective: float
    left_out: tuple[str, ...]

    def find(self, channel: str, how: str) -> Estimate | None:
        """Return one comparison; None where it cannot be told."""
        for c in self.compared:
            if c.channel == channel and c.how == how:
                return c.found if isinstance(c.found, Estimate) else None
        return None


def satisfaction(bank: Bank) -> Satisfaction | NotEstimable:
    """Return the fair comparison of channels from the contacts of three years, made once per bank."""
    return once(bank, "channel_satisfaction", lambda: compare(contacts(bank).rows))


def compare(rows: pd.DataFrame) -> Satisfaction | NotEstimable:
    """Compare channels by ``rows``: client, channel, topic, direction, month, wait, resolved and mark (nan: none)."""
    counts = rows.loc[rows["mark"].notna(), "channel"].value_counts()
    used = sorted(str(c) for c in counts.index[counts >= FEWEST_MARKS])
    left_out = tuple(sorted(set(rows["channel"]) - set(used)))
    if len(used) < 2:
        return NotEstimable(f"{len(used)} channels have {FEWEST_MARKS} marks; two are needed")
    rows = rows[rows["channel"].isin(used)].reset_index(drop=True)
    columns = _columns(rows, used)
    told = rows["mark"].notna().to_numpy()
    weights = response_weights(told, _varying(columns, None))
    weight = weights.weights[told] if isinstance(weights, ResponseWeights) else np.ones(int(told.sum()))
    own, columns = rows[told], columns[told]
    reference = str(counts[used].idxmax())
    shares = {c: float(weight[(own["channel"] == c).to_numpy()].sum() / weight.sum()) for c in used}
    only = columns[[c for c in columns if str(c).startswith(CHANNEL)]]
    always = columns[[c for c in columns if not str(c).startswith(WENT)]]
    ways: dict[str, tuple[pd.DataFrame, bool, np.ndarray]] = {
        NAIVE: (only, False, np.ones(len(own))),
        FAIR: (always, True, weight),
    }
    if always.shape[1] < columns.shape[1]:
        ways[SAME] = (columns, True, weight)
    compared = []
    for how, (design, absorb, by) in ways.items():
        design = _varying(design, own["client"].to_numpy() if absorb else None)
        fit = absorbed_regression(own["mark"], design, own["client"], absorb=absorb, weight=by, unit="points")
        compared += [_against_average(c, how, fit, shares, own, reference) for c in used]
    return Satisfaction(
        tuple(compared),
        float(np.average(own["mark"], weights=weight)),
        int(own["client"].nunique()),
        len(own),
        int((own.groupby("client")["channel"].nunique() > 1).sum()),
        isinstance(weights, ResponseWeights),
        weights.reason if isinstance(weights, NotEstimable) else "",
        weights.effective_n if isinstance(weights, ResponseWeights) else float(len(own)),
        left_out,
    )


def _against_average(
    channel: str,
    how: str,
    fit: AbsorbedFit | NotEstimable,
    shares: dict[str, float],
    own: pd.DataFrame,
    reference: str,
) -> Compared:
    """Return a channel's mark less that of the average contact: 1 of it less the share of each."""
    mine = own[own["channel"] == channel]
    size = int(mine["client"].nunique()), len(mine)
    if isinstance(fit, NotEstimable):
        return Compared(channel, how, fit, *size)
    weights = {f"{CHANNEL}{c}": float(c == channel) - share for c, share in shares.items() if c != reference}
    return Compared(channel, how, fit.combination(weights), *size)


def _columns(rows: pd.DataFrame, used: list[str]) -> pd.DataFrame:
    """Return indicators of channel, topic, quarter and who began, and how the contact went, where all that is known.

    The most frequent level of each is left out.
    """
    most = str(rows.loc[rows["mark"].notna(), "channel"].value_counts()[used].idxmax())
    channel, names = pd.factorize(rows["channel"], sort=True)
    made = {f"{CHANNEL}{c}": channel == k for k, c in enumerate(names) if c != most}
    for name, values in ((TOPIC, rows["topic"]), ("quarter:", rows["month"] // 3), ("direction:", rows["direction"])):
        level, levels = pd.factorize(values, sort=True)
        count = np.bincount(level[level >= 0], minlength=len(levels))
        kept = [k for k in range(len(levels)) if k != count.argmax() and count[k] >= FEWEST_MARKS]
        made |= {f"{name}{levels[k]}": level == k for k in kept}
    columns = pd.DataFrame(made, index=rows.index).astype(float)
    for name, went in ((f"{WENT}wait", np.log1p(rows["wait"])), (f"{WENT}settled", rows["resolved"])):
        if went.isna().all():
            continue
        # Where it is not recorded the mean of the channel stands, and a flag of its own says so.
        columns[name] = went.fillna(went.groupby(rows["channel"]).transform("mean")).fillna(went.mean())
        if (unknown := went.isna()).sum() >= FEWEST_MARKS:
            columns[f"{name}_unknown"] = unknown.astype(float)
    return columns


def _varying(columns: pd.DataFrame, client: np.ndarray | None) -> pd.DataFrame:
    """Return the columns that differ somewhere (within a client): the others cannot be adjusted for and need not be."""
    if client is None:
        return columns.loc[:, columns.nunique() > 1]
    middle = columns.groupby(client).transform("mean")
    return columns.loc[:, ((columns - middle).abs() > 1e-9).any()]
