"""How well the survey measures: factors, items, and whether the factors are distinct."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.loyalty.measurement import ALPHA, ENOUGH_EXTRACTED, EXTRACTED, OMEGA, RELIABLE, Measurement

APART = 0.85


def measurement(answer: Answer, found: Measurement, bank: Bank) -> Exhibit:
    """Say which factors are measured reliably and are distinct, and what every item does."""
    names = [n for n, k in answer.facts["sizes"].items() if k > 1]
    told = {n: _best(found.factors, n) for n in names}
    known = {n: e for n, e in told.items() if e is not None}
    title, sentences = _words(known, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(known, title, bank),
        tables=tuple(
            t for t in (_factors(found, names, bank), _pairs(found, bank), _items(found, bank)) if t is not None
        ),
        basis=survey_basis(bank, *_basis(answer, known, found)),
        caveats=_caveats(answer),
        refusals=_refusals(answer, bank),
        estimates=tuple(_estimates(found)),
    )


def _best(rows: pd.DataFrame, name: str) -> Estimate | None:
    """Return omega, or alpha of a factor of two items."""
    return find(rows, factor=name, measure=OMEGA) or find(rows, factor=name, measure=ALPHA)


def _words(known: dict[str, Estimate], found: Measurement, bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    if not known:
        return Message("How reliably the factors are measured cannot be told"), ()
    weak = [factor_label(n, bank) for n, e in known.items() if e.value < RELIABLE]
    values: dict[str, Any] = {"n": len(known), "weak": weak, "bound": RELIABLE}
    worst = min(known, key=lambda n: known[n].value)
    values |= {"low": known[worst].value}
    title = (
        Message("Not measured reliably enough: {weak}", values)
        if weak
        else Message("All {n:count} scores are measured reliably: {low:number} or more, where 1 is perfect", values)
    )
    sentences = [
        Message(
            "A reliability of {bound:number} or more is enough to compare groups; what is missing to 1 is chance in "
            "the answers, and it hides part of what a factor does.",
            values,
        )
    ]
    close = _not_apart(found)
    if close:
        pairs = [
            Message("{one} and {other}", {"one": factor_label(a, bank), "other": factor_label(b, bank)})
            for a, b in close
        ]
        sentences.append(Message("Hardly distinct to those who answer: {pairs}.", {"pairs": pairs}))
    elif not found.pairs.empty:
        sentences.append(Message("All factors are distinct from each other."))
    return title, tuple(sentences)


def _not_apart(found: Measurement) -> list[tuple[str, str]]:
    if found.pairs.empty:
        return []
    rows = found.pairs[found.pairs["value"].notna()]
    return [(r["one"], r["other"]) for r in rows.to_dict("records") if not r["high"] < APART]


def _figure(known: dict[str, Estimate], title: Message, bank: Bank) -> Figure | None:
    bars = [{"label": factor_label(n, bank), "value": e.value, "low": e.low, "high": e.high} for n, e in known.items()]
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "in_order": True, "x_label": Message("Reliability (0 none, 1 perfect)")}
    return Figure("bars", data, Message("Reliability of each score with 95% intervals. {title}.", {"title": title}))


def _factors(found: Measurement, names: list[str], bank: Bank) -> Table | None:
    if not names:
        return None
    rows = tuple(
        {
            "factor": factor_label(n, bank),
            "alpha": cell(find(found.factors, factor=n, measure=ALPHA), "number") or Message("–"),
            "omega": cell(find(found.factors, factor=n, measure=OMEGA), "number") or Message("–"),
            "extracted": _extracted(find(found.factors, factor=n, measure=EXTRACTED)),
        }
        for n in names
    )
    columns = (
        Column("factor", Message("Score")),
        Column("alpha", Message("Cronbach's alpha (95% interval)")),
        Column("omega", Message("McDonald's omega (95% interval)")),
        Column("extracted", Message("Variance extracted")),
    )
    return Table(columns, rows, Message("Reliability of the scores"))


def _extracted(found: Estimate | None) -> Message:
    if found is None:
        return Message("–")
    values = {"v": found.value}
    return Message("{v:share}", values) if found.value >= ENOUGH_EXTRACTED else Message("{v:share} (low)", values)


def _pairs(found: Measurement, bank: Bank) -> Table | None:
    if found.pairs.empty:
        return None
    rows = tuple(
        {
            "pair": Message(
                "{one} and {other}", {"one": factor_label(r["one"], bank), "other": factor_label(r["other"], bank)}
            ),
            "ratio": cell(find(found.pairs, one=r["one"], other=r["other"]), "number"),
            "apart": Message("yes") if r["high"] < APART else Message("no"),
        }
        for r in found.pairs.to_dict("records")
    )
    columns = (
        Column("pair", Message("Factors")),
        Column("ratio", Message("Heterotrait-monotrait ratio (95% interval)")),
        Column("apart", Message("Distinct (below 0.85)")),
    )
    return Table(columns, rows, Message("Whether two factors are two"))


def _items(found: Measurement, bank: Bank) -> Table | None:
    if found.items.empty:
        return None
    rows = []
    for item in dict.fromkeys(found.items["item"]):
        own = {r["measure"]: r["value"] for r in found.items[found.items["item"] == item].to_dict("records")}
        row: dict[str, Any] = {"item": factor_label(str(item), bank)}
        for measure in ("mean", "sd", "floor", "ceiling", "missing", "rest", "loading"):
            value = own.get(measure)
            kind = "percent" if measure in ("floor", "ceiling", "missing") else "number"
            if value is None:
                row[measure] = Message("–")
            else:
                row[measure] = None if math.isnan(value) else Message(f"{{v:{kind}}}", {"v": value})
        rows.append(row)
    columns = (
        Column("item", Message("Item")),
        Column("mean", Message("Mean")),
        Column("sd", Message("Standard deviation")),
        Column("floor", Message("Lowest mark")),
        Column("ceiling", Message("Highest mark")),
        Column("missing", Message("Not answered")),
        Column("rest", Message("Correlation with the rest")),
        Column("loading", Message("Loading")),
    )
    return Table(columns, tuple(rows), Message("What each item does"))


def _basis(answer: Answer, known: dict[str, Estimate], found: Measurement) -> tuple[Message, ...]:
    lines = []
    if known:
        lines.append(Message("The last answer of {n:count} clients.", {"n": max(e.n for e in known.values())}))
    fit = {r["measure"]: r["value"] for r in found.fit.to_dict("records")} if not found.fit.empty else {}
    if fit and not any(math.isnan(v) for v in fit.values()):
        good = fit["cfi"] >= 0.90 and fit["rmsea"] <= 0.08
        lines.append(
            Message(
                "The assumed structure fits the answers (CFI {cfi:number}, RMSEA {rmsea:number}, SRMR {srmr:number}).",
                fit,
            )
            if good
            else Message(
                "The assumed structure does not fit the answers well (CFI {cfi:number}, RMSEA {rmsea:number}, SRMR "
                "{srmr:number}): items go together in ways that the factors do not explain.",
                fit,
            )
        )
    straight = find(found.straight, what="straight") if not found.straight.empty else None
    if straight is not None:
        lines.append(Message("{v:percent} gave every item the same mark.", {"v": straight.value}))
    return tuple(lines)


def _caveats(answer: Answer) -> tuple[Message, ...]:
    lines = [Message("Items are asked on one page: a mood that colours all of them makes reliability look better.")]
    if answer.facts["outside"]:
        lines.append(Message("A few marks outside the scale were left out."))
    return tuple(lines)


def _refusals(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    lines = []
    facts = answer.facts
    for name, reason in (facts["refused"] | facts["reasons"]).items():
        if not name.startswith("item_"):
            values = {"name": factor_label(name, bank), "why": why_not(reason)}
            lines.append(Message("{name}: {why}", values))
    if facts["model"]:
        lines.append(why_not(facts["model"]))
    return tuple(lines)


def _estimates(found: Measurement) -> list[dict[str, Any]]:
    lines = []
    for r in found.factors.to_dict("records"):
        lines.append(finding_row(str(r["measure"]), r, group={"factor": str(r["factor"])}))
    for r in found.pairs.to_dict("records"):
        lines.append(finding_row("heterotrait_ratio", r, group={"one": str(r["one"]), "other": str(r["other"])}))
    for r in found.items.to_dict("records"):
        lines.append(finding_row(f"item_{r['measure']}", r, group={"item": str(r["item"])}))
    for r in [*found.fit.to_dict("records"), *found.straight.to_dict("records")]:
        lines.append(finding_row(str(r.get("measure", r.get("what"))), r, group={}))
    return lines
