"""What is known of clients beside what segments are made of: life, interests, behaviour, channels, needs, products."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months
from insights.data.settings_segments import AGES
from insights.data.snapshot import Bank
from insights.models.value.potential import NEEDS as PEERS
from insights.models.value.potential import peer_gaps

YEAR = 12
YES, NO = "yes", "no"
USES = (("online", "behaviour", "day"), ("events", "events", "held_on"), ("services", "services", "used_on"))
"""What clients used or not: its name, table and day."""
SINGLE = ("gender", "occupation", "income_band")
"""Columns of clients that are attributes as they are."""


@dataclass(frozen=True)
class Attribute:
    """One thing known of clients: ``rows`` has client_id and level, one row per client and level.

    ``many``: a client may have several levels. Who is in ``known`` is known in this; of them, who has no row has none.
    ``domain`` names the column whose codes the levels are ("" for our own).
    """

    name: str
    domain: str
    many: bool
    known: npt.NDArray[np.object_] = field(repr=False)
    rows: pd.DataFrame = field(repr=False)


def attributes(bank: Bank, client_id: npt.NDArray[np.object_]) -> tuple[Attribute, ...]:
    """Return what the bank delivers of these clients, in the order in which a portrait tells it.

    Behaviour, channels and topics are those of the last twelve months.
    """
    made = (
        *_of_clients(bank, client_id),
        *_used(bank, client_id),
        *_most_used_channel(bank, client_id),
        *_topics(bank, client_id),
        *_products(bank, client_id),
    )
    return tuple(a for a in made if len(a.rows))


def group_attributes(bank: Bank, client_id: npt.NDArray[np.object_]) -> tuple[Attribute, ...]:
    """Return what groups of clients are made of, each client in one: age, gender, occupation, income, tolerance."""
    made = [a for a in _of_clients(bank, client_id) if a.name in ("age", *SINGLE)]
    if bank.has("clients", "risk_tolerance"):
        table = bank.table("clients").select("client_id", "risk_tolerance").execute().set_index("client_id")
        stated = table["risk_tolerance"].reindex(client_id).dropna()
        level = ("C" + stated.astype(int).astype(str)).to_numpy(object)
        made.append(_single("risk_tolerance", "", pd.Series(stated.index), level))
    return tuple(a for a in made if len(a.rows))


def _of_clients(bank: Bank, client_id: npt.NDArray[np.object_]) -> Iterator[Attribute]:
    table = bank.table("clients")
    wanted = ("birth_year", *SINGLE, "household_id", "interests")
    columns = [c for c in wanted if bank.has("clients", c)]
    frame = table.select("client_id", *columns).execute().set_index("client_id").reindex(client_id).reset_index()
    if "birth_year" in frame:
        age = bank.as_of.year - frame["birth_year"].astype(float)
        bounds, names = [b for b, _ in AGES], np.array([n for _, n in AGES], dtype=object)
        known = age.notna().to_numpy()
        level = names[np.minimum(np.searchsorted(bounds, age[known], side="right"), len(names) - 1)]
        yield _single("age", "", frame["client_id"][known], level)
    for name in SINGLE:
        if name in frame:
            known = frame[name].notna().to_numpy()
            yield _single(name, name, frame["client_id"][known], frame[name][known].astype(str).to_numpy(object))
    if "household_id" in frame:
        level = np.where(frame["household_id"].notna(), YES, NO).astype(object)
        yield _single("household", "", frame["client_id"], level)
    if "interests" in frame:
        known = frame[frame["interests"].notna()]
        parts = known.assign(level=known["interests"].astype(str).str.split(";")).explode("level")
        parts["level"] = parts["level"].str.strip()
        yield _many("interests", "interests", known["client_id"], parts[parts["level"] != ""])


def _used(bank: Bank, client_id: npt.NDArray[np.object_]) -> Iterator[Attribute]:
    """Yield who used app or website, came to an event, or used a service."""
    since = add_months(bank.as_of, -YEAR)
    for name, table, day in USES:
        if bank.has(table, day):
            rows = bank.table(table)
            rows = rows.filter(rows[day] > since)
            if name == "events" and "attended" in rows.columns:
                rows = rows.filter(rows.attended)
            seen = set(rows.select("client_id").distinct().execute()["client_id"])
            level = np.array([YES if c in seen else NO for c in client_id], dtype=object)
            yield _single(name, "", pd.Series(client_id), level)


def _most_used_channel(bank: Bank, client_id: npt.NDArray[np.object_]) -> Iterator[Attribute]:
    if bank.needs("contacts.contacted_on", "contacts.channel"):
        return
    rows = bank.table("contacts")
    rows = rows.filter((rows.contacted_on > add_months(bank.as_of, -YEAR)) & rows.channel.notnull())
    counts = rows.group_by("client_id", "channel").agg(n=rows.count()).execute()
    counts = counts.sort_values(["client_id", "n", "channel"], ascending=[True, False, True], kind="stable")
    first = counts.drop_duplicates("client_id")
    first = first[first["client_id"].isin(set(client_id))]
    yield _single("channel", "channel", first["client_id"], first["channel"].astype(str).to_numpy(object))


def _topics(bank: Bank, client_id: npt.NDArray[np.object_]) -> Iterator[Attribute]:
    """Yield what clients spoke of, by the coded notes of their managers: of those with a note."""
    if bank.needs("notes.noted_on", "notes.topic"):
        return
    rows: ir.Table = bank.table("notes")
    rows = rows.filter((rows.noted_on > add_months(bank.as_of, -YEAR)) & rows.topic.notnull())
    told = rows.select("client_id", level=rows.topic).distinct().execute()
    told = told[told["client_id"].isin(set(client_id))]
    yield _many("topics", "topic", told["client_id"].drop_duplicates(), told)


def _products(bank: Bank, client_id: npt.NDArray[np.object_]) -> Iterator[Attribute]:
    """Yield the kinds of product that clients hold, and those that most of their peers hold and they do not."""
    if bank.needs(*PEERS, "balances.amount"):
        return
    found = peer_gaps(bank)
    if found is None:
        return
    domain = "category" if bank.has("products", "category") else "product_id"
    known = pd.Series(found.client_id)
    known = known[known.isin(client_id)]
    for name, flags in (("holds", found.held), ("lacks", found.gap)):
        row, kind = np.nonzero(flags)
        rows = pd.DataFrame({"client_id": found.client_id[row], "level": np.array(found.kinds, dtype=object)[kind]})
        yield _many(name, domain, known, rows[rows["client_id"].isin(known)])


def _single(name: str, domain: str, client_id: pd.Series, level: npt.NDArray[np.object_]) -> Attribute:
    rows = pd.DataFrame({"client_id": client_id.to_numpy(object), "level": level})
    return Attribute(name, domain, False, rows["client_id"].to_numpy(object), rows)


def _many(name: str, domain: str, known: pd.Series, rows: pd.DataFrame) -> Attribute:
    rows = rows[["client_id", "level"]].drop_duplicates().reset_index(drop=True)
    return Attribute(name, domain, True, known.to_numpy(object), rows)
