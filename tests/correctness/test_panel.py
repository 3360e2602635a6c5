"""The client-month panel against a reference written out in plain Python, month by month."""

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from small_bank import write_bank

from insights.data.flows import FLOW_KINDS, STALE_MONTHS
from insights.data.months import add_months, duration_of, first_of_month, month_end
from insights.data.panel import panel
from insights.data.snapshot import Bank, open_bank
from insights.errors import SnapshotError

AS_OF = date(2021, 6, 20)
MEASURES = ("assets", "market_change", "flows", "revenue", "contacts", "complaints")
KEY = ["client_id", "spell", "month"]


def made_up(seed: int) -> dict[str, str]:
    """Return the extracts of a bank of 30 clients, with late rows, corrections, deletions and returning clients."""
    rng = np.random.default_rng(seed)
    clients, spells = ["client_id,joined_on,left_on,left_known_on,leave_reason"], []
    tables: dict[str, list[str]] = {
        "balances": ["client_id,month,category,amount,market_change,known_on,withdrawn"],
        "revenue": ["client_id,month,kind,amount"],
        "transactions": ["transactions_id,client_id,booked_on,kind,amount,known_on,withdrawn"],
        "contacts": ["client_id,contacted_on,channel,known_on"],
        "complaints": ["client_id,filed_on,severity"],
    }

    def day(low: int = 0, high: int = 900) -> date:
        return date.fromordinal(date(2019, 1, 5).toordinal() + int(rng.integers(low, high)))

    for number in range(30):
        name, joined = f"k{number}", day(0, 600)
        left = date.fromordinal(joined.toordinal() + int(rng.integers(0, 500))) if rng.random() < 0.5 else None
        told = date.fromordinal(left.toordinal() + int(rng.integers(0, 60))) if left else None
        reason = rng.choice(["death", "bank", ""]) if left else ""
        clients.append(f"{name},{joined},{left or ''},{told or ''},{reason}")
        if number % 5 == 0 and left:
            spells.append(f"{name},1,{joined},{left},{reason}")
            spells.append(f"{name},2,{date.fromordinal(left.toordinal() + 40)},,")
        for back in range(30):
            month = add_months(date(2019, 1, 1), back)
            if rng.random() < 0.7:
                known = month_end(month).toordinal() + int(rng.integers(0, 20))
                row = f"{name},{month},cash,{rng.integers(1, 999)},{rng.integers(-9, 9)}"
                tables["balances"].append(f"{row},{date.fromordinal(known)},")
                if rng.random() < 0.15:
                    deleted = "true" if rng.random() < 0.3 else ""
                    row = f"{name},{month},cash,{rng.integers(1, 999)},{rng.integers(-9, 9)}"
                    tables["balances"].append(f"{row},{date.fromordinal(known + 45)},{deleted}")
            if rng.random() < 0.3:
                tables["revenue"].append(f"{name},{month},fee,{rng.integers(1, 99)}")
        for number_of_booking in range(15):
            booked, kind = day(), rng.choice([*FLOW_KINDS, "fee"])
            known = booked.toordinal() + int(rng.choice([0, 0, 3, 40]))
            row = f"{name}-{number_of_booking},{name},{booked},{kind},{rng.integers(-500, 500)}"
            tables["transactions"].append(f"{row},{date.fromordinal(known)},")
            if rng.random() < 0.2:
                gone = "true" if rng.random() < 0.5 else ""
                row = f"{name}-{number_of_booking},{name},{booked},{kind},{rng.integers(-500, 500)}"
                tables["transactions"].append(f"{row},{date.fromordinal(known + int(rng.integers(1, 40)))},{gone}")
            contacted = day()
            late = date.fromordinal(contacted.toordinal() + int(rng.choice([0, 33])))
            tables["contacts"].append(f"{name},{contacted},phone,{late}")
        tables["complaints"].append(f"{name},{day()},2")
    files = {"clients": clients, "relationships": ["client_id,spell,joined_on,left_on,leave_reason", *spells], **tables}
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def stored(bank: Bank, name: str) -> pd.DataFrame:
    """Return all versions of a table, known by the as-of date, with plain dates."""
    frame = pd.read_parquet(bank.processed.path / "tables" / f"{name}.parquet")
    for column in frame.columns:
        if frame[column].map(type).eq(pd.Timestamp).any():
            frame[column] = frame[column].dt.date
    return frame[frame["known_on"] <= AS_OF]


