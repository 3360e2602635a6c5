"""Incidents by process, those not reported yet included, and how good that guess was a year ago."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.risk.incidents import SPAN, YEAR
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import kind_label, why_not
from insights.reports.exhibits.rows import check_row, dated, needed, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import TestResult
from insights.topics.evidence import Answer
from insights.topics.risk.operational import (
    BEFORE,
    COST,
    COST_OF,
    KNOWN,
    P_LOGS,
    P_MANAGERS,
    P_MIX,
    RATE,
    SINCE,
    SPREAD,
    TOTAL,
    Operational,
)

UNLIKELY = 0.05
_YEARS = {
    "0.5": Message("every second year"),
    "0.95": Message("one year of twenty"),
    "0.99": Message("one year of a hundred"),
}
_TESTS = (
    (P_MANAGERS, "variation between managers", "managers differ by chance alone"),
    (P_MIX, "mix of processes by manager", "every manager has the same mix of processes"),
    (P_LOGS, "law of the losses", "the logs of the losses are normally distributed"),
)


def operational(answer: Answer, found: Operational, bank: Bank) -> Exhibit:
    """Say how many incidents happened, reported or not, and which process fails most often."""
    title = _title(found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*operational_sentences(found), *_most(found, bank), *_cost(found), *_managers(found), *_mix(found)),
        figure=_figure(found, title, bank),
        tables=(_table(answer, found, bank), *_costs(found)),
        basis=dated(
            bank,
            Message(
                "Rates per thousand clients and year over {span:months}; the total over {months:months}.",
                {"span": answer.facts["span"], "months": answer.facts["months"]},
            ),
            Message(
                "Incidents not reported yet are added by how late earlier ones were reported, the truncation of recent "
                "delays allowed for (Lawless 1994). Intervals: chance, the rate and the delays."
            ),
            *_together(answer.facts),
        ),
        caveats=(
            Message("Delays are taken to be the same for all processes, and the same as in the past."),
            Message(
                "{share:percent} of the reported incidents have a known loss.", {"share": answer.facts["loss_known"]}
            ),
            Message("An incident that is never reported is in no number here."),
            *_cost_caveats(found),
        ),
        refusals=_refusals(answer.facts),
        checks=tuple(_checks(found)),
        estimates=tuple(operational_estimates(found)),
    )


def _title(found: Operational) -> Message:
    total = find(found.rows, kind="", measure=TOTAL)
    if total is None:
        return Message("How often each process fails")
    values = {"n": total.value, "low": total.low, "high": total.high}
    return Message(
        "About {n:count} incidents in twelve months ({low:count} to {high:count}), late reports included", values
    )


def operational_sentences(found: Operational) -> tuple[Message, ...]:
    """Return how much of the year is known, and how good the same guess was a year ago."""
    said = []
    known = find(found.rows, kind="", measure=KNOWN)
    if known is not None:
        said.append(
            Message(
                "{share:percent} of the incidents of the last twelve months are reported by now, as delays have been.",
                {"share": known.value},
            )
        )
    before, since = (find(found.rows, kind="", measure=m) for m in (BEFORE, SINCE))
    if before is not None and since is not None:
        values = {"n": before.value, "low": before.low, "high": before.high, "seen": since.value}
        said.append(
            Message(
                "A year ago the same method said {n:count} incidents ({low:count} to {high:count}) for the year "
                "before; by now {seen:count} of them are reported.",
                values,
            )
        )
    return tuple(said)


def _most(found: Operational, bank: Bank) -> tuple[Message, ...]:
    rows = found.rows[(found.rows["measure"] == RATE) & (found.rows["kind"] != "") & found.rows["value"].notna()]
    if len(rows) < 2:
        return ()
    top = rows.sort_values(["value", "kind"], ascending=[False, True]).iloc[0]
    values = {"kind": kind_label(str(top["kind"]), bank), "v": float(top["value"])}
    apart = float(top["low"]) > float(rows.sort_values("value")["value"].iloc[-2])
    return (
        Message("Most often: {kind}, {v:tenths} per thousand clients and year.", values)
        if apart
        else Message(
            "Most often: {kind}, {v:tenths} per thousand clients and year; the intervals overlap, so the order may be "
            "chance.",
            values,
        ),
    )


def _cost(found: Operational) -> tuple[Message, ...]:
    """Say what incidents may cost in a year."""
    bad, expected = find(found.rows, measure=COST_OF, of="0.95"), find(found.rows, measure=COST)
    if bad is None or expected is None:
        return ()
    values = {"mean": expected.value, "bad": bad.value, "low": bad.low, "high": bad.high}
    return (
        Message(
            "They cost {mean:money} a year on average, and {bad:money} or more ({low:money} to {high:money}) in one "
            "year of twenty.",
            values,
        ),
    )


def _managers(found: Operational) -> tuple[Message, ...]:
    """Say whether managers differ by more than chance in how many incidents they have."""
    spread, p = find(found.rows, measure=SPREAD), find(found.rows, measure=P_MANAGERS)
    if spread is None or p is None:
        return ()
    if p.value < UNLIKELY:
        return (
            Message(
                "Managers differ by more than chance in how many incidents they have (standard deviation "
                "{sd:percent} of the average); who stands out is in the list for internal control only.",
                {"sd": spread.value},
            ),
        )
    return (Message("Managers do not differ by more than chance in how many incidents they have for as many clients."),)


def _mix(found: Operational) -> tuple[Message, ...]:
    """Say whether some managers have other incidents than the rest."""
    p = find(found.rows, measure=P_MIX)
    if p is None:
        return ()
    if p.value < UNLIKELY:
        return (Message("Some managers fail in other processes than the rest: the list says in which."),)
    return (Message("All managers fail in the same processes, as far as can be told."),)


def _together(facts: dict[str, Any]) -> tuple[Message, ...]:
    if not facts["together"]:
        return ()
    return (
        Message(
            "Processes and managers together, per client and month of each manager: a factor of each manager that all "
            "processes share (negative binomial); the intervals of the rates hold that managers differ."
        ),
    )


def _costs(found: Operational) -> tuple[Table, ...]:
    rows: list[dict[str, Any]] = []
    for of, label in _YEARS.items():
        if ((found.rows["measure"] == COST_OF) & (found.rows["of"] == of)).any():
            rows.append({"year": label, "cost": cell(find(found.rows, measure=COST_OF, of=of), "money")})
    if not rows:
        return ()
    columns = (Column("year", Message("Year")), Column("cost", Message("Incidents cost at least")))
    return (Table(columns, tuple(rows), Message("What incidents may cost in a year")),)


def _cost_caveats(found: Operational) -> tuple[Message, ...]:
    if not (found.rows["measure"] == COST_OF).any():
        return ()
    lines = [
        Message(
            "Cost of a year: as many incidents as come by chance (Poisson), each with a lognormal loss; one larger "
            "than any on record may follow another law. What is recovered later is not taken off."
        )
    ]
    p = find(found.rows, measure=P_LOGS)
    if p is not None and p.value < UNLIKELY:
        lines.append(Message("The known losses do not follow that law: the cost of bad years is a rough guess."))
    return tuple(lines)


def _checks(found: Operational) -> list[dict[str, Any]]:
    told = [(name, null, find(found.rows, measure=m)) for m, name, null in _TESTS]
    return [check_row(TestResult(name, null, p_value=p.value)) for name, null, p in told if p is not None]


def _refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    names = {COST: Message("What incidents may cost"), SPREAD: Message("Incidents by manager")}
    lines = [(names[k], why_not(v)) for k, v in sorted(facts["why"].items())]
    if facts["missing"]:
        lines.append((names[SPREAD], needed(facts["missing"])))
    return tuple(Message("{what}: {why}", {"what": what, "why": why}) for what, why in lines)


def _figure(found: Operational, title: Message, bank: Bank) -> Figure | None:
    rows = found.rows[(found.rows["measure"] == RATE) & (found.rows["kind"] != "")]
    bars = []
    for kind in rows["kind"]:
        told = find(rows, kind=kind)
        if told is not None:
            bars.append({"label": kind_label(str(kind), bank), "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "tenths", "x_label": Message("Incidents per thousand clients and year")}
    return Figure(
        "bars",
        data,
        Message("Incidents per thousand clients and year by process, with intervals. {title}.", {"title": title}),
    )


def _table(answer: Answer, found: Operational, bank: Bank) -> Table:
    loss = {} if found.loss is None else dict(zip(found.loss["kind"], found.loss["amount"], strict=True))
    rows: list[dict[str, Any]] = []
    for row in found.reported.to_dict("records"):
        kind = str(row["kind"])
        line = {
            "kind": kind_label(kind, bank),
            "reported": number(row["reported"]),
        }
        line["rate"] = cell(find(found.rows, kind=kind, measure=RATE), "tenths")
        line["loss"] = number(loss[kind]) if kind in loss else Message("–")
        rows.append(line)
    if "other" in loss:
        rows.append(
            {
                "kind": kind_label("other", bank),
                "reported": Message("–"),
                "rate": Message("–"),
                "loss": number(loss["other"]),
            }
        )
    columns = (
        Column("kind", Message("Process")),
        Column("reported", Message("Reported"), "count"),
        Column("rate", Message("Per thousand clients and year, late reports included")),
        Column("loss", Message("Known losses"), "money"),
    )
    return Table(columns, tuple(rows), Message("Incidents of {span:months} by process", {"span": answer.facts["span"]}))


def operational_estimates(found: Operational) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    for row in found.rows[found.rows["unit"] != "p"].to_dict("records"):
        group = {name: str(row[name]) for name in ("kind", "of") if row[name]}
        lines.append(
            finding_row(
                str(row["measure"]), row, group=group, months=SPAN if row["measure"] in (RATE, SPREAD) else YEAR
            )
        )
    return lines
