"""Sample exhibits of the kinds that the reports hold, and notebooks that show them under a seal."""

import math
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from insights.reports import publish
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.html import EXHIBIT_MIME, Link, ReportContext
from insights.topics.evidence import Answer

EVIL = "<script>alert(1)</script>"
REGIONS = ("Zurich", "Geneva", "Basel", "Ticino", "Zug", "Singapore", "Hong Kong", "Dubai")
CAUSES = (("left for a competitor", 0.004), ("death", 0.002), ("ended by the bank", 0.0009), ("dormancy", 0.0005))


def curve(label: Any, rate: float, *, n: int = 60, shown: int | None = None, falling: bool = False) -> dict[str, Any]:
    """A step curve by month with an interval; values after ``shown`` are withheld."""
    times = [t / 12 for t in range(n + 1)]
    values = [1 - math.exp(-rate * 12 * t) for t in times]
    width = [0.012 * math.sqrt(12 * t / n) * (1 + rate * 60) for t in times]
    low, high = ([max(v + s * w, 0.0) for v, w in zip(values, width, strict=True)] for s in (-1, 1))
    if falling:
        values, low, high = [1 - v for v in values], [1 - v for v in high], [1 - v for v in low]
    series = {"label": label, "times": times, "style": "solid"}
    for name, data in (("values", values), ("low", low), ("high", high)):
        series[name] = [v if shown is None or 12 * t <= shown else None for t, v in zip(times, data, strict=True)]
    return series


def at_risk(label: Any, n: int, *, months: int = 60) -> dict[str, Any]:
    times = [t / 12 for t in range(1, months + 1)]
    return {"label": label, "times": times, "counts": [5.0 * round(n * math.exp(-0.144 * t) / 5) for t in times]}


def incidence(**changes: Any) -> Exhibit:
    """Incidence of leaving by reason, with intervals and numbers at risk."""
    data = {
        "panels": [
            {
                "title": "",
                "series": [curve(Message(c), r) for c, r in CAUSES],
                "at_risk": [at_risk(Message("Clients at risk"), 4870)],
            }
        ],
        "x_label": Message("Years since joining"),
        "y_label": Message("Share who have left"),
        "y_kind": "percent",
    }
    rows = tuple(
        {"years": h / 12, **{f"c{i}": 1 - math.exp(-r * h) for i, (_, r) in enumerate(CAUSES)}}
        for h in (12, 24, 36, 48, 60)
    )
    columns = (Column("years", Message("Years since joining"), "number"),)
    columns += tuple(Column(f"c{i}", Message(c), "percent") for i, (c, _) in enumerate(CAUSES))
    given: dict[str, Any] = {
        "id": "lifecycle.exit_incidence",
        "title": Message(
            "{total:percent} of clients leave within {years:number} years of joining, most often: {reason}",
            {"total": 0.4123, "years": 5.0, "reason": Message("left for a competitor")},
        ),
        "sentences": (
            Message(
                "{reason}: {value:percent} (95 % interval {low:percent} to {high:percent}).",
                {"reason": Message("death"), "value": 0.113, "low": 0.101, "high": 0.126},
            ),
        ),
        "figure": Figure(
            "curves", data, Message("Step curves by reason and years since joining. {title}.", {"title": "41.2%"})
        ),
        "tables": (Table(columns, rows, Message("Share who have left")),),
        "basis": (
            Message("{n:count} clients ever at risk, {events:count} exits.", {"n": 4870.0, "events": 1215.0}),
            Message("As of {as_of:date}.", {"as_of": "2026-10-31"}),
        ),
        "caveats": (
            Message("Clients who joined before the window enter the curve late, at the tenure they had by then."),
        ),
    }
    return Exhibit(**(given | changes))


def by_region(labels: tuple[str, ...] = REGIONS) -> Exhibit:
    """Survival by region, one of them cut off where too few are at risk."""
    series = [curve(r, 0.003 + 0.001 * i, falling=True, shown=38 if i == 6 else None) for i, r in enumerate(labels)]
    panel = {"title": "", "series": series, "at_risk": [at_risk(r, 1400 - 150 * i) for i, r in enumerate(labels)]}
    data = {
        "panels": [panel],
        "x_label": Message("Years since joining"),
        "y_label": Message("Share still in force"),
        "y_kind": "percent",
    }
    return Exhibit(
        id="lifecycle.survival.by_region",
        title=Message(
            "By {by}, between {low:percent} and {high:percent} of relationships last {years:number} years",
            {"by": Message("region"), "low": 0.541, "high": 0.835, "years": 5.0},
        ),
        sentences=(
            Message(
                "Highest: {best} ({high:percent}). Lowest: {worst} ({low:percent}). The table gives the intervals.",
                {"best": labels[0], "worst": labels[-1], "high": 0.835, "low": 0.541},
            ),
        ),
        figure=Figure(
            "curves", data, Message("Step curves by years since joining. {title}.", {"title": ", ".join(labels)})
        ),
        refusals=(
            Message(
                "Withheld by {by}: {n:count} groups that are too small, or that would give a small group away.",
                {"by": Message("region"), "n": 2},
            ),
        ),
    )


