"""Fraud: what is screened, how often alerts were right at what analysts can do, what they caught and missed."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import FRAUD_RULES, why_not
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording import Wording
from insights.topics.evidence import Answer
from insights.topics.risk.fraud import (
    ALERTS,
    AREA,
    BASE,
    CAUGHT,
    CONFIRMED,
    HITS,
    LATE,
    MISSED,
    OF_KNOWN,
    OPEN,
    PER_DAY,
    RULES,
    SAMPLED,
    SCREENED,
    Screening,
)

_NAMES = {
    "trial": Message("How good alerts are"),
    "learning": Message("Learning from labels"),
    "missed": Message("Frauds below the threshold"),
}
_MEASURES = (
    (CONFIRMED, Message("Alerts that were frauds, at least"), "percent"),
    (OF_KNOWN, Message("Frauds among the alerts that were looked into"), "percent"),
    (AREA, Message("Area under the curve of precision and recall"), "percent"),
    (BASE, Message("The same for a blind order"), "percent"),
    (PER_DAY, Message("Alerts a day"), "tenths"),
    (MISSED, Message("Frauds below the threshold, from the drawn sample"), "count"),
    (LATE, Message("Frauds whose outcome came later than the waiting time"), "percent"),
)


def fraud(answer: Answer, found: Screening, bank: Bank) -> Exhibit:
    """Say how many payments are screened, and how good the alerts of a past year would have been."""
    title = _title(answer.facts, found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer.facts, found),
        figure=_figure(found, title),
        tables=_tables(found),
        basis=_basis(answer.facts, found, bank),
        caveats=_caveats(answer.facts),
        refusals=fraud_refusals(answer.facts),
        estimates=tuple(fraud_estimates(found)),
    )


def fraud_refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say what could not be told of fraud, and why."""
    told = [(name, facts["why"][name]) for name in _NAMES if name in facts["why"]]
    return tuple(Message("{what}: {why}", {"what": _NAMES[name], "why": why_not(why)}) for name, why in told)


def count_of(found: Screening, what: str) -> float | None:
    """Return how many payments: screened, open alerts, drawn; None where withheld."""
    rows = found.counts.loc[found.counts["what"] == what, "rows"]
    return None if rows.empty else number(rows.iloc[0])


def _title(facts: dict[str, Any], found: Screening) -> Message:
    values: dict[str, Any] = {"n": count_of(found, SCREENED), "c": facts["capacity"]}
    confirmed = None if found.rows is None else find(found.rows, measure=CONFIRMED)
    if confirmed is not None:
        values |= {"share": confirmed.value}
        return Message("With {c:tenths} cases a day, at least {share:percent} of alerts were frauds", values)
    if values["n"] is None:
        return Message("Payments are screened for fraud", values)
    return Message("{n:count} payments screened for fraud; how good the alerts are cannot be told yet", values)


def _sentences(facts: dict[str, Any], found: Screening) -> tuple[Message, ...]:
    said = []
    n, waiting = count_of(found, SCREENED), count_of(found, OPEN)
    values: dict[str, Any] = {"n": n, "open": waiting, "c": facts["capacity"], "d": facts["open_days"]}
    values |= {"cost": facts["case_cost"], "begins": facts["begins"], "ends": facts["ends"]}
    if n is not None and found.rows is not None:
        said.append(Message("{n:count} payments are screened; analysts can look into {c:tenths} a day.", values))
    else:
        said.append(Message("Analysts can look into {c:tenths} payments a day.", values))
    if waiting is not None:
        said.append(Message("Of the last {d:count} days {open:count} payments wait to be looked into.", values))
    if found.rows is not None:
        said += fraud_sentence(facts, found)
        said += _caught(facts, found)
        missed = find(found.rows, measure=MISSED)
        if missed is not None:
            values |= {"missed": missed.value, "least": missed.low, "most": missed.high}
            said.append(
                Message(
                    "Below the threshold about {missed:count} frauds are missed ({least:count} to {most:count}).",
                    values,
                )
            )
    if facts["bound_by"] == "cost":
        said.append(
            Message("The threshold is set by cost: a case is opened if it saves more than {cost:money}.", values)
        )
    else:
        said.append(Message("The threshold is set by what analysts can do.", values))
    return tuple(said)


def fraud_sentence(facts: dict[str, Any], found: Screening) -> tuple[Message, ...]:
    """Say how often past alerts were right, where that is known."""
    known = None if found.rows is None else find(found.rows, measure=OF_KNOWN)
    if known is None:
        return ()
    values = {"share": known.value, "low": known.low, "high": known.high}
    return (
        Message(
            "Of the alerts of fraud of {begins:date} to {ends:date} that were looked into, {share:percent} were frauds "
            "({low:bare_percent} to {high:bare_percent}).",
            values | {"begins": facts["begins"], "ends": facts["ends"]},
        ),
    )


def _caught(facts: dict[str, Any], found: Screening) -> list[Message]:
    assert found.money is not None
    money = {str(r["caught"]): number(r["amount"]) for r in found.money.to_dict("records")}
    total = None if any(v is None for v in money.values()) else sum(v for v in money.values() if v is not None)
    caught = money.get(CAUGHT)
    if caught is None or total is None:
        return []
    return [
        Message(
            "Alerts caught {caught:money} of the {total:money} that the frauds found in that time took.",
            {"caught": caught, "total": total},
        ),
        Message(
            "If {share:percent} of what is found in time is saved, alerts avoided a loss of {saved:money} in that "
            "year.",
            {"share": facts["recovered"], "saved": caught * facts["recovered"]},
        ),
    ]


