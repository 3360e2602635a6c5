"""What moves the risk of leaving: hazard ratios in a manager's words, and what the model used and refused."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.driver_words import event_label, feature_label, refusal, step_label
from insights.reports.exhibits.rows import basis, records
from insights.reports.exhibits.told import as_estimate, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer

BARS = 12
"""Effects in the figure: the clear ones, those furthest from none first; the table has all."""

_USES = {"used": Message("used"), "left out": Message("left out"), "refused": Message("refused")}

_REASONS = {
    "the events allow no further columns": Message("too few exits for one more column"),
    "not all quarters of the year were observed": Message("not all quarters of the year were observed"),
    "known for too few client-months": Message("known for too few clients"),
    "the same for everybody": Message("the same for everybody"),
    "too rare for an effect to be seen": Message("too rare for an effect to be seen"),
    "no level has enough client-months": Message("too few clients in every group"),
    "only one level has enough client-months": Message("only one group has enough clients"),
    "does not vary": Message("the same for everybody"),
    "leaks the exit: known for leavers only, so it was written after the end": Message(
        "gives the exit away: known for leavers only, so it was written after the end"
    ),
    "leaks the exit: alone it ranks nearly all leavers above the others": Message(
        "gives the exit away: alone it ranks nearly all leavers above the others"
    ),
}


def drivers(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Show by what factor each thing multiplies the monthly risk of an event."""
    event = event_label(answer.facts["event"], bank) if answer.facts["event"] else Message("leaving")
    if "ratios" not in parts:
        return Exhibit(
            id=answer.id,
            title=Message("What goes with “{event}” cannot be told", {"event": event}),
            refusals=(refusal(answer.facts["refusal"], event),),
            basis=basis(bank),
        )
    told = [(str(r["column"]), as_estimate(r)) for r in parts["ratios"].to_dict("records")]
    shown = sorted(((c, e) for c, e in told if e is not None), key=lambda pair: -abs(math.log(pair[1].value)))
    sure = set(parts["ratios"].loc[parts["ratios"]["clear"], "column"])
    # That something is not known moves nothing: it stands in the table and in no headline.
    clear = [(c, e) for c, e in shown if c in sure and not c.endswith(":missing")]
    title, sentences = _words(event, clear, shown, answer, bank)
    bars = [_bar(column, e, bank) for column, e in (clear or shown)[:BARS]]
    size = find(parts["model"], what="events_per_column")
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=Figure(
            "bars",
            {
                "bars": bars,
                "kind": "number",
                "x_label": Message("Risk multiplied by (1: no effect)"),
                "in_order": True,
                "reference": 1.0,
            },
            Message("Hazard ratios with intervals. {title}.", {"title": title}),
        ),
        tables=(_table(shown, bank),),
        basis=_basis(answer, size, bank),
        caveats=_caveats(answer, bank),
        estimates=tuple(_plain(finding_row("hazard_ratio", r, group={"column": str(r["column"])}))
                        for r in parts["ratios"].to_dict("records")),
    )  # fmt: skip


