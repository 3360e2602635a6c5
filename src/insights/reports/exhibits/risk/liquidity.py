"""Liquidity: for how long liquid assets last, how far deposits may fall, and on whom they hang."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import item_label, why_not
from insights.reports.exhibits.rows import count_row, dated, needed, number
from insights.reports.exhibits.told import cell, cell_of, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.risk.liquidity import (
    A_MONTH,
    ALARM,
    AT_ONCE,
    BEFORE,
    BEYOND,
    BY,
    CASES,
    DAYS,
    DEPOSITS,
    FALL,
    FALL_SHARE,
    INDEX,
    ITEM,
    LIQUID,
    RUN,
    TIGHT,
    TOP_TEN,
    UNDRAWN,
    USUAL,
    Outflows,
)

_CASES = {
    USUAL: Message("a month of twenty, as it has been"),
    TIGHT: Message("tight market: discounts on what is sold, and no money comes in"),
    RUN: Message("tight market, the ten largest depositors leave, and credit limits are drawn"),
}
_WITHIN = {
    "at once": Message("at once (deposits)"),
    "within a week": Message("within a week"),
    "within a month": Message("within a month"),
    "within a year": Message("within a year"),
    "later": Message("later than that"),
    "not recorded": Message("not recorded"),
}
_OWNERS = {"client_id": Message("By client"), "household": Message("By household")}
_MISSING = {
    "cover": Message("Days of cover"),
    "ladder": Message("Assets by how soon they are money"),
    "undrawn": Message("Credit limits that are not drawn"),
}
_WHY = {"fall": Message("How far deposits may fall"), "watch": Message("Early warning")}
_SPANS = {1: Message("one month"), 3: Message("three months"), 12: Message("one year")}


def liquidity(answer: Answer, found: Outflows, bank: Bank) -> Exhibit:
    """Say for how long liquid assets last, how far deposits may fall, and on whom they hang."""
    title = _title(found)
    tables = (_covers(found), _falls(found), _structure(found, bank), _ladder(found), _hangs(found))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*_sentences(found), *warning_sentences(answer.facts, found)),
        figure=_figure(found, title),
        tables=tuple(table for table in tables if table is not None),
        basis=_basis(answer.facts, bank),
        caveats=_caveats(answer.facts, bank),
        refusals=liquidity_refusals(answer.facts),
        estimates=tuple(liquidity_estimates(found)),
    )


def days_told(found: Outflows, case: str) -> Estimate | None:
    """Return the days of cover of a case; None where they are withheld or there are none."""
    return find(found.rows, measure=DAYS, of=case)


def is_short(facts: dict[str, Any], found: Outflows) -> bool:
    """Say whether liquid assets would last fewer days in the hardest case than the settings ask for."""
    days = days_told(found, RUN) or days_told(found, TIGHT)
    return days is not None and days.value < facts["least"]


def alarms(found: Outflows) -> list[str]:
    """Return the months (ISO dates) with an early warning that may be told."""
    rows = found.rows[(found.rows["measure"] == ALARM) & found.rows["value"].notna()]
    return [str(day) for day in rows["of"]]


def _title(found: Outflows) -> Message:
    run, tight = days_told(found, RUN), days_told(found, TIGHT)
    if run is not None:
        values = {"n": run.value, "low": run.low, "high": run.high}
        return Message(
            "In a tight market liquid assets last {n:count} days ({low:count} to {high:count}), even if the ten "
            "largest depositors leave",
            values,
        )
    if tight is not None:
        values = {"n": tight.value, "low": tight.low, "high": tight.high}
        return Message("In a tight market liquid assets last {n:count} days ({low:count} to {high:count})", values)
    year = find(found.rows, measure=FALL, months="12")
    if year is not None:
        values = {"loss": year.value, "low": year.low, "high": year.high}
        return Message(
            "In one year of twenty deposits fall by {loss:money} or more ({low:money} to {high:money})", values
        )
    return Message("What clients hold, by how soon they may take it")


def _sentences(found: Outflows) -> tuple[Message, ...]:
    said = []
    month, year = (find(found.rows, measure=FALL, months=m) for m in ("1", "12"))
    share = find(found.rows, measure=FALL_SHARE, months="12")
    if month is not None and year is not None and share is not None:
        values = {"month": month.value, "year": year.value, "share": share.value, "low": year.low, "high": year.high}
        said.append(
            Message(
                "Deposits fall by {month:money} or more in one month of twenty, and by {year:money} or more "
                "({low:money} to {high:money}), {share:percent} of them, in one year of twenty.",
                values,
            )
        )
    top = find(found.rows, measure=TOP_TEN, of="client_id")
    if top is not None:
        said.append(Message("The ten largest depositors hold {share:percent} of the deposits.", {"share": top.value}))
    return tuple(said)


def warning_sentences(facts: dict[str, Any], found: Outflows) -> tuple[Message, ...]:
    """Say whether liquid assets last long enough, and whether the early warning is on."""
    said = []
    if is_short(facts, found):
        said.append(Message("That is less than the {n:count} days that the settings ask for.", {"n": facts["least"]}))
    if "watch" in facts["why"]:
        return tuple(said)
    months = alarms(found)
    values = {"last": months[-1] if months else "", "every": facts["every"]}
    if not months:
        said.append(Message("The early warning (deposits fall faster than usual) was never on.", values))
    elif months[-1] == facts["last"]:
        said.append(Message("The early warning is on: deposits fall faster than usual.", values))
    else:
        said.append(Message("The early warning (deposits fall faster than usual) was last on in {last:month}.", values))
    return tuple(said)


def _figure(found: Outflows, title: Message) -> Figure | None:
    bars: list[dict[str, Any]] = []
    labels = {RUN: Message("liquid assets, after discounts"), USUAL: Message("liquid assets, as in the books")}
    for case in (USUAL, RUN):
        told = find(found.rows, measure=LIQUID, of=case)
        if told is not None:
            bars.append({"label": labels[case], "value": told.value})
    told = find(found.rows, measure=AT_ONCE, of=RUN)
    if told is not None:
        bars.append({"label": Message("ten largest depositors and credit limits"), "value": told.value})
    for months, span in _SPANS.items():
        told = find(found.rows, measure=FALL, months=str(months))
        if told is not None:
            label = Message("fall of deposits, {span} of twenty", {"span": span})
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if len(bars) < 2:
        return None
    data = {"bars": bars, "kind": "money", "in_order": True}
    data["x_label"] = Message("What there is, and what may be taken out")
    return Figure("bars", data, Message("Liquid assets beside what may be taken out. {title}.", {"title": title}))


def _covers(found: Outflows) -> Table | None:
    rows = []
    for case in CASES:
        if not (found.rows["of"] == case).any():
            continue
        row: dict[str, Any] = {"case": _CASES[case]}
        row["assets"] = cell_of(found.rows, "money", measure=LIQUID, of=case)
        row["at_once"] = cell_of(found.rows, "money", measure=AT_ONCE, of=case)
        row["month"] = cell_of(found.rows, "money", measure=A_MONTH, of=case)
        row["days"] = cell_of(found.rows, "count", measure=DAYS, of=case)
        rows.append(row)
    if not rows:
        return None
    columns = (
        Column("case", Message("Case")),
        Column("assets", Message("Liquid assets")),
        Column("at_once", Message("Goes at once")),
        Column("month", Message("Then goes each month")),
        Column("days", Message("Days until nothing is left")),
    )
    return Table(columns, tuple(rows), Message("For how long liquid assets last"))


def _falls(found: Outflows) -> Table | None:
    rows = []
    for months, span in _SPANS.items():
        where = {"months": str(months)}
        if not (found.rows["months"] == str(months)).any():
            continue
        row: dict[str, Any] = {"span": span, "fall": cell_of(found.rows, "money", measure=FALL, **where)}
        row["share"] = cell_of(found.rows, "percent", measure=FALL_SHARE, **where)
        row["beyond"] = cell_of(found.rows, "money", measure=BEYOND, **where)
        rows.append(row)
    if not rows:
        return None
    columns = (
        Column("span", Message("Within")),
        Column("fall", Message("In one case of twenty, at least")),
        Column("share", Message("Share of the deposits")),
        Column("beyond", Message("In such cases on average")),
    )
    return Table(columns, tuple(rows), Message("How far deposits may fall"))


def _structure(found: Outflows, bank: Bank) -> Table | None:
    own = found.rows[found.rows["measure"] == ITEM]
    if own.empty:
        return None
    rows = []
    for item in own["of"]:
        now, before = (find(found.rows, measure=measure, of=item) for measure in (ITEM, BEFORE))
        known = ((found.rows["measure"] == BEFORE) & (found.rows["of"] == item)).any()
        rows.append(
            {
                "item": item_label(str(item), bank),
                "now": None if now is None else now.value,
                "before": (None if before is None else before.value) if known else Message("–"),
            }
        )
    columns = (
        Column("item", Message("Item of the bank's own books")),
        Column("now", Message("Now"), "money"),
        Column("before", Message("A year before"), "money"),
    )
    return Table(columns, tuple(rows), Message("Assets and liabilities (liabilities below zero)"))


def _ladder(found: Outflows) -> Table | None:
    if found.ladder is None:
        return None
    order = {name: k for k, name in enumerate(_WITHIN)}
    cells = sorted(found.ladder.to_dict("records"), key=lambda r: order[str(r["within"])])
    rows = tuple(
        {"within": _WITHIN[str(r["within"])], "clients": number(r["clients"]), "amount": number(r["amount"])}
        for r in cells
    )
    columns = (
        Column("within", Message("Money after a sale")),
        Column("clients", Message("Clients"), "count"),
        Column("amount", Message("Amount"), "money"),
    )
    return Table(columns, rows, Message("What clients hold, by how soon it is money"))


def _hangs(found: Outflows) -> Table | None:
    rows = []
    for by in BY:
        if not ((found.rows["measure"] == INDEX) & (found.rows["of"] == by)).any():
            continue
        index, top = (find(found.rows, measure=measure, of=by) for measure in (INDEX, TOP_TEN))
        row: dict[str, Any] = {"by": _OWNERS[by], "top": cell(top, "percent")}
        row |= {
            "index": None if index is None else 10_000 * index.value,
            "as": None if index is None else 1 / index.value,
        }
        rows.append(row)
    if not rows:
        return None
    columns = (
        Column("by", Message("Concentration of deposits")),
        Column("index", Message("Herfindahl index (one has all: 10,000)"), "count"),
        Column("as", Message("As many of equal size"), "count"),
        Column("top", Message("Share of the ten largest")),
    )
    return Table(columns, tuple(rows), Message("On whom deposits hang"))


def _basis(facts: dict[str, Any], bank: Bank) -> tuple[Message, ...]:
    names = [code_label("category", name, bank.settings.labels) for name in facts["categories"]]
    lines = [Message("Deposits: the balances of clients in {names}.", {"names": names})]
    if "fall" not in facts["why"]:
        lines.append(
            Message(
                "Falls are drawn from the {n:count} months on record, each month whole and in stretches of half a year "
                "on average (Politis & Romano 1994): what moves all clients at once is in them. Growth is not counted "
                "on. Intervals: which months are on record.",
                {"n": facts["months"]},
            )
        )
        lines.append(
            Message(
                "Tight market: what those who take out have taken in one month of twenty, while nothing comes in; "
                "the same amount month after month."
            )
        )
    if "watch" not in facts["why"]:
        lines.append(
            Message(
                "Early warning: weighted mean of the monthly changes (EWMA, Roberts 1959), one false alarm in "
                "{every:months} on average if months are independent; what is normal is learned from the first "
                "{baseline:months}.",
                {"every": facts["every"], "baseline": facts["baseline"]},
            )
        )
    return dated(bank, *lines)


def _caveats(facts: dict[str, Any], bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message(
            "A run on the bank that is not on record is in no number drawn from the past: the cases are there for it."
        ),
        Message("What clients move from deposits into funds of their own has left the deposits too."),
    ]
    off = [
        Message("{item} {share:share}", {"item": item_label(name, bank), "share": share})
        for name, share in facts["discounts"].items()
    ]
    if off:
        lines.append(
            Message(
                "The settings assume: off the value in a tight market {off}; {called:share} of undrawn credit limits "
                "are drawn at once.",
                {"off": off, "called": facts["called"]},
            )
        )
    return tuple(lines)


def liquidity_refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say what could not be told of liquidity, and why."""
    told = [(_MISSING[k], needed(v)) for k, v in facts["missing"].items()]
    told += [(_WHY[k], why_not(v)) for k, v in facts["why"].items()]
    return tuple(Message("{what}: {why}", {"what": what, "why": why}) for what, why in told)


def liquidity_estimates(found: Outflows) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    shown = {DEPOSITS, UNDRAWN, FALL, FALL_SHARE, BEYOND, LIQUID, AT_ONCE, A_MONTH, DAYS, INDEX, TOP_TEN, ITEM, BEFORE}
    lines = []
    for row in found.rows[found.rows["measure"].isin(shown)].to_dict("records"):
        group = {"of": str(row["of"])} if row["of"] else {}
        lines.append(finding_row(str(row["measure"]), row, group=group, months=int(row["months"] or 0) or None))
    for r in [] if found.ladder is None else found.ladder.to_dict("records"):
        lines.append(count_row("assets", r["amount"], unit="money", group={"within": str(r["within"])}))
    return lines
