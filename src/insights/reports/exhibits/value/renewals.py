"""The share of contracts that is renewed, as seen and as the model has it."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.value.renewals import AHEAD, RenewalRows


def renewals(answer: Answer, found: RenewalRows, bank: Bank) -> Exhibit:
    """Say what share of contracts is renewed the first time and later, and how many will still be there."""
    rows, facts = found.rows, answer.facts
    last = facts["last"]
    first, latest = (find(rows, measure="expected_retention", period=k) for k in (1, last))
    future = find(rows, measure="survival", period=last + AHEAD)
    title = Message("Contracts renewed by period")
    sentences = []
    if first is not None and latest is not None:
        values: dict[str, Any] = {"first": first.value, "latest": latest.value, "k": last}
        title = Message(
            "{first:percent} of contracts are renewed the first time, {latest:percent} at renewal {k:count}", values
        )
        sentences.append(
            Message("The share grows although nobody's own does: those who are likely to leave leave first.")
            if latest.value > first.value
            else Message("The share does not grow from one renewal to the next.")
        )
    if future is not None:
        values = {"k": last + AHEAD, "value": future.value, "low": future.low, "high": future.high}
        sentences.append(
            Message(
                "{value:percent} of new contracts will outlast renewal {k:count} ({low:bare_percent} to "
                "{high:bare_percent}).",
                values,
            )
        )
    seen, told = (find(rows, measure=f"test_{which}", period=last) for which in ("seen", "foretold"))
    if seen is not None and told is not None:
        sentences.append(
            Message(
                "Foretold from the renewals before: {told:percent} outlast the last {held:count}; it was "
                "{seen:percent}.",
                {"told": told.value, "seen": seen.value, "held": facts["held"]},
            )
        )
    columns = (
        Column("k", Message("Renewal"), "count"),
        Column("n", Message("Contracts that came to it"), "count"),
        Column("seen", Message("Renewed")),
        Column("model", Message("By the model")),
        Column("there", Message("Still there after it, by the model")),
    )
    lines = []
    for k in range(1, last + AHEAD + 1):
        there, model = (find(rows, measure=m, period=k) for m in ("retention", "expected_retention"))
        ahead = k > last
        lines.append(
            {
                "k": k,
                "n": Message("–") if ahead else there and there.n,
                "seen": Message("–") if ahead else cell(there, "percent"),
                "model": Message("–") if ahead else cell(model, "percent"),
                "there": cell(find(rows, measure="survival", period=k), "percent"),
            }
        )
    bars = [
        {"label": Message("after renewal {k:count}", {"k": k})}
        | {"value": e and e.value, "low": e and e.low, "high": e and e.high}
        for k in range(1, last + AHEAD + 1)
        for e in [find(rows, measure="survival", period=k)]
    ]
    data = {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Still there, by the model")}
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure("bars", data, Message("Share of contracts still there by renewal. {title}.", {"title": title})),
        tables=(Table(columns, tuple(lines), Message("Renewals with 95% intervals of the model")),),
        basis=basis(
            bank,
            Message(
                "A renewal every {period:months}; a contract that ends within {grace:months} after it was not renewed.",
                {"period": facts["period"], "grace": facts["grace"]},
            ),
            Message("Shifted beta-geometric model of contracts that began in the window."),
        ),
        caveats=(
            Message("Contracts of all years are taken to be alike; a change for all at one time is not foreseen."),
        ),
        estimates=tuple(
            finding_row(r["measure"], r, group={}, months=int(r["period"]) * int(facts["period"]))
            for r in rows.to_dict("records")
        ),
    )


def renewals_refused(answer: Answer, found: None, bank: Bank) -> Exhibit:
    """Say that there is too little evidence on renewals."""
    return Exhibit(
        id=answer.id,
        title=Message("How contracts are renewed cannot be told"),
        refusals=(
            Message("It needs at least 50 contracts that were not renewed, at two renewals or more, and a best fit."),
        ),
        basis=basis(bank),
    )
