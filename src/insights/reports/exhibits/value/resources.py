"""Where one more hour pays most: value at stake per hour of contact, by tier, segment and stage of the relationship."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.margins import ASSETS
from insights.models.value.stake import UNKNOWN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import segment_label
from insights.reports.exhibits.rows import basis, by_choice, count_row
from insights.reports.exhibits.value.words import MARGIN_OF_A_YEAR, group_label, told
from insights.reports.wording.labels import column_label
from insights.topics.evidence import Answer
from insights.topics.value.cells import REST
from insights.topics.value.resources import Resources
from insights.topics.value.tiers import NEW

STAGES = {
    "introduction": Message("Introduction"),
    "growth": Message("Growth"),
    "maturity": Message("Maturity"),
    "decline": Message("Decline"),
    "dormant": Message("Dormant"),
    "not_assigned": Message("No stage yet"),
    REST: Message("Other stages, together"),
}
_SEGMENTS = {UNKNOWN: Message("No segment"), REST: Message("Other segments, together")}


def resources(answer: Answer, found: Resources, bank: Bank) -> Exhibit:
    """Say where the value at stake behind an hour is highest and lowest, and how little of the hours are on record."""
    facts = answer.facts
    first = facts["groupings"][0]
    rows = found.rows(first)
    rows = rows[~rows["group"].isin([NEW, REST])]
    values: dict[str, Any] = {}
    title = Message("The value at stake behind an hour with clients")
    if len(rows) > 1:
        most, least = rows.loc[rows["per_hour"].idxmax()], rows.loc[rows["per_hour"].idxmin()]
        values = {"most": _label(first, str(most["group"]), bank), "high": _three(most["per_hour"])}
        values |= {"least": _label(first, str(least["group"]), bank), "low": _three(least["per_hour"])}
        title = Message(
            "Most is at stake behind an hour with clients of {most}: {high:money}, least with those of {least}: "
            "{low:money}",
            values,
        )
        if first == "tier":
            title = Message(
                "Most is at stake behind an hour with clients of tier {most}: {high:money}, least with tier {least}: "
                "{low:money}",
                values,
            )
    sentences = [
        Message("One more hour pays most where most is at stake per hour, if an hour does as much there as elsewhere.")
    ]
    if (segment := _first_segment(found, bank)) is not None:
        sentences.append(segment)
    total = found.table[found.table["by"] == first]["hours"].sum(skipna=False)
    if facts["capacity"] and not math.isnan(total):
        values |= {"hours": total, "share": total / facts["capacity"], "capacity": facts["capacity"]}
        sentences.append(
            Message(
                "Contacts on record took {hours:count} hours in twelve months: {share:share} of the {capacity:count} "
                "hours that the managers have for clients.",
                values,
            )
        )
    lead = len(facts["groupings"]) > 1
    bars = [
        {"label": _label(str(r["by"]), str(r["group"]), bank, lead), "value": _three(r["per_hour"])}
        for r in found.table.dropna(subset=["per_hour"]).to_dict("records")
    ]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "money", "in_order": True, "x_label": Message("Value at stake per hour of contact")},
            Message("Value at stake per hour of contact, by group. {title}.", {"title": title}),
        )
        if bars
        else None,
        tables=tuple(_table(found, by, bank) for by in facts["groupings"]),
        basis=basis(
            bank,
            *_stake(facts),
            *by_choice(bank),
            Message("Hours are the handling times of contacts in the same twelve months."),
        ),
        caveats=(
            Message("Hours go where clients ask for them: how much an hour would change the risk is not told by this."),
            Message("Preparation, travel and what was not written down are not in the hours."),
            Message("Names stand in the restricted lists only, one for each recipient, never in a report."),
        ),
        estimates=tuple(_estimates(found, bank)),
    )


def _first_segment(found: Resources, bank: Bank) -> Message | None:
    """Return the segment behind whose hours most is at stake; None where fewer than two segments can be told."""
    rows = found.rows("segment")
    rows = rows[~rows["group"].isin([UNKNOWN, REST])]
    if len(rows) < 2:
        return None
    most, least = rows.loc[rows["per_hour"].idxmax()], rows.loc[rows["per_hour"].idxmin()]
    values = {"most": _label("segment", str(most["group"]), bank), "high": _three(most["per_hour"])}
    values |= {"least": _label("segment", str(least["group"]), bank), "low": _three(least["per_hour"])}
    return Message(
        "Of the segments most stands behind an hour with “{most}” ({high:money}), least with “{least}” ({low:money}).",
        values,
    )


def _stake(facts: dict[str, Any]) -> tuple[Message, ...]:
    if facts["lifetime"]:
        return (
            Message(
                "At stake is what each client is worth over {years:count} years, as on page one, times his risk of "
                "leaving by choice within twelve months; clients who cost more than they bring in have nothing at "
                "stake.",
                {"years": facts["lifetime"]},
            ),
        )
    return (
        Message(
            "At stake is a year's value of each client times his risk of leaving by choice within twelve months; "
            "clients who cost more than they bring in have nothing at stake."
        ),
        Message("Value is told in assets: revenue is not delivered.")
        if facts["basis"] == ASSETS
        else Message(MARGIN_OF_A_YEAR.id, {"end": facts["end"]}),
    )


def _table(found: Resources, by: str, bank: Bank) -> Table:
    head = {"tier": Message("Tier"), "segment": Message("Segment"), "stage": Message("Stage of the relationship")}
    columns = (
        Column("group", head.get(by) or column_label("clients", by)),
        Column("clients", Message("Clients"), "count"),
        Column("stake", Message("Value at stake in a year"), "money"),
        Column("hours", Message("Hours in twelve months"), "count"),
        Column("per_hour", Message("At stake per hour"), "money"),
    )
    rows = tuple(
        {
            "group": _label(by, str(r["group"]), bank),
            **{name: told(float(r[name])) for name in ("clients", "stake", "hours")},
            "per_hour": _three(r["per_hour"]),
        }
        for r in found.table[found.table["by"] == by].to_dict("records")
    )
    captions = {
        "tier": Message("By tier"),
        "segment": Message("By segment"),
        "stage": Message("By stage of the relationship"),
    }
    return Table(columns, rows, captions.get(by) or Message("By {column}", {"column": column_label("clients", by)}))


def _label(by: str, code: str, bank: Bank, lead: bool = False) -> Message | str:
    if by == "tier":
        name: Message | str = (
            (Message("No tier yet") if lead else Message("none yet"))
            if code == NEW
            else Message("Other tiers, together")
            if code == REST
            else code
        )
        return Message("Tier {tier}", {"tier": name}) if lead and code not in (NEW, REST) else name
    if by == "segment":
        return _SEGMENTS.get(code) or segment_label(code, bank)
    return STAGES[code] if by == "stage" else group_label(by, code, bank)


def _three(value: Any) -> float | None:
    return None if math.isnan(float(value)) else float(f"{float(value):.3g}")


def _estimates(found: Resources, bank: Bank) -> list[dict[str, Any]]:
    unit, rows = bank.settings.bank.currency, []
    for r in found.table.to_dict("records"):
        group = {str(r["by"]): str(r["group"])}
        rows.append(count_row("clients", r["clients"], unit="clients", group=group))
        rows.append(count_row("value_at_stake", r["stake"], unit=unit, group=group))
        rows.append(count_row("hours", r["hours"], unit="hours", group=group))
    return rows
