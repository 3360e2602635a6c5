"""The intake ledger: what happened to every row on its way in, by rule, with the money affected.

For each table: in = kept + merged + quarantined + withheld. A repair changes a row that is counted elsewhere, and what
is only noted changes nothing, so they stand beside this identity. Each line says how many rows were there before the
rule, how many it touched, and how many were there after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd

from insights.errors import IntakeError

IN, KEPT, MERGED, QUARANTINED, WITHHELD = "in", "kept", "merged", "quarantined", "withheld"
REPAIRED, NOTED = "repaired", "noted"
LEAVING = (MERGED, QUARANTINED, WITHHELD)
COLUMNS = ("table", "extract", "rule", "action", "before", "rows", "after", "amount")


@dataclass(frozen=True)
class Entry:
    """One line: ``rows`` rows of ``table`` met ``rule``; ``amount`` is the money in them, None in a table without.

    ``before`` is how many rows were there when the rule came; None: those that the lines above have left.
    """

    table: str
    extract: str
    rule: str
    action: str
    rows: int
    amount: Decimal | None = None
    before: int | None = None


@dataclass
class Ledger:
    """The lines in the order in which they were written."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, table: str, extract: str, rule: str, action: str, rows: int, amount: Decimal | None = None) -> None:
        """Write a line; a rule that touched no row leaves none (``in`` and ``kept`` always do)."""
        if rows or action in (IN, KEPT):
            self.entries.append(Entry(table, extract, rule, action, int(rows), amount))

    def extend(self, entries: Iterable[Entry]) -> None:
        """Write several lines."""
        self.entries.extend(entries)

    def frame(self) -> pd.DataFrame:
        """Return the lines as a frame with ``COLUMNS``: numbers of rows (int64), amount (float64, NaN for none)."""
        left: dict[str, int] = {}
        lines = []
        for e in self.entries:
            if e.action == IN:
                left[e.table] = left.get(e.table, 0) + e.rows
            before = left.get(e.table, 0) if e.before is None else e.before
            after = before - e.rows if e.action in LEAVING else before
            left[e.table] = after if e.action in LEAVING else left.get(e.table, 0)
            lines.append((e.table, e.extract, e.rule, e.action, before, e.rows, after, _number(e.amount)))
        frame = pd.DataFrame(lines, columns=list(COLUMNS))
        return frame.astype({"before": "int64", "rows": "int64", "after": "int64", "amount": "float64"})

    def check(self) -> None:
        """Raise IntakeError unless every row that came in is accounted for, in every table."""
        for table in dict.fromkeys(entry.table for entry in self.entries):
            came = self._rows(table, (IN,))
            went = self._rows(table, (KEPT, *LEAVING))
            if came != went:
                raise IntakeError(
                    f"the intake ledger of {table} does not add up: {came} rows in, {went} accounted for",
                    expected="in = kept + merged + quarantined + withheld",
                    todo="report this; it is a fault of the intake, not of the data",
                )

    def _rows(self, table: str, actions: tuple[str, ...]) -> int:
        return sum(entry.rows for entry in self.entries if entry.table == table and entry.action in actions)


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
