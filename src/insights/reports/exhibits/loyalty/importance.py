"""Which factors go with loyalty: shares with intervals and ranks, and what the weights of a regression are worth."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.loyalty.importance import (
    CORRECTED,
    CORRELATION,
    FIRST,
    JOHNSON,
    PLAIN,
    R_SQUARED,
    RANK_HIGH,
    RANK_LOW,
    SHARE,
    VIF,
    WEIGHT,
    Shares,
)

SURE = 0.95
OVERLAP = 0.2
"""Correlation with loyalty above which a negative weight needs an explanation."""


def importance(answer: Answer, found: Shares, bank: Bank) -> Exhibit:
    """Say which factor goes with loyalty the most, how sure that is, and that importance is not effect."""
    kind = CORRECTED if find(found.rows, kind=CORRECTED, measure=R_SQUARED) else PLAIN
    names = _ranked(answer, found, kind)
    if not names:
        return Exhibit(
            id=answer.id,
            title=Message("Which factors go with loyalty cannot be told"),
            refusals=_refusals(answer),
            basis=survey_basis(bank),
        )
    title, sentences = _words(found, kind, names, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(found, kind, names, title, bank),
        tables=(_shares(found, kind, names, bank), _weights(found, names, bank)),
        basis=survey_basis(bank, *_basis(answer, found, kind, names)),
        caveats=_caveats(found, names, bank),
        refusals=_refusals(answer),
        estimates=tuple(_estimates(found)),
    )


def _of(found: Shares, kind: str, factor: str, measure: str) -> Estimate | None:
    return find(found.rows, kind=kind, factor=factor, measure=measure)


def _value(found: Shares, kind: str, factor: str, measure: str) -> float:
    estimate = _of(found, kind, factor, measure)
    return math.nan if estimate is None else estimate.value


def _ranked(answer: Answer, found: Shares, kind: str) -> list[str]:
    known = [n for n in answer.facts["factors"] if _of(found, kind, n, SHARE) is not None]
    return sorted(known, key=lambda n: -_value(found, kind, n, SHARE))


def _words(found: Shares, kind: str, names: list[str], bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    first = _of(found, kind, names[0], SHARE)
    assert first is not None
    values: dict[str, Any] = {"factor": factor_label(names[0], bank), "share": first.value}
    values |= {"low": first.low, "high": first.high}
    rivals = [n for n in names if _value(found, kind, n, FIRST) >= 1 - SURE]
    if _value(found, kind, names[0], FIRST) >= SURE or len(rivals) < 2:
        title = Message(
            "{factor} goes with loyalty the most: {share:share} of what all factors explain ({low:share} to "
            "{high:share})",
            values,
        )
    else:
        labels = [factor_label(n, bank) for n in rivals]
        title = Message(
            "Most closely tied to loyalty: {factors}; which of them comes first cannot be told", {"factors": labels}
        )
    whole = _of(found, kind, "", R_SQUARED)
    sentences = []
    if whole is not None:
        sentences.append(
            Message(
                "Together the factors explain {v:share} of the differences in loyalty ({low:share} to {high:share}). "
                "Importance is not effect: it says what goes with loyalty, not what would move it.",
                {"v": whole.value, "low": whole.low, "high": whole.high},
            )
        )
    return title, (*sentences, *_against(found, names, bank))


def _against(found: Shares, names: list[str], bank: Bank) -> list[Message]:
    """Explain weights that point against the factor's own correlation: overlap, and not a finding."""
    said = []
    for name in names:
        weight, alone = _of(found, PLAIN, name, WEIGHT), _value(found, PLAIN, name, CORRELATION)
        if weight is None or not (weight.value < 0 and alone > OVERLAP):
            continue
        values = {"factor": factor_label(name, bank), "r": alone, "vif": _value(found, PLAIN, name, VIF)}
        said.append(
            Message(
                "{factor} has a negative weight in a regression on all factors, though by itself it goes with loyalty "
                "(correlation {r:number}). The factors overlap (its variance is inflated {vif:tenths} times), and the "
                "regression sets one off against the others: that is no finding.",
                values,
            )
        )
    return said


