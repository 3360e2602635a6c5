"""Reading spells in states: rows of (unit, from, to, entry, exit), checked, coded and put in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints

NOWHERE = -1
"""The code of the state after a spell whose observation just ended."""


@dataclass(frozen=True)
class Spells:
    """Checked spells, ordered by unit and entry where units are known; states, groups and units are codes."""

    states: tuple[str, ...]
    groups: tuple[str, ...]
    origin: Ints
    target: Ints
    entry: Floats
    exit: Floats
    weight: Floats | None
    group: Ints
    unit: Ints | None
    cluster: Ints | None

    def only(self, keep: npt.NDArray[np.bool_] | Ints) -> "Spells":
        """Return some of the spells, or all in another order, with the same codes."""
        columns = (self.origin, self.target, self.entry, self.exit, self.weight, self.group, self.unit, self.cluster)
        return Spells(self.states, self.groups, *(None if c is None else c[keep] for c in columns))  # type: ignore[arg-type]


def read_spells(spells: pd.DataFrame, states: Sequence[str] | None = None) -> Spells:
    """Return the spells, checked and coded; raises ValueError as ``state_occupation`` says."""
    missing = {"from", "to", "entry", "exit"} - set(spells.columns)
    if missing:
        raise ValueError(
            f"the spells lack {', '.join(sorted(missing))}; expected columns from, to, entry, exit and, where there "
            "are any, unit, group, weight, cluster"
        )
    entry, leave = (numbers(spells[name], name) for name in ("entry", "exit"))
    if never := int((entry >= leave).sum()):
        raise ValueError(
            f"{never} spells are never at risk: their entry is not before their exit; expected entry < exit: leave "
            "such rows out, and give a state that was left in its first month half a month"
        )
    if negative := int((entry < 0).sum()):
        raise ValueError(f"{negative} entries are negative; expected months >= 0: cut spells at the start of the clock")
    origin, target, names = state_codes(spells["from"], spells["to"], states)
    group, groups = group_codes(spells["group"] if "group" in spells else pd.Series("", index=spells.index), "group")
    weight = None
    if "weight" in spells:
        weight = numbers(spells["weight"], "weight")
        if negative := int((weight < 0).sum()):
            raise ValueError(f"{negative} weights are negative; expected frequencies >= 0")
    unit, cluster = (_own_codes(spells[name], name) if name in spells else None for name in ("unit", "cluster"))
    read = Spells(names, groups, origin, target, entry, leave, weight, group, unit, cluster)
    if weight is not None and not weight.all():
        read = read.only(weight > 0)
    return read if unit is None else _ordered(read)


def _ordered(spells: Spells) -> Spells:
    """Return the spells by unit and entry, and refuse those of one unit that contradict each other."""
    assert spells.unit is not None
    unit, entry = spells.unit, spells.entry
    if ((unit[1:] < unit[:-1]) | ((unit[1:] == unit[:-1]) & (entry[1:] < entry[:-1]))).any():
        spells = spells.only(np.lexsort((entry, unit)))
        assert spells.unit is not None
        unit = spells.unit
    same = unit[1:] == unit[:-1]
    if overlap := int((same & (spells.entry[1:] < spells.exit[:-1])).sum()):
        raise ValueError(f"{overlap} spells begin before the last one of their unit has ended; expected one at a time")
    joined = same & (spells.entry[1:] == spells.exit[:-1])
    before = np.where(spells.target[:-1] == NOWHERE, spells.origin[:-1], spells.target[:-1])
    if jumped := int((joined & (spells.origin[1:] != before)).sum()):
        raise ValueError(
            f"{jumped} spells begin in another state than the one their unit had just moved to; expected `from` to be "
            "the last `to`: add the missing transition"
        )
    return spells


def state_codes(
    origin: pd.Series, target: pd.Series, states: Sequence[str] | None
) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Return the codes of both columns and the states, alphabetical unless given."""
    starts, came = _labels(origin)
    ends, went = _labels(target)
    if "" in starts:
        raise ValueError("`from` is missing in some rows; expected a state in every row")
    seen = {*starts, *ends} - {""}
    names = tuple(sorted(seen) if states is None else states)
    if len(set(names)) < len(names) or (unknown := seen - set(names)):
        what = "names twice" if len(set(names)) < len(names) else f"unknown: {', '.join(sorted(unknown))}"
        raise ValueError(f"the states {', '.join(names)} do not fit the rows ({what}); expected each state once")
    number = {"": NOWHERE} | {name: k for k, name in enumerate(names)}
    a = np.array([number[s] for s in starts], dtype=np.int64)[came] if len(starts) else np.zeros(0, dtype=np.int64)
    b = np.array([number[s] for s in ends], dtype=np.int64)[went] if len(ends) else np.zeros(0, dtype=np.int64)
    if stays := int((a == b).sum()):
        raise ValueError(f"{stays} rows lead from a state to itself; expected another state, or '' where it ended")
    return a, b, names


def _labels(values: pd.Series) -> tuple[list[str], Ints]:
    """Return the distinct labels ("" where missing) and the code of each row."""
    raw, found = pd.factorize(values, use_na_sentinel=True)
    labels = [str(int(v)) if isinstance(v, (float, np.floating)) and float(v).is_integer() else str(v) for v in found]
    if (raw < 0).any():
        labels.append("")
        raw = np.where(raw < 0, len(labels) - 1, raw)
    return labels, raw.astype(np.int64)


def group_codes(values: pd.Series, name: str) -> tuple[Ints, tuple[str, ...]]:
    """Return the code of each row's group, and the groups in alphabetical order."""
    labels, raw = _labels(values)
    if "" in labels and values.isna().any():
        raise ValueError(f"{int(values.isna().sum())} values of {name} are missing; expected a name for every row")
    names = sorted(set(labels))
    number = {label: k for k, label in enumerate(names)}
    return np.array([number[label] for label in labels], dtype=np.int64)[raw], tuple(names)


def _own_codes(values: pd.Series, name: str) -> Ints:
    codes = pd.factorize(values)[0]
    if unknown := int((codes < 0).sum()):
        raise ValueError(f"{unknown} spells have no {name}; expected one for every row, or no column of that name")
    return codes.astype(np.int64)


def numbers(values: pd.Series, name: str) -> Floats:
    """Return the column as finite numbers."""
    array = values.to_numpy(float)
    if bad := int((~np.isfinite(array)).sum()):
        raise ValueError(f"{bad} values of {name} are missing or infinite; expected numbers")
    return array
