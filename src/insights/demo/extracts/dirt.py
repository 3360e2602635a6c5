"""Plants faults in known counts. The process stays clean: rows are copied, invented or marked, never taken away.

What would cost a row at intake (an impossible date, absurd money) is put on an invented or copied row with a number of
its own, so that the books of the other rows still agree with the general ledger.
"""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from insights.demo.clock import Clock
from insights.demo.extracts.faults import MERGED, NOTED, QUARANTINED, REPAIRED, WITHHELD, Planted, Sheet, impossible_day
from insights.demo.extracts.render import Renderer, decimals
from insights.demo.law import Law
from insights.demo.streams import stream
from insights.demo.words import words


class Dirt:
    """Plants the faults of one bank and counts them."""

    def __init__(self, law: Law, clock: Clock, clients: int, seed: int, renderer: Renderer) -> None:
        self.law, self.clock, self.clients, self.renderer = law.dirt, clock, clients, renderer
        self.rng = stream(seed, "dirt")
        self.foreign_lines: np.ndarray = np.zeros(0, np.int64)
        self._reported: dict[str, str] = {}
        """Clients whose exit is known late -> the day on which it is."""
        self._counts: Counter[Planted] = Counter()
        rates = self.law
        self._bookings = {
            "exact": self._spread(rates.exact_duplicates),
            "near": self._spread(rates.near_duplicates),
            "date": self._spread(rates.impossible_dates),
            "money": self._spread(rates.absurd_money),
            "code": self._spread(rates.unknown_codes),
            "late": self._spread(rates.late_bookings, last=max(1, clock.months - rates.late_rows_end)),
        }
        self._contacts = {
            "exact": self._spread(rates.exact_duplicates),
            "near": self._spread(rates.near_duplicates),
            "date": self._spread(rates.impossible_dates),
            "code": self._spread(rates.unknown_codes),
        }
        # Not in the first month: nothing shows there that the balance does not follow from the month before.
        self._ledger = self._spread(rates.broken_ledger, first=1)

    @property
    def planted(self) -> tuple[Planted, ...]:
        """What was planted so far, one entry per table and fault."""
        return tuple(replace(kind, rows=n) for kind, n in self._counts.items() if n)

    def apply(self, name: str, table: pa.Table, t: int) -> pa.Table:
        """Return the month's rendered rows with faults; tables that stay clean are returned as they are."""
        if name == "relationships":
            return self._late_spells(table)
        if name == "balances":
            return self._broken(table, t - self.clock.burn_in)
        plan = {"transactions": self._dirty_bookings, "contacts": self._dirty_contacts}.get(name)
        if plan is None or not table.num_rows:
            return table
        sheet = Sheet(table, self.rng)
        plan(sheet, t - self.clock.burn_in)
        return sheet.result()

    def clients_table(self, table: pa.Table) -> pa.Table:
        """Return the client register with its faults; remember which lines are in the old encoding."""
        sheet, rates = Sheet(table, self.rng), self.law
        occupied = sheet.filled("BERUF")
        self.foreign_lines = sheet.pick(self._number(rates.other_encoding), self._foreign(sheet))
        self._count("clients", "line in another encoding", len(self.foreign_lines), "other_encoding", REPAIRED)
        self._late_exits(sheet)
        rows = sheet.pick(self._number(rates.missing_birth_years))
        sheet.values("GEBURTSJAHR")[rows] = None
        self._count("clients", "missing birth year", len(rows), "value_missing:birth_year", NOTED)
        rows = sheet.pick(self._number(rates.phone_numbers))
        sheet.values("INTERESSEN")[rows] = [self._call_me() for _ in rows]
        self._count("clients", "telephone number in a text", len(rows), "direct_identifier:interests", REPAIRED)
        careless = self.rng.choice(np.unique(sheet.values("BERATER_NR").astype(str)), rates.careless_managers, False)
        theirs = np.isin(sheet.values("BERATER_NR").astype(str), careless) & occupied
        rows = sheet.pick(int(rates.careless_share * theirs.sum()), theirs)
        sheet.values("BERUF")[rows] = None
        self._count(
            "clients", "occupation left empty by careless managers", len(rows), "value_missing:occupation", NOTED
        )
        self._invented_clients(sheet)
        exact, near = self._number(rates.exact_duplicates), self._number(rates.near_duplicates)
        self._duplicates(sheet, "clients", "ERFAHRUNG_JAHRE", exact, near)
        return sheet.result()

    def prospects_table(self, table: pa.Table) -> pa.Table:
        """Return the prospects with a known few who have not consented."""
        sheet = Sheet(table, self.rng)
        rows = sheet.pick(self._number(self.law.without_consent))
        sheet.values("EINWILLIGUNG")[rows] = "N"
        self._count("prospects", "consent missing", len(rows), "no_consent", WITHHELD)
        self._duplicates(sheet, "prospects", "HERKUNFT", self._number(self.law.exact_duplicates), 0)
        return sheet.result()

    def foreign_bytes(self, data: bytes) -> bytes:
        """Return the register with the chosen lines in the bank's old encoding."""
        old = "gb18030" if self.renderer.language == "zh-CN" else "cp1252"
        lines = data.split(b"\n")
        for row in self.foreign_lines:
            lines[row + 1] = lines[row + 1].decode().encode(old)
        return b"\n".join(lines)

    def _dirty_bookings(self, sheet: Sheet, m: int) -> None:
        plan = {kind: int(counts[m]) for kind, counts in self._bookings.items()}
        rows = sheet.pick(plan["late"])
        delay = self.rng.integers(*self.law.late_days, len(rows))
        days = _read(sheet.values("BUCHUNGSTAG")[rows])
        sheet.values("ERFASST_AM")[rows] = _written(days + delay)
        self._count("transactions", "booked late", len(rows), "known_late:booked_on", NOTED)
        for kind, cells, fault, rule in (
            ("date", {}, "impossible date", "unreadable_date:booked_on"),
            ("money", {"BETRAG": self.law.absurd_amount}, "absurd money", "absurd_amount:amount"),
            ("code", {"BUCHUNGSART": "999"}, "code outside the list", "unknown_code:kind"),
        ):
            rows = sheet.pick(plan[kind])
            changed: dict[str, object] = dict(cells)
            if kind == "date":
                changed["BUCHUNGSTAG"] = impossible_day(sheet.values("BUCHUNGSTAG")[rows])
            sheet.copies(rows, BUCHUNGS_NR=self.renderer.record("B", len(rows)).to_pylist(), **changed)
            self._count("transactions", fault, len(rows), rule, QUARANTINED)
        self._duplicates(sheet, "transactions", "KANAL", plan["exact"], plan["near"])

    def _dirty_contacts(self, sheet: Sheet, m: int) -> None:
        plan = {kind: int(counts[m]) for kind, counts in self._contacts.items()}
        rows = sheet.pick(plan["code"])
        sheet.values("direction")[rows] = "?"
        self._count("contacts", "code outside the list", len(rows), "unknown_code:direction", REPAIRED)
        rows = sheet.pick(plan["date"])
        days = impossible_day(sheet.values("date")[rows])
        sheet.copies(rows, contact_no=self.renderer.record("C", len(rows)).to_pylist(), date=days)
        self._count("contacts", "impossible date", len(rows), "unreadable_date:contacted_on", QUARANTINED)
        self._duplicates(sheet, "contacts", "topic", plan["exact"], plan["near"])

    def _duplicates(self, sheet: Sheet, table: str, column: str, exact: int, near: int) -> None:
        """Append rows delivered twice: the same, or lacking a value that the first one has."""
        rows = sheet.pick(exact)
        sheet.copies(rows)
        self._count(table, "exact duplicate", len(rows), "exact_duplicate", MERGED)
        rows = sheet.pick(near, sheet.filled(column))
        sheet.copies(rows, **{column: None})
        self._count(table, "near duplicate", len(rows), "near_duplicate", MERGED)

    def _invented_clients(self, sheet: Sheet) -> None:
        """Append clients opened by mistake, who have nothing else in the bank."""
        for fault, rate, rule in (
            ("exit before joining", self.law.exits_before_joining, "exit_before_joining"),
            ("impossible date", self.law.impossible_dates, "unreadable_date:joined_on"),
        ):
            rows = sheet.pick(self._number(rate))
            joined = sheet.values("EROEFFNET_AM")[rows]
            cells: dict[str, object] = {
                "KUNDEN_NR": [f"K9{self.rng.integers(10**7):07d}" for _ in rows],
                "SALDIERT_AM": None,
                "SALDIERUNG_GEMELDET_AM": None,
                "SALDIERUNGSGRUND": None,
            }
            if rule == "exit_before_joining":
                # Recent dates of their own: an old exit would be past retention, and be left out before it is judged.
                year = self.clock.last_day.year - 1
                cells["EROEFFNET_AM"] = [f"01{d[2:6]}{year}" for d in joined]
                cells["SALDIERT_AM"] = [f"01{d[2:6]}{year - 1}" for d in joined]
                cells["SALDIERUNGSGRUND"] = "K"
            else:
                cells["EROEFFNET_AM"] = impossible_day(joined)
            sheet.copies(rows, **cells)
            self._count("clients", fault, len(rows), rule, QUARANTINED)

    def _late_exits(self, sheet: Sheet) -> None:
        """Let the bank learn of a few exits only months later, yet before the last months."""
        left = sheet.values("SALDIERT_AM")
        last = self.clock.month_start(self.clock.total - self.law.late_rows_end)
        days = _read(left)
        rows = sheet.pick(self._number(self.law.late_exits), days < last)
        delay = self.rng.integers(*self.law.late_days, len(rows))
        sheet.values("SALDIERUNG_GEMELDET_AM")[rows] = _written(days[rows] + delay)
        told = zip(sheet.values("KUNDEN_NR")[rows], sheet.values("SALDIERUNG_GEMELDET_AM")[rows], strict=True)
        self._reported = dict(told)
        self._count("clients", "exit reported late", len(rows), "known_late:left_on", NOTED)

    def _late_spells(self, table: pa.Table) -> pa.Table:
        """Return the spells with the ends that are known late: those of the last spell of their client."""
        client, left = (table.column(name).to_pylist() for name in ("KUNDEN_NR", "SALDIERT_AM"))
        at = table.schema.get_field_index("ERFASST_AM")
        known = table.column(at).to_pylist()
        last = {number: row for row, number in enumerate(client) if number in self._reported and left[row]}
        for number, row in last.items():
            known[row] = self._reported[number]
        self._count("relationships", "exit reported late", len(last), "known_late:left_on", NOTED)
        return table.set_column(at, "ERFASST_AM", pa.array(known, pa.string()))

    def _broken(self, table: pa.Table, m: int) -> pa.Table:
        """Return the balances with a few whose stated market change is off; the balances themselves stay right."""
        n = int(min(self._ledger[m], table.num_rows))
        if not n:
            return table
        at = table.schema.get_field_index("performance")
        rows = np.sort(self.rng.choice(table.num_rows, n, replace=False))
        low, high = (round(100 * bound) for bound in self.law.broken_by)
        off = self.rng.integers(low, high, n) * self.rng.choice((-1, 1), n)
        values = table.column(at).combine_chunks()
        added = np.zeros(table.num_rows, np.int64)
        added[rows] = off
        self._count("balances", "does not follow from the books", n, "does_not_follow", NOTED)
        return table.set_column(at, table.schema.field(at), pc.add(values, decimals(added)).cast(values.type))

    def _foreign(self, sheet: Sheet) -> np.ndarray:
        """Return which rows hold a letter beyond ASCII that the old encoding writes differently."""
        texts = [sheet.values(column) for column in ("NAME", "VORNAME", "REGION")]
        return np.array([not "".join(filter(None, row)).isascii() for row in zip(*texts, strict=True)], bool)

    def _call_me(self) -> str:
        a, b = self.rng.integers(100, size=2)
        return words(self.renderer.language, "call")[0].format(int(a), int(b))

    def _number(self, rate: float) -> int:
        return math.ceil(rate * self.clients / 1000)

    def _spread(self, rate: float, first: int = 0, last: int | None = None) -> np.ndarray:
        """Return how many faults go to each month of the window."""
        drawn = self.rng.integers(first, last or self.clock.months, self._number(rate))
        return np.bincount(drawn, minlength=self.clock.months)

    def _count(self, table: str, fault: str, rows: int, rule: str, action: str) -> None:
        self._counts[Planted(table, fault, 0, rule, action)] += rows


def _read(days: np.ndarray) -> np.ndarray:
    """Return days written as 31.12.2020 (None: no day) as datetime64[D]."""
    return np.array([f"{d[6:]}-{d[3:5]}-{d[:2]}" if d else "NaT" for d in days], "datetime64[D]")


def _written(days: np.ndarray) -> list[str]:
    return [pd.Timestamp(day).strftime("%d.%m.%Y") for day in days]