def _figure(found: Shares, kind: str, names: list[str], title: Message, bank: Bank) -> Figure:
    bars = []
    for name in names:
        share = _of(found, kind, name, SHARE)
        assert share is not None
        bars.append({"label": factor_label(name, bank), "value": share.value, "low": share.low, "high": share.high})
    data = {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Share of what all factors explain")}
    return Figure("bars", data, Message("Importance of the factors with 95% intervals. {title}.", {"title": title}))


def _shares(found: Shares, kind: str, names: list[str], bank: Bank) -> Table:
    rows = tuple(
        {
            "factor": factor_label(n, bank),
            "share": cell(_of(found, kind, n, SHARE), "percent"),
            **({"plain": cell(_of(found, PLAIN, n, SHARE), "percent")} if kind == CORRECTED else {}),
            "johnson": cell(_of(found, kind, n, JOHNSON), "percent"),
            "first": Message("{v:share}", {"v": _value(found, kind, n, FIRST)}),
            "rank": Message(
                "{a:count} to {b:count}",
                {"a": _value(found, kind, n, RANK_LOW), "b": _value(found, kind, n, RANK_HIGH)},
            ),
        }
        for n in names
    )
    head = Message("Share, error taken out (95% interval)") if kind == CORRECTED else Message("Share (95% interval)")
    columns = (
        Column("factor", Message("Factor")),
        Column("share", head),
        *([Column("plain", Message("Share from the scores as they are"))] if kind == CORRECTED else []),
        Column("johnson", Message("Johnson's weight (95% interval)")),
        Column("first", Message("Chance to be first")),
        Column("rank", Message("Rank (95% interval)")),
    )
    return Table(columns, rows, Message("Importance: shares of what all factors explain of loyalty"))


def _weights(found: Shares, names: list[str], bank: Bank) -> Table:
    corrected = any(_of(found, CORRECTED, n, WEIGHT) is not None for n in names)
    rows = tuple(
        {
            "factor": factor_label(n, bank),
            "alone": Message("{v:number}", {"v": _value(found, PLAIN, n, CORRELATION)}),
            "weight": cell(_of(found, PLAIN, n, WEIGHT), "number") or Message("–"),
            **({"right": cell(_of(found, CORRECTED, n, WEIGHT), "number") or Message("–")} if corrected else {}),
            "vif": Message("{v:tenths}", {"v": _value(found, PLAIN, n, VIF)}),
        }
        for n in names
    )
    columns = (
        Column("factor", Message("Factor")),
        Column("alone", Message("Correlation with loyalty")),
        Column("weight", Message("Weight beside the others (95% interval)")),
        *([Column("right", Message("Weight, error taken out (95% interval)"))] if corrected else []),
        Column("vif", Message("Variance inflated (times)")),
    )
    return Table(columns, rows, Message("Weights in a regression on all factors (in standard deviations)"))


def _basis(answer: Answer, found: Shares, kind: str, names: list[str]) -> tuple[Message, ...]:
    share = _of(found, kind, names[0], SHARE)
    lines = [] if share is None else [Message("The last answer of {n:count} clients.", {"n": share.n})]
    lines.append(Message("Shapley shares (LMG): the mean gain in explained variance over all orders of the factors."))
    lines.append(
        Message("Intervals and ranks from 1,000 samples of relationship managers with their clients.")
        if answer.facts["cluster"] == "manager"
        else Message("Intervals and ranks from 1,000 samples of the clients.")
    )
    return tuple(lines)


def _caveats(found: Shares, names: list[str], bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message(
            "Factors and loyalty come from one survey: a mood that colours all answers makes all of them important."
        ),
        Message("A factor without any effect gets a share too if it goes along with one that has."),
    ]
    if max((_value(found, PLAIN, n, VIF) for n in names), default=0.0) > 3:
        lines.append(Message("The factors overlap strongly: single weights are uncertain, shares less so."))
    return tuple(lines)


def _refusals(answer: Answer) -> tuple[Message, ...]:
    told = {reason: why_not(reason) for reason in answer.facts["reasons"].values()}
    return tuple(told.values())


def _estimates(found: Shares) -> list[dict[str, Any]]:
    lines = []
    for r in found.rows.to_dict("records"):
        group = {"kind": str(r["kind"])} | ({"factor": str(r["factor"])} if r["factor"] else {})
        own = finding_row(str(r["measure"]), r, group=group)
        lines.append(own)
    return lines
