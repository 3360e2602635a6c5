"""What loans would lack in the scenarios for markets, what is pledged for them, and what is assumed of it."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.risk.collateral import MORE, SHORT, TODAY, Cover

_KINDS = {
    "portfolio": Message("the client's portfolio (assumed)"),
    "something else": Message("something else (assumed)"),
    "other": Message("other collateral"),
    "not recorded": Message("not recorded"),
}


def collateral(answer: Answer, found: Cover, bank: Bank) -> Exhibit:
    """Say what loans would lack in each scenario, and what that rests on."""
    facts, title = answer.facts, _title(answer.facts, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(facts, found),
        figure=_figure(facts, found, title, bank),
        tables=(_scenarios(facts, found, bank), _kinds(facts, found, bank), _falls(facts, found, bank)),
        basis=_basis(facts, bank),
        caveats=(
            Message("What clients would add or repay when called upon is in no number; nor is a lower lending value."),
            Message("Loans in default are left out; limits not drawn are not counted."),
        ),
        refusals=(
            Message(
                "Scenarios that name an index not on record: {names}", {"names": [str(n) for n in facts["unknown"]]}
            ),
        )
        if facts["unknown"]
        else (),
        estimates=tuple(_estimates(found)),
    )


def worst(facts: dict[str, Any], found: Cover) -> tuple[str, Estimate] | None:
    """Return the scenario with the largest shortfall that is told; None without one."""
    told = [(name, find(found.rows, measure=SHORT, scenario=name)) for name in facts["scenarios"]]
    shown = [(name, short) for name, short in told if short is not None]
    return max(shown, key=lambda own: own[1].value) if shown else None


def worst_values(facts: dict[str, Any], found: Cover, bank: Bank) -> dict[str, Any] | None:
    """Return scenario, n (loans) and short of the largest shortfall that is told; None without one."""
    top = worst(facts, found)
    if top is None:
        return None
    return {"scenario": _scenario(top[0], bank), "n": float(top[1].n), "short": top[1].value}


def _scenario(name: str, bank: Bank) -> Message | str:
    return Message("today") if name == TODAY else code_label("scenario", name, bank.settings.labels)


def _kind(code: str, facts: dict[str, Any], bank: Bank) -> Message | str:
    if code in _KINDS and (facts["assumed"] or code in ("other", "not recorded")):
        return _KINDS[code]
    return code_label("collateral_kind", code, bank.settings.labels)


def _title(facts: dict[str, Any], found: Cover, bank: Bank) -> Message:
    values = worst_values(facts, found, bank)
    if values is None:
        return Message("In no scenario do so many loans lack cover that it may be told by how much")
    return Message("In the scenario “{scenario}” {n:count} loans would lack {short:money} of cover", values)


def _sentences(facts: dict[str, Any], found: Cover) -> tuple[Message, ...]:
    today = find(found.rows, measure=SHORT, scenario=TODAY)
    said = [
        Message("Today {n:count} loans lack {short:money}.", {"n": float(today.n), "short": today.value})
        if today is not None
        else Message("Today so few loans lack cover, or none, that it is not told how many.")
    ]
    amounts = {str(r["kind"]): number(r["amount"]) for r in found.kinds.to_dict("records")}
    own = [amounts.get(kind) for kind in (["portfolio"] if facts["assumed"] else facts["own"])]
    known, mine = [v for v in amounts.values() if v is not None], [v for v in own if v is not None]
    if own and len(known) == len(amounts) and len(mine) == len(own) and sum(known) > 0:
        values = {"share": sum(mine) / sum(known)}
        said.append(
            Message("{share:percent} of what is drawn is secured by the borrower's own portfolio with us.", values)
        )
    return tuple(said)


def _figure(facts: dict[str, Any], found: Cover, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {"label": _scenario(name, bank), "value": short.value}
        for name in (TODAY, *facts["scenarios"])
        if (short := find(found.rows, measure=SHORT, scenario=name)) is not None
    ]
    if len(bars) < 2:
        return None
    data = {"bars": bars, "kind": "money", "in_order": True, "x_label": Message("What nothing covers")}
    return Figure("bars", data, Message("What loans would lack of cover, by scenario. {title}.", {"title": title}))


def _scenarios(facts: dict[str, Any], found: Cover, bank: Bank) -> Table:
    rows = []
    for name in (TODAY, *facts["scenarios"]):
        short, more = (find(found.rows, measure=m, scenario=name) for m in (SHORT, MORE))
        row: dict[str, Any] = {"scenario": _scenario(name, bank), "n": None if short is None else float(short.n)}
        there = ((found.rows["measure"] == MORE) & (found.rows["scenario"] == name)).any()
        row |= {"short": cell(short, "money"), "more": cell(more, "money") if there else Message("–")}
        rows.append(row)
    columns = (
        Column("scenario", Message("Scenario")),
        Column("n", Message("Loans short of cover"), "count"),
        Column("short", Message("Shortfall after guarantees and insurance")),
        Column("more", Message("More than today")),
    )
    return Table(columns, tuple(rows), Message("What nothing would cover"))


def _kinds(facts: dict[str, Any], found: Cover, bank: Bank) -> Table:
    rows = []
    for r in found.kinds.to_dict("records"):
        kind = str(r["kind"])
        row: dict[str, Any] = {"kind": _kind(kind, facts, bank), "clients": number(r["clients"])}
        row["drawn"] = number(r["amount"])
        for name in facts["scenarios"]:
            own = kind in facts["own"] or (facts["assumed"] and kind == "portfolio")
            fall = facts["falls"][name].get(kind, 0.0)
            row[name] = Message("as the portfolio") if own else Message("{v:percent}", {"v": fall})
        rows.append(row)
    columns = (
        Column("kind", Message("Collateral")),
        Column("clients", Message("Clients"), "count"),
        Column("drawn", Message("Drawn"), "money"),
        *(Column(name, _scenario(name, bank)) for name in facts["scenarios"]),
    )
    return Table(columns, tuple(rows), Message("What is pledged, and what it is taken to lose in each scenario"))


def _falls(facts: dict[str, Any], found: Cover, bank: Bank) -> Table:
    rows = []
    for category in dict.fromkeys(found.falls["category"]):
        row: dict[str, Any] = {"category": code_label("category", str(category), bank.settings.labels)}
        for name in facts["scenarios"]:
            row[name] = cell(find(found.falls, category=category, scenario=name), "percent")
        rows.append(row)
    columns = (
        Column("category", Message("Held by clients")),
        *(Column(name, _scenario(name, bank)) for name in facts["scenarios"]),
    )
    return Table(columns, tuple(rows), Message("What portfolios lose in each scenario, by kind of investment"))


def _basis(facts: dict[str, Any], bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message(
            "A pledged portfolio is what the client holds beside deposits. It loses what its kinds of investments do "
            "in the scenario, by how they moved with the indices in the last 24 months (least squares), corrected by "
            "how his own moved."
        )
    ]
    if facts["assumed"]:
        lines.append(
            Message(
                "The bank's records do not say what is pledged (column {column}). It is taken for the client's "
                "portfolio where that is worth as much, and for something that markets leave alone elsewhere.",
                {"column": facts["kind"]},
            )
        )
    lines.append(Message("What other collateral loses is the bank's assumption."))
    return dated(bank, *lines)


def _estimates(found: Cover) -> list[dict[str, Any]]:
    lines = [
        finding_row(f"collateral_{r['measure']}", r, group={"scenario": str(r["scenario"])})
        for r in found.rows.to_dict("records")
    ]
    for r in found.falls.to_dict("records"):
        group = {"category": str(r["category"]), "scenario": str(r["scenario"])}
        lines.append(finding_row("collateral_fall", r, group=group))
    for r in found.kinds.to_dict("records"):
        lines.append(count_row("drawn", r["amount"], unit="money", group={"collateral": str(r["kind"])}))
    return lines
