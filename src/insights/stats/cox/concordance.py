"""Concordance: how often the unit with the higher risk has the event first."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.clustering import read_labels
from insights.stats.cox.rows import read_spells, risk_sets
from insights.stats.design import read_column
from insights.stats.inputs import Floats, Ints
from insights.stats.results import NotEstimable

Places = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Concordance:
    """``value``, 0 to 1: concordant pairs, and half of those with the same risk, among all pairs that can be compared.

    ``concordant``, ``discordant`` and ``tied_risk`` count the pairs (sums of products of weights, with weights).
    """

    value: float
    concordant: float
    discordant: float
    tied_risk: float
    n: int
    n_events: int


def concordance(
    exit: npt.ArrayLike,
    event: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
) -> Concordance | NotEstimable:
    """Return the share of comparable pairs in which the higher ``risk`` has the event first (arrays of length n).

    A row with an event is compared with all rows that are at risk then (entry < time <= exit, same stratum) and do not
    have the event at the same time; those censored at that time count as later. Nothing is drawn at random or
    approximated; the cost is n log n. The value rests on the pattern of censoring: compare it only on the same data.

    NotEstimable where no pair can be compared. Raises ValueError for lengths that differ, missing values, negative
    weights.

    Source: Harrell, Califf, Pryor, Lee & Rosati (1982); Therneau & Watson (2015), The concordance statistic.
    """
    exits, entries, happened = read_spells(exit, event, entry)
    n = len(exits)
    risks = read_column(risk, "risk", n)
    weights = None if weight is None else read_column(weight, "weight", n)
    if weights is not None and (weights < 0).any():
        raise ValueError(f"{int((weights < 0).sum())} weights are negative; expected weights >= 0")
    sets = risk_sets(exits, happened, entries, None if strata is None else read_labels(strata, "strata", n))
    order = np.argsort(risks, kind="stable")
    risks, events = risks[order], sets.event[order]
    # A row is later than the events before this place, and at risk from ``first`` on.
    later = (sets.last - sets.event)[order]
    place = sets.last[order][events] - 1
    below, upto = _ranks(risks)
    ordered = None if weights is None else weights[order]
    own = None if ordered is None else ordered[events]
    size = len(sets.times)
    ends = np.stack([below[events], upto[events]])
    if bool((upto == below + 1).all()):
        ends = ends[:1]  # no two rows have the same risk, and a row is not later than its own event
    counts, whole = _beyond(later, ordered, place, ends, own, size), _beyond_all(later, ordered, place, own, size)
    if sets.first.any():
        first = sets.first[order]
        counts = counts - _beyond(first, ordered, place, ends, own, size)
        whole = whole - _beyond_all(first, ordered, place, own, size)
    concordant, tied = float(counts[0]), float(counts[-1] - counts[0])
    discordant = whole - concordant - tied
    pairs = concordant + discordant + tied
    if pairs <= 0:
        return NotEstimable("no two rows can be compared: nobody is at risk when another has the event")
    return Concordance((concordant + tied / 2) / pairs, concordant, discordant, tied, n, int(happened.sum()))


def _ranks(ordered: Floats) -> tuple[Ints, Ints]:
    """Return for each of the ordered values how many are below it, and how many are not above it."""
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts = np.flatnonzero(new)
    if len(starts) == len(ordered):
        return starts, starts + 1
    group = np.cumsum(new) - 1
    return starts[group], np.concatenate([starts[1:], [len(ordered)]])[group]


def _beyond_all(values: Places, weights: Floats | None, place: Places, own: Floats | None, size: int) -> float:
    """Return how much of all values lies above the places, summed over these."""
    found = np.bincount(values, weights, size + 1).astype(float)
    above = np.cumsum(found[::-1])[::-1][1:][place]
    return float(above.sum() if own is None else own @ above)


def _beyond(values: Places, weights: Floats | None, place: Places, ends: Ints, own: Floats | None, size: int) -> Floats:
    """Return how much of the first ``ends`` values (k, m) lies above each ``place`` (m), summed over these (k).

    A wavelet matrix: the values are split by their bits, the highest first, keeping their order, so that the first so
    many of them stay a range; what has a 1 where the place has a 0 lies above it. The places are split in the same way,
    so that both are read in order.
    """
    total = np.zeros(len(ends))
    sequence, mass, stops = values, weights, ends.astype(np.int32)
    every = np.arange(size + 1)
    begins = np.zeros(size + 1, dtype=np.int32)  # where the range of each place begins
    for bit in range(max(1, int(size).bit_length()) - 1, -1, -1):
        one = (sequence >> bit) & 1 == 1
        zeros = np.zeros(len(sequence) + 1, dtype=np.int32)
        np.cumsum(~one, out=zeros[1:])
        split = zeros[-1]
        high, low = np.flatnonzero(one), np.flatnonzero(~one)
        sequence = np.concatenate([sequence[low], sequence[high]])
        if mass is not None:
            mass = np.concatenate([mass[low], mass[high]])
        from_zero = zeros[begins]
        from_one = begins - from_zero + split
        up = (place >> bit) & 1 == 1
        goes_up, stays = np.flatnonzero(up), np.flatnonzero(~up)
        until = zeros[stops]
        until_one = stops - until + split
        start = from_one[place[stays]]
        if mass is None or own is None:
            total += until_one[:, stays].sum(axis=1, dtype=np.int64) - start.sum(dtype=np.int64)
        else:
            summed = np.concatenate([[0.0], np.cumsum(mass)])
            total += (summed[until_one[:, stays]] - summed[start]) @ own[stays]
            own = np.concatenate([own[stays], own[goes_up]])
        stops = np.concatenate([until[:, stays], until_one[:, goes_up]], axis=1)
        place = np.concatenate([place[stays], place[goes_up]])
        begins = np.where((every >> bit) & 1 == 1, from_one, from_zero)
    return total
