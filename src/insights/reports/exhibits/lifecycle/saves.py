"""Who stayed after a sign of leaving, who came back, and what leavers had spoken of."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.figures import reason_label
from insights.reports.exhibits.lifecycle.words import outcome_label, told_apart
from insights.reports.exhibits.rows import basis, check_row, count_row, records
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import TestResult
from insights.topics.evidence import Answer
from insights.topics.lifecycle.leavers import NO_NOTE, STAYERS, Topics
from insights.topics.lifecycle.saves import CONTACT, EVENT, HIGH_RISK, OFFER, OUTFLOW, STAYED, Saves

_SIGNS = {
    OUTFLOW: Message("clients with a large outflow"),
    HIGH_RISK: Message("clients at high risk (the highest tenth)"),
}
_MEASURES = {
    CONTACT: Message("contacted by the bank"),
    EVENT: Message("came to an event"),
    OFFER: Message("got an offer"),
}


def saves(answer: Answer, found: Saves, bank: Bank) -> Exhibit:
    """Say how many stayed after a sign of leaving, and whether the bank's contact went with it."""
    sentences, shares = [], {}
    for sign in answer.facts["signs"]:
        cells = found.outcomes[sign]
        stayed = cells.loc[cells["outcome"] == STAYED, "clients"]
        if cells["clients"].notna().all() and len(stayed):
            total = float(cells["clients"].sum())
            shares[sign] = float(stayed.iloc[0]) / total
            values = {"sign": _SIGNS[sign], "n": total, "share": shares[sign], "months": answer.facts["months"]}
            sentences.append(
                Message(
                    "Of {n:count} {sign}, {share:percent} were still with the bank {months:months} later.",
                    values,
                )
            )
    title = Message("How many of those about to leave stayed")
    if shares:
        sign = next(iter(shares))
        title = Message(
            "{share:percent} of {sign} stayed for a year",
            {"share": shares[sign], "sign": _SIGNS[sign]},
        )
    sentences += _contact_words(answer, found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=tuple(
            t for t in (*(_outcomes(s, found, bank) for s in answer.facts["signs"]), _measures(found)) if t.rows
        ),
        basis=basis(
            bank,
            Message(
                "A contact counts if it came within {wait:months} of the sign; then everybody still there is followed "
                "for {months:months}.",
                {"wait": answer.facts["wait"], "months": answer.facts["months"]},
            ),
            Message(
                "High risk is what could be estimated on {day:date}.", {"day": answer.facts["landmark"].isoformat()}
            ),
        ),
        caveats=(
            Message(
                "This is an association: managers choose whom they contact, and those contacted may differ in what is "
                "not recorded. Only the experiment shows what contact does."
            ),
            Message(
                "The adjusted difference weighs clients alike in assets, tenure, complaints, outflows and contacts."
            ),
        ),
        estimates=tuple(_save_estimates(found)),
    )


def _contact_words(answer: Answer, found: Saves) -> list[Message]:
    said = []
    for sign in answer.facts["signs"]:
        told = find(found.measures, sign=sign, measure=CONTACT, row="adjusted")
        if told is not None:
            values = {"sign": _SIGNS[sign], "d": told.value, "low": told.low, "high": told.high}
            said.append(
                Message(
                    "Among {sign}, those whom the bank contacted stayed {d:points} more often than similar ones it did "
                    "not contact ({low:points} to {high:points}). Chance alone could make this difference.",
                    values,
                )
                if told.low <= 0 <= told.high
                else Message(
                    "Among {sign}, those whom the bank contacted stayed {d:points} more often than similar ones it did "
                    "not contact ({low:points} to {high:points}).",
                    values,
                )
            )
    return said


def _outcomes(sign: str, found: Saves, bank: Bank) -> Table:
    cells = told_apart(found.outcomes[sign]).sort_values("clients", ascending=False, na_position="last")
    total = float(cells["clients"].sum()) if cells["clients"].notna().all() else None
    rows = tuple(
        {
            "outcome": outcome_label(r["outcome"], bank),
            "clients": r["clients"],
            "share": r["clients"] / total if total and r["clients"] is not None else None,
        }
        for r in records(cells)
    )
    columns = (
        Column("outcome", Message("Outcome")),
        Column("clients", Message("Clients"), "count"),
        Column("share", Message("Share"), "percent"),
    )
    return Table(columns, rows, Message("A year later: {sign}", {"sign": _SIGNS[sign]}))