def naive() -> Exhibit:
    """Two panels of two curves each, one of them dashed."""
    panels = []
    for cause, rate in CAUSES[:2]:
        lines = [
            curve(Message("Share who left, this report"), rate),
            curve(Message("Shortcut: 1 − Kaplan–Meier"), rate * 1.35),
        ]
        lines[1]["style"] = "dashed"
        panels.append(
            {"title": Message(cause), "series": lines, "at_risk": [at_risk(Message("Clients at risk"), 4870)]}
        )
    data = {
        "panels": panels,
        "x_label": Message("Years since joining"),
        "y_label": Message("Share who have left"),
        "y_kind": "percent",
    }
    return Exhibit(
        id="lifecycle.naive_incidence",
        title=Message(
            "The usual shortcut would overstate “{reason}” within {years:number} years: {naive:percent} instead of "
            "{exact:percent}",
            {"reason": Message("death"), "years": 5.0, "naive": 0.15, "exact": 0.11},
        ),
        figure=Figure(
            "curves", data, Message("Step curves by reason and years since joining. {title}.", {"title": "15.0%"})
        ),
    )


def monthly() -> Exhibit:
    """Assets and leavers by month, one value of which is withheld."""
    months = [date(2022 + m // 12, m % 12 + 1, 1).isoformat() for m in range(58)]
    assets = [2.1e9 * math.exp(0.004 * m + 0.03 * math.sin(m / 3)) for m in range(58)]
    leavers: list[float | None] = [float(5 * round((40 + 15 * math.sin(m / 5)) / 5)) for m in range(58)]
    leavers[20] = leavers[21] = None
    data = {
        "panels": [
            {
                "title": Message("Assets"),
                "series": [{"label": Message("Assets"), "dates": months, "values": assets}],
                "y_kind": "money",
            },
            {
                "title": Message("Clients"),
                "series": [
                    {"label": Message("left for a competitor"), "dates": months, "values": leavers},
                    {"label": Message("death"), "dates": months, "values": [10.0 + 5 * (m % 3) for m in range(58)]},
                ],
                "y_kind": "count",
            },
        ]
    }
    return Exhibit(
        id="lifecycle.monthly",
        title=Message(
            "Clients who left in the last twelve months held {amount:money} before they went", {"amount": 184e6}
        ),
        figure=Figure("lines", data, Message("Assets of the clients who left in the last twelve months")),
    )


def coverage() -> Exhibit:
    """Rows by table and month, more than a thousand cells, some of them withheld, some empty."""
    names = (
        "clients",
        "balances",
        "transactions",
        "revenue",
        "contacts",
        "complaints",
        "surveys",
        "offers",
        "events",
        "services",
        "behaviour",
        "requests",
        "loans",
        "incidents",
        "mentions",
        "market",
        "notes",
        "holdings",
    )
    columns = [f"{2021 + (m + 10) // 12}-{(m + 10) % 12 + 1:02}" for m in range(60)]
    values = [
        [
            None
            if (r, c) in {(5, 12), (13, 40)}
            else 0.0
            if r == 7 and 20 < c < 26
            else min(1.0, 0.2 + c / 70 + 0.1 * ((r + c) % 3))
            for c in range(60)
        ]
        for r in range(len(names))
    ]
    return Exhibit(
        id="quality.coverage",
        title=Message("{holes:count} months are missing in tables that otherwise arrive every month", {"holes": 5.0}),
        figure=Figure(
            "heat",
            {"rows": [Message(n) for n in names], "columns": columns, "values": values, "kind": "percent"},
            Message("Rows by table and month, as a share of the fullest month. {title}.", {"title": "5"}),
        ),
    )


def bars(labels: tuple[Any, ...] = REGIONS) -> Exhibit:
    values = [0.31, 0.12, None, 0.22, 0.051, 0.18, 0.004, 0.27]
    rows = [
        {"label": label, "value": v, "low": v and v * 0.8, "high": v and v * 1.25, "note": ""}
        for label, v in zip(labels, values, strict=False)
    ]
    return Exhibit(
        id="quality.bars",
        title=Message("{n:count} of {all:count} columns have missing values", {"n": 17, "all": 84}),
        figure=Figure(
            "bars",
            {"bars": rows, "kind": "percent", "x_label": Message("Share missing")},
            Message("Columns with missing values"),
        ),
    )


def stacked() -> Exhibit:
    months = [date(2022 + m // 12, m % 12 + 1, 1).isoformat() for m in range(58)]
    series = [
        {"label": r, "values": [(1 + i) * 1e8 * (1 + m / 80) for m in range(58)]} for i, r in enumerate(REGIONS[:4])
    ]
    return Exhibit(
        id="value.assets",
        title=Message("Assets"),
        figure=Figure(
            "stacked",
            {"dates": months, "series": series, "y_kind": "money", "y_label": Message("Assets")},
            Message("Assets"),
        ),
    )


def money_table(names: tuple[Any, ...] = REGIONS[:5]) -> Exhibit:
    """A table of money, percents and counts with withheld cells."""
    amounts = (1.84e9, 412e6, None, 96.4e6, -3.2e6)
    rows = tuple(
        {
            "outcome": n,
            "clients": None if a is None else float(1200 - 210 * i),
            "share": None if a is None else 0.34 / (i + 1),
            "amount": a,
        }
        for i, (n, a) in enumerate(zip(names, amounts, strict=False))
    )
    columns = (
        Column("outcome", Message("Outcome")),
        Column("clients", Message("Clients"), "count"),
        Column("share", Message("Share"), "percent"),
        Column("amount", Message("Assets"), "money"),
    )
    return Exhibit(
        id="lifecycle.assets_lost",
        title=Message("Assets of the clients who left in the last twelve months"),
        sentences=(
            Message(
                "Amounts that rest on too few clients, or mostly on one or two of them, are withheld; so is the total."
            ),
        ),
        tables=(Table(columns, rows, Message("Assets at the last month end before leaving")),),
        caveats=(Message("Amounts are rounded to three significant digits."),),
    )


def refused() -> Exhibit:
    return Exhibit(
        id="lifecycle.tenure.by_region",
        title=Message("Cannot be shown: too few clients"),
        refusals=(Message("The groups are too small to be shown, or nobody was observed for a year."),),
    )


def plain_words(*, withheld: bool = False) -> Exhibit:
    """An exhibit made of names of reports and columns only, which are always translated."""
    columns = (Column("region", Message("region")), Column("amount", Message("amount"), "money"))
    table = Table(columns, ({"region": Message("gender"), "amount": None if withheld else 2e6},), Message("region"))
    figure = Figure("curves", {"panels": [{"series": [curve(Message("region"), 0.01)]}]}, Message("Risk"))
    return Exhibit("a.b", Message("Loyalty"), (Message("Risk"),), figure, (table,), (Message("Risk"),))


def all_exhibits() -> list[Exhibit]:
    return [incidence(), by_region(), naive(), monthly(), money_table(), bars(), stacked(), coverage(), refused()]


SECRET = "a secret of the tests"
_PUBLIC = SimpleNamespace(settings=SimpleNamespace(disclosure=SimpleNamespace(mode="public_data")))


def sealed(exhibit: Exhibit, secret: str = SECRET) -> dict[str, Any]:
    """The output of a cell that shows the exhibit, under the seal of a run with this secret."""
    answer = Answer(exhibit.id, "sample", {}, lambda evidence: None, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(publish.SECRET, secret)
        published = publish.publish(answer, cast(Any, _PUBLIC), {"sample": lambda *_: exhibit})
    return {EXHIBIT_MIME: published.bundle, "text/html": "<p>for the screen</p>"}


def context(**changes: Any) -> ReportContext:
    given: dict[str, Any] = {
        "bank_name": "Bank Example & Cie",
        "report": "lifecycle",
        "as_of": date(2026, 10, 31),
        "currency": "CHF",
        "mode": "bank",
        "secret": SECRET,
        "stamp": ((Message("As of"), "2026-10-31"), ("Version", "0.1.0"), ("Canonical rows", "c0ffee" * 10)),
        "previous": Link(Message("Data quality"), "quality.html"),
        "languages": {"zh-CN": "lifecycle.zh-CN.html"},
    }
    return ReportContext(**(given | changes))


def notebook(exhibits: list[Exhibit], *, markdown: str = "", extra: tuple[Any, ...] = ()) -> NotebookNode:
    """An executed notebook: the markdown, a cell for each exhibit, and further cells."""
    cells = [new_markdown_cell(markdown)] if markdown else []
    for exhibit in exhibits:
        cells.append(new_code_cell("show(answer)", outputs=[new_output("display_data", data=sealed(exhibit))]))
    return new_notebook(cells=[*cells, *extra])


def evil_exhibits() -> list[Exhibit]:
    """Exhibits in which a client, a region and a column are called by a script."""
    columns = (Column("outcome", Message("Outcome")), Column("evil", Message("{c}", {"c": EVIL}), "count"))
    table = Table(columns, ({"outcome": EVIL, "evil": 5.0},), Message("{c}", {"c": EVIL}))
    labels = (EVIL, *REGIONS[1:])
    story = Exhibit(
        id=f"evil.{EVIL}",
        title=Message("{c} leaves", {"c": EVIL}),
        sentences=(Message("{c}", {"c": EVIL}),),
        tables=(table,),
        basis=(Message("{c}", {"c": EVIL}),),
        caveats=(Message("{c}", {"c": EVIL}),),
        refusals=(Message("{c}", {"c": EVIL}),),
    )
    return [story, by_region(labels), bars(labels), money_table((EVIL, *REGIONS[1:5]))]
