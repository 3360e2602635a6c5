"""Loans: expected loss, defaults beside the forecast, what covers them, and on whom it hangs."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import BY, COVERS, LOANS, industry_label, why_not
from insights.reports.exhibits.rows import check_row, count_row, dated, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import TestResult
from insights.topics.evidence import Answer
from insights.topics.risk.credit import (
    BARE,
    CAME,
    CHANCE,
    FORETOLD,
    GRADES,
    INDEX,
    LOSS,
    P_GRADES,
    P_LEVEL,
    RATIO,
    SHORT,
    TOP_TEN,
    Credit,
)

UNLIKELY = 0.05
_TESTS = (
    (P_LEVEL, "defaults beside the forecast", "as many loans defaulted as were foretold"),
    (P_GRADES, "defaults by grade", "in every grade as many loans defaulted as were foretold"),
)


def credit(answer: Answer, found: Credit, bank: Bank) -> Exhibit:
    """Say what the loans may cost within twelve months, what covers them, and on whom it hangs."""
    title = _title(found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*_sentences(answer, found), *track_sentences(answer.facts, found.track)),
        figure=_figure(found, title, bank),
        tables=(_cover(found), _states(found), _hangs(found), *_falls(answer, found), *_grades(found)),
        basis=_basis(answer, bank),
        caveats=(
            Message(
                "The shares lost are the bank's assumption and in no interval: {lgd:percent} of what nothing covers, "
                "{covered:percent} of the rest.",
                {"lgd": answer.facts["lgd"], "covered": answer.facts["lgd_covered"]},
            ),
            Message("Drawn at the month's end is what is lost on; limits not drawn are not counted."),
            Message("Covers are told at the values that the bank has on file; a fall of markets is told apart."),
        ),
        refusals=credit_refusals(answer.facts),
        estimates=tuple(credit_estimates(found)),
        checks=tuple(_checks(found)),
    )


def _title(found: Credit) -> Message:
    loss = find(found.rows, measure=LOSS)
    if loss is not None:
        values = {"loss": loss.value, "low": loss.low, "high": loss.high}
        return Message("Expected loss on loans in twelve months: {loss:money} ({low:money} to {high:money})", values)
    return Message("What covers the loans, and on whom they hang")


def _sentences(answer: Answer, found: Credit) -> tuple[Message, ...]:
    said = []
    chance = find(found.rows, measure=CHANCE)
    if chance is not None:
        values = {"p": chance.value, "low": chance.low, "high": chance.high}
        said.append(
            Message("{p:percent} of the loans default within twelve months ({low:percent} to {high:percent}).", values)
        )
    said += _tested(answer, found)
    top, bare = find(found.rows, measure=TOP_TEN, of="client_id"), find(found.rows, measure=BARE)
    if top is not None:
        said.append(Message("The ten largest borrowers have {share:percent} of what is drawn.", {"share": top.value}))
    if bare is not None:
        said.append(Message("{money:money} are covered by nothing.", {"money": bare.value}))
    return tuple(said)


def _tested(answer: Answer, found: Credit) -> list[Message]:
    """Say how many defaults came beside those foretold, and whether the forecast is wrong by more than chance."""
    ratio = find(found.rows, measure=RATIO)
    if ratio is None:
        return []
    values: dict[str, Any] = {
        "x": ratio.value,
        "low": ratio.low,
        "high": ratio.high,
        "years": 12 * answer.facts["years"],
    }
    said = [
        Message(
            "Defaults of the last {years:months} were {x:number} times those foretold a year before ({low:number} to "
            "{high:number}).",
            values,
        )
    ]
    level, grades = (find(found.rows, measure=m) for m in (P_LEVEL, P_GRADES))
    if level is not None and level.value < UNLIKELY:
        said.append(Message("That is more than chance: the level of the forecast cannot be relied on."))
    elif grades is not None and grades.value < UNLIKELY:
        said.append(Message("By grade the forecast is wrong by more than chance: see the table."))
    return said


def _checks(found: Credit) -> list[dict[str, Any]]:
    """Return the tests of level and of grades, as far as they may be told."""
    told = [(name, null, find(found.rows, measure=m)) for m, name, null in _TESTS]
    return [check_row(TestResult(name, null, p_value=p.value)) for name, null, p in told if p is not None]


def _grades(found: Credit) -> tuple[Table, ...]:
    if found.grades is None:
        return ()
    rows = []
    for grade in sorted(set(found.grades["grade"]), key=int):
        told, came = (find(found.grades, measure=m, grade=grade) for m in (FORETOLD, CAME))
        row: dict[str, Any] = {"grade": str(grade), "n": None if told is None else float(told.n)}
        rows.append(row | {"foretold": cell(told, "percent"), "came": cell(came, "percent")})
    if all(row["foretold"] is None for row in rows):
        return ()
    columns = (
        Column("grade", Message("Grade (1: lowest chance)")),
        Column("n", Message("Loans at the beginning of a year"), "count"),
        Column("foretold", Message("Defaults foretold")),
        Column("came", Message("Defaults that came")),
    )
    return (Table(columns, tuple(rows), Message("Defaults within a year, by the chance foretold")),)


def track_sentences(facts: dict[str, Any], rows: pd.DataFrame | None) -> tuple[Message, ...]:
    """Say how good past warnings of loans were: hits, false alarms, misses, lead time."""
    if rows is None:
        return ()
    told = {str(r["what"]): number(r["rows"]) for r in rows.to_dict("records")}
    values: dict[str, Any] = {"n": told.get("warnings"), "hits": told.get("hits"), "false": told.get("false_alarms")}
    values |= {"months": facts["track"], "m": told.get("defaults"), "warned": told.get("warned")}
    said = []
    if values["n"] is not None and values["hits"] is not None:
        said.append(
            Message(
                "Past warnings of loans, the first of each client in {months:months}: {n:count}; a default followed "
                "within a year in {hits:count}, {false:count} were false alarms.",
                values,
            )
        )
    elif values["n"]:
        said.append(
            Message(
                "Past warnings of loans, the first of each client in {months:months}: {n:count}; so few were followed "
                "by a default within a year, or by none, that their number is withheld.",
                values,
            )
        )
    if values["m"] is not None and values["warned"] is not None:
        values["lead"] = told.get("lead")
        said.append(
            Message(
                "Of {m:count} defaults {warned:count} were warned of, half of them {lead:months} ahead or more.", values
            )
            if values["lead"] is not None
            else Message("Of {m:count} defaults {warned:count} were warned of.", values)
        )
    elif values["m"]:
        said.append(
            Message(
                "Of {m:count} defaults so few were warned of beforehand, or so few were not, that their number is "
                "withheld.",
                values,
            )
        )
    return tuple(said)


def credit_refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say what could not be told of the loans, and why."""
    names = {
        LOSS: Message("Expected loss"),
        RATIO: Message("Defaults beside the forecast"),
        GRADES: Message("Defaults by grade"),
    }
    return tuple(
        Message("{what}: {why}", {"what": names[k], "why": why_not(v)}) for k, v in sorted(facts["why"].items())
    )


