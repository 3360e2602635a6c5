"""What to expect of a client by his stage, and whether how long he has been in it matters."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.stage_words import dormancy_note, stage_basis, stage_label
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.lifecycle.stage_outlook import ALL, HORIZONS

YEAR = HORIZONS[0]
CLEAR = 0.05


def stage_outlook(answer: Answer, rows: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show expected revenue, leaving and months by stage, for a client of each stage today."""
    stages = [s for s in dict.fromkeys(rows["stage"]) if s != ALL]
    whole = find(rows, stage=ALL, measure="revenue", months=YEAR)
    low, high = (find(rows, stage=s, measure="revenue", months=YEAR) for s in ("decline", "growth"))
    gone = find(rows, stage="decline", measure="left", months=YEAR)
    title, sentences = Message("What to expect of clients by stage"), []
    if whole is not None:
        values = {"total": whole.value, "low": whole.low, "high": whole.high}
        title = Message("The clients of today are expected to bring {total:money} in the next 12 months", values)
        sentences.append(Message("The 95% interval runs from {low:money} to {high:money}.", values))
    elif gone is not None:
        title = Message("{left:percent} of clients in decline leave within 12 months", {"left": gone.value})
    if low is not None and high is not None:
        sentences.append(
            Message(
                "One in growth brings {growth:money} on average, one in decline {decline:money}.",
                {"growth": high.value, "decline": low.value},
            )
        )
    refusals = []
    for months in answer.facts["refused"]:
        refusals.append(Message("Not told for {months:months}: the window is too short for it.", {"months": months}))
    if not answer.facts["revenue"]:
        refusals.append(Message("Expected revenue: needs revenue by client and month."))
    bars = [
        {"label": stage_label(s), "value": e and e.value, "low": e and e.low, "high": e and e.high}
        for s in stages
        for e in [find(rows, stage=s, measure="revenue", months=YEAR)]
    ]
    figure = None
    if answer.facts["revenue"]:
        figure = Figure(
            "bars",
            {"bars": bars, "kind": "money", "x_label": Message("Expected revenue of a client in 12 months")}
            | {"in_order": True},
            Message("Expected revenue of one client by stage, with intervals. {title}.", {"title": title}),
        )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure,
        tables=tuple(_expected(rows, stages, h, revenue=answer.facts["revenue"]) for h in answer.facts["horizons"]),
        basis=stage_basis(
            bank,
            Message(
                "What became of the clients who were in each stage that long ago (Aalen–Johansen from one day on, "
                "without the Markov assumption); times and exits add up to the whole time."
            ),
        ),
        caveats=(
            Message("A forecast only if the coming months are like those that were observed."),
            Message("New clients who will join are not counted."),
            Message(
                "Revenue here is before the costs of risk and capital. The value report takes them off, lets assets "
                "grow, and forecasts each client by himself: its margin of the next year is another number."
            ),
            dormancy_note(bank, apart=answer.facts["apart"]),
        ),
        refusals=tuple(refusals),
        estimates=tuple(
            finding_row(
                f"expected_{row['measure']}",
                row,
                group={"stage": row["stage"]} | ({"state": row["state"]} if row["state"] else {}),
                months=int(row["months"]),
            )
            for row in rows.to_dict("records")
        ),
    )


