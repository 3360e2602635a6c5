"""Page one: what is burning, what is smouldering, what went out, and how good past warnings were."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.risk.collateral import worst_values
from insights.reports.exhibits.risk.compliance import compliance_estimates, state_count
from insights.reports.exhibits.risk.credit import credit_estimates, credit_refusals
from insights.reports.exhibits.risk.fraud import count_of, fraud_sentence
from insights.reports.exhibits.risk.liquidity import (
    alarms,
    days_told,
    is_short,
    liquidity_estimates,
    liquidity_refusals,
)
from insights.reports.exhibits.risk.market import market_estimates
from insights.reports.exhibits.risk.operational import operational_estimates, operational_sentences
from insights.reports.exhibits.risk.register import fate_estimates, quarter_sentences
from insights.reports.exhibits.risk.reputation import (
    design_sentences,
    outbreak_message,
    reputation_estimates,
    reputation_refusals,
)
from insights.reports.exhibits.risk.security import overdue_message
from insights.reports.exhibits.risk.warnings import came_true
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import find
from insights.topics.evidence import Answer
from insights.topics.risk.compliance import BREACH, EXPIRED, SOON, STALE
from insights.topics.risk.credit import LOSS
from insights.topics.risk.fraud import OPEN
from insights.topics.risk.liquidity import DAYS, RUN, TIGHT
from insights.topics.risk.market import OVER
from insights.topics.risk.operational import TOTAL
from insights.topics.risk.overview import Overview

_LEVELS = {
    "burning": Message("Burning"),
    "smouldering": Message("Smouldering"),
    "out": Message("Went out within a year"),
}


def overview(answer: Answer, found: Overview, bank: Bank) -> Exhibit:
    """Say what is burning, what is smouldering, what went out, and how good past warnings were."""
    lines = {
        "burning": _burning(answer, found),
        "smouldering": _smouldering(answer, found, bank),
        "out": _out(answer, found),
    }
    facts = answer.facts
    said: list[Message] = [*quarter_sentences(facts, found.quarter)]
    if found.warnings is not None and (year := came_true(facts["warnings"], found.warnings)) is not None:
        said.append(Message("{what}.", {"what": year}))
    if found.fraud is not None:
        said += fraud_sentence(facts["fraud"], found.fraud)
    if found.operational is not None:
        said += operational_sentences(found.operational)[1:]
    rows = [{"level": _LEVELS[k], "what": what} for k, own in lines.items() for what in own or [Message("nothing")]]
    columns = (Column("what", Message("What")), Column("level", Message("State")))
    return Exhibit(
        id=answer.id,
        title=_title(lines),
        sentences=tuple(said),
        tables=(Table(columns, tuple(rows), Message("What is burning, what is smouldering, what went out")),),
        basis=dated(
            bank,
            Message(
                "Burning: a duty is broken, money is expected to be lost, or an outbreak goes on. Smouldering: it will "
                "burn if nobody acts. Each line is told in full, with what it rests on, further down."
            ),
            *design_sentences(facts["reputation"]),
        ),
        refusals=_refusals(answer, found),
        estimates=tuple(_estimates(found)),
    )


def _title(lines: dict[str, list[Message]]) -> Message:
    values: dict[str, Any] = {"what": lines["burning"][:2], "n": len(lines["smouldering"])}
    if not lines["burning"]:
        return Message("Nothing is burning; smouldering: {n:count}", values)
    return Message("Burning: {what}", values)


def _burning(answer: Answer, found: Overview) -> list[Message]:
    lines = []
    if found.liquidity is not None and is_short(answer.facts["liquidity"], found.liquidity):
        days = days_told(found.liquidity, RUN) or days_told(found.liquidity, TIGHT)
        assert days is not None, "days too few are told"
        values: dict[str, Any] = {"n": days.value, "low": days.low, "high": days.high}
        lines.append(
            Message("liquid assets would last {n:count} days ({low:count} to {high:count}) in a tight market", values)
        )
    if found.compliance is not None:
        told = found.compliance
        if told.suitability is not None:
            lines += _line(
                state_count(told.suitability, BREACH),
                Message("{n:count} clients with products above the risk they accept"),
                Message("products above the risk that clients accept: number of clients withheld"),
            )
        if told.papers is not None:
            lines += _line(
                state_count(told.papers, EXPIRED),
                Message("papers of {n:count} clients expired"),
                Message("expired papers: number of clients withheld"),
            )
    if found.reputation is not None:
        rows = found.reputation.outbreaks
        lines += [outbreak_message(_row(r)) for r in rows[rows["going_on"] == "yes"].to_dict("records")]
    if found.credit is not None:
        loss = find(found.credit.rows, measure=LOSS)
        if loss is not None:
            values = {"loss": loss.value, "low": loss.low, "high": loss.high}
            lines.append(Message("expected loss on loans in a year {loss:money} ({low:money} to {high:money})", values))
    overdue = overdue_message(answer.facts["audit"]) if answer.facts["audit"]["audit"] else None
    return [*lines, overdue] if overdue is not None else lines


def _line(count: float | None, line: Message, withheld: Message, **values: Any) -> list[Message]:
    """Return the line of a count; none for zero. A number that is withheld is no number: it must not read as zero."""
    if count is None:
        return [Message(withheld.id, values)]
    return [Message(line.id, {"n": count} | values)] if count else []


def _smouldering(answer: Answer, found: Overview, bank: Bank) -> list[Message]:
    lines = []
    if found.compliance is not None and found.compliance.papers is not None:
        lines += _line(
            state_count(found.compliance.papers, SOON),
            Message("papers of {n:count} clients expire within {d:count} days"),
            Message("papers that expire within {d:count} days: number of clients withheld"),
            d=answer.facts["compliance"]["days"],
        )
    if found.compliance is not None and found.compliance.profiles is not None:
        lines += _line(
            state_count(found.compliance.profiles, STALE),
            Message("risk profiles of {n:count} clients are stale"),
            Message("stale risk profiles: number of clients withheld"),
        )
    if found.credit is not None:
        states = found.credit.states
        for state, line in (
            ("watch", Message("{n:count} loans late, in default or near their collateral")),
            ("near collateral", Message("{n:count} loans near their collateral")),
            ("over collateral", Message("{n:count} loans above their collateral")),
            ("late", Message("{n:count} loans with a late payment")),
            ("in default", Message("{n:count} loans in default")),
        ):
            if (states["state"] == state).any() and (n := state_count(states, state)):
                lines.append(Message(line.id, {"n": n}))
        if states["clients"].isna().any():
            lines.append(Message("loans late, in default or near their collateral: number withheld"))
    if found.collateral is not None and (lack := worst_values(answer.facts["collateral"], found.collateral, bank)):
        lines.append(Message("in the scenario “{scenario}” {n:count} loans would lack {short:money} of cover", lack))
    if found.market is not None and found.market.tolerance is not None:
        lines += _line(
            state_count(found.market.tolerance, OVER),
            Message("{n:count} clients may lose more to markets than their tolerance allows"),
            Message("clients who may lose more to markets than their tolerance allows: number withheld"),
        )
    if found.liquidity is not None and answer.facts["liquidity"]["last"] in alarms(found.liquidity):
        lines.append(Message("deposits fall faster than usual (early warning)"))
    if found.fraud is not None:
        lines += _line(
            count_of(found.fraud, OPEN),
            Message("{n:count} payments wait to be looked into for fraud"),
            Message("payments wait to be looked into for fraud: number withheld"),
        )
    if found.operational is not None:
        total = find(found.operational.rows, kind="", measure=TOTAL)
        if total is not None and total.n_events is not None:
            values = {"n": max(total.value - total.n_events, 0.0)}
            lines.append(Message("about {n:count} incidents have happened and are not reported yet", values))
    return lines


def _out(answer: Answer, found: Overview) -> list[Message]:
    if found.reputation is None:
        return []
    rows = found.reputation.outbreaks
    rows = rows[(rows["going_on"] == "no") & (rows["last"] >= answer.facts["since"])]
    return [outbreak_message(_row(r)) for r in rows.sort_values("last", ascending=False).to_dict("records")]


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(k): v for k, v in row.items()}


def _refusals(answer: Answer, found: Overview) -> tuple[Message, ...]:
    lines: list[Message] = []
    if found.credit is not None:
        lines += credit_refusals(answer.facts["credit"])
    names = {"credit": Message("Loans"), "operational": Message("Incidents"), "compliance": Message("Compliance")}
    for name, label in names.items():
        if getattr(found, name) is None:
            lines.append(Message("{what}: cannot be told, see below", {"what": label}))
    if found.liquidity is not None:
        lines += liquidity_refusals(answer.facts["liquidity"])
    return (*lines, *reputation_refusals(answer.facts["reputation"]))


def _estimates(found: Overview) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    if found.compliance is not None:
        lines += compliance_estimates(found.compliance)
    if found.credit is not None:
        lines += [
            r for r in credit_estimates(found.credit) if r["name"] in (LOSS, "loans") or r["name"].startswith("loan_")
        ]
    if found.market is not None:
        lines += [r for r in market_estimates(found.market) if r["name"] == "clients_over_tolerance"]
    if found.liquidity is not None:
        lines += [r for r in liquidity_estimates(found.liquidity) if r["name"] == DAYS]
    if found.operational is not None:
        lines += [r for r in operational_estimates(found.operational) if not r["group"]]
    if found.reputation is not None:
        lines += reputation_estimates(found.reputation)
    return lines + fate_estimates(found.quarter)
