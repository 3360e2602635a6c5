"""Large outflows, how often they happen, and who leaves after one; dormancy beside them."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.figures import series
from insights.reports.exhibits.rows import basis, count_row, estimate_row, interval
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.incidence import cumulative_incidence_from_counts
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.lifecycle.outflows import DORMANT, LEFT, NONE, TOGETHER, After, band_name

COUNTED = Message("A count of all clients, not a sample: it has no interval.")


def outflows(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Show how many clients took out a large part of their assets in the last year, and how much."""
    facts, clients, money = answer.facts, parts["clients"], parts.get("money", pd.DataFrame())
    usual = band_name(facts["share"])
    large = [b for b in facts["bands"] if facts["bands"].index(b) >= facts["bands"].index(usual)]
    n = clients.set_index("band")["clients"]
    taken = money.set_index("band")["amount"] if len(money) else pd.Series(dtype=float)
    values: dict[str, Any] = {"share": facts["share"], "months": facts["within"], "start": facts["start"].isoformat()}
    values |= {"n": float(n[large].sum()), "all": float(n.sum())}
    title = Message("Large outflows of the last twelve months")
    whole = n[large].notna().all()
    if whole and not n[large].sum():
        title = Message("No client took out {share:percent} or more of his assets in the last twelve months", values)
    elif whole and taken.reindex(large).notna().all():
        values["amount"] = float(taken[large].sum())
        title = Message(
            "{n:count} clients took out {share:share} or more of their assets in the last twelve months: "
            "{amount:money}",
            values,
        )
    elif whole:
        title = Message(
            "{n:count} clients took out {share:share} or more of their assets in the last twelve months", values
        )
    sentences: tuple[Message, ...] = ()
    if n.notna().all() and n.sum():
        sentences = (
            Message(
                "That is {part:percent} of the {all:count} clients whose money can be judged.",
                values | {"part": values["n"] / values["all"]},
            ),
        )
    rows = tuple(
        {
            "band": _band(b, facts["bands"]),
            "clients": None if pd.isna(n[b]) else float(n[b]),
            "amount": None if b not in taken or pd.isna(taken[b]) else float(taken[b]),
        }
        for b in facts["bands"]
    )
    columns = (
        Column("band", Message("Largest outflow, share of assets")),
        Column("clients", Message("Clients"), "count"),
        Column("amount", Message("Money taken out"), "money"),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        tables=(Table(columns, rows, Message("Clients with a large outflow since {start:date}", values)),),
        basis=basis(bank, COUNTED, _definition(facts)),
        caveats=(
            Message("What goes in the month of leaving is the exit, not an outflow."),
            Message("A client in several bands is counted in the highest, with the money of its outflows."),
        ),
        estimates=(
            *(count_row("clients", n[b], unit="clients", group={"outflow": b}) for b in n.index),
            *(
                count_row("taken", taken[b], unit=bank.settings.bank.currency, group={"outflow": b})
                for b in taken.index
            ),
        ),
    )