def _measures(found: Saves) -> Table:
    rows = []
    pairs = found.measures.drop_duplicates(["sign", "measure"])
    for head in records(pairs[["sign", "measure"]]):
        told = {
            r: find(found.measures, sign=head["sign"], measure=head["measure"], row=r)
            for r in ("with", "without", "unadjusted", "adjusted")
        }
        rows.append(
            {
                "sign": _SIGNS[head["sign"]],
                "measure": _MEASURES[head["measure"]],
                "with": cell(told["with"], "percent"),
                "without": cell(told["without"], "percent"),
                "adjusted": Message("too few") if told["adjusted"] is None else cell(told["adjusted"], "points"),
            }
        )
    columns = (
        Column("sign", Message("Clients")),
        Column("measure", Message("Measure")),
        Column("with", Message("Stayed, with it")),
        Column("without", Message("Stayed, without it")),
        Column("adjusted", Message("Difference among similar clients (association)")),
    )
    return Table(columns, tuple(rows), Message("Who stayed for twelve months more, by what the bank did"))


def _save_estimates(found: Saves) -> list[dict[str, Any]]:
    told = []
    for sign, cells in found.outcomes.items():
        for row in records(told_apart(cells)):
            told.append(
                count_row("clients", row["clients"], unit="clients", group={"sign": sign, "outcome": row["outcome"]})
            )
    for line in found.measures.to_dict("records"):
        group = {"sign": str(line["sign"]), "measure": str(line["measure"]), "row": str(line["row"])}
        told.append(finding_row("stayed", line, group=group, months=12))
    return told


def exit_notes(answer: Answer, found: Topics, bank: Bank) -> Exhibit:
    """Say what leavers had spoken of more often than clients like them who stayed."""
    cells, main = found.cells, str(answer.facts["main"])
    wide = cells.pivot(index="topic", columns="who", values="clients").reindex(columns=[main, STAYERS])
    reason = {"reason": reason_label(main, bank), "months": answer.facts["months"]}
    tests = found.tests
    complete = bool(wide.notna().all(axis=None))
    title = Message("What clients who left had spoken of in the {months:months} before", reason)
    sentences = []
    clear = tests[(tests["p_holm"] < 0.05) & (tests["statistic"] > 0.5)].sort_values("p_holm", kind="stable")
    if len(clear):
        top = str(clear["name"].iloc[0])
        values = reason | {
            "topic": code_label("topic", top, bank.settings.labels),
            "n": float(wide[main][top]),
            "m": float(wide[STAYERS][top]),
        }
        title = Message("Before leaving, clients spoke of “{topic}” more often than those who stayed", values)
        sentences.append(
            Message("It was the last topic of {n:count} leavers, and of {m:count} similar clients who stayed.", values)
        )
    elif len(tests):
        title = Message("No topic that can be shown is more frequent before leaving than among those who stay")
        sentences.append(
            Message("No topic is more frequent among leavers than chance would make it, given how many were looked at.")
        )
    if not complete:
        sentences.append(Message("Topics that too few spoke of are withheld, and are not compared."))
    else:
        total = float(wide[main].sum())
        noted = total - float(wide[main].get(NO_NOTE, 0.0))
        sentences.append(
            Message(
                "Only {share:percent} of {total:count} leavers had a note at all in the {months:months} before.",
                reason | {"share": noted / total if total else None, "total": total},
            )
        )
    rows = tuple(
        {
            "topic": Message("no note") if t == NO_NOTE else code_label("topic", str(t), bank.settings.labels),
            "left": None if pd.isna(r[main]) else float(r[main]),
            "stayed": None if pd.isna(r[STAYERS]) else float(r[STAYERS]),
        }
        for t, r in wide.sort_values(main, ascending=False, na_position="last").iterrows()
    )
    columns = (
        Column("topic", Message("Topic of the last note")),
        Column("left", Message("Left: {reason}", reason), "count"),
        Column("stayed", Message("Similar clients who stayed"), "count"),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(Table(columns, rows, Message("Clients by the topic of the last coded note")),),
        basis=basis(
            bank,
            Message(
                "Each leaver is set beside one client of the same tenure and assets who stayed through that month."
            ),
        ),
        caveats=(
            Message("Managers write a note when they met; topics of clients they did not meet are not known."),
            Message("Differences of a few clients are within chance, and counts are rounded."),
        ),
        estimates=tuple(
            count_row("clients", r["clients"], unit="clients", group={"who": r["who"], "topic": r["topic"]})
            for r in records(cells)
        ),
        checks=tuple(
            check_row(TestResult(str(r["name"]), str(r["null"]), r["statistic"], None, r["p_holm"], str(r["reason"])))
            for r in records(tests)
        ),
    )
