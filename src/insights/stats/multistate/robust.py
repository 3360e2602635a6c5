"""Standard errors of multistate expectations from what each unit does (infinitesimal jackknife)."""

import math

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.multistate.paths import Paths
from insights.stats.multistate.spells import NOWHERE, Spells
from insights.stats.results import NotEstimable

FEWEST_CLUSTERS = 20


def robust_error(paths: Paths, spells: Spells, ahead: Floats) -> float | NotEstimable:
    """Return the standard error of the expectation whose ``Paths.ahead`` is given (steps + 1, K).

    Influences are added up by cluster, or else by unit, and squared; nothing is assumed about how a unit's moves depend
    on its past. A weight counts as that many units alike. NotEstimable without units, and below 20 clusters.

    Source: Glidden (2002), Robust inference for event probabilities with non-Markov event data.
    """
    own = spells.only(spells.group == spells.groups.index(paths.counts.group))
    by, name = (own.unit, "units") if own.cluster is None else (own.cluster, "clusters")
    if by is None:
        return NotEstimable("robust errors need to know which spells belong to the same unit")
    _, place = np.unique(by, return_inverse=True)
    members = int(place.max()) + 1
    if members < FEWEST_CLUSTERS:
        return NotEstimable(f"{members} {name} are too few for robust errors; they need {FEWEST_CLUSTERS}")
    moved = influence(paths, own, ahead)
    if own.weight is None:
        return math.sqrt(float((np.bincount(place, moved) ** 2).sum()))
    if own.cluster is not None:
        return math.sqrt(float((np.bincount(place, own.weight * moved) ** 2).sum()))
    weight = np.bincount(place, own.weight) / np.bincount(place)
    return math.sqrt(float((weight * np.bincount(place, moved) ** 2).sum()))


def influence(paths: Paths, spells: Spells, ahead: Floats) -> Floats:
    """Return by how much one more spell like it would move the expectation, for every spell of the group (n).

    A unit at risk in state h at time u moves it by p_h(u-) / Y_h(u) times what lies ahead of where it is after u, less
    what lies ahead of the average unit there.
    """
    steps = len(ahead) - 1
    times, n = paths.counts.times[:steps], paths.counts.at_risk[:steps]
    share = np.divide(paths.before[:steps], n, out=np.zeros_like(n), where=n > 0)
    drift = np.einsum("thj,tj->th", paths.moves[:steps], ahead[1:]) - ahead[1:]
    gone = np.concatenate([np.zeros((1, n.shape[1])), np.cumsum(share * drift, axis=0)])
    first = np.searchsorted(times, spells.entry, side="right")
    last = np.searchsorted(times, spells.exit, side="right")
    last = np.maximum(last, first)
    moved = gone[first, spells.origin] - gone[last, spells.origin]
    jump = (spells.target != NOWHERE) & (last > first) & (spells.exit <= (times[-1] if steps else -np.inf))
    at, h, j = last[jump] - 1, spells.origin[jump], spells.target[jump]
    moved[jump] += share[at, h] * (ahead[at + 1, j] - ahead[at + 1, h])
    if math.isfinite(paths.initial_units):
        there = (spells.entry <= paths.start) & (paths.start < spells.exit)
        moved[there] += (ahead[0, spells.origin[there]] - paths.initial @ ahead[0]) / paths.initial_units
    return np.asarray(moved)