def _figure(found: Screening, title: Message) -> Figure | None:
    if found.rows is None:
        return None
    bars = []
    named = [(CONFIRMED, "", Message("all alerts")), *((HITS, rule, FRAUD_RULES[rule]) for rule in RULES)]
    for measure, of, label in named:
        told = find(found.rows, measure=measure, of=of)
        if told is not None:
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if len(bars) < 2:
        return None
    data = {"bars": bars, "kind": "percent", "x_label": Message("Share that was labelled a fraud"), "in_order": True}
    return Figure("bars", data, Message("Share of frauds among alerts and by rule. {title}.", {"title": title}))


def _tables(found: Screening) -> tuple[Table, ...]:
    counts = [
        (SCREENED, Message("Payments screened")),
        (ALERTS, Message("Alerts in the year of the test")),
        (OPEN, Message("Open alerts of the last days")),
        (SAMPLED, Message("Drawn below the threshold, to be looked into as well")),
    ]
    there = set(found.counts["what"])
    rows: list[dict[str, Any]] = [
        {"what": label, "value": Message("{n:count}", {"n": n}) if (n := count_of(found, what)) is not None else None}
        for what, label in counts
        if what in there
    ]
    if found.rows is not None:
        measures = set(found.rows["measure"])
        rows += [
            {"what": label, "value": cell(find(found.rows, measure=name), kind)}
            for name, label, kind in _MEASURES
            if name in measures
        ]
    columns = (Column("what", Message("What")), Column("value", Message("Value")))
    tables = [Table(columns, tuple(rows), Message("Payments screened, and how good the alerts were"))]
    if found.rows is not None:
        own = found.rows[found.rows["measure"] == HITS]
        if len(own):
            lines = tuple(
                {"rule": FRAUD_RULES[rule], "hits": cell(find(own, of=rule), "percent")}
                for rule in own["of"].astype(str)
            )
            heads = (Column("rule", Message("Rule")), Column("hits", Message("Were labelled a fraud")))
            tables.append(Table(heads, lines, Message("How often each rule was right")))
    return tuple(tables)


def _basis(facts: dict[str, Any], found: Screening, bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message(
            "Each payment is held against the client's earlier ones: amount, payee, channel, how many in a week; and "
            "against others who began to pay the same payee. Rules and an isolation forest (Liu, Ting & Zhou 2008)."
        )
    ]
    if found.rows is not None:
        values = {"begins": facts["begins"], "ends": facts["ends"], "days": facts["days"]}
        lines.append(
            Message(
                "Tested on the payments of {begins:date} to {ends:date}, with a threshold and scores from what was "
                "known before them; outcomes had {days:count} days to come.",
                values,
            )
        )
        if facts["learned"]:
            lines.append(
                Message(
                    "The order is learned: boosted trees, frauds against all payments whose outcome would be known "
                    "(Elkan & Noto 2008)."
                )
            )
    return dated(bank, *lines)


def _caveats(facts: dict[str, Any]) -> tuple[Message, ...]:
    return (
        Message(
            "Only what was looked into has a known outcome. “At least” counts every other alert as no fraud; how many "
            "really were lies between that and the share among those looked into."
        ),
        Message(
            "{share:percent} of the payments below the threshold is drawn by lot for the analysts: without it nobody "
            "knows what is missed.",
            {"share": facts["sample"]},
        ),
        Message("Suspicion is no proof. The list goes to the fraud desk only, never to relationship managers."),
    )


def fraud_estimates(found: Screening) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = [
        count_row("payments", r["rows"], unit="payments", group={"what": str(r["what"])})
        for r in _records(found.counts)
    ]
    if found.rows is None:
        return lines
    for row in _records(found.rows):
        lines.append(finding_row(str(row["measure"]), row, group={"rule": str(row["of"])} if row["of"] else {}))
    for name, cells, unit in (("amount", found.money, "money"), ("clients", found.victims, "clients")):
        assert cells is not None
        for row in _records(cells):
            lines.append(count_row(f"fraud_{name}", row[name], unit=unit, group={"caught": str(row["caught"])}))
    return lines


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


_HEADS = {
    "place": Message("Rank"),
    "drawn_by": Message("Why it is here"),
    "transactions_id": Message("Booking"),
    "client_id": Message("Client"),
    "booked_on": Message("Booked on"),
    "amount": Message("Amount ({currency})"),
    "counterparty": Message("Payee"),
    "rules": Message("Rules that strike"),
}
_WHY = {"score": Message("unusual"), "lot": Message("drawn by lot")}


def alerts_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the payments to look into as their reader sees them."""
    struck = ["; ".join(wording.text(FRAUD_RULES[r]) for r in str(codes).split(",") if r) for codes in rows["rules"]]
    why = [wording.text(_WHY[code]) for code in rows["drawn_by"]]
    named = {"currency": bank.settings.bank.currency}
    heads = {name: wording.heading(Message(head.id, named)) for name, head in _HEADS.items()}
    return rows.assign(rules=struck, drawn_by=why).rename(columns=heads)
