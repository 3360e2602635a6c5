"""Whether the effects on leaving stand: for the reader who checks the model."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.driver_words import event_label, refusal, step_label
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import as_estimate, cell, find, finding_row
from insights.topics.evidence import Answer

LEVEL = 0.05
CLOSE = 0.25
"""Ratios of two models that are no further apart than this say the same."""

Rows = dict[str, pd.DataFrame]


def driver_checks(answer: Answer, parts: Rows, bank: Bank) -> Exhibit:
    """Show the effects at other lags and by Cox's model, what one manager changes, and assets by fifths."""
    event = event_label(answer.facts["main"], bank) if answer.facts["main"] else Message("leaving")
    if "lags" not in parts:
        why = answer.facts["refusal"] or "nobody"
        return Exhibit(
            id=answer.id,
            title=Message("Effects on “{event}” cannot be checked", {"event": event}),
            refusals=(refusal(why, event),),
            basis=basis(bank),
        )
    title, sentences = _words(parts, event, bank)
    missing = []
    if "influence" not in parts:
        missing.append(Message("Influence of single managers: no relationship manager is recorded."))
    if "form" not in parts:
        missing.append(Message("Assets by fifths: assets are not in the model, or there are too few events."))
    if "cox" not in parts:
        missing.append(Message("Cox's model cannot be fitted to these data."))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        tables=tuple(t for t in (_effects(parts, bank), _form(parts)) if t is not None),
        basis=basis(
            bank,
            Message("Cox's model: tenure as its clock, late entry, ties by Efron's method, the same clusters."),
            *_left_out(answer),
        ),
        caveats=(
            Message("With many events small departures are significant: look at how large they are."),
            Message("What is known fades: an effect that shrinks with the lag is one of recent news."),
        ),
        refusals=tuple(missing),
        estimates=tuple(_estimates(parts)),
    )


