"""Tiers of clients: what each brings in, gets and costs, and who moves between them."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.margins import ASSETS
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, count_row
from insights.reports.exhibits.value.words import told, value_basis
from insights.topics.evidence import Answer
from insights.topics.value.tiers import LEFT, NEW, SUMS, Tiers

_PER_CLIENT = {
    "value": Column("value", Message("Margin per client"), "money"),
    "worth": Column("worth", Message("Worth per client, all years"), "money"),
    "assets": Column("assets", Message("Assets per client"), "money"),
    "cost": Column("cost", Message("Cost to serve per client"), "money"),
    "contacts": Column("contacts", Message("Contacts per client"), "tenths"),
    "hours": Column("hours", Message("Hours per client"), "tenths"),
    "events": Column("events", Message("Events per 100 clients"), "count"),
    "event_cost": Column("event_cost", Message("Cost of events per client"), "money"),
}


def tiers(answer: Answer, found: Tiers, bank: Bank) -> Exhibit:
    """Say what the highest tier brings in and gets, and set all tiers side by side."""
    table, in_assets = found.table, answer.facts["basis"] == ASSETS
    best = str(table["tier"].iloc[0])
    measure = "worth" if answer.facts["years"] and "worth" in table else "value"
    shares = {"clients": found.share(best, "clients"), "value": found.share(best, measure)}
    hours = _share_of_tiers(table, best, "hours")
    values: dict[str, Any] = {"tier": best, **{k: told(v) for k, v in shares.items()}, "hours": told(hours)}
    if any(math.isnan(v) for v in shares.values()):
        title = Message("What each tier of clients brings in and gets")
    elif in_assets:
        title = Message("Tier {tier}, {clients:share} of the clients, holds {value:share} of the assets", values)
    elif measure == "worth" and math.isnan(hours):
        title = Message("Tier {tier}, {clients:share} of the clients, is worth {value:share} of the whole", values)
    elif measure == "worth":
        title = Message(
            "Tier {tier}, {clients:share} of the clients, is worth {value:share} of the whole and gets {hours:share} "
            "of the hours",
            values,
        )
    elif math.isnan(hours):
        title = Message("Tier {tier}, {clients:share} of the clients, brings in {value:share} of the margin", values)
    else:
        title = Message(
            "Tier {tier}, {clients:share} of the clients, brings in {value:share} of the margin and gets {hours:share} "
            "of the hours",
            values,
        )
    rest = table[table["tier"] == answer.facts["rest"]]
    sentences = []
    known = {measure, "hours"} <= set(table) and not rest[[measure, "hours", "clients"]].isna().any(axis=None)
    if len(rest) and not in_assets and known:
        values |= {"rest": answer.facts["rest"], "n": float(rest["clients"].iloc[0])}
        values |= {"margin": float(rest[measure].iloc[0])}
        values["rest_hours"] = told(_share_of_tiers(table, answer.facts["rest"], "hours"))
        sentences.append(
            Message(
                "Tier {rest} ({n:count} clients) gets {rest_hours:share} of the hours; over all years counted it is "
                "worth {margin:money}.",
                values,
            )
            if measure == "worth"
            else Message(
                "Tier {rest} ({n:count} clients) gets {rest_hours:share} of the hours; its margin is {margin:money}.",
                values,
            )
        )
    shown = [t for t in table["tier"] if t != NEW]
    bars = []
    for tier in shown:
        amount = _ASSETS if in_assets else _WORTH if measure == "worth" else _MARGIN
        for name, label in (("clients", _CLIENTS), (measure, amount), ("hours", _HOURS)):
            if name in table:
                share = found.share(tier, name) if name != "hours" else _share_of_tiers(table, tier, name)
                bars.append({"label": Message("{tier}: {what}", {"tier": tier, "what": label}), "value": told(share)})
    rows = tuple(_row(row) for row in table.to_dict("records"))
    columns = (
        Column("tier", Message("Tier")),
        Column("clients", Message("Clients"), "count"),
        *(column for name, column in _PER_CLIENT.items() if name in table and not (in_assets and name == "value")),
    )
    unit = bank.settings.bank.currency
    units = dict.fromkeys(SUMS, unit) | {"hours": "hours", "contacts": "contacts", "events": "events"}
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "share", "in_order": True, "x_label": Message("Share of all clients in force")},
            Message("Shares of clients, value and hours by tier. {title}.", {"title": title}),
        ),
        tables=(Table(columns, rows, Message("Twelve months, by tier of the clients in force")),),
        basis=value_basis(bank, answer.facts, *_rules(bank, answer.facts)),
        caveats=(
            Message("Hours are those of contacts on record; preparation and travel are not in them.")
            if "hours" in table
            else Message("Hours of contacts are not delivered."),
            Message("Who has been a client for less than six months has no tier yet."),
        ),
        estimates=tuple(
            count_row(name, row[name], unit=units.get(name, "clients"), group={"tier": str(row["tier"])})
            for row in table.to_dict("records")
            for name in ("clients", *SUMS)
            if name in table
        ),
    )


def tier_moves(answer: Answer, found: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show in which tier the clients of each tier are a year later, and who left."""
    shares = found.div(found.sum(axis=1, skipna=False), axis=0)
    top = str(found.index[0])
    values: dict[str, Any] = {"tier": top, "start": answer.facts["start"]}
    values |= {"stay": told(float(shares.loc[top].get(top, math.nan)))}
    values |= {"left": told(float(shares.loc[top].get(LEFT, math.nan)))}
    title = Message("Where the clients of each tier of a year ago stand now")
    if values["stay"] is not None and values["left"] is not None:
        title = Message(
            "Of the clients of tier {tier} a year ago {stay:share} are still there, and {left:percent} have left",
            values,
        )
        if len(together := answer.facts["together"][top]) > 1:
            title = Message(
                "Of the clients of tiers {tiers} a year ago {stay:share} are still in one of them, and {left:percent} "
                "have left",
                values | {"tiers": list(together)},
            )
    names = {str(c): Message("left the bank") if c == LEFT else str(c) for c in found.columns}
    grid = [[told(float(shares.loc[o, c])) for c in found.columns] for o in found.index]
    columns = (
        Column("origin", Message("Tier a year ago")),
        *(Column(f"t{i}", names[str(c)], "percent") for i, c in enumerate(found.columns)),
    )
    rows = tuple(
        {"origin": str(o), **{f"t{i}": told(float(shares.loc[o, c])) for i, c in enumerate(found.columns)}}
        for o in found.index
    )
    return Exhibit(
        id=answer.id,
        title=title,
        figure=Figure(
            "heat",
            {"rows": [str(o) for o in found.index], "columns": list(names.values()), "values": grid, "kind": "percent"},
            Message("Share of the clients of each tier by their tier a year later. {title}.", {"title": title}),
        ),
        tables=(Table(columns, rows, Message("Share of the clients of each tier, a year later")),),
        basis=basis(
            bank,
            Message("Clients in force on {start:date}, by tier.", values),
            *_rules(bank, answer.facts),
            Message("A count of all clients, not a sample: it has no interval."),
        ),
        caveats=(
            Message("Neighbouring tiers are put together where a move was made by too few to be told."),
            Message("Who had no tier yet a year ago stands with the lowest."),
        ),
        estimates=tuple(
            count_row("clients", found.loc[o, c], unit="clients", group={"from": str(o), "to": str(c)})
            for o in found.index
            for c in found.columns
        ),
    )


