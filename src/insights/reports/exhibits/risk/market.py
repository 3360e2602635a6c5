"""What markets may take: the worst of twenty months and years, named scenarios, and clients who may lose too much."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.compliance import state_count
from insights.reports.exhibits.rows import check_row, count_row, dated, needed, number
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.risk.market import (
    ALONE,
    ASSETS,
    BEYOND,
    FEES,
    LIMIT,
    MONTH,
    OVER,
    OWN,
    POSITIONS,
    SHARE,
    STRESS,
    YEAR,
    Losses,
)

_NAMES = {
    ASSETS: Message("Client assets"),
    FEES: Message("Fees of twelve months"),
    OWN: Message("The bank's own positions"),
    OVER: Message("Loss beside tolerance"),
}
UNLIKELY = 0.05


def market(answer: Answer, found: Losses, bank: Bank) -> Exhibit:
    """Say what markets may take in the worst of twenty months and years, and who may lose more than he accepts."""
    title, facts = _title(found), answer.facts
    tables = [_losses(found)]
    if facts["scenarios"]:
        tables.append(_scenarios(facts, found, bank))
    if found.tolerance is not None:
        tables.append(_tolerance(facts, found.tolerance))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(facts, found, bank),
        figure=_figure(facts, found, title, bank),
        tables=tuple(tables),
        basis=_basis(facts, bank),
        caveats=(
            Message("A fall larger than any on record is in no limit: scenarios are there for it."),
            Message("Neither a gain nor a loss is expected of markets; clients are taken not to act on a fall."),
            Message("The fees of each client are taken to fall as his assets do."),
        ),
        refusals=_refusals(facts),
        estimates=tuple(market_estimates(found)),
        checks=tuple(check_row(test) for test in facts["checks"]),
    )


def _of(found: Losses, measure: str, of: str, months: int) -> Any:
    return find(found.rows, measure=measure, of=of, months=str(months), scenario="")


def _title(found: Losses) -> Message:
    loss = _of(found, LIMIT, ASSETS, YEAR)
    if loss is None:
        return Message("What markets may take off client assets")
    values = {"loss": loss.value, "low": loss.low, "high": loss.high}
    return Message(
        "In one year of twenty markets take {loss:money} or more off client assets ({low:money} to {high:money})",
        values,
    )


def _sentences(facts: dict[str, Any], found: Losses, bank: Bank) -> tuple[Message, ...]:
    said = []
    share, beyond = _of(found, SHARE, ASSETS, YEAR), _of(found, BEYOND, ASSETS, YEAR)
    month, fees = _of(found, LIMIT, ASSETS, MONTH), _of(found, LIMIT, FEES, YEAR)
    if share is not None and beyond is not None and month is not None:
        values = {"share": share.value, "beyond": beyond.value, "month": month.value}
        said.append(
            Message(
                "That is {share:percent} of the assets; in such years {beyond:money} are lost on average. In one month "
                "of twenty it is {month:money} or more.",
                values,
            )
        )
    if fees is not None:
        said.append(Message("Fees of twelve months would fall by {fees:money} or more.", {"fees": fees.value}))
    said += _spread(found, bank)
    over = state_count(found.tolerance, OVER)
    if over:
        said.append(
            Message(
                "{n:count} clients would lose more than their tolerance allows; their names stand in the register "
                "only.",
                {"n": over},
            )
        )
    return (*said, *_tested(facts["tested"]))


def _spread(found: Losses, bank: Bank) -> list[Message]:
    """Say how far it helps that indices do not fall together."""
    rows = found.rows[(found.rows["measure"] == ALONE) & found.rows["value"].notna()]
    loss = _of(found, LIMIT, ASSETS, YEAR)
    if len(rows) < 2 or loss is None or not rows["value"].sum() > 0:
        return []
    saved = 1 - loss.value / float(rows["value"].sum())
    top = rows.sort_values(["value", "of"], ascending=[False, True]).iloc[0]
    part = float(top["value"]) / float(rows["value"].sum())
    values = {
        "index": code_label("series", str(top["of"]), bank.settings.labels),
        "part": part,
        "saved": max(saved, 0.0),
    }
    if part > 0.9:
        return [
            Message(
                "Client assets hang on one index, {index}: spreading over others takes off next to nothing.", values
            )
        ]
    return [
        Message(
            "As indices do not all fall together, the loss is {saved:percent} smaller than if each were alone.", values
        )
    ]


def _tested(tested: dict[str, Any] | None) -> tuple[Message, ...]:
    if tested is None:
        return (Message("There are too few months to hold past limits against what came."),)
    values = {name: tested[name] for name in ("months", "exceeded", "expected")}
    if tested["p"] is not None and tested["p"] < UNLIKELY:
        return (
            Message(
                "The same limit, made month by month from what was known before, was exceeded {exceeded:count} times "
                "in {months:months} where {expected:tenths} were to be expected: it cannot be relied on.",
                values,
            ),
        )
    return (
        Message(
            "The same limit, made month by month from what was known before, was exceeded {exceeded:count} times in "
            "{months:months} where {expected:tenths} were to be expected: no more than chance, but so few months would "
            "show only a gross error.",
            values,
        ),
    )


def _figure(facts: dict[str, Any], found: Losses, title: Message, bank: Bank) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for months, label in ((MONTH, Message("one month of twenty")), (YEAR, Message("one year of twenty"))):
        loss = _of(found, LIMIT, ASSETS, months)
        if loss is not None:
            bars.append({"label": label, "value": loss.value, "low": loss.low, "high": loss.high})
    for name in facts["scenarios"]:
        loss = find(found.rows, measure=STRESS, of=ASSETS, scenario=name)
        if loss is not None:
            bars.append({"label": code_label("scenario", name, bank.settings.labels), "value": loss.value})
    if not bars:
        return None
    data = {"bars": bars, "kind": "money", "in_order": True, "x_label": Message("Loss of client assets")}
    return Figure("bars", data, Message("Loss of client assets by chance and by scenario. {title}.", {"title": title}))


def _losses(found: Losses) -> Table:
    rows = []
    for of in POSITIONS:
        if not (found.rows["of"] == of).any():
            continue
        where = {"of": of, "scenario": ""}
        rows.append(
            {
                "of": _NAMES[of],
                "month": cell_of(found.rows, "money", measure=LIMIT, months=str(MONTH), **where),
                "year": cell_of(found.rows, "money", measure=LIMIT, months=str(YEAR), **where),
                "beyond": cell_of(found.rows, "money", measure=BEYOND, months=str(YEAR), **where),
            }
        )
    columns = (
        Column("of", Message("Loss of")),
        Column("month", Message("One month of twenty, at least")),
        Column("year", Message("One year of twenty, at least")),
        Column("beyond", Message("In such years on average")),
    )
    return Table(columns, tuple(rows), Message("What markets may take"))


def _scenarios(facts: dict[str, Any], found: Losses, bank: Bank) -> Table:
    held = [of for of in POSITIONS if (found.rows["of"] == of).any()]
    rows = []
    for name in facts["scenarios"]:
        row: dict[str, Any] = {"scenario": code_label("scenario", name, bank.settings.labels)}
        own = found.rows[(found.rows["measure"] == STRESS) & (found.rows["scenario"] == name)]
        row |= {of: number(own.loc[own["of"] == of, "value"].iloc[0]) for of in held}
        rows.append(row)
    columns = (Column("scenario", Message("Scenario")), *(Column(of, _NAMES[of], "money") for of in held))
    return Table(columns, tuple(rows), Message("Loss in scenarios of the settings (below zero: a gain)"))


def _tolerance(facts: dict[str, Any], cells: pd.DataFrame) -> Table:
    rows = []
    for stated, own in cells.groupby("stated", sort=True):
        by = dict(zip(own["state"], own["clients"], strict=True))
        allowed = facts["allowed"][int(str(stated)[1:]) - 1]
        row = {"stated": str(stated), "allowed": allowed, "over": number(by.get(OVER, 0.0))}
        rows.append(row | {"within": number(by.get("within", 0.0))})
    columns = (
        Column("stated", Message("Stated tolerance")),
        Column("allowed", Message("May lose in a year"), "percent"),
        Column("over", Message("Would lose more in one year of twenty"), "count"),
        Column("within", Message("Would not"), "count"),
    )
    return Table(columns, tuple(rows), Message("Clients with a stated tolerance and assets"))


def _basis(facts: dict[str, Any], bank: Bank) -> tuple[Message, ...]:
    names = [code_label("series", name, bank.settings.labels) for name in facts["indices"]]
    return dated(
        bank,
        Message(
            "Filtered historical simulation (Hull & White 1998; Barone-Adesi and others 1999) of the monthly indices: "
            "{names}. Intervals: which months are on record; the volatility of today is taken as known.",
            {"names": names},
        ),
        Message(
            "Each client's assets move with the indices as in the last 24 months, drawn to the book where little was "
            "seen; the indices explain {share:percent} of the ups and downs of the book.",
            {"share": facts["explained"]},
        ),
    )


def _refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [
        Message("{what}: {why}", {"what": _NAMES[of], "why": needed(needs)}) for of, needs in facts["missing"].items()
    ]
    if facts["unknown"]:
        lines.append(
            Message(
                "Scenarios that name an index not on record: {names}", {"names": [str(n) for n in facts["unknown"]]}
            )
        )
    return tuple(lines)


def market_estimates(found: Losses) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"of": str(row["of"])} | ({"scenario": str(row["scenario"])} if row["scenario"] else {})
        lines.append(finding_row(str(row["measure"]), row, group=group, months=int(row["months"] or 0) or None))
    if found.tolerance is not None:
        for row in found.tolerance[found.tolerance["state"] == OVER].to_dict("records"):
            group = {"stated": str(row["stated"])}
            lines.append(count_row("clients_over_tolerance", row["clients"], unit="clients", group=group))
    return lines
