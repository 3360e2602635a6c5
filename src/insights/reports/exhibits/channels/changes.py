"""What changes of channels and other programmes were worth, side by side."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.lots import LEFT
from insights.models.channels.managed import ACTIVITY, INCOME
from insights.models.channels.outcomes import LARGEST, MARK, MONEY, SETTLED, WAIT
from insights.models.loyalty.answers import LOYALTY, TRUST
from insights.models.loyalty.changes import BRAND
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import OUTCOMES, programme_label, why_not
from insights.reports.exhibits.rows import dated, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.changes import (
    EFFECT,
    FOLLOWED,
    LEFT_OTHERS,
    LEFT_REACHED,
    OTHERS,
    THROUGH,
    THROUGH_SHARE,
    TOOK,
    WHOLE,
    WHOLE_OF_THEM,
    ChangeRows,
)
from insights.topics.evidence import Answer

LEVEL = 0.05
KINDS = {MONEY: "percent", MARK: "number", WAIT: "tenths", SETTLED: "points", LEFT: "points"}
KINDS |= {INCOME: "basis_points", ACTIVITY: "points", LOYALTY: "number", BRAND: "number", TRUST: "number"}


def changes(answer: Answer, found: ChangeRows, bank: Bank) -> Exhibit:
    """Say what the last change was worth, and what the other programmes were."""
    title = _title(answer, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(answer, found, title, bank),
        tables=tuple(t for t in (_money(answer, found, bank), _other_outcomes(answer, found, bank)) if t.rows),
        basis=change_basis(answer, found, bank),
        caveats=change_caveats(answer, found, bank),
        refusals=change_refusals(answer, bank),
        estimates=tuple(change_estimates(answer, found)),
    )


def worth(programme: dict[str, Any], found: ChangeRows, bank: Bank) -> Message | None:
    """Say in one sentence what a programme was worth in money, with its interval; None where it cannot be told."""
    whole = find(found.rows, programme=programme["name"], outcome=MONEY, row=WHOLE)
    effect = find(found.rows, programme=programme["name"], outcome=MONEY, row=EFFECT)
    if whole is None or effect is None:
        return None
    values: dict[str, Any] = {"name": programme_label(programme["name"], bank), "start": programme["starts"][0]}
    values["left_out"] = LARGEST
    values |= {"money": whole.value, "low": whole.low, "high": whole.high, "months": programme["months"]}
    values |= {"share": effect.value, "share_low": effect.low, "share_high": effect.high}
    if programme["by_lot"]:
        return Message(
            "“{name}”, by lot: {money:money} of net new money within {months:months} ({low:money} to {high:money}); "
            "{share:percent} of what those drawn held ({share_low:bare_percent} to {share_high:bare_percent}).",
            values,
        )
    return Message(
        "“{name}”: {money:money} of net new money since {start:month} ({low:money} to {high:money}), beyond what those "
        "not reached brought, the largest {left_out:share} of clients apart; {share:percent} a year of what those "
        "reached held before ({share_low:bare_percent} to {share_high:bare_percent}).",
        values,
    )


def clear(found: Estimate | None) -> bool:
    """Whether the interval of an effect does not hold zero."""
    return found is not None and (found.low > 0 or found.high < 0)


def _title(answer: Answer, found: ChangeRows, bank: Bank) -> Message:
    first = answer.facts["programmes"][0]
    whole = find(found.rows, programme=first["name"], outcome=MONEY, row=WHOLE)
    values: dict[str, Any] = {"name": programme_label(first["name"], bank)}
    if whole is None:
        return Message("What “{name}” was worth in money cannot be told", values)
    values |= {"money": whole.value, "low": whole.low, "high": whole.high}
    if not clear(whole):
        return Message("No effect of “{name}” on money is seen: {money:money} ({low:money} to {high:money})", values)
    null = [p for p in answer.facts["programmes"][1:] if _seen(found, p["name"]) is False]
    if whole.value > 0:
        if null:
            names = [programme_label(p["name"], bank) for p in null]
            return Message(
                "“{name}” brought {money:money} of net new money ({low:money} to {high:money}); no effect on money is "
                "seen of {names}",
                values | {"names": names},
            )
        return Message("“{name}” brought {money:money} of net new money ({low:money} to {high:money})", values)
    return Message("“{name}” cost {money:money} of net new money ({low:money} to {high:money})", values)


def _seen(found: ChangeRows, name: str) -> bool | None:
    told = find(found.rows, programme=name, outcome=MONEY, row=WHOLE)
    return None if told is None else clear(told)


def _sentences(answer: Answer, found: ChangeRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    for programme in answer.facts["programmes"]:
        if (sentence := worth(programme, found, bank)) is not None:
            said.append(sentence)
    for programme in answer.facts["programmes"]:
        for outcome in (o for o in OUTCOMES if o != MONEY):
            own = _row(found, programme["name"], outcome)
            if own is None or not float(own["p"]) < LEVEL:
                continue
            told = find(found.rows, programme=programme["name"], outcome=outcome, row=EFFECT)
            values: dict[str, Any] = {"name": programme_label(programme["name"], bank), "what": OUTCOMES[outcome]}
            values |= {"told": cell(told, KINDS[outcome])}
            said.append(Message("“{name}” also moved: {what}, by {told}.", values))
    for programme in answer.facts["programmes"]:
        said += [*_taken(programme, found, bank), *_loyal(programme, found, bank)]
    return tuple(said)


def _taken(programme: dict[str, Any], found: ChangeRows, bank: Bank) -> list[Message]:
    """Say what taking part brought, where the lot moved who did."""
    took, followed = (find(found.rows, programme=programme["name"], outcome=MONEY, row=r) for r in (TOOK, FOLLOWED))
    if took is None or followed is None:
        return []
    values = {"name": programme_label(programme["name"], bank), "more": followed.value, "told": cell(took, "money")}
    return [
        Message(
            "“{name}”: those drawn took part more often, by {more:percent} of them; each who did so because he was "
            "drawn brought {told} more within the year.",
            values,
        )
    ]


def _loyal(programme: dict[str, Any], found: ChangeRows, bank: Bank) -> list[Message]:
    """Say how much of the money runs through stated loyalty, where the money itself is clear of chance."""
    name = programme["name"]
    whole, part = (find(found.rows, programme=name, outcome=MONEY, row=r) for r in (WHOLE_OF_THEM, THROUGH))
    if whole is None or part is None or not clear(whole):
        return []
    values: dict[str, Any] = {"name": programme_label(name, bank), "n": float(whole.n), "whole": cell(whole, "percent")}
    values["part"] = cell(part, "percent")
    share = find(found.rows, programme=name, outcome=MONEY, row=THROUGH_SHARE)
    if share is None or not clear(part):
        return [
            Message(
                "“{name}”, loyalty: of {whole} of assets that it brought in a year those {n:count} who answered before "
                "and after, {part} runs through stated loyalty: no such part is told from chance.",
                values,
            )
        ]
    return [
        Message(
            "“{name}”, loyalty: of {whole} of assets that it brought in a year those {n:count} who answered before and "
            "after, {part} runs through stated loyalty, {share} of it.",
            values | {"share": cell(share, "percent")},
        )
    ]


def _row(found: ChangeRows, programme: str, outcome: str) -> pd.Series | None:
    r = found.rows
    own = r[(r["programme"] == programme) & (r["outcome"] == outcome) & (r["row"] == EFFECT)]
    return None if own.empty or pd.isna(own["value"].iloc[0]) else own.iloc[0]


def _figure(answer: Answer, found: ChangeRows, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for programme in answer.facts["programmes"]:
        told = find(found.rows, programme=programme["name"], outcome=MONEY, row=EFFECT)
        if told is not None:
            label = programme_label(programme["name"], bank)
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Net new money a year, as a share of what clients held before (95% interval)")
    return Figure("bars", data, Message("Effect of every programme on net new money. {title}.", {"title": title}))


def _money(answer: Answer, found: ChangeRows, bank: Bank) -> Table:
    rows = []
    for programme in answer.facts["programmes"]:
        name = programme["name"]
        own = _row(found, name, MONEY)
        if own is None:
            continue
        row: dict[str, Any] = {"name": programme_label(name, bank), "how": how(programme)}
        row["effect"] = cell(find(found.rows, programme=name, outcome=MONEY, row=EFFECT), "percent")
        row["whole"] = cell(find(found.rows, programme=name, outcome=MONEY, row=WHOLE), "money")
        row["p"] = Message("{p:p}", {"p": float(own["p"])})
        row["before"] = before(programme, MONEY)
        rows.append(row)
    columns = (
        Column("name", Message("Programme")),
        Column("how", Message("How it came")),
        Column("effect", Message("Share of what was held, a year")),
        Column("whole", Message("In money")),
        Column("p", Message("p")),
        Column("before", Message("Parallel before (p)")),
    )
    return Table(columns, tuple(rows), Message("Net new money that came because of each programme (95% intervals)"))


def how(programme: dict[str, Any]) -> Message:
    """Say in a few words how a programme came to its clients."""
    if programme["by_lot"]:
        return Message("by lot, managers") if programme["by_manager"] else Message("by lot, clients")
    k = len(programme["starts"])
    return Message("in {k:number} steps, not by lot", {"k": k}) if k > 1 else Message("at once, not by lot")


def before(programme: dict[str, Any], outcome: str) -> Message:
    """Return the p of the test of parallel movement before, or a dash where the lot needs none."""
    p, _, _ = programme["pretrend"].get(outcome, (None, "", ""))
    if programme["by_lot"]:
        return Message("–")
    return Message("not testable") if p is None or math.isnan(p) else Message("{p:p}", {"p": p})


def _other_outcomes(answer: Answer, found: ChangeRows, bank: Bank) -> Table:
    rows = []
    for programme in answer.facts["programmes"]:
        for outcome in (o for o in OUTCOMES if o != MONEY):
            own = _row(found, programme["name"], outcome)
            if own is None:
                continue
            told = find(found.rows, programme=programme["name"], outcome=outcome, row=EFFECT)
            row: dict[str, Any] = {"name": programme_label(programme["name"], bank), "what": OUTCOMES[outcome]}
            row |= {"effect": cell(told, KINDS[outcome]), "p": Message("{p:p}", {"p": float(own["p"])})}
            row["before"] = before(programme, outcome)
            rows.append(row)
    columns = (
        Column("name", Message("Programme")),
        Column("what", Message("Outcome")),
        Column("effect", Message("Effect (95% interval)")),
        Column("p", Message("p, adjusted")),
        Column("before", Message("Parallel before (p)")),
    )
    return Table(columns, tuple(rows), Message("What else they moved"))


def change_basis(answer: Answer, found: ChangeRows, bank: Bank) -> tuple[Message, ...]:
    """Return what effects of programmes rest on."""
    lines = []
    for programme in answer.facts["programmes"]:
        own = _row(found, programme["name"], MONEY)
        if own is None:
            continue
        values: dict[str, Any] = {"name": programme_label(programme["name"], bank), "n": float(own["n"])}
        values |= {"others": _others(found, programme["name"]), "k": programme["clusters"]}
        if programme["by_lot"]:
            lines.append(
                Message(
                    "“{name}”: {n:count} clients drawn for it, {others:count} for the other arm; errors by manager "
                    "({k:number}).",
                    values,
                )
            )
        elif programme["controls"].get(MONEY) == "never":
            lines.append(
                Message(
                    "“{name}”: {n:count} clients reached, {others:count} never reached; errors by manager "
                    "({k:number}).",
                    values,
                )
            )
        else:
            lines.append(
                Message(
                    "“{name}”: {n:count} clients reached; too few were never reached, so those not yet reached are the "
                    "controls; errors by manager ({k:number}).",
                    values,
                )
            )
    if any(not p["by_lot"] for p in answer.facts["programmes"]):
        lines.append(
            Message(
                "Not by lot: every group of managers that started together is compared, period by period, with those "
                "who never started, by how far both moved since the period before the start (Callaway & Sant'Anna)."
            )
        )
        lines.append(
            Message(
                "Whom a programme reached before the bank's records of him begin, and whoever came to it later, counts "
                "on neither side."
            )
        )
    if any(p["by_lot"] for p in answer.facts["programmes"]):
        lines.append(
            Message("By lot: everybody counts in the arm he was drawn for, adjusted for the year before the draw.")
        )
    lines.append(
        Message(
            "Judged by {what}, registered beforehand; p-values of the other outcomes are adjusted (Holm).",
            {"what": OUTCOMES[answer.facts["primary"]]},
        )
    )
    return dated(bank, *lines)


def _others(found: ChangeRows, programme: str) -> float | None:
    """Return how many clients a programme did not reach; None where that is withheld."""
    own = (found.sides["programme"] == programme) & (found.sides["side"] == OTHERS)
    clients = found.sides.loc[own, "clients"]
    return None if clients.empty else number(clients.iloc[0])


def change_caveats(answer: Answer, found: ChangeRows, bank: Bank) -> tuple[Message, ...]:
    """Return what to keep in mind about effects of programmes."""
    lines = []
    if any(not p["by_lot"] for p in answer.facts["programmes"]):
        lines.append(
            Message(
                "Without a lot this holds if those reached would have gone on like the others; that both moved in "
                "parallel before is a sign of it, no proof."
            )
        )
        lines.append(
            Message(
                "Clients count while they are with the bank: money that left with those who closed their accounts is "
                "not in it, and whether the programme kept clients is not told by it."
            )
        )
    if (found.rows["row"] == THROUGH).any():
        lines.append(
            Message(
                "The part through loyalty holds if nothing else moves loyalty and money together; answers are not "
                "exact, which makes it look smaller than it is."
            )
        )
    for programme in answer.facts["programmes"]:
        name = programme["name"]
        gone = [find(found.rows, programme=name, outcome=LEFT, row=row) for row in (LEFT_REACHED, LEFT_OTHERS)]
        if gone[0] is not None and gone[1] is not None:
            values = {"name": programme_label(name, bank), "a": cell(gone[0], "percent"), "b": cell(gone[1], "percent")}
            lines.append(
                Message(
                    "“{name}”: of those reached {a} left a year after its start, of those never reached {b}.", values
                )
            )
    lines.append(
        Message(
            "The largest {share:share} of clients before the start are left out of all money: one of them would decide "
            "it. It is net new money, not income.",
            {"share": answer.facts["largest"]},
        )
    )
    return tuple(lines)


def change_refusals(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    """Say of which programmes and outcomes nothing can be told, and why."""
    lines = []
    for programme in answer.facts["programmes"]:
        name = programme_label(programme["name"], bank)
        if programme["why"]:
            lines.append(Message("{name}: {why}", {"name": name, "why": why_not(programme["why"])}))
            continue
        for outcome, reason in programme["refused"].items():
            values = {"name": name, "what": OUTCOMES[outcome], "why": why_not(reason)}
            lines.append(Message("{name}, {what}: {why}", values))
        beside = (("took", Message("those who took part")), ("loyal", Message("money through loyalty")))
        for key, what in beside:
            if programme[key]:
                lines.append(
                    Message("{name}, {what}: {why}", {"name": name, "what": what, "why": why_not(programme[key])})
                )
    return tuple(lines)


def change_estimates(answer: Answer, found: ChangeRows) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    months = {p["name"]: p["months"] or None for p in answer.facts["programmes"]}
    for row in found.rows.to_dict("records"):
        group = {"programme": str(row["programme"]), "outcome": str(row["outcome"])}
        lines.append(finding_row(f"change_{row['row']}", row, group=group, months=months[str(row["programme"])]))
    return lines
