"""How good the warnings of a year ago were, kind by kind, what they saved at most, and the thresholds behind them."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.risk.warned import CREDIT, MARKET, PAPERS_DUE, PROFILE, SUITABILITY
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.risk.words import RISKS
from insights.reports.exhibits.rows import check_row, count_row, dated, estimate_row, number
from insights.reports.exhibits.told import cell
from insights.reports.wording.labels import code_label
from insights.stats.results import TestResult
from insights.topics.evidence import Answer
from insights.topics.risk.warnings import FALSE, HITS, Warnings

UNLIKELY = 0.05
_WARNED_OF = {
    PAPERS_DUE: Message("papers expire without new ones"),
    PROFILE: Message("the risk accepted is another one by now"),
    SUITABILITY: Message("the client complains or leaves"),
    MARKET: Message("markets take more than is accepted"),
    CREDIT: Message("the loan defaults"),
}
_AVOIDED = {
    CREDIT: Message("Expected loss of watched loans that fell away"),
    SUITABILITY: Message("Amount no longer above the client's tolerance"),
}
_THRESHOLDS = {
    "papers_days": (Message("Days before papers expire"), "count"),
    "profile_months": (Message("Months until a risk profile is stale"), "count"),
    "watch_cover": (Message("Share of the collateral from which a loan is watched"), "percent"),
    "false_alarm_months": (Message("Months to a false alarm of complaints and mentions"), "count"),
    "rise": (Message("Rise of complaints and mentions to be found (times)"), "tenths"),
    "least_days": (Message("Days that liquid assets should last"), "count"),
}

_DESKS = {
    "loans": Message("Loans not on watch, by expected loss"),
    "complaints": Message("Clients likely to complain"),
    "fraud": Message("Payments, for fraud"),
    "market": Message("Clients whom markets may take too much"),
    "staff": Message("Conduct of staff, by month"),
}
_BOUND_BY = {
    "capacity": Message("capacity: more cases would pay"),
    "cost": Message("cost: a case must save more than it costs"),
    "nothing": Message("none: nothing on record tells who will complain"),
    "tolerance": Message("the tolerance that clients state"),
    "false_alarms": Message("one false alarm in a hundred records"),
}


def warnings(answer: Answer, found: Warnings, bank: Bank) -> Exhibit:
    """Say what share of past warnings came true, which kinds tell anything, and why thresholds were revised."""
    facts = answer.facts
    return Exhibit(
        id=answer.id,
        title=_title(facts, found),
        sentences=(*_telling(found), *_avoided_sentence(found)),
        tables=(_lines(found), *_avoided(found), *_covers(facts, found), *_desks(facts), _thresholds(facts, bank)),
        basis=dated(
            bank,
            Message(
                "The register of {day:date} by today's rules on what was known then, followed for twelve months. "
                "Papers: all that fell due since; each was warned of {days:count} days before. Loans: those that were "
                "watched.",
                {"day": facts["day"], "days": facts["days"]},
            ),
            Message(
                "Shares follow from the rounded counts (intervals: Wilson). Warned and others are compared by an exact "
                "test, allowing for the number of kinds (Holm)."
            ),
        ),
        caveats=(
            Message(
                "A warning that is heeded does not come true: what did not come may have been prevented. Avoided "
                "losses are the most that warnings can have saved; without them some would have gone out too."
            ),
            Message(
                "What came is on record for warned and others alike, so misses are counted here, not estimated. Of "
                "fraud the sample below the threshold tells; of staff no table tells what internal control found."
            ),
        ),
        estimates=tuple(_estimates(found)),
        refusals=_refusals(facts, found),
        checks=tuple(_checks(found)),
    )


def _refusals(facts: dict[str, Any], found: Warnings) -> tuple[Message, ...]:
    if found.covers is None or not found.covers["clients"].isna().any():
        return ()
    return (
        Message(
            "What another threshold for loans would have warned of: so few defaults followed a warning in "
            "{months:months}, or so few warnings were none, that it is withheld.",
            {"months": facts["track"]},
        ),
    )


def _title(facts: dict[str, Any], found: Warnings) -> Message:
    return came_true(facts, found) or Message("What came of the warnings of {day:date}", {"day": facts["day"]})


def came_true(facts: dict[str, Any], found: Warnings) -> Message | None:
    """Return what share of the warnings of a year ago came true, as far as that is known and told; None without any."""
    told = [line for line in found.lines if line.share is not None]
    known, came = sum(line.came + line.false for line in told), sum(line.came for line in told)
    values = {"n": float(known), "day": facts["day"], "share": came / known if known else 0.0}
    if not known:
        return None
    return Message(
        "Of {n:count} warnings of {day:date} whose outcome is known, {share:percent} came true within a year", values
    )


def _telling(found: Warnings) -> tuple[Message, ...]:
    """Say which kinds of warnings came true more often than without one, and which did not."""
    said = []
    for line in found.lines:
        if line.share is None or line.others is None or math.isnan(line.p):
            continue
        values: dict[str, Any] = {"kind": RISKS[line.kind], "of": _WARNED_OF[line.kind]}
        values |= {"share": line.share.value, "others": line.others.value}
        more = line.p < UNLIKELY and line.share.value > line.others.value
        said.append(
            Message(
                "Warnings of {kind} tell something: {of} in {share:percent} of the cases with a warning, in "
                "{others:percent} without.",
                values,
            )
            if more
            else Message(
                "Warnings of {kind} tell no more than chance that {of}: {share:percent} with a warning, "
                "{others:percent} without.",
                values,
            )
        )
    return tuple(said)


def _avoided_sentence(found: Warnings) -> tuple[Message, ...]:
    if found.avoided is None:
        return ()
    told = {str(r["kind"]): number(r["amount"]) for r in found.avoided.to_dict("records")}
    less = told.get(CREDIT)
    return () if less is None else (Message("Losses avoided on loans: at most {money:money}.", {"money": less}),)


def _lines(found: Warnings) -> Table:
    rows = []
    for line in found.lines:
        row: dict[str, Any] = {"kind": RISKS[line.kind], "of": _WARNED_OF[line.kind]}
        row |= {"n": number(line.warned), "came": number(line.came), "false": number(line.false)}
        row |= {"open": number(line.open), "share": cell(line.share, "percent")}
        without = line.kind == PAPERS_DUE
        row["missed"] = (
            Message("–") if without else None if math.isnan(line.missed) else Message("{v:count}", {"v": line.missed})
        )
        row["others"] = Message("–") if without else cell(line.others, "percent")
        lead = Message("{months:tenths} months", {"months": line.lead})
        none = line.kind == PROFILE or line.came == 0
        row["lead"] = Message("–") if none else None if math.isnan(line.lead) else lead
        rows.append(row)
    columns = (
        Column("kind", Message("Warning of")),
        Column("of", Message("Comes true if")),
        Column("n", Message("Warned"), "count"),
        Column("came", Message("Hits"), "count"),
        Column("false", Message("False alarms, or heeded"), "count"),
        Column("open", Message("Not known yet"), "count"),
        Column("missed", Message("Missed: came without a warning")),
        Column("share", Message("Came true")),
        Column("others", Message("Without a warning")),
        Column("lead", Message("Lead time (half of the hits had more)")),
    )
    return Table(columns, tuple(rows), Message("Clients warned of a year ago, and what came"))


def _avoided(found: Warnings) -> tuple[Table, ...]:
    if found.avoided is None:
        return ()
    rows = tuple(
        {"what": _AVOIDED[str(r["kind"])], "n": number(r["clients"]), "amount": number(r["amount"])}
        for r in found.avoided.to_dict("records")
    )
    columns = (
        Column("what", Message("What was avoided, at most")),
        Column("n", Message("Clients"), "count"),
        Column("amount", Message("Amount"), "money"),
    )
    return (Table(columns, rows, Message("Losses avoided")),)


def _covers(facts: dict[str, Any], found: Warnings) -> tuple[Table, ...]:
    if found.covers is None or found.covers["clients"].isna().any():
        return ()
    rows = []
    for cover, own in found.covers.groupby("cover", sort=True):
        by = dict(zip(own["what"], own["clients"], strict=True))
        now = Message("{v:percent} (now)", {"v": float(str(cover))})
        other = Message("{v:percent}", {"v": float(str(cover))})
        row: dict[str, Any] = {"cover": now if cover == facts["cover"] else other}
        rows.append(row | {"hits": number(by[HITS]), "false": number(by[FALSE])})
    columns = (
        Column("cover", Message("Loans watched from")),
        Column("hits", Message("Hits"), "count"),
        Column("false", Message("False alarms"), "count"),
    )
    title = Message(
        "What another threshold would have warned of: first warnings of loans in {months:months}, and defaults within "
        "a year",
        {"months": facts["track"]},
    )
    return (Table(columns, tuple(rows), title),)


def _desks(facts: dict[str, Any]) -> tuple[Table, ...]:
    if not facts["desks"]:
        return ()
    rows = []
    for desk in facts["desks"]:
        row: dict[str, Any] = {"desk": _DESKS[desk["desk"]], "by": _BOUND_BY[desk["bound_by"]]}
        own = "cases" in desk
        row["cases"] = Message("{v:count}", {"v": desk["cases"]}) if own else Message("–")
        row["cost"] = Message("{v:money}", {"v": desk["cost"]}) if own else Message("–")
        rows.append(row | {"sample": Message("{v:percent}", {"v": desk["sample"]})})
    columns = (
        Column("desk", Message("Scored risk")),
        Column("cases", Message("Cases a month")),
        Column("cost", Message("Cost of a case")),
        Column("by", Message("What sets the threshold")),
        Column("sample", Message("Drawn by lot below it")),
    )
    return (Table(columns, tuple(rows), Message("Thresholds of scores, from capacity and cost")),)


def _thresholds(facts: dict[str, Any], bank: Bank) -> Table:
    rows = []
    for name, (label, kind) in _THRESHOLDS.items():
        last = next((r for r in facts["revised"] if r["threshold"] == name), None)
        row: dict[str, Any] = {"what": label, "now": Message(f"{{v:{kind}}}", {"v": facts["thresholds"][name]})}
        row |= {"before": Message("–"), "on": Message("–"), "why": Message("never revised")}
        if last is not None:
            row |= {"before": Message(f"{{v:{kind}}}", {"v": last["before"]})}
            row |= {"on": Message("{d:date}", {"d": last["on"]})}
            row["why"] = code_label("revision", last["why"], bank.settings.labels)
        rows.append(row)
    columns = (
        Column("what", Message("Threshold")),
        Column("now", Message("Now")),
        Column("before", Message("Before")),
        Column("on", Message("Revised on")),
        Column("why", Message("Why")),
    )
    return Table(columns, tuple(rows), Message("Thresholds of the settings, and the last revision of each"))


def _checks(found: Warnings) -> list[dict[str, Any]]:
    null = "what was warned of came to others as often"
    return [
        check_row(TestResult(f"warnings of {line.kind}", null, p_value=line.p))
        for line in found.lines
        if not math.isnan(line.p)
    ]


def _estimates(found: Warnings) -> list[dict[str, Any]]:
    lines = []
    for line in found.lines:
        group = {"risk": line.kind}
        for outcome, n in (("came", line.came), ("not", line.false), ("open", line.open)):
            lines.append(count_row("warned", n, unit="clients", group=group | {"outcome": outcome}))
        lines.append(count_row("came_unwarned", line.missed, unit="clients", group=group))
        if line.share is not None:
            lines.append(estimate_row("came_true", line.share, group=group, months=12))
        if line.others is not None:
            lines.append(estimate_row("came_without", line.others, group=group, months=12))
        lines.append(count_row("lead", line.lead, unit="months", group=group))
    for r in [] if found.avoided is None else found.avoided.to_dict("records"):
        lines.append(count_row("avoided", r["amount"], unit="money", group={"risk": str(r["kind"])}))
    for r in [] if found.covers is None else found.covers.to_dict("records"):
        group = {"cover": str(r["cover"]), "what": str(r["what"])}
        lines.append(count_row("loans_watched", r["clients"], unit="clients", group=group))
    return lines