def features(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """List which features the model of leaving uses, leaves out and refuses, and why."""
    table = parts["features"]
    used, refused = (int((table["use"] == use).sum()) for use in ("used", "refused"))
    values = {"used": used, "refused": refused}
    rows = tuple(
        {"feature": feature_label(str(r["feature"])), "use": _USES[str(r["use"])], "reason": _reason(str(r["reason"]))}
        for r in records(table)
    )
    leaking = [feature_label(str(r["feature"])) for r in records(table) if str(r["reason"]).startswith("leaks")]
    sentences = [
        Message(
            "A feature counts only as it was known {lag:months} before the month that it explains.",
            {"lag": answer.facts["lag"]},
        )
    ]
    if leaking:
        sentences.append(Message("Refused because they give the exit away: {features}.", {"features": leaking}))
    columns = (
        Column("feature", Message("Feature")),
        Column("use", Message("Use")),
        Column("reason", Message("Reason")),
    )
    return Exhibit(
        id=answer.id,
        title=Message("Features used by the model of leaving: {used:count}; refused: {refused:count}", values),
        sentences=tuple(sentences),
        tables=(Table(columns, rows, Message("Features and why they are used or not")),),
        basis=basis(bank),
    )


def _words(
    event: Message | str,
    clear: list[tuple[str, Estimate]],
    shown: list[tuple[str, Estimate]],
    answer: Answer,
    bank: Bank,
) -> tuple[Message, tuple[Message, ...]]:
    if not clear:
        return Message("Nothing observed goes clearly with “{event}”", {"event": event}), ()
    column, first = clear[0]
    values = {"event": event, "step": step_label(column, bank), "value": first.value}
    values |= {"low": first.low, "high": first.high}
    title = Message(
        "{step}: the risk of “{event}” is multiplied by {value:number} ({low:number} to {high:number})", values
    )
    raises = [step_label(c, bank) for c, e in clear if e.value > 1][:4]
    lowers = [step_label(c, bank) for c, e in clear if e.value < 1][:4]
    said = []
    if raises:
        said.append(Message("Goes with a higher risk: {steps}.", {"steps": raises}))
    if lowers:
        said.append(Message("Goes with a lower risk: {steps}.", {"steps": lowers}))
    counted = {"n": len(clear), "all": len(shown)}
    said.append(
        Message("{n:count} of {all:count} effects are clear, allowing for how many were looked at (Holm).", counted)
    )
    return title, tuple(said)


def _bar(column: str, found: Estimate, bank: Bank) -> dict[str, Any]:
    return {"label": step_label(column, bank), "value": found.value, "low": found.low, "high": found.high}


def _table(shown: list[tuple[str, Estimate]], bank: Bank) -> Table:
    rows = tuple(
        {
            "step": step_label(column, bank),
            "ratio": Message(
                "{value:number} ({low:number} to {high:number})", {"value": e.value, "low": e.low, "high": e.high}
            )
            if not math.isnan(e.low)
            else Message("{value:number}", {"value": e.value}),
            "events": e.n_events,
        }
        for column, e in shown
    )
    columns = (
        Column("step", Message("Step")),
        Column("ratio", Message("Risk multiplied by")),
        Column("events", Message("Events behind it"), "count"),
    )
    return Table(columns, rows, Message("By what one step multiplies the monthly risk, all else in the model equal"))


def _basis(answer: Answer, size: Estimate | None, bank: Bank) -> tuple[Message, ...]:
    lines = []
    if size is not None:
        values = {"n": size.n, "events": size.n_events, "per": size.value}
        lines.append(
            Message("{n:count} clients, {events:count} events, {per:number} for every column of the model.", values)
        )
    clusters = (
        Message("The 95% intervals allow for clients of one relationship manager being alike.")
        if "manager" in answer.facts["clusters"]
        else Message("The 95% intervals allow for the months of one client being alike.")
    )
    lines += [clusters, Message("Features are those known {lag:months} before.", {"lag": answer.facts["lag"]})]
    if answer.facts["sampled"]:
        lines.append(Message("Fitted to all months with the event and a random part of the clients, weighted."))
    return basis(bank, *lines)


def _caveats(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message("An effect here is a difference between clients who are alike in all else that is observed."),
        Message("The course over the length of the relationship is in the model; its curve stands in another exhibit."),
    ]
    if answer.facts["splits"]:
        names = [feature_label(name) for name in answer.facts["splits"]]
        lines.append(Message("The effect changes after the first two years: {features}.", {"features": names}))
    if answer.facts["event"] == "outflow":
        share = {"share": answer.facts["share"]}
        lines.append(Message("A large outflow is at least {share:share} of the usual assets within months.", share))
    if answer.facts["no_interval"]:
        lines.append(Message("There are no intervals: too few relationship managers to tell how much they differ."))
    return tuple(lines)


def _reason(reason: str) -> Message | str | None:
    if not reason:
        return ""
    if reason.startswith("needs "):
        return Message("not delivered: {needs}", {"needs": reason.removeprefix("needs ")})
    if reason.startswith("has one current value"):
        return Message("only today's value is delivered: it may not stand for the past")
    if reason.startswith("says the same as"):
        return Message("says the same as another feature")
    if reason.startswith("leaks the exit: nearly all"):
        return Message("gives the exit away: nearly everybody with such a value left")
    return _REASONS.get(reason, reason)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
