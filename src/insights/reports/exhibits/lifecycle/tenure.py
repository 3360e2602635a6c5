"""How long on average: median and restricted mean tenure, and differences between groups."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.figures import group_label
from insights.reports.exhibits.lifecycle.words import curve_basis, curve_caveats, exits_of, too_few, withheld
from insights.reports.exhibits.rows import check_row, estimate_row, interval
from insights.reports.wording.labels import column_label
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer
from insights.topics.lifecycle.curves import Tenures


def tenure(answer: Answer, result: Tenures, bank: Bank) -> Exhibit:
    """Show median and restricted mean tenure, and differences between groups."""
    exits, by = exits_of(answer), answer.facts["by"]
    if not result.rows or result.horizon == 0:
        return too_few(answer, bank)
    years = {"years": result.horizon / 12}
    first = result.rows[0]
    if by and len(result.rows) > 1:
        title, sentences = _difference_words(result, by, bank)
    elif isinstance(first.mean, Estimate):
        values = {**years, "mean": first.mean.value, "low": first.mean.low, "high": first.mean.high}
        title = Message(
            "Of the first {years:number} years, a client spends {mean:number} months with the bank on average", values
        )
        sentences = (
            Message("The 95% interval runs from {low:number} to {high:number} months.", values),
            _median_words(first.median),
        )
    else:
        title = Message("Mean tenure cannot be told")
        sentences = (Message("Nobody was observed for the whole of the first {years:number} years.", years),)
    columns = [
        Column("group", column_label("clients", by) if by else Message("Clients")),
        Column("units", Message("Clients at risk"), "count"),
        Column("mean", Message("Mean months within the first {years:number} years", years)),
        Column("median", Message("Median tenure, months")),
    ]
    if by:
        columns.append(
            Column(
                "difference",
                Message("Difference to {group}, months", {"group": group_label(by, result.reference, bank)}),
            )
        )
    rows = tuple(
        {
            "group": group_label(by, r.group, bank),
            "units": r.units,
            "mean": interval(r.mean, "tenths"),
            "median": interval(r.median, "number"),
            "difference": Message("reference") if r.difference is None else interval(r.difference, "tenths"),
        }
        for r in result.rows
    )
    estimates = []
    for r in result.rows:
        group = {by: r.group} if by else {}
        estimates.append(estimate_row("restricted_mean_tenure", r.mean, group=group, months=result.horizon))
        estimates.append(estimate_row("median_tenure", r.median, group=group))
        if r.difference is not None:
            versus = group | {"versus": result.reference}
            estimates.append(
                estimate_row("restricted_mean_difference", r.difference, group=versus, months=result.horizon)
            )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        tables=(Table(tuple(columns), rows, Message("Tenure, counted within the first {years:number} years", years)),),
        basis=curve_basis(exits, bank),
        caveats=curve_caveats(by, bank, result.checks),
        refusals=withheld(exits, by, bank),
        estimates=tuple(estimates),
        checks=(check_row(result.test),) if result.test else (),
    )


def _difference_words(result: Tenures, by: str, bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    told = [r.difference for r in result.rows if isinstance(r.difference, Estimate)]
    apart = [d for d in told if d.low > 0 or d.high < 0]
    values: dict[str, Any] = {
        "by": column_label("clients", by),
        "years": result.horizon / 12,
        "n": len(apart),
        "all": len(told),
    }
    values |= {"reference": group_label(by, result.reference, bank)}
    title = (
        Message("By {by}, {n:count} of {all:count} groups differ in mean tenure from {reference}", values)
        if apart
        else Message("By {by}, no group differs clearly in mean tenure from {reference}", values)
    )
    test = result.test
    sentences = [
        Message(
            "Compared within the first {years:number} years; an interval that excludes zero counts as a difference.",
            values,
        )
    ]
    if test is not None and test.p_value is not None:
        sentences.append(Message("Test that all groups leave alike (log-rank): p = {p:p}.", {"p": test.p_value}))
    return title, tuple(sentences)


def _median_words(median: Estimate | NotEstimable) -> Message:
    if isinstance(median, NotEstimable):
        return Message("A median cannot be told: fewer than half have left within the time observed.")
    values = {"value": median.value, "low": median.low, "high": median.high}
    if math.isinf(median.high):
        return Message(
            "Half of the relationships last {value:number} months or longer (at least {low:number}).", values
        )
    return Message(
        "Half of the relationships last {value:number} months or longer ({low:number} to {high:number}).", values
    )
