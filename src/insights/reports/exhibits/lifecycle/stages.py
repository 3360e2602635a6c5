"""Where clients stand, and where those of a year ago stand now."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.stage_words import dormancy_note, stage_basis, stage_label
from insights.reports.exhibits.rows import count_row, estimate_row, interval
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.lifecycle.stages import NOT_YET, Move

NO_SAMPLE = Message("A count of all clients, not a sample: it has no interval.")


def stages(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show the clients by stage today and in the years before."""
    wide = cells.pivot_table(index="stage", columns="month", values="clients", sort=False, dropna=False)
    wide = wide.loc[list(dict.fromkeys(cells["stage"]))]
    months = list(wide.columns)
    now = wide[months[-1]]
    total = float(now.sum()) if now.notna().all() else None
    share = {s: float(n) / total if total else None for s, n in now.items()}
    values: dict[str, Any] = {"total": total, "growth": share.get("growth"), "decline": share.get("decline")}
    title, sentences = Message("Clients by stage of the relationship"), []
    if total and values["growth"] is not None and values["decline"] is not None:
        title = Message(
            "Of {total:count} clients, {growth:percent} are in growth and {decline:percent} in decline", values
        )
    if len(months) > 1 and total and wide[months[-2]].notna().all() and wide[months[-2]].sum():
        then = wide[months[-2]] / wide[months[-2]].sum()
        earlier = {"growth": float(then.get("growth", 0.0)), "decline": float(then.get("decline", 0.0))}
        sentences = [
            Message("A year before it was {growth:percent} in growth and {decline:percent} in decline.", earlier)
        ]
    columns = [Column("stage", Message("Stage"))]
    columns += [Column(f"m{i}", Message("{day:month}", {"day": m}), "count") for i, m in enumerate(months)]
    columns.append(Column("share", Message("Share today"), "percent"))
    rows = tuple(
        {"stage": stage_label(str(s)), "share": share[s]}
        | {f"m{i}": None if pd.isna(wide.loc[s, m]) else float(wide.loc[s, m]) for i, m in enumerate(months)}
        for s in wide.index
    )
    bars = [{"label": stage_label(str(s)), "value": share[s]} for s in wide.index]
    caveats = [dormancy_note(bank, apart=answer.facts["apart"])]
    if NOT_YET in wide.index:
        caveats.append(
            Message("Not yet judged: clients who joined before the window and of whom no full year is observed.")
        )
    figure = Figure(
        "bars",
        {"bars": bars, "kind": "percent", "x_label": Message("Share of clients"), "in_order": True},
        Message("Share of clients by stage. {title}.", {"title": title}),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure,
        tables=(Table(tuple(columns), rows, Message("Clients by stage at the end of the month")),),
        basis=stage_basis(bank, NO_SAMPLE, rules=True),
        caveats=tuple(caveats),
        estimates=tuple(
            count_row("clients", row["clients"], unit="clients", group={"stage": row["stage"], "month": row["month"]})
            for row in cells.to_dict("records")
        ),
    )


def stage_moves(answer: Answer, moves: list[Move], bank: Bank) -> Exhibit:
    """Show in which stage the clients of each stage are a year later."""
    share = {(m.origin, m.target): m.share for m in moves}
    origins, targets = (list(dict.fromkeys(names)) for names in ((m.origin for m in moves), (m.target for m in moves)))
    gone, stays = share.get(("decline", "left")), share.get(("decline", "decline"))
    values: dict[str, Any] = {"start": answer.facts["start"].isoformat()}
    title = Message("Where the clients of a year ago stand now")
    if isinstance(gone, Estimate) and isinstance(stays, Estimate):
        values |= {"left": gone.value, "stays": stays.value}
        title = Message(
            "Of the clients in decline a year ago, {left:percent} have left and {stays:percent} are still in decline",
            values,
        )
    sentences = [
        Message(
            "Of those in {stage} then, {value:percent} have left (95% interval {low:percent} to {high:percent}).",
            {"stage": stage_label(o), "value": e.value, "low": e.low, "high": e.high},
        )
        for o in origins
        for e in [share.get((o, "left"))]
        if isinstance(e, Estimate) and e.low == e.low
    ]
    grid = [[_value(share.get((o, t))) for t in targets] for o in origins]
    figure = Figure(
        "heat",
        {"rows": [stage_label(o) for o in origins], "columns": [stage_label(t) for t in targets], "values": grid}
        | {"kind": "percent"},
        Message("Share of the clients of each stage by their stage a year later. {title}.", {"title": title}),
    )
    columns = [Column("stage", Message("Stage a year ago"))]
    columns += [Column(f"t{i}", stage_label(t)) for i, t in enumerate(targets)]
    rows: list[dict[str, Any]] = [
        {"stage": stage_label(o), **{f"t{i}": _cell(share.get((o, t))) for i, t in enumerate(targets)}} for o in origins
    ]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure,
        tables=(Table(tuple(columns), tuple(rows), Message("Share of the clients of each stage, a year later")),),
        basis=stage_basis(bank, Message("Clients in force on {start:date}, by stage.", values)),
        caveats=(
            Message("The intervals say how far a year like this one would vary by chance."),
            dormancy_note(bank, apart=answer.facts["apart"]),
        ),
        estimates=tuple(
            estimate_row("share_after_12m", m.share, group={"from": m.origin, "to": m.target}, months=12)
            if isinstance(m.share, Estimate) and m.share.low == m.share.low
            else count_row("clients", m.clients, unit="clients", group={"from": m.origin, "to": m.target})
            for m in moves
        ),
    )


def _value(share: Any) -> float | None:
    """Return a share for the grid: 0 where nobody can move, None where it is withheld."""
    return 0.0 if share is None else share.value if isinstance(share, Estimate) else None


def _cell(share: Any) -> Message | str | None:
    if share is None:
        return Message("–")
    if not isinstance(share, Estimate):
        return None
    if share.low != share.low:
        return Message("{value:percent}", {"value": share.value})
    return interval(share, "percent")
