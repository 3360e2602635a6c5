"""Who moves between segments, beside what chance alone would sort otherwise."""

from typing import Any

import numpy as np

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import segment_label, segments_basis, told
from insights.reports.exhibits.rows import count_row, estimate_row, interval
from insights.stats.results import NotEstimable
from insights.topics.clients.moves import Moves
from insights.topics.evidence import Answer


def moves(answer: Answer, found: Moves, bank: Bank) -> Exhibit:
    """Say how many are in another segment than a quarter ago, and whether that is more than chance."""
    facts, names = answer.facts, [str(n) for n in answer.facts["names"]]
    spans = list(facts["spans"])
    quarter, longest = found.shares[spans[0]], found.shares[spans[-1]]
    values: dict[str, Any] = {"start": facts["starts"][spans[0]], "long": facts["starts"][spans[-1]]}
    if quarter is not None:
        values["share"] = quarter.value
        title = Message("Since {start:date} {share:percent} of the clients have changed segment", values)
    elif longest is not None:
        values["share"] = longest.value
        title = Message(
            "Clients stay in their segment: {share:percent} have another one than on {long:date}, too few to tell in "
            "the last quarter",
            values,
        )
    else:
        title = Message("Clients stay in their segment: too few have changed it to be told")
    sentences = []
    if found.noise is not None:
        noise = {"noise": found.noise.value, "high": found.noise.high}
        sentences.append(
            Message(
                "Chance alone would sort {noise:percent} of them otherwise (up to {high:percent}): so much changes "
                "when the segments are made anew from clients drawn at random, though nobody has moved.",
                noise,
            )
        )
        beyond = [ago for ago in spans if (e := found.shares[ago]) is not None and e.low > found.noise.high]
        sentences.append(
            Message("Moves over {months:months} and more are beyond that.", {"months": beyond[0]})
            if beyond
            else Message("No span shown here has clearly more moves than that.")
        )
    rows = tuple(
        {
            "start": Message("{start:date}", {"start": facts["starts"][ago]}),
            "n": None if (e := found.shares[ago]) is None else float(e.n),
            "share": None if e is None else interval(e, "percent"),
        }
        for ago in spans
    )
    columns = (
        Column("start", Message("Compared with")),
        Column("n", Message("Clients there at both dates"), "count"),
        Column("share", Message("In another segment now (95% interval)")),
    )
    tables = [Table(columns, rows, Message("How many changed segment"))]
    away = found.pairs.to_numpy(float).copy()
    np.fill_diagonal(away, 0.0)
    told_pairs = found.pairs.index.equals(found.pairs.columns) and bool((away > 0).any())
    figure, caveats = None, []
    if told_pairs:
        figure, table = _pairs(found, names, bank, title, values)
        tables.append(table)
    else:
        caveats.append(Message("From where to where cannot be told: each such move was made by too few."))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure,
        tables=tuple(tables),
        basis=segments_basis(
            bank,
            facts,
            Message("Both dates are sorted by the segments of today, so that only clients move, not the segments."),
        ),
        caveats=(
            *caveats,
            Message("Who joined or left in between is not among them."),
            Message("Assets of three month ends are averaged; a move may still be one of the market."),
        ),
        estimates=tuple(_estimates(found, spans)),
    )


def _pairs(found: Moves, names: list[str], bank: Bank, title: Message, values: dict[str, Any]) -> tuple[Figure, Table]:
    label = {n: segment_label(n, bank) for n in names}
    share = found.pairs.div(found.pairs.sum(axis=1, skipna=False), axis=0)
    rows, columns = [str(o) for o in found.pairs.index], [str(t) for t in found.pairs.columns]
    grid = [[told(v) for v in row] for row in share.to_numpy(float)]
    figure = Figure(
        "heat",
        {"rows": [label[o] for o in rows], "columns": [label[t] for t in columns], "values": grid, "kind": "percent"},
        Message("Share of the clients of each segment by their segment now. {title}.", {"title": title}),
    )
    heads = (
        Column("origin", Message("Segment on {long:date}", values)),
        *(Column(f"t{i}", label[t], "count") for i, t in enumerate(columns)),
    )
    body = tuple(
        {"origin": label[o], **{f"t{i}": told(v) for i, v in enumerate(row)}}
        for o, row in zip(rows, found.pairs.to_numpy(float), strict=True)
    )
    return figure, Table(heads, body, Message("Clients by their segment then and now"))


def _estimates(found: Moves, spans: list[int]) -> list[dict[str, Any]]:
    withheld = NotEstimable("withheld")
    rows = [estimate_row("changed_segment", found.shares[ago] or withheld, months=ago) for ago in spans]
    if found.noise is not None:
        rows.append(estimate_row("changed_by_chance", found.noise))
    for o in found.pairs.index:
        for t in found.pairs.columns:
            rows.append(
                count_row("clients", found.pairs.loc[o, t], unit="clients", group={"from": str(o), "to": str(t)})
            )
    return rows
