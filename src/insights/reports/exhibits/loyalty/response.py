"""Who answered: response by group and wave, and what the weights make of those who did."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import frame_label, group_label, survey_basis, wave_label
from insights.reports.exhibits.rows import SHOWN, SUPPRESSED, records
from insights.reports.exhibits.told import find
from insights.stats.proportions import proportion
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.loyalty.response import Response

APART = 0.02
"""Difference of two response rates from which it is worth a word."""


def response(answer: Answer, found: Response, bank: Bank) -> Exhibit:
    """Say how many answered, who answers more often, and how the weights make up for it."""
    told = found.waves.dropna(subset=["invited", "answered"])
    overall = proportion(told["answered"].sum(), told["invited"].sum()) if told["invited"].sum() > 0 else None
    rate = math.nan if overall is None else overall.value
    values: dict[str, Any] = {"rate": rate, "asked": told["invited"].sum(), "answered": told["answered"].sum()}
    values |= {"waves": answer.facts["waves"]}
    title, sentences = _words(answer, found, values, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(found, overall, title, bank),
        tables=tuple(t for t in (_frame_table(found), _groups_table(found, bank), _wave_table(found, answer)) if t),
        basis=survey_basis(bank, *_basis(answer, values)),
        caveats=_caveats(answer),
        refusals=(why_not(answer.facts["reason"]),)
        if answer.facts["reason"] and not answer.facts["all_answered"]
        else (),
        estimates=tuple(_estimates(found)),
    )


def _words(answer: Answer, found: Response, values: dict[str, Any], bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    if answer.facts["all_answered"]:
        return Message("Everybody who was asked answered: {answered:count} clients", values), (
            Message("Who was not asked, and why, is not recorded: what is told here holds for these clients."),
        )
    low, high = _assets_ends(found)
    sentences = []
    if low is not None and high is not None and abs(high.value - low.value) >= APART and _apart(low, high):
        values |= {"low": low.value, "high": high.value}
        title = (
            Message("{rate:share} of those asked answered, the wealthier more often", values)
            if high.value > low.value
            else Message("{rate:share} of those asked answered, the wealthier less often", values)
        )
        sentences.append(
            Message(
                "In the third with the largest assets {high:share} answered, in that with the smallest {low:share}.",
                values,
            )
        )
    else:
        title = Message("{rate:share} of those asked answered", values)
    size = find(found.size, what="effective")
    if size is not None and answer.facts["reason"] is None:
        values |= {"effective": size.value, "n": size.n_events}
        sentences.append(
            Message(
                "The answers are weighted so that they look like everybody who was asked; {n:count} answers then tell "
                "as much as {effective:count} equal ones.",
                values,
            )
        )
    elif answer.facts["reason"] is not None:
        sentences.append(Message("The answers could not be weighted: every answer counts alike."))
    return title, tuple(sentences)


def _assets_ends(found: Response) -> tuple[Estimate | None, Estimate | None]:
    if found.groups.empty:
        return None, None
    own = found.groups[(found.groups["by"] == "log2_assets") & found.groups["rate"].notna()].set_index("group")
    ends = []
    for level in ("lower third", "upper third"):
        rows = own[own.index == level].to_dict("records")
        ends.append(proportion(rows[0]["answered"], rows[0]["invited"]) if rows else None)
    return ends[0], ends[1]


def _apart(one: Estimate, other: Estimate) -> bool:
    """Whether two independent shares differ by more than chance."""
    return abs(one.value - other.value) > 1.96 * math.hypot(one.se or 0.0, other.se or 0.0)


def _figure(found: Response, overall: Estimate | None, title: Message, bank: Bank) -> Figure | None:
    if overall is None or found.groups.empty:
        return None
    bars: list[dict[str, Any]] = [
        {"label": Message("All, over all waves"), "value": overall.value, "low": overall.low, "high": overall.high}
    ]
    for row in records(found.groups):
        label = Message("{by}: {group}", {"by": frame_label(row["by"]), "group": group_label(row["group"], bank)})
        bars.append({"label": label, "value": row["rate"], "low": row["low"], "high": row["high"]})
    data = {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Share who answered")}
    return Figure("bars", data, Message("Response rates by group with 95% intervals. {title}.", {"title": title}))


def _frame_table(found: Response) -> Table | None:
    if found.frame.empty:
        return None
    rows = []
    for row in records(found.frame):
        name = row["variable"]
        kind = "percent" if name in ("complaint_6m", "online_3m", "net_share_3m") else "number"
        kind = "money" if name == "log2_assets" else kind
        cells = {}
        for who in ("everybody", "answered", "weighted"):
            value = row[who]
            cells[who] = None if value is None else Message(f"{{v:{kind}}}", {"v": _natural(name, float(value))})
        rows.append({"variable": _UNITS.get(name, frame_label(name)), **cells})
    columns = (
        Column("variable", Message("What is known of everybody asked")),
        Column("everybody", Message("All who were asked")),
        Column("answered", Message("Who answered")),
        Column("weighted", Message("Who answered, weighted")),
    )
    return Table(columns, tuple(rows), Message("Those who answered beside those who were asked (means)"))


_UNITS = {
    "log2_assets": Message("assets (typical)"),
    "tenure": Message("length of the relationship (typical, years)"),
    "complaint_6m": Message("had a complaint in the six months before"),
    "manager_decades": Message("experience of the relationship manager (years)"),
    "log2_contacts_6m": Message("contacts in six months (typical)"),
    "online_3m": Message("used the online service in the three months before"),
    "net_share_3m": Message("net new money of three months, share of the assets"),
}


def _natural(name: str, value: float) -> float:
    """Return a mean of the model's column in the unit of the table; logarithms become geometric means."""
    if name == "log2_assets":
        return float(f"{2**value:.3g}")
    if name == "log2_contacts_6m":
        return 2**value - 1
    if name == "tenure":
        return math.expm1(value)
    return 10 * value if name == "manager_decades" else value