def stage_life(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Show where clients are by years since joining, and which moves depend on the past."""
    shares, memory = parts["occupation"], parts["memory"]
    states = list(dict.fromkeys(shares["state"]))
    horizons = sorted({float(m) for m in shares["months"]})
    found = {(s, h): find(shares, state=s, months=h) for s in states for h in horizons}
    at = 60.0 if 60.0 in horizons else max(horizons, default=0.0)
    ends = {s: e for s in states if isinstance(e := found.get((s, at)), Estimate)}
    title = Message("Where clients are by years since joining")
    if {"growth", "decline", "left"} <= set(ends):
        values: dict[str, Any] = {name: ends[name].value for name in ("growth", "decline", "left")}
        title = Message(
            "{years:number} years after joining, {growth:percent} of clients are in growth, {decline:percent} in "
            "decline, and {left:percent} have left",
            values | {"years": at / 12},
        )
    columns = [Column("state", Message("Stage"))]
    columns += [Column(f"h{i}", _years(h)) for i, h in enumerate(horizons)]
    rows: list[dict[str, Any]] = [
        {"state": stage_label(s), **{f"h{i}": cell(found[s, h], "percent") for i, h in enumerate(horizons)}}
        for s in states
    ]
    grid = [[e and e.value for e in (found[s, h] for h in horizons)] for s in states]
    figure = Figure(
        "heat",
        {"rows": [stage_label(s) for s in states], "columns": [_years(h) for h in horizons], "values": grid}
        | {"kind": "percent"},
        Message("Share of clients by stage and years since joining. {title}.", {"title": title}),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_memory_words(memory),
        figure=figure if states else None,
        tables=(
            Table(tuple(columns), tuple(rows), Message("Share of clients by years since joining")),
            *_memory_table(memory),
        ),
        basis=stage_basis(
            bank,
            Message(
                "Aalen–Johansen estimate on months since joining; the tests are score tests of whether the next move "
                "depends on when the stage was entered, p adjusted for all tests made (Holm)."
            ),
        ),
        caveats=(
            Message("Later years rest on clients who joined long ago, earlier ones on those who joined lately."),
            Message("Within the first year every client is in introduction or has left."),
            *((Message("Some moves late in a relationship rest on few clients."),) if answer.facts["thin"] else ()),
            dormancy_note(bank, apart=answer.facts["apart"]),
        ),
        refusals=()
        if len(memory[memory["measure"] == "p"])
        else (Message("Whether the past of a client matters: too few moves for a test."),),
        estimates=tuple(
            finding_row("share_in_stage", row, group={"stage": row["state"]}, months=int(row["months"]))
            for row in shares.to_dict("records")
        )
        + tuple(
            finding_row(
                f"stage_{row['measure']}",
                row,
                group={k: row[k] for k in ("from", "to", "test") if row[k]},
            )
            for row in memory.to_dict("records")
        ),
    )


def _expected(rows: pd.DataFrame, stages: list[str], horizon: int, *, revenue: bool) -> Table:
    told = rows[(rows["months"] == horizon) & (rows["measure"] == "time")]
    states = [s for s in (*stages, "other_stages") if s in set(told["state"])]
    columns = [Column("stage", Message("Stage today"))]
    if revenue:
        columns.append(Column("revenue", Message("Revenue of a client")))
    columns.append(Column("left", Message("Has left by then")))
    columns += [Column(f"s{i}", Message("Months in: {stage}", {"stage": stage_label(s)})) for i, s in enumerate(states)]
    lines = []
    for stage in stages:
        if not (told["stage"] == stage).any():
            continue
        line: dict[str, Any] = {
            "stage": stage_label(stage),
            "revenue": cell(find(rows, stage=stage, measure="revenue", months=horizon), "money"),
            "left": cell(find(rows, stage=stage, measure="left", months=horizon), "percent"),
        }
        for i, state in enumerate(states):
            there = ((told["stage"] == stage) & (told["state"] == state)).any()
            e = find(told, stage=stage, state=state)
            line[f"s{i}"] = cell(e, "tenths") if there else Message("–")
        lines.append(line)
    return Table(tuple(columns), tuple(lines), Message("Expected within the next {months:months}", {"months": horizon}))


def _memory_words(memory: pd.DataFrame) -> tuple[Message, ...]:
    exact, naive = find(memory, measure="stays"), find(memory, measure="stays_by_rates")
    told = memory[(memory["measure"] == "p") & (memory["test"] == "month of entry")]
    clear = int((told["value"] <= CLEAR).sum())
    words = []
    if len(told):
        values = {"clear": clear, "all": len(told)}
        words.append(
            Message(
                "How long a client has been in his stage changes {clear:count} of the {all:count} moves tested.", values
            )
            if clear
            else Message(
                "How long a client has been in his stage changes none of the {all:count} moves tested.", values
            )
        )
    if exact is not None and naive is not None:
        words.append(
            Message(
                "Who multiplies monthly rates of moving would expect {naive:percent} of the clients in decline to be "
                "there a year later; it was {exact:percent}. The forecasts of this report do without that shortcut.",
                {"naive": naive.value, "exact": exact.value},
            )
        )
    return tuple(words)


def _memory_table(memory: pd.DataFrame) -> tuple[Table, ...]:
    lines = []
    for row in memory[(memory["measure"] == "p") & (memory["test"] == "month of entry")].to_dict("records"):
        ratio = find(memory, measure="hazard_ratio_12m", **{"from": row["from"], "to": row["to"]})
        p = find(memory[memory["test"] == "month of entry"], measure="p", **{"from": row["from"], "to": row["to"]})
        lines.append(
            {
                "from": stage_label(row["from"]),
                "to": stage_label(row["to"]),
                "moves": None if pd.isna(row["n_events"]) else float(row["n_events"]),
                "ratio": ratio.value if ratio else None,
                "p": p.value if p else None,
            }
        )
    columns = (
        Column("from", Message("From")),
        Column("to", Message("To")),
        Column("moves", Message("Moves"), "count"),
        Column("ratio", Message("Rate if entered 12 months later"), "number"),
        Column("p", Message("p, adjusted"), "p"),
    )
    caption = Message("Does the next move depend on when the stage was entered? 1: no difference")
    return (Table(columns, tuple(lines), caption),) if lines else ()


def _years(months: float) -> Message:
    return Message("after {months:months}", {"months": months})