def as_known(rows: pd.DataFrame, key: list[str], until: date) -> pd.DataFrame:
    """Return the latest version of each row known by a day, without withdrawn ones."""
    rows = rows[rows["known_on"] <= until].sort_values("known_on", kind="stable")
    rows = rows.drop_duplicates(key, keep="last")
    return rows[~rows["withdrawn"].eq(True)] if "withdrawn" in rows else rows


class Reference:
    """The panel by brute force."""

    KEYS: ClassVar = {"balances": ["client_id", "month", "category"], "revenue": ["client_id", "month", "kind"]}
    DATES: ClassVar = {"transactions": "booked_on", "contacts": "contacted_on", "complaints": "filed_on"}

    def __init__(self, bank: Bank, lag: int) -> None:
        self.bank, self.lag = bank, lag
        self.rows = {name: stored(bank, name) for name in (*self.KEYS, *self.DATES)}
        self.seen: dict[tuple[str, date], pd.DataFrame] = {}
        self.own: dict[tuple[str, date], dict[str, pd.DataFrame]] = {}

    def as_known(self, source: str, until: date) -> pd.DataFrame:
        if (source, until) not in self.seen:
            rows = as_known(self.rows[source], self.KEYS.get(source, [f"{source}_id"]), until)
            self.seen[source, until] = rows.assign(own=rows[self.DATES.get(source, "month")].map(first_of_month))
        return self.seen[source, until]

    def of_client(self, source: str, until: date, client: str) -> pd.DataFrame:
        rows = self.as_known(source, until)
        if (source, until) not in self.own:
            self.own[source, until] = dict(list(rows.groupby("client_id")))
        return self.own[source, until].get(client, rows.iloc[:0])

    def table(self) -> pd.DataFrame:
        lines: list[dict[str, Any]] = []
        for spell in self.spells():
            opens = self.bank.window_from
            assert opens is not None
            first = max(first_of_month(spell["joined_on"]), opens)
            last = first_of_month(spell["left_on"] or AS_OF)
            month = first
            while month <= last:
                lines.append(self.line(spell, month, first))
                month = add_months(month, 1)
        return pd.DataFrame(lines)

    def spells(self) -> list[dict[str, Any]]:
        clients = self.bank.table("clients").execute().assign(spell=1)
        told = self.bank.table("relationships").execute()
        rest = clients[~clients["client_id"].isin(told["client_id"])]
        both = pd.concat([told, rest])[["client_id", "spell", "joined_on", "left_on", "leave_reason"]].to_dict(
            "records"
        )
        for spell in both:
            spell["joined_on"] = spell["joined_on"].date()
            spell["left_on"] = None if pd.isna(spell["left_on"]) else spell["left_on"].date()
        return both

    def line(self, spell: dict[str, Any], month: date, first: date) -> dict[str, Any]:
        left, client = spell["left_on"], spell["client_id"]
        exits = left is not None and first_of_month(left) == month
        line = {
            "client_id": client,
            "spell": spell["spell"],
            "month": month,
            "tenure_months": duration_of(spell["joined_on"], month, "months"),
            "entry": int(month == first and first_of_month(spell["joined_on"]) < first),
            "exit": int(exits),
            "leave_reason": spell["leave_reason"] if exits else None,
        }
        for name in MEASURES:
            line[name] = self.happened(name, client, month)
            line[f"{name}_lag{self.lag}"] = self.known(name, client, add_months(month, -self.lag))
        return line

    def values(self, name: str) -> tuple[str, str | None]:
        source = {"assets": "balances", "market_change": "balances", "flows": "transactions"}.get(name, name)
        column = {"assets": "amount", "market_change": "market_change", "flows": "amount", "revenue": "amount"}.get(
            name
        )
        return source, column

    def total(self, name: str, rows: pd.DataFrame) -> float:
        column = self.values(name)[1]
        if name == "flows":
            rows = rows[rows["kind"].isin(FLOW_KINDS)]
        return float(len(rows)) if column is None else float(rows[column].astype(float).sum())

    def happened(self, name: str, client: str, month: date) -> float:
        source = self.values(name)[0]
        rows = self.as_known(source, AS_OF)
        own, mine = rows["own"], self.of_client(source, AS_OF, client)
        mine = mine[mine["own"] == month]
        if source == "balances" and mine.empty:
            return float("nan")
        covered = own.min() <= month and (source in self.DATES or month <= own.max())
        return self.total(name, mine) if covered else float("nan")

    def known(self, name: str, client: str, then: date) -> float:
        source = self.values(name)[0]
        rows = self.of_client(source, month_end(then), client)
        own = rows["own"]
        if source in self.DATES:
            covered = self.rows[source][self.DATES[source]].map(first_of_month).min() <= then
            return self.total(name, rows[own == then]) if covered else float("nan")
        # The latest month of which anything was known then; its rows may have been withdrawn since.
        heard = self.rows[source]
        heard = heard[(heard["known_on"] <= month_end(then)) & (heard["client_id"] == client)]
        if heard.empty or heard["month"].max() < add_months(then, -STALE_MONTHS):
            return float("nan")
        return self.total(name, rows[own == heard["month"].max()])