_CLIENTS, _MARGIN, _WORTH, _ASSETS, _HOURS = (
    Message("clients"),
    Message("margin"),
    Message("worth"),
    Message("assets"),
    Message("hours of contact"),
)


def _share_of_tiers(table: pd.DataFrame, tier: str, name: str) -> float:
    """Return a tier's share of what those with a tier got; nan where it is not told."""
    if name not in table:
        return math.nan
    own = table[table["tier"] != NEW].set_index("tier")[name]
    return float(own.get(tier, math.nan)) / float(own.sum(skipna=False))


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    told_row: dict[str, Any] = {"tier": Message("none yet") if row["tier"] == NEW else str(row["tier"])}
    told_row["clients"] = told(float(row["clients"]))
    for name in _PER_CLIENT:
        if name in row:
            each = float(row[name]) / float(row["clients"]) * (100 if name == "events" else 1)
            nothing = row["tier"] == NEW and name not in ("value", "worth", "assets")
            told_row[name] = Message("–") if nothing else None if math.isnan(each) else float(f"{each:.3g}")
    return told_row


def _rules(bank: Bank, facts: dict[str, Any]) -> tuple[Message, ...]:
    rules = bank.settings.value.tiers
    shares = [Message("{tier} {share:share}", {"tier": tier, "share": share}) for tier, share in rules.shares.items()]
    values: dict[str, Any] = {"shares": shares, "rest": rules.rest, "margin": rules.margin, "hold": rules.hold_months}
    if facts["years"]:
        values |= {"years": facts["years"]}
        return (
            Message(
                "Tiers by lifetime value over {years:count} years: {shares} of the clients, all others {rest}. A "
                "client changes tier only once he is {margin:share} beyond the bound, and at most every {hold:months}.",
                values,
            ),
            Message(
                "Values of earlier dates (the ends of half-years, and a year ago) are told with what is learnt up to "
                "today: who moves has changed himself, not the model."
            ),
        )
    why = Message("Lifetime values cannot be told for this bank: tiers go by the margin of a year.")
    return (
        *(() if facts["basis"] == ASSETS else (why,)),
        Message(
            "Tiers by the value of twelve months: {shares} of the clients, all others {rest}. A client changes tier "
            "only once he is {margin:share} beyond the bound, and at most every {hold:months}.",
            values,
        ),
    )
