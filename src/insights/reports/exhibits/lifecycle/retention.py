"""What the retention programme was worth, and what could have been seen."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.trial import day_of
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.figures import reason_label
from insights.reports.exhibits.rows import basis, count_row, estimate_row, records
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer
from insights.topics.lifecycle.retention import (
    ALL_MONEY,
    ANY,
    BEFORE,
    CONTROL,
    DETECTABLE,
    DIFFERENCE,
    ENDED,
    LEFT,
    LOST_MONEY,
    RATIO,
    TIME,
    TREATED,
    Effect,
)

_MEASURES = {
    LEFT: Message("Share who left"),
    TIME: Message("Months with the bank, within the time followed"),
    RATIO: Message("Hazard of leaving by choice, treated over control"),
    LOST_MONEY: Message("Assets at the start that left with clients, per client"),
    ALL_MONEY: Message("Assets held, per client"),
    BEFORE: Message("Assets before the start, per client"),
}
_KINDS = {LEFT: "percent", TIME: "tenths", RATIO: "number", LOST_MONEY: "money", ALL_MONEY: "money", BEFORE: "money"}


def retention(answer: Answer, effect: Effect, bank: Bank) -> Exhibit:
    """Say what the programme was worth in clients and money, and what could have been seen."""
    rows, months = effect.rows, effect.horizon
    left = find(rows, measure=LEFT, cause=ANY, months=months, row=DIFFERENCE)
    title, sentences = _words(answer, effect)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*sentences, *_power(effect), *_followed(effect)),
        figure=_figure(rows, title) if left is not None else None,
        tables=(_table(rows, answer, bank),),
        basis=_basis(answer, rows, bank),
        caveats=(
            Message("Everybody counts in the arm that was drawn for him, whether he took part or not."),
            Message(
                "The largest {share:share} of clients before the start are left out of all money: one of them would "
                "decide it. Chosen before the lot, this leaves the comparison fair.",
                {"share": answer.facts["largest"]},
            ),
            Message("It is the effect of this programme on these clients, in this time."),
        ),
        refusals=() if left is not None else (Message("Too few clients have left to compare the arms."),),
        estimates=tuple(_estimates(answer, effect)),
    )


def _words(answer: Answer, effect: Effect) -> tuple[Message, tuple[Message, ...]]:
    clients, money = effect.clients, effect.money
    values: dict[str, Any] = {"name": answer.facts["name"], "months": effect.horizon}
    if isinstance(clients, NotEstimable):
        return Message("What the programme “{name}” was worth cannot be told", values), ()
    values |= {"n": clients.value, "low": clients.low, "high": clients.high}
    if not isinstance(money, NotEstimable):
        values |= {"money": money.value, "money_low": money.low, "money_high": money.high}
    seen = clients.low > 0 or clients.high < 0
    if not seen:
        title = Message(
            "No effect of the programme “{name}” on leaving is seen within {months:months}: {n:count} clients kept, "
            "give or take ({low:count} to {high:count})",
            values,
        )
    elif clients.value > 0 and not isinstance(money, NotEstimable):
        title = Message(
            "The programme “{name}” kept {n:count} clients ({low:count} to {high:count}) and {money:money} "
            "({money_low:money} to {money_high:money}) within {months:months}",
            values,
        )
    elif clients.value > 0:
        title = Message(
            "The programme “{name}” kept {n:count} clients ({low:count} to {high:count}) within {months:months}", values
        )
    else:
        title = Message(
            "More clients left under the programme “{name}” than without it: {n:count} kept ({low:count} to "
            "{high:count}) within {months:months}",
            values,
        )
    return title, tuple(_sentences(answer, effect, money))


def _sentences(answer: Answer, effect: Effect, money: Estimate | NotEstimable) -> list[Message]:
    rows, months, said = effect.rows, effect.horizon, []
    arms = [find(rows, measure=LEFT, cause=ANY, months=months, row=arm) for arm in (TREATED, CONTROL)]
    left = find(rows, measure=LEFT, cause=ANY, months=months, row=DIFFERENCE)
    if left is not None and arms[0] is not None and arms[1] is not None:
        values = {
            "treated": arms[0].value,
            "control": arms[1].value,
            "d": left.value,
            "low": left.low,
            "high": left.high,
        }
        said.append(
            Message(
                "{treated:percent} of those drawn for it left, against {control:percent} of the others: a difference "
                "of {d:points} (95% interval {low:points} to {high:points}).",
                values,
            )
        )
    ratio = find(rows, measure=RATIO, row=DIFFERENCE)
    if ratio is not None:
        said.append(
            Message(
                "In any month, those treated left by choice {value:number} times as often ({low:number} to "
                "{high:number}).",
                {"value": ratio.value, "low": ratio.low, "high": ratio.high},
            )
        )
    if isinstance(money, Estimate) and money.low <= 0 <= money.high:
        said.append(Message("The interval of the money holds zero: in money, the effect is not told from chance."))
    return said


def _power(effect: Effect) -> tuple[Message, ...]:
    least = find(effect.rows, measure=LEFT, cause=ANY, months=effect.horizon, row=DETECTABLE)
    if least is None:
        return ()
    return (
        Message(
            "With so many clients, a true difference of {least:points} would have been found four times out of five; "
            "smaller ones may well go unseen.",
            {"least": least.value},
        ),
    )


def _followed(effect: Effect) -> tuple[Message, ...]:
    ended = effect.arms[effect.arms["followed"] == ENDED].dropna(subset=["clients"])
    if ended.empty:
        if effect.arms["clients"].isna().any():
            return (Message("Participation ended early for a few clients, too few to be counted here."),)
        return (Message("No participation is recorded as ended early: the arms were followed as drawn."),)
    n, total = float(ended["clients"].sum()), float(effect.arms["clients"].sum())
    return (
        Message(
            "Participation ended early for {n:count} of {total:count} clients; they count where they were drawn, so "
            "the effect on those who took part throughout may be larger.",
            {"n": n, "total": total},
        ),
    )


def _table(rows: pd.DataFrame, answer: Answer, bank: Bank) -> Table:
    lines = []
    order = rows.drop_duplicates(["measure", "cause", "months"])
    for head in records(order[["measure", "cause", "months"]]):
        measure, cause, months = head["measure"], head["cause"], head["months"]
        found = {
            r: find(rows, measure=measure, cause=cause, months=months, row=r)
            for r in (TREATED, CONTROL, DIFFERENCE, DETECTABLE)
        }
        kind = _KINDS[measure]
        label: Message | str = _MEASURES[measure]
        if measure == LEFT and cause != ANY:
            label = Message("Share who left: {reason}", {"reason": reason_label(cause, bank)})
        line: dict[str, Any] = {
            "measure": label,
            "months": months if measure != BEFORE else Message("before"),
            "treated": cell(found[TREATED], kind),
            "control": cell(found[CONTROL], kind),
            "difference": cell(found[DIFFERENCE], "points" if kind == "percent" else kind),
            "least": _least(found[DETECTABLE], kind),
        }
        if measure == RATIO:
            line |= {"treated": Message("–"), "control": Message("–"), "least": Message("–")}
        lines.append(line)
    columns = (
        Column("measure", Message("Measure")),
        Column("months", Message("Months since the start")),
        Column("treated", Message("Treated")),
        Column("control", Message("Control")),
        Column("difference", Message("Difference (95% interval)")),
        Column("least", Message("Could have been seen")),
    )
    return Table(columns, tuple(lines), Message("Both arms as drawn; money is adjusted for assets before the start"))


def _least(found: Estimate | None, kind: str) -> Message | None:
    if found is None:
        return None
    if kind == "percent":
        return Message("{value:points}", {"value": found.value})
    return Message(f"{{value:{kind}}}", {"value": found.value})


def _figure(rows: pd.DataFrame, title: Message) -> Figure:
    bars = []
    for months in sorted(rows.loc[(rows["measure"] == LEFT) & (rows["cause"] == ANY), "months"].unique().tolist()):
        found = find(rows, measure=LEFT, cause=ANY, months=months, row=DIFFERENCE)
        if found is not None:
            label = Message("Within {months:months}", {"months": months})
            bars.append({"label": label, "value": found.value, "low": found.low, "high": found.high})
    data = {
        "bars": bars,
        "kind": "points",
        "in_order": True,
        "x_label": Message("Share who left: treated less control"),
    }
    return Figure("bars", data, Message("Difference between the arms, with 95% intervals. {title}.", {"title": title}))


def _basis(answer: Answer, rows: pd.DataFrame, bank: Bank) -> tuple[Message, ...]:
    found = rows[(rows["measure"] == LEFT) & rows["value"].notna()]
    n = float(found["n"].max()) if len(found) else None
    values = {
        "n": n,
        "start": day_of(answer.facts["start"]).isoformat(),
        "end": day_of(answer.facts["last_start"]).isoformat(),
        "clusters": answer.facts["clusters"],
    }
    return basis(
        bank,
        Message("{n:count} clients drawn by lot in {start:month}.", values)
        if values["start"] == values["end"]
        else Message("{n:count} clients drawn by lot, from {start:month} to {end:month}.", values),
        Message("Managers were drawn, with the clients each had then.")
        if answer.facts["by_manager"]
        else Message("Clients were drawn, each on his own."),
        Message("Intervals allow for what clients of one manager have in common ({clusters:count} groups).", values),
    )


def _estimates(answer: Answer, effect: Effect) -> list[dict[str, Any]]:
    told = []
    for name, found in (("clients_kept", effect.clients), ("assets_kept", effect.money)):
        told.append(estimate_row(name, found, months=effect.horizon))
    for line in effect.rows.to_dict("records"):
        group = {"row": str(line["row"])} | ({"reason": str(line["cause"])} if line["cause"] != ANY else {})
        told.append(finding_row(str(line["measure"]), line, group=group, months=int(line["months"])))
    for row in records(effect.arms):
        told.append(
            count_row("clients", row["clients"], unit="clients", group={"arm": row["arm"], "followed": row["followed"]})
        )
    return told