@pytest.mark.parametrize(("seed", "lag"), [(1, 1), (3, 2), (4, 6)])
def test_panel_equals_the_reference(tmp_path: Path, seed: int, lag: int) -> None:
    with open_bank(write_bank(tmp_path, made_up(seed)), as_of=AS_OF) as bank:
        found = panel(bank, lag=lag).execute().sort_values(KEY, ignore_index=True)
        expected = Reference(bank, lag).table().sort_values(KEY, ignore_index=True)
    found["month"] = found["month"].dt.date
    assert len(found) > 300
    assert not found.duplicated(KEY).any()
    assert set(found.columns) == set(expected.columns)
    assert found["exit"].sum() > 5
    assert found["entry"].sum() > 2
    for name in expected.columns:
        left, right = found[name], expected[name]
        if name in ("client_id", "month", "leave_reason"):
            assert left.where(left.notna(), None).tolist() == right.where(right.notna(), None).tolist(), name
        else:
            np.testing.assert_allclose(left.astype(float), right.astype(float), rtol=1e-12, err_msg=name)
        assert left.notna().any(), name


def test_columns_without_their_table_are_not_there(tmp_path: Path) -> None:
    files = {"clients": "client_id,joined_on\n1,2019-05-05\n2,2020-02-05\n"}
    with open_bank(write_bank(tmp_path, files), as_of="2020-04-15") as bank:
        table = panel(bank).execute().sort_values(KEY, ignore_index=True)
    assert list(table.columns) == [*KEY, "tenure_months", "entry", "exit", "leave_reason"]
    assert table["tenure_months"].tolist() == [8, 9, 10, 11, 0, 1, 2]  # late entry: never at month 0
    assert table["entry"].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert table["exit"].sum() == 0


def test_rows_known_later_change_no_lagged_feature(tmp_path: Path) -> None:
    files = made_up(5)
    with open_bank(write_bank(tmp_path / "now", files), as_of="2021-06-30") as bank:
        later = panel(bank).execute()
    with open_bank(write_bank(tmp_path / "then", files), as_of="2020-12-31") as bank:
        then = panel(bank).execute()
    both = then.merge(later, on=KEY, suffixes=("", "_later"))
    assert len(both) > 200
    for name in MEASURES:
        np.testing.assert_array_equal(both[f"{name}_lag1"], both[f"{name}_lag1_later"], err_msg=name)
    assert (both["flows"].fillna(0) != both["flows_later"].fillna(0)).any(), "late bookings do change what happened"


def test_lag_must_look_back(tmp_path: Path) -> None:
    files = {"clients": "client_id,joined_on\n1,2019-05-05\n"}
    with (
        open_bank(write_bank(tmp_path, files), as_of="2020-04-15") as bank,
        pytest.raises(SnapshotError, match="lag of 0"),
    ):
        panel(bank, lag=0)