def outflow_rates(answer: Answer, rows: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show how often large outflows and dormancy come: per 100 client-years, and by time since joining."""
    facts = answer.facts
    usual = band_name(facts["share"])
    kinds = [k for k in (*facts["bands"], DORMANT) if (rows["event"] == k).any()]
    year, ten = find(rows, event=usual, measure="rate_year"), find(rows, event=usual, measure="count", months=120)
    title = Message("How often large outflows happen")
    if year is not None:
        title = Message(
            "{value:tenths} large outflows per 100 client-years in the last twelve months "
            "({low:tenths} to {high:tenths})",
            {"value": year.value, "low": year.low, "high": year.high},
        )
    sentences = []
    if ten is not None:
        values = {"value": 100 * ten.value, "low": 100 * ten.low, "high": 100 * ten.high}
        sentences.append(
            Message(
                "100 clients have {value:tenths} of them within ten years of joining ({low:tenths} to {high:tenths}), "
                "those who have left counted on.",
                values,
            )
        )
    horizons = sorted({int(m) for m in rows.loc[rows["measure"] == "count", "months"]})
    columns = [
        Column("event", Message("Event")),
        Column("year", Message("Per 100 client-years, last twelve months")),
        Column("all", Message("Per 100 client-years, whole window")),
    ]
    columns += [
        Column(f"h{i}", Message("Per 100 clients within {months:months} of joining", {"months": h}))
        for i, h in enumerate(horizons)
    ]
    lines = []
    for kind in kinds:
        line: dict[str, Any] = {
            "event": _event(kind, facts),
            "year": cell(find(rows, event=kind, measure="rate_year"), "tenths"),
            "all": cell(find(rows, event=kind, measure="rate"), "tenths"),
        }
        for i, h in enumerate(horizons):
            e = find(rows, event=kind, measure="count", months=h)
            there = ((rows["event"] == kind) & (rows["measure"] == "count") & (rows["months"] == h)).any()
            line[f"h{i}"] = cell(_hundred(e), "tenths") if there else Message("–")
        lines.append(line)
    bars = [
        {"label": _short(k), "value": e and e.value, "low": e and e.low, "high": e and e.high}
        for k in kinds
        for e in [find(rows, event=k, measure="rate_year")]
    ]
    figure = Figure(
        "bars",
        {"bars": bars, "kind": "tenths", "x_label": Message("Per 100 client-years, last twelve months")}
        | {"in_order": True},
        Message("Rates of large outflows and of dormancy, with intervals. {title}.", {"title": title}),
    )
    refusals = []
    if DORMANT in facts["refused"] or DORMANT not in kinds:
        refusals.append(Message("Dormancy: too little is known of what clients do."))
    if any(k != DORMANT for k in facts["refused"]):
        refusals.append(Message("A rate needs at least 20 clients under observation."))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure if bars else None,
        tables=(Table(tuple(columns), tuple(lines), Message("Rates with 95% intervals")),) if lines else (),
        basis=basis(
            bank,
            _definition(facts),
            Message(
                "An outflow can happen again; errors are robust, by client. By time since joining: mean cumulative "
                "count with leaving as the end (Ghosh and Lin)."
            ),
        ),
        caveats=(Message("Thresholds lie one in the other: an outflow of 50% is one of 20% too."),),
        refusals=tuple(refusals),
        estimates=tuple(
            finding_row(
                f"outflow_{row['measure']}", row, group={"event": row["event"]}, months=int(row["months"]) or None
            )
            for row in rows.to_dict("records")
        ),
    )


def then_exit(answer: Answer, after: list[After], bank: Bank) -> Exhibit:
    """Show how many left within a year after an outflow, or dormant, against the others."""
    exits, facts = answer.evidence["exits"], answer.facts
    reference = facts["reference"]
    dormant = reference != NONE
    told = {a.group: a for a in after}
    main = told.get(DORMANT if dormant else TOGETHER) or told.get(DORMANT if dormant else band_name(facts["share"]))
    base = told.get(reference)
    title = (
        Message("Too few dormant clients left to say how many do")
        if dormant
        else Message("Too few clients with a large outflow left to say how many do")
    )
    sentences: tuple[Message, ...] = ()
    if main and base and isinstance(main.share, Estimate) and isinstance(base.share, Estimate):
        values: dict[str, Any] = {"value": main.share.value, "base": base.share.value}
        title = (
            Message("{value:percent} of dormant clients left within a year, of the others {base:percent}", values)
            if dormant
            else Message(
                "{value:percent} of clients with a large outflow left within a year, of the others {base:percent}",
                values,
            )
        )
        if isinstance(main.difference, Estimate):
            gap = {"value": main.difference.value, "low": main.difference.low, "high": main.difference.high}
            sentences = (
                Message("The difference is {value:points} (95% interval {low:points} to {high:points}).", gap),
                Message("The interval excludes zero: it is more than chance.")
                if main.difference.low > 0 or main.difference.high < 0
                else Message("The interval includes zero: it may be chance."),
            )
    units = exits.units.set_index("group")["units"]  # type: ignore[union-attr]
    rows = tuple(
        {
            "group": _group(a.group, facts),
            "clients": None if a.group not in units or pd.isna(units[a.group]) else float(units[a.group]),
            "share": interval(a.share, "percent"),
            "gap": Message("reference")
            if a.difference is None
            else cell(a.difference if isinstance(a.difference, Estimate) else None, "points"),
        }
        for a in after
    )
    columns = (
        Column("group", Message("In the year before")),
        Column("clients", Message("Clients followed"), "count"),
        Column("share", Message("Left within a year")),
        Column("gap", Message("More than the reference")),
    )
    definition = (
        Message("Dormant: no contact, booking or log-in for {months:months}.", {"months": facts["dormant_months"]})
        if dormant
        else _definition(facts)
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_curves(answer, after, title) if len(after) > 1 else None,
        tables=(Table(columns, rows, Message("Clients sorted once a year and followed for a year")),)
        if len(after) > 1
        else (),
        basis=basis(
            bank,
            Message(
                "Clients are sorted at yearly days by what happened in the year before, and followed from there: "
                "nobody counts as having had an outflow before he had it."
            ),
            definition,
        ),
        caveats=(Message("What follows it is not therefore caused by it: both may have the same cause."),),
        refusals=()
        if len(after) > 1
        else (Message("A comparison needs at least 10 clients and 10 exits on both sides."),),
        estimates=tuple(
            estimate_row(name, e, group={"group": a.group}, months=12)
            for a in after
            for name, e in (("left_within_12m", a.share), ("difference", a.difference))
            if e is not None
        ),
    )


def _curves(answer: Answer, after: list[After], title: Message) -> Figure | None:
    exits = answer.evidence["exits"]
    curve = cumulative_incidence_from_counts(exits.counts, blur=exits.blur)  # type: ignore[union-attr]
    shown = [a.group for a in after if a.group in set(curve.table["group"])]
    if not shown:
        return None
    lines = []
    for group in shown:
        line = series(curve.table, group, "incidence", _group(group, answer.facts), cause=LEFT)
        lines.append(line | {"times": [12 * t for t in line["times"]]})
    panel = {"title": "", "series": lines, "at_risk": []}
    data = {"panels": [panel], "x_label": Message("Months since the day"), "y_label": Message("Share who have left")}
    return Figure("curves", data | {"y_kind": "percent"}, Message("Who has left by month. {title}.", {"title": title}))


def _definition(facts: dict[str, Any]) -> Message:
    values = {"share": facts["share"], "months": facts["within"]}
    return Message(
        "A large outflow: net money out, markets and transfers between own accounts aside, of {share:share} or more of "
        "the average assets before, within {months:months}.",
        values,
    )


def _band(band: str, bands: tuple[str, ...]) -> Message:
    place = bands.index(band)
    low = float(band) / 100
    if place + 1 == len(bands):
        return Message("{low:share} or more", {"low": low})
    return Message("{low:share} to {high:share}", {"low": low, "high": float(bands[place + 1]) / 100})


def _event(kind: str, facts: dict[str, Any]) -> Message:
    if kind == DORMANT:
        return Message("becomes dormant")
    return Message("outflow of {low:share} or more", {"low": float(kind) / 100})


def _short(kind: str) -> Message:
    """Return the event as the label of a bar."""
    return _event(kind, {}) if kind == DORMANT else Message("{low:share} or more", {"low": float(kind) / 100})


def _group(group: str, facts: dict[str, Any]) -> Message | str:
    if group == NONE:
        return Message("no large outflow")
    if group == TOGETHER:
        return Message("outflow of {low:share} or more", {"low": facts["share"]})
    if group == DORMANT:
        return Message("dormant")
    if "bands" not in facts:
        return Message("not dormant")
    return (
        _band(group, facts["bands"])
        if facts["apart"]
        else Message("outflow of {low:share} or more", {"low": facts["share"]})
    )


def _hundred(e: Estimate | None) -> Estimate | None:
    """Return a mean number per client as one per 100 clients."""
    return None if e is None else Estimate(100 * e.value, 100 * e.low, 100 * e.high, e.unit, e.n, e.n_events, e.level)
