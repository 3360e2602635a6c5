"""Where multistate curves start: in a given state or distribution, as observed, or at a landmark."""

from collections.abc import Mapping

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.multistate.counts import Transitions
from insights.stats.multistate.spells import Spells

Initial = str | Mapping[str, float]


def initial_shares(initial: Initial, states: tuple[str, ...]) -> Floats:
    """Return the given shares by state (K); raises ValueError where they do not fit the states or 1."""
    given = {initial: 1.0} if isinstance(initial, str) else dict(initial)
    if unknown := sorted(set(given) - set(states)):
        raise ValueError(f"no state is called {', '.join(unknown)}; expected some of {', '.join(states) or '(none)'}")
    shares = np.array([given.get(state, 0.0) for state in states], dtype=float)
    if not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"the initial shares add up to {shares.sum():g}; expected shares >= 0 that add up to 1")
    return shares / shares.sum()


def observed_shares(spells: Spells | None, counts: Transitions, start: float) -> tuple[Floats | None, float]:
    """Return the shares of the states among those observed just after the start (or the first entry), and how many."""
    assert spells is not None
    begin = max(start, counts.start)
    there = (spells.entry <= begin) & (begin < spells.exit) & (spells.group == spells.groups.index(counts.group))
    weight = None if spells.weight is None else spells.weight[there]
    found = np.bincount(spells.origin[there], weight, len(counts.states)).astype(float)
    return (found / found.sum(), float(found.sum())) if found.sum() else (None, 0.0)


def at_landmark(spells: Spells, initial: Initial | None, start: float) -> Spells:
    """Return the spells after the start of the units that are observed in the initial state there."""
    if not isinstance(initial, str):
        raise ValueError("a landmark needs one initial state; expected its name: give initial")
    if spells.unit is None:
        raise ValueError("a landmark follows units; expected a column unit in the spells")
    initial_shares(initial, spells.states)
    there = (spells.entry <= start) & (start < spells.exit) & (spells.origin == spells.states.index(initial))
    return spells.only(np.isin(spells.unit, spells.unit[there]) & (spells.exit > start))
