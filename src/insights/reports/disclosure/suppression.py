"""Which cells of a table must be hidden, so that no subtraction gives a small one back."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Rule = Callable[[Ints], bool]
"""Says of the hidden cells of one line (flat positions) whether their sum may be known."""


def hide(clients: npt.ArrayLike, least: int, *, also: Bools | None = None, rule: Rule | None = None) -> Bools:
    """Return which cells of a table of counts (of any number of dimensions) must not be shown.

    Assumes an attacker who knows every shown cell and every margin exactly, which is more than any reader is told.

    - Cells of 1 to ``least`` - 1 are small, and so is what ``also`` marks. A zero in line with a small cell is hidden
      too: left standing it would say that the other hidden cells of the line are not zero.
    - Every line (row, column, ...) with a hidden cell also hides one that is not small, where there is one: the margin
      less the shown cells is then never a sum of small cells alone. ``rule`` may demand more of the hidden cells.
    - The bounds that all margins together allow for a hidden cell (linear programming) are at least ``least`` apart;
      where they are not, more cells are hidden.
    """
    if not np.size(clients):
        return np.zeros(np.shape(clients), dtype=bool)
    table = _Table.of(np.asarray(clients, dtype=float), least, also, rule)
    if table.small.any():
        for line in table.lines:
            if table.small[line].any():
                table.hidden[line] |= table.counts[line] == 0
        _cover(table)
        while (cell := _exposed(table, least)) is not None and (more := _candidates(table, cell)) is not None:
            table.hidden[_cheapest(table, more)] = True
            _cover(table)
    return table.hidden.reshape(np.shape(clients))


@dataclass(frozen=True)
class _Table:
    """A table laid flat: ``lines`` hold the positions of cells that differ in one dimension only.

    ``hidden`` and ``safe`` grow: what one more hidden cell does to the bounds of another is to widen them.
    """

    counts: Floats
    small: Bools
    hidden: Bools
    safe: Bools
    lines: tuple[Ints, ...]
    through: tuple[tuple[int, ...], ...]
    rule: Rule

    @classmethod
    def of(cls, clients: Floats, least: int, also: Bools | None, rule: Rule | None) -> "_Table":
        small = ((clients > 0) & (clients < least)).ravel()
        if also is not None:
            small |= also.ravel()
        shape = clients.shape or (1,)
        cells = np.arange(clients.size, dtype=np.int64).reshape(shape)
        lines = [line for axis, n in enumerate(shape) for line in np.moveaxis(cells, axis, -1).reshape(-1, n)]
        through: list[list[int]] = [[] for _ in range(clients.size)]
        for k, line in enumerate(lines):
            for cell in line:
                through[cell].append(k)
        return cls(
            counts=clients.ravel(),
            small=small,
            hidden=small.copy(),
            safe=np.zeros(clients.size, dtype=bool),
            lines=tuple(lines),
            through=tuple(tuple(t) for t in through),
            rule=rule or (lambda cells: True),
        )


def _cover(table: _Table) -> None:
    """Hide cells until every line with hidden cells has one that is not small, and obeys the rule."""
    changed = True
    while changed:
        changed = False
        for line in table.lines:
            inside, shown = line[table.hidden[line]], line[~table.hidden[line] & (table.counts[line] > 0)]
            if not len(inside) or not len(shown):
                continue
            covered = ((table.counts[inside] > 0) & ~table.small[inside]).any()
            if not covered or not table.rule(inside):
                table.hidden[_cheapest(table, shown)] = True
                changed = True


def _exposed(table: _Table, least: int) -> int | None:
    """Return the first hidden cell that the margins pin down to fewer than ``least`` values, if there is one."""
    from scipy.optimize import linprog  # slow to import

    cells = np.flatnonzero(table.hidden)
    inside = np.array([np.isin(cells, line[table.hidden[line]]) for line in table.lines], dtype=float)
    inside = inside[inside.any(axis=1)]
    totals = inside @ table.counts[cells]
    for k, cell in enumerate(cells):
        if table.safe[cell]:
            continue
        aim = np.zeros(len(cells))
        aim[k] = 1
        low, high = (linprog(sign * aim, A_eq=inside, b_eq=totals, method="highs") for sign in (1, -1))
        # A solver without an answer proves nothing, so such a cell counts as known.
        if low.status != 0 or high.status != 0 or -high.fun - low.fun < least - 1e-6:
            return int(cell)
        table.safe[cell] = True
    return None


def _candidates(table: _Table, exposed: int) -> Ints | None:
    """Return the shown cells in line with the exposed one, else all shown cells, else None."""
    shown = ~table.hidden & (table.counts > 0)
    near = np.unique(np.concatenate([table.lines[k] for k in table.through[exposed]]))
    near = near[shown[near]]
    everywhere = np.flatnonzero(shown)
    return near if len(near) else everywhere if len(everywhere) else None


def _cheapest(table: _Table, cells: Ints) -> int:
    """Return the cell that draws in the fewest lines without hidden cells yet, and of these the smallest."""
    touched = [bool(table.hidden[line].any()) for line in table.lines]
    cost = {int(c): sum(not touched[k] for k in table.through[c]) for c in cells}
    return min(cost, key=lambda c: (cost[c], table.counts[c], c))
