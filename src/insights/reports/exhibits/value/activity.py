"""How active clients are, and what goes with more activity in what they bring in."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, count_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.exhibits.value.words import told
from insights.topics.evidence import Answer
from insights.topics.value.activity import AT_ASSETS, BETWEEN, LEAD, MIDDLE, TOTAL

_EFFECTS = {
    BETWEEN: Message("Between clients: the more active one against the less active one"),
    TOTAL: Message("Within one client: the quarter after"),
    AT_ASSETS: Message("Within one client, at the same assets: the quarter after"),
    LEAD: Message("Check: within one client, the quarter before"),
}


def activity(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say how active clients are and what goes with an active month more, within a client and between clients."""
    effects, clients = parts["effects"], parts["clients"]
    effect = {name: find(effects, measure=name, band="") for name in _EFFECTS}
    total, held, lead, between = (effect[name] for name in (TOTAL, AT_ASSETS, LEAD, BETWEEN))
    values: dict[str, Any] = {"months": answer.facts["months"]}
    title = Message("How active clients are")
    if total is not None:
        values |= {"value": total.value, "low": total.low, "high": total.high}
        title = (
            Message(
                "After a quarter with one more active month the same client brings in {value:percent} more "
                "({low:bare_percent} to {high:bare_percent})",
                values,
            )
            if total.low > 0
            else Message("More activity cannot be shown to bring in more, within the same client", values)
        )
    sentences = []
    if values["months"] is not None:
        sentences.append(
            Message("On average a client was active in {months:tenths} of the last twelve months.", values)
        )
    if between is not None and total is not None:
        sentences.append(
            Message(
                "Between clients one active month more a quarter goes with {between:share} more income: active clients "
                "are other clients, above all larger ones.",
                {"between": between.value},
            )
        )
    if held is not None:
        sentences.append(
            Message(
                "At the same assets {held:percent} is left: nearly all of it goes along with larger assets.",
                {"held": held.value},
            )
            if total is not None and total.low > 0 and held.value < total.value / 2
            else Message("At the same assets the figure is {held:percent}.", {"held": held.value})
        )
    caveats = [
        Message("Money that comes in is itself a booking: part of the link is the money, not the activity."),
        Message("It is not shown that moving a client to do more would raise his income: only an experiment would."),
    ]
    if lead is not None and lead.low > 0:
        caveats.insert(
            0,
            Message(
                "Income was already {lead:percent} higher in the quarter before: activity follows income as well as "
                "income follows activity.",
                {"lead": lead.value},
            ),
        )
    bands = [str(b) for b in clients["band"]]
    count = clients.set_index("band")["clients"]
    middle = {b: find(effects, measure=MIDDLE, band=b) for b in bands}
    table = Table(
        (
            Column("band", Message("Active months of the last twelve")),
            Column("clients", Message("Clients"), "count"),
            Column("income", Message("Income of the client in the middle"), "money"),
        ),
        tuple(
            {
                "band": _band(b),
                "clients": told(float(count[b])),
                "income": None if middle[b] is None else middle[b].value,  # type: ignore[union-attr]
            }
            for b in bands
        ),
        Message("Clients by activity: a comparison of different clients"),
    )
    told_effects = Table(
        (
            Column("what", Message("One active month more in a quarter")),
            Column("effect", Message("Change of income (95% interval)")),
        ),
        tuple({"what": _EFFECTS[name], "effect": cell(effect[name], "percent")} for name in _EFFECTS if effect[name]),
        Message("What goes with activity"),
    )
    bars = [{"label": _band(b), "value": told(float(count[b]))} for b in bands]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "count", "in_order": True, "x_label": Message("Clients by active months of twelve")},
            Message("Clients by the number of months in which they were active. {title}.", {"title": title}),
        ),
        tables=(told_effects, table) if told_effects.rows else (table,),
        basis=basis(
            bank,
            *(
                (Message("{n:count} clients seen in two quarters or more.", {"n": float(total.n)}),)
                if total is not None
                else ()
            ),
            Message(
                "Active is a month with a booking that is not the bank's own, a contact the client took part in, or a "
                "visit online."
            ),
            Message(
                "Within a client: a constant for every client and every quarter, on the logarithm of income before "
                "costs; errors by client."
            ),
        ),
        caveats=tuple(caveats),
        estimates=(
            *(
                finding_row(f"effect_{r['measure']}", r, group={})
                for r in effects.to_dict("records")
                if r["measure"] != MIDDLE
            ),
            *(count_row("clients", count[b], unit="clients", group={"active_months": b}) for b in bands),
            *(
                count_row("median_income", None if (e := middle[b]) is None else e.value, unit=_unit(bank), group=g)
                for b in bands
                for g in [{"active_months": b}]
            ),
        ),
    )


def _band(band: str) -> Message | str:
    low, _, high = band.partition(" to ")
    return Message("{low} to {high} months", {"low": low, "high": high}) if high else Message("all 12 months")


def _unit(bank: Bank) -> str:
    return bank.settings.bank.currency