def _basis(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    lines = [Message("Loans of the last month on record, {month:month}.", {"month": answer.facts["month"]})]
    if LOSS not in answer.facts["why"]:
        lines.append(
            Message("Too few defaults to tell loans apart: all are given the same chance, that of all loans on record.")
            if answer.facts["one_rate"]
            else Message(
                "Chance of default by how much of the collateral is drawn and by lateness (discrete-time hazard), "
                "brought to twelve months with lateness coming and going as it has."
            )
        )
        lines.append(Message("Intervals: the number of defaults on record (Poisson)."))
    if answer.facts["years"]:
        lines.append(
            Message(
                "Each year is held against what was learned before it began; a loan counts as long as it ran. Grades: "
                "loans by the chance foretold, in groups of equal size (observed by Kaplan-Meier)."
            )
        )
    lines.append(
        Message(
            "A warning begins when a loan becomes late or more than {share:percent} of its collateral is drawn.",
            {"share": answer.facts["cover"]},
        )
    )
    return dated(bank, *lines)


def _figure(found: Credit, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {"label": industry_label(str(r["industry"]), bank), "value": number(r["amount"])}
        for r in found.industry.to_dict("records")
    ]
    if len(bars) < 2:
        return None
    data = {"bars": bars, "kind": "money", "x_label": Message("Drawn, by industry of the borrower")}
    return Figure("bars", data, Message("What is drawn, by industry. {title}.", {"title": title}))


def _cover(found: Credit) -> Table:
    rows: list[dict[str, Any]] = [
        {"cover": COVERS[str(r["cover"])], "clients": number(r["clients"]), "amount": number(r["amount"])}
        for r in found.cover.to_dict("records")
    ]
    amounts = [row["amount"] for row in rows]
    if all(a is not None for a in amounts):
        total = sum(a for a in amounts if a is not None)
        rows.insert(
            0, {"cover": Message("drawn, before guarantees and insurance"), "clients": Message("–"), "amount": total}
        )
    columns = (
        Column("cover", Message("Exposure")),
        Column("clients", Message("Clients"), "count"),
        Column("amount", Message("Amount"), "money"),
    )
    return Table(columns, tuple(rows), Message("Exposure before and after guarantees and insurance"))


def _states(found: Credit) -> Table:
    rows = tuple(
        {"state": LOANS[str(r["state"])], "clients": number(r["clients"])}
        for r in found.states.to_dict("records")
        if r["clients"] != 0
    )
    columns = (Column("state", Message("State of the loan")), Column("clients", Message("Clients"), "count"))
    return Table(columns, rows, Message("Loans by state"))


def _hangs(found: Credit) -> Table:
    rows = []
    for by, label in BY.items():
        own = found.rows[(found.rows["of"] == by) & (found.rows["measure"] == INDEX)]
        if own.empty:
            continue
        index, top = find(found.rows, measure=INDEX, of=by), find(found.rows, measure=TOP_TEN, of=by)
        row: dict[str, Any] = {"by": label, "index": None if index is None else 10_000 * index.value}
        row["as"] = None if index is None else 1 / index.value
        row["top"] = (
            Message("–") if by == "industry" else None if top is None else Message("{v:percent}", {"v": top.value})
        )
        rows.append(row)
    columns = (
        Column("by", Message("Concentration")),
        Column("index", Message("Herfindahl index (one has all: 10,000)"), "count"),
        Column("as", Message("As many of equal size"), "count"),
        Column("top", Message("Share of the ten largest")),
    )
    return Table(columns, tuple(rows), Message("On whom the loans hang"))


def _falls(answer: Answer, found: Credit) -> tuple[Table, ...]:
    rows = []
    for fall in answer.facts["falls"]:
        short = find(found.rows, measure=SHORT, of=fall)
        share = float(fall.rstrip("%")) / 100
        row: dict[str, Any] = {"fall": Message("{v:percent}", {"v": share}), "short": cell(short, "money")}
        rows.append(row | {"n": None if short is None else float(short.n)})
    columns = (
        Column("fall", Message("If collateral fell by")),
        Column("n", Message("Loans short of cover"), "count"),
        Column("short", Message("Shortfall")),
    )
    return (Table(columns, tuple(rows), Message("What a fall of the collateral would leave uncovered")),)


def credit_estimates(found: Credit) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    for row in found.rows[found.rows["unit"] != "p"].to_dict("records"):
        group = {"of": str(row["of"])} if row["of"] else {}
        lines.append(
            finding_row(str(row["measure"]), row, group=group, months=12 if row["measure"] in (LOSS, CHANCE) else None)
        )
    for row in [] if found.grades is None else found.grades.to_dict("records"):
        group = {"grade": str(row["grade"])}
        lines.append(finding_row(f"default_{row['measure']}", row, group=group, months=12))
    for r in found.cover.to_dict("records"):
        lines.append(count_row("drawn", r["amount"], unit="money", group={"cover": str(r["cover"])}))
    for r in found.industry.to_dict("records"):
        lines.append(count_row("drawn", r["amount"], unit="money", group={"industry": str(r["industry"])}))
    for r in found.states.to_dict("records"):
        lines.append(count_row("loans", r["clients"], unit="clients", group={"state": str(r["state"])}))
    return [*lines, *track_estimates(found.track)]


def track_estimates(rows: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return how good past warnings were as rows of a finding."""
    if rows is None:
        return []
    return [
        count_row(f"loan_{r['what']}", r["rows"], unit="months" if r["what"] == "lead" else "loans")
        for r in rows.to_dict("records")
    ]