def _groups_table(found: Response, bank: Bank) -> Table | None:
    if found.groups.empty:
        return None
    rows = tuple(
        {
            "group": Message("{by}: {group}", {"by": frame_label(r["by"]), "group": group_label(r["group"], bank)}),
            **{k: r[k] for k in ("invited", "answered")},
            "rate": _rate(r),
        }
        for r in records(found.groups)
    )
    columns = (
        Column("group", Message("Group")),
        Column("invited", Message("Clients asked"), "count"),
        Column("answered", Message("Answered"), "count"),
        Column("rate", Message("Share who answered (95% interval)")),
    )
    return Table(columns, rows, Message("Response by group, last invitation of every client"))


def _wave_table(found: Response, answer: Answer) -> Table:
    rows = tuple(
        {
            "wave": wave_label(r["wave"], answer.facts["months"]),
            "invited": r["invited"],
            "answered": r["answered"],
            "rate": _rate(r),
        }
        for r in records(found.waves)
    )
    columns = (
        Column("wave", Message("Wave")),
        Column("invited", Message("Clients asked"), "count"),
        Column("answered", Message("Answered"), "count"),
        Column("rate", Message("Share who answered (95% interval)")),
    )
    return Table(columns, rows, Message("Response by wave"))


def _rate(row: dict[str, Any]) -> Message | None:
    if row["rate"] is None:
        return None
    return Message(
        "{rate:percent} ({low:bare_percent} to {high:bare_percent})",
        {"rate": row["rate"], "low": row["low"], "high": row["high"]},
    )


def _basis(answer: Answer, values: dict[str, Any]) -> tuple[Message, ...]:
    values = values | {"first": answer.facts["first"], "last": answer.facts["last"]}
    lines = [
        Message("One wave, {first:month}: {asked:count} invitations, {answered:count} answers.", values)
        if answer.facts["waves"] == 1
        else Message(
            "{waves:count} waves from {first:month} to {last:month}: {asked:count} invitations, {answered:count} "
            "answers.",
            values,
        )
    ]
    if answer.facts["reason"] is None:
        lines.append(
            Message(
                "Weights: the inverse of the estimated probability to answer, from what the table names, the waves and "
                "{managers:count} relationship managers.",
                {"managers": answer.facts["managers"]},
            )
            if answer.facts["managers"]
            else Message("Weights: the inverse of the estimated probability to answer, from what the table names.")
        )
    return tuple(lines)


def _caveats(answer: Answer) -> tuple[Message, ...]:
    lines = [
        Message(
            "Weights make up for differences that are known before the survey. If the unhappy stay silent for being "
            "unhappy, no weight knows: the exhibit on loyalty itself says how far that could go."
        )
    ]
    if answer.facts["cut"]:
        lines.append(Message("A few very large weights were cut, so that no single answer decides."))
    return tuple(lines)


def _estimates(found: Response) -> list[dict[str, Any]]:
    waves = found.waves.assign(by="wave", group=found.waves["wave"])
    both = pd.concat([waves, found.groups], ignore_index=True)
    lines = []
    for r in records(both):
        row: dict[str, Any] = {"name": "response_rate", "group": {str(r["by"]): str(r["group"])}, "months": None}
        shown = r["rate"] is not None
        row |= {"value": r["rate"], "low": r["low"], "high": r["high"], "level": 0.95 if shown else None}
        row |= {"unit": "share", "n": r["invited"], "n_events": r["answered"]}
        lines.append(row | {"status": SHOWN if shown else SUPPRESSED})
    return lines
