"""The file of one client for his manager: what the bank knows of him on one page, and what changed since last time.

It names a client: it goes to the recipients of restricted lists alone, never into a report.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from insights.data.months import add_months, month_end, month_of
from insights.data.snapshot import Bank
from insights.errors import ParameterError
from insights.models.risk_taken import NEEDS as RISK_NEEDS
from insights.models.risk_taken import risk_taken
from insights.models.segments.later import QUARTER
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.models.segments.variables import attribute_months, building_variables
from insights.models.stages import NEEDS as STAGE_NEEDS
from insights.models.stages import STAGES, UNASSIGNED, assign_stages
from insights.models.value.margins import MARGIN, ClientMargins, client_margins
from insights.models.value.tiers import client_tiers

YEAR = 12
COLUMNS = ["section", "item", "kind", "now", "before"]
PERSON, MONEY, RISK, SERVICE = "person", "money", "risk", "service"
REGISTER = (
    ("joined_on", "date"),
    ("left_on", "date"),
    ("rm_id", "id"),
    ("birth_year", "year"),
    ("gender", "code"),
    ("region", "code"),
    ("occupation", "code"),
    ("income_band", "code"),
    ("interests", "codes"),
    ("external_wealth", "money"),
    ("kyc_expires_on", "date"),
)
"""What the register says of the client, and how it is written."""
COUNTED = (("contacts", "contacted_on"), ("complaints", "filed_on"), ("offers", "offered_on"), ("events", "held_on"))
"""Tables of which the rows of the client are counted, and their day."""
PAST = ("rm_id", "region", "occupation", "income_band")
"""Of these an earlier value is told where the bank delivers their history."""


@dataclass(frozen=True)
class _Client:
    """One client in the matrices of ``margins``: his row, the last column, and that of last time."""

    bank: Bank
    id: str
    row: int
    margins: ClientMargins
    last: int
    then: int | None

    @property
    def since(self) -> date | None:
        """The day of last time."""
        return None if self.then is None else month_end(self.margins.months.month(self.then))

    def both(self, values: Any) -> tuple[Any, Any]:
        """Return a row of months now and last time."""
        return values[self.row, self.last], None if self.then is None else values[self.row, self.then]


def client_file(bank: Bank, client_id: str) -> pd.DataFrame:
    """Return the file of a client by his pseudonym: section, item, kind, now, before (three months ago).

    Values are text, so that one column holds them all: numbers in full, days as ISO. ``kind`` says what they are:
    money, count, tenths, percent, date, year, code, codes (split by semicolons), id, text, segment, stage. What the
    bank does not deliver has no line; ``before`` is None where the past is not known. Counts of contacts and the like
    are those of three months, beside the three before. Raises ParameterError for a pseudonym that the bank does not
    know, and where it delivers neither revenue nor balances.
    """
    margins = client_margins(bank)
    if margins is None:
        raise ParameterError(
            "a client file needs balances or revenue",
            expected="balances.amount or revenue.amount in bank.toml",
            todo="map one of them under [tables]",
        )
    found = np.flatnonzero(margins.months.client_id == client_id)
    if not len(found):
        raise ParameterError(
            "no client has this pseudonym",
            expected="a pseudonym as restricted lists have it (c_ and sixteen letters or digits), of this bank and key",
            todo="copy it from a list made with the same key",
        )
    last = margins.months.count - 1
    client = _Client(bank, client_id, int(found[0]), margins, last, last - QUARTER if last >= QUARTER else None)
    rows = [*_person(client), *_money(client), *_risk(client), *_service(client)]
    told = [(section, item, kind, _text(now), _text(before)) for section, item, kind, now, before in rows]
    return pd.DataFrame(told, columns=COLUMNS)


def _person(client: _Client) -> Iterator[tuple[Any, ...]]:
    bank = client.bank
    table = bank.table("clients")
    columns = [name for name, _ in REGISTER if name in table.columns]
    line = table.filter(table.client_id == client.id).select(*columns).execute().iloc[0]
    for name, kind in REGISTER:
        if name in columns and not pd.isna(line[name]):
            before = None
            if name in PAST and bank.has("client_history", name) and client.then is not None:
                values, _ = attribute_months(bank, name, client.margins.months)
                before = None if values is None or pd.isna(then := client.both(values)[1]) else then
            yield PERSON, name, kind, _plain(line[name]), before
    if not segment_needs(bank):
        found = client_segments(bank)
        if isinstance(found, Segments):
            now, then = client.both(found.code)
            yield (
                PERSON,
                "segment",
                "segment",
                _name(found.names, now),
                None if then is None else _name(found.names, then),
            )
    if bank.window_from is not None and not bank.needs(*STAGE_NEEDS):
        stages = assign_stages(bank)
        own = np.flatnonzero(stages.months.spells["client_id"].to_numpy() == client.id)
        if len(own):
            code = stages.code[own[-1]]
            then = code[-1 - QUARTER] if len(code) > QUARTER else UNASSIGNED
            yield PERSON, "stage", "stage", _stage(int(code[-1])), _stage(int(then))
    tiers = client_tiers(bank)
    if tiers is not None:
        now, then = client.both(tiers.tier)
        yield PERSON, "tier", "text", _name(tiers.names, now), None if then is None else _name(tiers.names, then)


def _money(client: _Client) -> Iterator[tuple[Any, ...]]:
    bank, margins = client.bank, client.margins
    if not bank.needs("balances.amount", "balances.month"):
        yield MONEY, "assets", "money", *client.both(margins.assets)
        table = bank.table("balances")
        own = table.filter(table.client_id == client.id)
        rows = (
            own.group_by("category", month=month_of(own.month)).agg(amount=own.amount.sum().cast("float64")).execute()
        )
        wide = rows.assign(month=pd.to_datetime(rows["month"]).dt.date).pivot(
            index="category", columns="month", values="amount"
        )
        days = [client.margins.months.month(c) for c in (client.last, client.then) if c is not None]
        wide = wide.reindex(columns=days).fillna(0.0)
        for category in sorted(wide.index[(wide != 0).any(axis=1)]):
            then = float(wide.loc[category, days[1]]) if len(days) > 1 else None
            yield MONEY, f"category:{category}", "money", float(wide.loc[category, days[0]]), then
    yield from _mix(client)
    if margins.basis == MARGIN:
        first = max(client.last - YEAR + 1, 0)
        now = margins.over(MARGIN, first, client.last)[client.row]
        before = None
        if client.then is not None and client.then - YEAR + 1 >= 0:
            before = float(margins.over(MARGIN, client.then - YEAR + 1, client.then)[client.row])
        yield MONEY, "margin", "money", float(now), before
    if margins.drawn.any():
        yield MONEY, "drawn", "money", *client.both(margins.drawn)


def _mix(client: _Client) -> Iterator[tuple[Any, ...]]:
    """Yield what he holds by kind of product, and what of it is green, now and last time."""
    bank = client.bank
    if bank.needs("holdings.amount", "holdings.month", "products.product_id"):
        return
    table, products = bank.table("holdings"), bank.table("products")
    known = [c for c in ("category", "green") if bank.has("products", c)]
    own = table.filter(table.client_id == client.id).inner_join(products.select("product_id", *known), "product_id")
    rows = own.select(*known, month=month_of(own.month), amount=own.amount.cast("float64")).execute()
    month = pd.to_datetime(rows["month"]).dt.date
    days = [client.margins.months.month(c) for c in (client.last, client.then) if c is not None]

    def told(chosen: pd.Series) -> tuple[float, float | None]:
        sums = [float(rows.loc[chosen & (month == day), "amount"].sum()) for day in days]
        return sums[0], sums[1] if len(sums) > 1 else None

    if "category" in known:
        for kind in sorted(rows["category"].dropna().unique()):
            now, then = told(rows["category"] == kind)
            if now or then:
                yield MONEY, f"kind:{kind}", "money", now, then
    if "green" in known and rows["green"].notna().any():
        yield MONEY, "green", "money", *told(rows["green"].fillna(False).astype(bool))


def _risk(client: _Client) -> Iterator[tuple[Any, ...]]:
    bank = client.bank
    variables = building_variables(bank)
    told = (("risk_tolerance", "count", variables.risk), ("experience_years", "tenths", variables.experience))
    for name, kind, values in told:
        if values is not None:
            now, then = client.both(values)
            yield RISK, name, kind, _known(now), _known(then)
    if not bank.needs(*RISK_NEEDS):
        found = risk_taken(bank)
        at = np.flatnonzero(found.client_id == client.id) if found is not None else np.empty(0, dtype=np.int64)
        if found is not None and len(at):
            yield RISK, "taken", "tenths", float(found.taken[at[0]]), None
            yield RISK, "above", "money", float(found.above[at[0]]), None
            if found.volatility is not None:
                yield RISK, "volatility", "percent", _known(found.volatility[at[0]]), None


def _service(client: _Client) -> Iterator[tuple[Any, ...]]:
    """Yield what happened in the last three months and in the three before: contacts, complaints, offers, events."""
    bank = client.bank
    since, before = (add_months(bank.as_of, -k) for k in (QUARTER, 2 * QUARTER))
    for name, day in (
        ("contacts", "contacted_on"),
        ("complaints", "filed_on"),
        ("offers", "offered_on"),
        ("events", "held_on"),
    ):
        if bank.has(name, day):
            table = bank.table(name)
            days = pd.to_datetime(table.filter(table.client_id == client.id).select(day=table[day]).execute()["day"])
            recent = int((days > pd.Timestamp(since)).sum())
            earlier = int(((days > pd.Timestamp(before)) & (days <= pd.Timestamp(since))).sum())
            yield SERVICE, name, "count", recent, earlier
            if name == "contacts" and len(days):
                yield SERVICE, "last_contact", "date", days.max().date().isoformat(), None
    if bank.has("notes", "topic"):
        notes = bank.table("notes")
        own = notes.filter(notes.client_id == client.id).select("noted_on", "topic").execute().dropna()
        own["noted_on"] = pd.to_datetime(own["noted_on"])
        own = own[own["noted_on"] > pd.Timestamp(add_months(bank.as_of, -YEAR))].sort_values(["noted_on", "topic"])
        for topic in own["topic"].drop_duplicates(keep="last").iloc[::-1]:
            day = own.loc[own["topic"] == topic, "noted_on"].max().date().isoformat()
            yield SERVICE, f"topic:{topic}", "date", day, None


def _text(value: Any) -> str | None:
    """Return a value as text that reads back to the same value."""
    if value is None or isinstance(value, str):
        return value
    return f"{float(value):.15g}"


def _plain(value: Any) -> Any:
    if isinstance(value, (pd.Timestamp, date)):
        return pd.Timestamp(value).date().isoformat()
    return value.item() if hasattr(value, "item") else value


def _known(value: Any) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def _name(names: tuple[str, ...], place: int) -> str | None:
    return None if place < 0 else names[place]


def _stage(code: int) -> str | None:
    return STAGES[code - 1] if 0 < code <= len(STAGES) else None
