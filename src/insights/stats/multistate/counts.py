"""Counting who is at risk in which state and who moves: all that multistate curves need to know of the data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.counts import whole_counts
from insights.stats.inputs import Floats, Ints
from insights.stats.multistate.spells import NOWHERE, Spells, group_codes, numbers, read_spells, state_codes

COLUMNS = ["group", "time", "from", "to", "at_risk", "events"]


@dataclass(frozen=True)
class Transitions:
    """The counts of one group: ``times`` (T) ascending, ``at_risk`` (T, K), ``events`` (T, P) of each of the ``pairs``.

    ``pairs`` (P, 2) are codes of states (from, to). Nobody is at risk before month ``start``. ``units`` were ever at
    risk. ``blur`` is the standard deviation of what rounding adds to any cumulative number of events.
    """

    group: str
    states: tuple[str, ...]
    pairs: Ints
    times: Floats
    at_risk: Floats
    events: Floats
    units: float
    start: float = 0.0
    blur: float = 0.0


def transition_table(spells: pd.DataFrame, *, states: Sequence[str] | None = None) -> pd.DataFrame:
    """Count the units at risk in each state and the transitions, by group and time.

    ``spells`` as in ``state_occupation``. Returns a frame with columns group (str), time (months), from, to (str),
    at_risk (in the state ``from``, the same for all ``to`` of one group and time), events. Every exit of a group from
    any state, and every move in any group while it has somebody at risk, has a row for each pair of states between
    which anybody ever moves; a state that nobody leaves for
    another has rows with ``to`` "". Where the risk set of a state empties and fills again between two exits, a time
    with ``at_risk`` 0 tells so. Cost: O(n log n).
    """
    read = read_spells(spells, states)
    frames = []
    for counts in count_transitions(read):
        pairs = _all_pairs(counts)
        times = np.concatenate([[counts.start], counts.times]) if counts.start > 0 else counts.times
        before = len(times) - len(counts.times)
        at_risk = np.concatenate([np.zeros((before, len(read.states))), counts.at_risk])
        events = np.zeros((len(times), len(pairs)))
        events[before:, : len(counts.pairs)] = counts.events
        names = np.array([*read.states, ""], dtype=object)
        frames.append(
            pd.DataFrame(
                {
                    "group": counts.group,
                    "time": np.repeat(times, len(pairs)),
                    "from": np.tile(names[pairs[:, 0]], len(times)),
                    "to": np.tile(names[pairs[:, 1]], len(times)),
                    "at_risk": at_risk[:, pairs[:, 0]].ravel(),
                    "events": events.ravel(),
                }
            )
        )
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)
    return whole_counts(table.astype({"group": object, "time": "float64", "from": object, "to": object}))


def count_transitions(spells: Spells) -> list[Transitions]:
    """Return the counts of each group that has anybody at risk, in the order of ``spells.groups``."""
    if not len(spells.exit):
        return []
    k, g = len(spells.states), len(spells.groups)
    moved = spells.target != NOWHERE
    pair = np.unique(spells.origin[moved] * k + spells.target[moved])
    pairs = np.stack([pair // k, pair % k], axis=1)
    cell = spells.group * k + spells.origin
    axis, place = _with_refills(spells, cell, g * k)
    exits = _table(place, cell, spells.weight, len(axis), g * k)
    first = np.searchsorted(axis, spells.entry, side="right")
    entered = np.cumsum(_table(first, cell, spells.weight, len(axis), g * k), axis=0)
    gone = np.cumsum(exits, axis=0)
    at_risk = entered - (gone - exits)
    # Sums of fractional weights leave dust where the exact difference is zero.
    at_risk = np.where(at_risk < 1e-9 * gone[-1], 0.0, np.maximum(at_risk, exits)).reshape(len(axis), g, k)
    number = np.full(k * k, NOWHERE, dtype=np.int64)
    number[pair] = np.arange(len(pair))
    code = number[spells.origin[moved] * k + spells.target[moved]] + spells.group[moved] * len(pair)
    weight = None if spells.weight is None else spells.weight[moved]
    events = _table(place[moved], code, weight, len(axis), g * len(pair)).reshape(len(axis), g, len(pair))
    left, happens = exits.reshape(len(axis), g, k).sum(axis=2) > 0, events.any(axis=(1, 2))
    found = []
    for i, name in enumerate(spells.groups):
        own = spells.group == i
        if not own.any():
            continue
        keep = left[:, i] | ~left.any(axis=1) | (happens & at_risk[:, i].any(axis=1))
        start = float(spells.entry[own].min())
        keep &= axis > start
        counted = (axis[keep], at_risk[keep, i], events[keep, i])
        found.append(Transitions(name, spells.states, pairs, *counted, _units(spells, own), start))
    return found


def read_transitions(
    counts: pd.DataFrame,
    *,
    states: Sequence[str] | None = None,
    units: dict[str, float] | None = None,
    blur: float = 0.0,
) -> list[Transitions]:
    """Return the counts of each group from a frame as ``transition_table`` makes it.

    ``group`` may be absent. A state without a row at a time has nobody at risk then. ``units`` (group: number ever at
    risk) fills ``n`` of the estimates; without it that is the largest number at risk at once.

    Raises ValueError for missing columns, missing or negative values, numbers at risk that differ between the rows of
    one state and time, and events that lead nowhere.
    """
    missing = {"time", "from", "to", "at_risk", "events"} - set(counts.columns)
    if missing:
        raise ValueError(
            f"the counts lack {', '.join(sorted(missing))}; expected columns {', '.join(COLUMNS)}: use transition_table"
        )
    values = {name: numbers(counts[name], name) for name in ("time", "at_risk", "events")}
    for name, column in values.items():
        if negative := int((column < 0).sum()):
            raise ValueError(f"{negative} values of {name} are negative; expected numbers >= 0")
    origin, target, names = state_codes(counts["from"], counts["to"], states)
    if ((target == NOWHERE) & (values["events"] > 0)).any():
        raise ValueError("there are events that lead nowhere; `to` may be '' only in rows without events: name it")
    group, groups = group_codes(counts["group"] if "group" in counts else pd.Series("", index=counts.index), "group")
    k, moved = len(names), target != NOWHERE
    pair = np.unique(origin[moved] * k + target[moved])
    found = []
    for i, name in enumerate(groups):
        own = group == i
        times, place = np.unique(values["time"][own], return_inverse=True)
        at_risk = np.full((len(times), k), -1.0)
        at_risk[place, origin[own]] = values["at_risk"][own]
        if (at_risk[place, origin[own]] != values["at_risk"][own]).any():
            raise ValueError(
                "the numbers at risk differ between the rows of one group, time and state; expected one number: "
                "check how the counts were made"
            )
        at_risk = np.maximum(at_risk, 0.0)
        events, some = np.zeros((len(times), len(pair))), own & moved
        at = np.searchsorted(times, values["time"][some])
        np.add.at(events, (at, np.searchsorted(pair, origin[some] * k + target[some])), values["events"][some])
        filled = np.flatnonzero(at_risk.sum(axis=1) > 0)
        if not len(filled):
            continue
        span = slice(filled[0], filled[-1] + 1)
        start = float(times[filled[0] - 1]) if filled[0] else 0.0
        ever = float((units or {}).get(name, at_risk.sum(axis=1).max()))
        pairs = np.stack([pair // k, pair % k], axis=1)
        found.append(Transitions(name, names, pairs, times[span], at_risk[span], events[span], ever, start, blur))
    return found


def _all_pairs(counts: Transitions) -> Ints:
    """Return the pairs, and (state, nowhere) for the states that have been occupied but never left for another."""
    stay = [[h, NOWHERE] for h in np.flatnonzero(counts.at_risk.any(axis=0)) if h not in counts.pairs[:, 0]]
    return np.concatenate([counts.pairs, np.array(stay, dtype=np.int64).reshape(-1, 2)])


def _with_refills(spells: Spells, cell: Ints, cells: int) -> tuple[Floats, Ints]:
    """Return the distinct exits, with the entries into a state that had emptied before, and the place of each exit.

    Between two exits nothing tells that nobody was at risk in the state for a while; the entry that ends such a gap
    is therefore a time of its own, at which nobody is yet at risk.
    """
    axis, place = np.unique(spells.exit, return_inverse=True)
    known = np.searchsorted(axis, spells.entry, side="left")
    entered = np.cumsum(_table(known, cell, None, len(axis), cells), axis=0)
    exits = _table(place, cell, None, len(axis), cells)
    gone = np.cumsum(exits, axis=0)
    emptied = (exits > 0) & (entered == gone) & (gone < gone[-1])
    refills = []
    for c in np.flatnonzero(emptied.any(axis=0)):
        entries = np.sort(spells.entry[cell == c])
        refills.append(entries[np.searchsorted(entries, axis[emptied[:, c]], side="right")])
    if not refills:
        return axis, place.astype(np.int64)
    axis = np.union1d(axis, np.concatenate(refills))
    return axis, np.searchsorted(axis, spells.exit)


def _table(row: Ints, column: Ints, weight: Floats | None, rows: int, columns: int) -> Floats:
    counted = np.bincount(row * columns + column, weight, rows * columns)
    return counted.astype(float)[: rows * columns].reshape(rows, columns)


def _units(spells: Spells, own: npt.NDArray[np.bool_]) -> float:
    """Return the number of units, each with the weight of its first spell."""
    if spells.unit is not None:
        _, first = np.unique(spells.unit[own], return_index=True)
    else:
        first = np.arange(int(own.sum()))
    return float(len(first) if spells.weight is None else spells.weight[own][first].sum())
