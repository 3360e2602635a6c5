"""Relationship value: wealth contribution, cost of risk and brand influence in money; notes beside it, not in it."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.relationship import CAME, HELPED
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import count_row
from insights.reports.exhibits.told import cell, find
from insights.reports.exhibits.value.words import margin_basis, told
from insights.topics.evidence import Answer
from insights.topics.value.relationship import ALL, COLUMNS, Relationship

_KINDS = {
    CAME: Message("came through the referral"),
    HELPED: Message("referrer recorded beside another source"),
}
_MEASURES = {"wealth": Message("wealth contribution"), "risk": Message("cost of risk"), "brand": Message("referrals")}


def relationship(answer: Answer, found: Relationship, bank: Bank) -> Exhibit:
    """Say what referrals add to whom, and set the parts of the relationship value side by side."""
    facts, referrals = answer.facts, found.referrals
    moved = float(referrals["moved"].sum(skipna=False)) if len(referrals) else math.nan
    values: dict[str, Any] = {"moved": told(moved), "n": told(found.referrers), "end": facts["end"]}
    values |= {"years": facts["years"], "discount": facts["discount"]}
    title = Message("What relationships are worth, with what their referrals bring")
    if not math.isnan(moved) and not math.isnan(found.referrers) and found.referrers:
        title = (
            Message("{moved:money} of the lifetime value counts for the {n:count} clients who brought others", values)
            if facts["years"]
            else Message(
                "{moved:money} of the year's margin counts for the {n:count} clients who brought others", values
            )
        )
    sentences = []
    parts = found.parts[found.parts["tier"] != ALL].dropna(subset=["brand"])
    if len(parts) > 1 and len(referrals):
        best, least = parts.loc[parts["brand"].idxmax()], parts.loc[parts["brand"].idxmin()]
        values |= {"tier": str(best["tier"]), "gain": float(best["brand"])}
        values |= {"other": str(least["tier"]), "loss": -float(least["brand"])}
        if values["gain"] > 0 and values["loss"] > 0:
            sentences.append(
                Message(
                    "Referrals add {gain:money} to tier {tier} and take {loss:money} off tier {other}, whose clients "
                    "others brought.",
                    values,
                )
            )
    sentences.append(
        Message("Over the whole book they add nothing: what counts for one client is taken off another.")
        if len(referrals)
        else Message("No client in force was referred by another one.")
        if facts["recorded"]
        else Message("Who referred whom is not delivered (clients.referred_by): the brand part is zero for all.")
    )
    bars = [
        {"label": Message("Tier {tier}", {"tier": str(r["tier"])}), "value": told(float(r["value"]))}
        for r in found.parts.to_dict("records")
        if r["tier"] != ALL
    ]
    weights = {"came": facts["weights"][CAME], "helped": facts["weights"][HELPED]}
    tables = [_parts(found)]
    if len(referrals):
        tables.append(_referrals(found, facts["weights"], facts["years"]))
    if len(found.notes):
        tables.append(_notes(found))
    if len(found.ranks):
        tables.append(_ranks(found))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure(
            "bars",
            {
                "bars": bars,
                "kind": "money",
                "in_order": True,
                "x_label": Message("Relationship value, all years counted, worth today")
                if facts["years"]
                else Message("Relationship value of twelve months"),
            },
            Message("Relationship value by tier. {title}.", {"title": title}),
        ),
        tables=tuple(tables),
        basis=margin_basis(
            bank,
            facts,
            Message(
                "Clients in force at {end:date}. All amounts are lifetime values: what is expected over {years:count} "
                "years while they stay, worth today at {discount:percent} a year. Together they are what the book is "
                "worth.",
                values,
            )
            if facts["years"]
            else Message(
                "Clients in force, twelve months to {end:date}. Lifetime values cannot be told for this bank, so all "
                "amounts are those of the year.",
                values,
            ),
            Message(
                "Of the value of a referred client {came:share} counts for who referred him if he came through the "
                "referral, {helped:share} if a referrer is recorded beside another source; the rest stays his own.",
                weights,
            ),
        ),
        caveats=(
            Message(
                "The record tells who referred whom, not whether the client would have come anyway: these shares are "
                "set by the bank, not measured."
            ),
            Message("Recommendations that led to nothing, or that nobody wrote down, and bad words cannot be told."),
            Message("Who has no tier yet stands with the lowest."),
            *(
                (Message("The cost of risk of the last year is taken to go on as all costs are expected to."),)
                if facts["years"]
                else ()
            ),
            *(
                (Message("Clients who have just come have no lifetime value yet, and count with none."),)
                if facts["untold"]
                else ()
            ),
            *((Message("Notes are set beside the value and are no part of it."),) if len(found.notes) else ()),
        ),
        estimates=tuple(_estimates(found, bank, facts["years"])),
    )


def _parts(found: Relationship) -> Table:
    columns = (
        Column("tier", Message("Tier")),
        Column("clients", Message("Clients"), "count"),
        Column("wealth", Message("Wealth contribution"), "money"),
        Column("risk", Message("Cost of risk and capital"), "money"),
        Column("brand", Message("Referrals, net"), "money"),
        Column("value", Message("Relationship value"), "money"),
    )
    rows = tuple(
        {
            "tier": Message("All") if r["tier"] == ALL else str(r["tier"]),
            **{name: told(float(r[name])) for name in ("clients", *COLUMNS)},
        }
        for r in found.parts.to_dict("records")
    )
    return Table(columns, rows, Message("Parts of the relationship value, each rounded on its own"))


def _referrals(found: Relationship, weights: dict[str, float], years: int | None) -> Table:
    columns = (
        Column("kind", Message("Referred clients")),
        Column("clients", Message("Clients"), "count"),
        Column("own", Message("Their lifetime value") if years else Message("Their margin"), "money"),
        Column("weight", Message("Share for the referrer"), "share"),
        Column("moved", Message("Counts for the referrer"), "money"),
    )
    rows = tuple(
        {
            "kind": _KINDS[str(r["kind"])],
            "weight": weights[str(r["kind"])],
            **{name: told(float(r[name])) for name in ("clients", "own", "moved")},
        }
        for r in found.referrals.to_dict("records")
    )
    return Table(columns, rows, Message("What referrals brought"))


def _notes(found: Relationship) -> Table:
    columns = (
        Column("tier", Message("Tier")),
        Column("n", Message("Clients with a note"), "count"),
        Column("sentiment", Message("Average sentiment, −1 to 1")),
    )
    rows = tuple(
        {
            "tier": str(r["tier"]),
            "n": told(float(r["n"])),
            "sentiment": cell(find(found.notes, tier=r["tier"]), "number"),
        }
        for r in found.notes.to_dict("records")
    )
    return Table(columns, rows, Message("Beside it: what the managers noted in twelve months (95% interval)"))


def _ranks(found: Relationship) -> Table:
    columns = (
        Column("weight", Message("Weight changed")),
        Column("factor", Message("To this part of itself"), "share"),
        Column("correlation", Message("Correlation of the ranks"), "number"),
        Column("kept", Message("Of the highest tenth stay"), "share"),
    )
    wide = found.ranks.pivot(index=["weight", "factor"], columns="measure", values="value").reset_index()
    rows = tuple(
        {
            "weight": _MEASURES[str(r["weight"])],
            "factor": float(r["factor"]),
            **{name: told(float(r.get(name, math.nan))) for name in ("correlation", "kept")},
        }
        for r in wide.to_dict("records")
    )
    return Table(columns, rows, Message("The rank index that was asked for: how much its ranks hang on the weights"))


def _estimates(found: Relationship, bank: Bank, years: int | None) -> list[dict[str, Any]]:
    unit, rows = bank.settings.bank.currency, []
    for r in found.parts.to_dict("records"):
        rows += [count_row(name, r[name], unit=unit, group={"tier": str(r["tier"])}) for name in COLUMNS]
    for r in found.referrals.to_dict("records"):
        group = {"kind": str(r["kind"])}
        rows.append(count_row("referred_clients", r["clients"], unit="clients", group=group))
        named = {"own": "referred_value" if years else "referred_margin", "moved": "referred_moved"}
        rows += [count_row(name, r[column], unit=unit, group=group) for column, name in named.items()]
    for r in found.notes.to_dict("records"):
        rows.append(count_row("sentiment", r["value"], unit="sentiment", group={"tier": str(r["tier"])}))
    for r in found.ranks.to_dict("records"):
        group = {"weight": str(r["weight"]), "factor": str(r["factor"])}
        rows.append(count_row(f"rank_{r['measure']}", r["value"], unit="share", group=group))
    return rows
