"""The offers that are ready, and which rule stands against an offer to the other clients."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.feedback import ACCEPTED, DECLINED
from insights.models.needs.rows import ONLINE
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.needs.overview import few_refusals
from insights.reports.exhibits.needs.words import category_label, need_basis
from insights.reports.exhibits.rows import count_row, number
from insights.reports.exhibits.told import find, finding_row
from insights.topics.evidence import Answer
from insights.topics.needs.offers import OUTCOMES, Offers

_WHY = {
    "held": Message("Have it, or had it"),
    "wealth_or_risk": Message("Too risky for them, or not eligible"),
    "declined": Message("Declined lately"),
    "suits": Message("May be offered it"),
}


_LOOKED_AT = Message("looked at by the prediction; has a weight only where it told what was bought")
_SOURCES = {
    ACCEPTED: (Message("accepted an offer within the year"), _LOOKED_AT),
    DECLINED: (Message("declined an offer lately"), Message("no offer of that kind for {m:months}")),
    "complaints": (Message("complained within the year"), _LOOKED_AT),
    "notes": (Message("talks noted within the year"), _LOOKED_AT),
    "contacts": (Message("contacts within three months"), _LOOKED_AT),
    ONLINE: (Message("used website or app within three months"), _LOOKED_AT),
}


def offers(answer: Answer, found: Offers, bank: Bank) -> Exhibit:
    """Say how many offers are ready, of which kind most, and what keeps the others from an offer."""
    total, top = found.offers["clients"].sum(skipna=False), _sorted(found.offers)[:1]
    values: dict[str, Any] = {"n": number(total)}
    values["a"] = category_label(top[0][0], bank) if top else ""
    title = (
        Message("{n:count} clients have a suitable offer ready, most often {a}", values)
        if top
        else Message("No offer is ready that suits a client")
    )
    facts = answer.facts
    rule = (
        Message(
            "The list holds at most {k:count} offers per manager, the most probable ones.", {"k": facts["capacity"]}
        )
        if facts["by_manager"]
        else Message("The list holds at most {k:count} offers in all.", {"k": facts["capacity"]})
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            rule,
            Message(
                "No offer is above the client’s risk tolerance, needs more assets than he has, or names a kind that he "
                "has, had, or declined in the last {m:months}: that is checked after the scores, without exception.",
                {"m": facts["declined_months"]},
            ),
        ),
        figure=_figure(found, title, bank),
        tables=(_ready(found, bank), _filter(found, bank), *_feedback(found, facts)),
        basis=need_basis(answer, bank),
        caveats=(
            Message("Who is on the list stands in a restricted file for the client desk, with the reasons, not here."),
            Message("Suitability is held against what the bank has recorded; the talk with the client comes first."),
        ),
        refusals=few_refusals(answer, bank),
        estimates=tuple(_estimates(found)),
    )


def _sorted(frame: pd.DataFrame) -> list[tuple[str, float]]:
    told = [(str(r["category"]), float(r["clients"])) for r in frame.to_dict("records") if not pd.isna(r["clients"])]
    return sorted(told, key=lambda t: (-t[1], t[0]))


def _figure(found: Offers, title: Message, bank: Bank) -> Figure | None:
    bars = [{"label": category_label(c, bank), "value": n} for c, n in _sorted(found.offers)]
    if not bars:
        return None
    data = {"bars": bars, "kind": "count", "x_label": Message("Clients with this offer")}
    return Figure("bars", data, Message("Offers ready by kind of product. {title}.", {"title": title}))


def _ready(found: Offers, bank: Bank) -> Table:
    rows = []
    for r in found.offers.to_dict("records"):
        chance = find(found.chance, category=str(r["category"]))
        n = number(r["clients"])
        share = Message("–") if chance is None else Message("{v:percent}", {"v": chance.value})
        rows.append({"category": category_label(str(r["category"]), bank), "clients": n, "share": share})
    columns = (
        Column("category", Message("Kind of product")),
        Column("clients", Message("Clients"), "count"),
        Column("share", Message("Buy within 3 months, on average")),
    )
    return Table(columns, tuple(rows), Message("Offers that are ready"))


def _filter(found: Offers, bank: Bank) -> Table:
    rows = []
    for category in dict.fromkeys(found.filter["category"]):
        own = found.filter[found.filter["category"] == category].set_index("what")["clients"]
        row: dict[str, Any] = {"category": category_label(str(category), bank)}
        rows.append(row | {o: None if pd.isna(own[o]) else float(own[o]) for o in OUTCOMES if o in own.index})
    columns = (Column("category", Message("Kind of product")), *(Column(o, _WHY[o], "count") for o in OUTCOMES))
    return Table(columns, tuple(rows), Message("Clients by the first rule that stands against an offer"))


def _feedback(found: Offers, facts: dict[str, Any]) -> tuple[Table, ...]:
    """Return of how many clients there is feedback that this run has taken in, and what it does."""
    values = {"m": facts["declined_months"]}
    rows = [
        {"source": _SOURCES[name][0], "clients": number(n), "does": Message(_SOURCES[name][1].id, values)}
        for name, n in found.feedback.items()
    ]
    if not rows:
        return ()
    columns = (
        Column("source", Message("What clients said and did")),
        Column("clients", Message("Clients"), "count"),
        Column("does", Message("What it does in this run")),
    )
    return (Table(columns, tuple(rows), Message("Feedback that this run has taken in")),)


def _estimates(found: Offers) -> list[dict[str, Any]]:
    lines = [
        count_row("offers", r["clients"], unit="clients", group={"category": str(r["category"])})
        for r in found.offers.to_dict("records")
    ]
    lines += [
        count_row(
            "clients", r["clients"], unit="clients", group={"category": str(r["category"]), "rule": str(r["what"])}
        )
        for r in found.filter.to_dict("records")
    ]
    lines += [
        count_row("feedback", n, unit="clients", group={"source": source}) for source, n in found.feedback.items()
    ]
    shown = set(found.offers["category"])
    return lines + [
        finding_row("offer_bought", r, group={"category": str(r["category"])}, months=3)
        for r in found.chance.to_dict("records")
        if r["category"] in shown
    ]