def _words(parts: Rows, event: Message | str, bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    said = []
    if "influence" in parts:
        found = [(str(r["column"]), as_estimate(r)) for r in parts["influence"].to_dict("records")]
        told = [(c, e.value - 1) for c, e in found if e is not None]
        if told:
            column, most = max(told, key=lambda pair: pair[1])
            said.append(
                Message(
                    "Without the clients of any one relationship manager no ratio changes by more than {most:percent} "
                    "({step}).",
                    {"most": most, "step": step_label(column, bank)},
                )
            )
    changing = _changing(parts)
    if changing:
        steps = [step_label(c, bank) for c in changing]
        said.append(
            Message(
                "By the score test these effects differ between the first two years and later: {steps}.",
                {"steps": steps},
            )
        )
    elif "change" in parts:
        said.append(Message("By the score test no effect differs clearly between the first two years and later."))
    months = _months(parts)
    if months is not None:
        said.append(months)
    apart = _cox_apart(parts)
    if apart is None:
        title = Message("Effects on “{event}”, checked", {"event": event})
    elif apart > CLOSE:
        title = Message(
            "Effects on “{event}” depend on the model: Cox's gives ratios up to {apart:percent} apart",
            {"event": event, "apart": apart},
        )
    else:
        title = Message(
            "Effects on “{event}” hold: Cox's model gives ratios within {apart:percent}",
            {"event": event, "apart": apart},
        )
    return title, tuple(said)


def _months(parts: Rows) -> Message | None:
    """Say whether the quarters of the model are enough of a season."""
    p = find(parts["season"], what="months_within_quarters") if "season" in parts else None
    if p is None:
        return None
    if p.value < LEVEL:
        return Message(
            "The season is told by quarters (three columns), and months of one quarter differ (score test, p = {p:p}): "
            "the model does not follow that.",
            {"p": p.value},
        )
    return Message(
        "The season is told by quarters (three columns): that months of one quarter differ cannot be seen "
        "(score test with eight degrees of freedom, p = {p:p}).",
        {"p": p.value},
    )


def _left_out(answer: Answer) -> tuple[Message, ...]:
    if not answer.facts.get("refitted"):
        return ()
    return (
        Message(
            "One manager less: the model fitted anew without each of the {n:count} managers who move it most; to first "
            "order for the others. The largest change is told.",
            {"n": answer.facts["refitted"]},
        ),
    )


def _changing(parts: Rows) -> list[str]:
    if "change" not in parts:
        return []
    found = [(str(r["column"]), as_estimate(r)) for r in parts["change"].to_dict("records")]
    return [c for c, e in found if e is not None and e.value < LEVEL]


def _cox_apart(parts: Rows) -> float | None:
    """Return the largest relative difference between the two models' ratios, for columns that both have."""
    if "cox" not in parts:
        return None
    own = parts["lags"][parts["lags"]["lag"] == parts["lags"]["lag"].iloc[0]]
    gaps = []
    for row in parts["cox"].to_dict("records"):
        one, other = as_estimate(row), find(own, column=row["column"])
        if one is not None and other is not None:
            gaps.append(abs(math.log(one.value / other.value)))
    return math.exp(max(gaps)) - 1 if gaps else None


def _effects(parts: Rows, bank: Bank) -> Table:
    lags = list(dict.fromkeys(parts["lags"]["lag"]))
    rows = []
    for column in dict.fromkeys(parts["lags"]["column"]):
        row: dict[str, Any] = {"step": step_label(str(column), bank)}
        told = {lag: find(parts["lags"], column=column, lag=lag) for lag in lags}
        if told[lags[0]] is None:
            continue
        row |= {f"lag_{lag}": cell(e, "number") for lag, e in told.items()}
        for name in ("cox", "influence", "change"):
            plain = column if name == "influence" else _unsplit(str(column))
            found = find(parts[name], column=plain) if name in parts else None
            if name == "cox":
                row[name] = cell(found, "number") if plain == column else Message("one effect for both")
            else:
                row[name] = None if found is None else found.value - (name == "influence")
        rows.append(row)
    columns = [Column("step", Message("Step"))]
    columns += [Column(f"lag_{lag}", Message("Known {lag:months} before", {"lag": int(lag)})) for lag in lags]
    if "cox" in parts:
        columns.append(Column("cox", Message("Cox's model")))
    if "change" in parts:
        columns.append(Column("change", Message("p, differs in the first two years"), "p"))
    if "influence" in parts:
        columns.append(Column("influence", Message("One manager less changes it by at most"), "percent"))
    return Table(tuple(columns), tuple(rows), Message("Risk multiplied by, with 95% intervals"))


def _unsplit(column: str) -> str:
    """Return the column that stands for both parts of an effect that changes with tenure."""
    return column.removesuffix(":early").removesuffix(":later")


def _form(parts: Rows) -> Table | None:
    if "form" not in parts:
        return None
    rows = []
    for fifth in parts["form"]["fifth"]:
        found, line = find(parts["form"], fifth=fifth), find(parts["line"], fifth=fifth)
        label = Message("fifth {rank:count} of 5", {"rank": int(fifth)})
        rows.append({"fifth": label, "ratio": cell(found, "number"), "line": None if line is None else line.value})
    columns = (
        Column("fifth", Message("Assets")),
        Column("ratio", Message("Risk multiplied by")),
        Column("line", Message("By the straight line of the model"), "number"),
    )
    return Table(columns, tuple(rows), Message("Assets by fifths, against the middle fifth"))


def _estimates(parts: Rows) -> list[dict[str, Any]]:
    names = {"lags": "hazard_ratio", "cox": "cox_hazard_ratio", "change": "p_change_with_tenure"}
    names |= {"influence": "largest_change_without_one_manager", "form": "hazard_ratio_of_fifth"}
    names |= {"season": "p_months_within_quarters"}
    found = []
    for part, name in names.items():
        for row in parts[part].to_dict("records") if part in parts else ():
            group = {str(key): str(value) for key, value in row.items() if key in ("column", "lag", "fifth")}
            told = finding_row(name, row, group=group)
            found.append({k: None if isinstance(v, float) and math.isnan(v) else v for k, v in told.items()})
    return found
