"""Who gains from the retention programme: effects by group, and whether differences between clients are real."""

from typing import Any

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.lifecycle.gains import ALL, QUARTER, SLOPE, GroupEffects

_BY = {
    ALL: Message("All clients"),
    QUARTER: Message("By predicted effect"),
    "assets": Message("Assets"),
    "tenure": Message("Length of the relationship"),
    "complaint": Message("Complaint in the six months before"),
}
_SHORT = _BY | {
    ALL: Message("clients"),
    QUARTER: Message("predicted"),
    "tenure": Message("tenure"),
    "complaint": Message("complaint"),
}
_GROUP = {
    "": Message("all"),
    "1": Message("best quarter"),
    "2": Message("second quarter"),
    "3": Message("third quarter"),
    "4": Message("last quarter"),
    "lowest third": Message("lowest third"),
    "middle third": Message("middle third"),
    "highest third": Message("highest third"),
    "no": Message("no"),
    "yes": Message("yes"),
}


def retention_gains(answer: Answer, effects: GroupEffects, bank: Bank) -> Exhibit:
    """Say whether some clients gain more than others, and show the effect by group."""
    rows = effects.rows
    average, slope = (find(rows, by=by, group="") for by in (ALL, SLOPE))
    values: dict[str, Any] = {"name": answer.facts["name"], "months": effects.months}
    named = rows[~rows["by"].isin([ALL, QUARTER, SLOPE, "spread"])]
    clear = named[(named["p_holm"] < 0.05) & named["value"].notna()]
    differs = slope is not None and slope.low > 0
    title = (
        Message("Some clients gain more from “{name}” than others, and it can be told who", values)
        if differs
        else Message("Nobody can be shown to gain more from “{name}” than others", values)
    )
    sentences = []
    if average is not None:
        values |= {"d": average.value, "low": average.low, "high": average.high}
        sentences.append(
            Message(
                "On average the share who left within {months:months} changed by {d:points} ({low:points} to "
                "{high:points}).",
                values,
            )
        )
    sentences.append(
        Message("Where a learner predicts a larger effect, a larger one is seen; contacts are ranked by it.")
        if differs
        else Message("What a learner predicts to be differences between clients is no more than chance.")
    )
    values |= {"n": len(clear), "all": int(named["value"].notna().sum())}
    sentences.append(
        Message(
            "Of {all:count} groups named beforehand, {n:count} show an effect of their own after correction.", values
        )
    )
    shown = [r for r in rows.to_dict("records") if r["by"] in _BY]
    lines = tuple(
        {
            "by": _BY[r["by"]],
            "group": _GROUP[r["group"]],
            "n": None if pd.isna(r["n"]) else r["n"],
            "effect": cell(find(rows, by=r["by"], group=r["group"]), "points"),
            "p": Message("–") if pd.isna(r["p_holm"]) else Message("{p:p}", {"p": float(r["p_holm"])}),
        }
        for r in shown
    )
    columns = (
        Column("by", Message("Groups by")),
        Column("group", Message("Group")),
        Column("n", Message("Clients"), "count"),
        Column("effect", Message("Change of the share who left (95% interval)")),
        Column("p", Message("p, corrected")),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_group_figure(shown, rows, title),
        tables=(Table(columns, lines, Message("Effect by group, within {months:months}", values)),),
        basis=basis(
            bank,
            Message(
                "Doubly robust scores, cross-fitted over five parts of the managers; {features:count} features known "
                "before the start.",
                {"features": answer.facts["features"]},
            ),
        ),
        caveats=(
            Message(
                "An effect in one group and none in another does not mean that the two differ: read the intervals."
            ),
            Message("p values are corrected for all groups together (Holm), those of quarters among themselves."),
        ),
        estimates=tuple(
            finding_row(
                f"effect_{r['by']}", r, group={"group": str(r["group"])} if r["group"] else {}, months=effects.months
            )
            for r in rows.to_dict("records")
        ),
    )


def _group_figure(shown: list[dict[Any, Any]], rows: pd.DataFrame, title: Message) -> Figure | None:
    bars = []
    for r in shown:
        found = find(rows, by=r["by"], group=r["group"])
        if found is not None and np.isfinite(found.low):
            label = Message("{by}: {group}", {"by": _SHORT[r["by"]], "group": _GROUP[r["group"]]})
            bars.append({"label": label, "value": found.value, "low": found.low, "high": found.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True, "x_label": Message("Change of the share who left")}
    return Figure("bars", data, Message("Effects by group with 95% intervals. {title}.", {"title": title}))
