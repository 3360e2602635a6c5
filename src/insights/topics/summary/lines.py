"""Which finding feeds which line of the state of the book: one declared table, and how a line is read off it.

A report that is not in the pack has no finding, and its lines say so. Of several sources the first that tells counts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from insights.models.memory import measures
from insights.stats.proportions import proportion
from insights.topics.summary.pack import NAN, SHOWN, Findings, Row

How = Literal["row", "sum", "span", "latest", "n", "gone", "per", "measure"]


@dataclass(frozen=True)
class Source:
    """Where a line comes from: the estimates ``name`` of ``finding`` whose groups hold ``where``.

    ``how``: "row" is the one with exactly this group; "sum" adds up all that have the keys ``over`` besides, "latest"
    those of the last month among them, "span" also the ends of their intervals, which holds the sum at least as often
    as each holds its own; "gone" is the share of the whole that ``where`` is not, with its interval; "n" is how many
    clients are behind the row; "per" is the sum divided by the row named ``per``; "measure" is not a finding but one of
    the measures that the bank is remembered by (``models.memory``).
    """

    finding: str
    name: str
    where: Mapping[str, str] = field(default_factory=dict)
    over: tuple[str, ...] = ()
    how: How = "row"
    months: float | None = None
    per: str = ""

    @property
    def report(self) -> str:
        """The report that the finding belongs to."""
        return self.finding.partition(".")[0]


@dataclass(frozen=True)
class Line:
    """A line of the state of the book; ``kind`` says how it is written, ``better`` which way is good ("" neither)."""

    name: str
    kind: str
    sources: tuple[Source, ...]
    better: Literal["up", "down", ""] = ""


def _measure(name: str) -> Source:
    return Source("", name, how="measure")


LINES = (
    Line(
        "clients",
        "count",
        (
            Source("lifecycle.stages", "clients", over=("month", "stage"), how="latest"),
            Source("clients.segments", "clients", over=("segment",), how="sum"),
            Source("value.worth", "value", how="n"),
        ),
        "up",
    ),
    Line(
        "assets",
        "money",
        (
            Source("clients.segments", "assets", over=("segment",), how="sum"),
            Source("value.largest", "assets", over=("clients",), how="sum"),
        ),
        "up",
    ),
    Line("net_new_money", "percent", (_measure(measures.NET),), "up"),
    Line("margin", "money", (Source("value.margin", "margin", {"period": "now"}, ("component",), "sum"),), "up"),
    Line(
        "profitability",
        "basis_points",
        (Source("value.margin", "margin", {"period": "now"}, ("component",), "per", per="average_assets"),),
        "up",
    ),
    Line("value", "money", (Source("value.worth", "value"),), "up"),
    Line(
        "attrition",
        "percent",
        (Source("lifecycle.last_year", "clients", {"outcome": "in force"}, ("outcome",), "gone"),),
        "down",
    ),
    Line("leavers", "count", (Source("lifecycle.outlook", "expected_clients", months=12),), "down"),
    Line("leaving_assets", "money", (Source("lifecycle.outlook", "expected_assets", months=12),), "down"),
    Line(
        "loyalty",
        "number",
        (
            Source("loyalty.level", "mean", {"score": "loyalty", "what": "weighted"}),
            Source("loyalty.level", "mean", {"score": "loyalty", "what": "as_answered"}),
        ),
        "up",
    ),
    Line("satisfaction", "number", (_measure(measures.SATISFACTION),), "up"),
    Line(
        "elsewhere",
        "percent",
        (Source("lifecycle.stage_goals", "untapped", {"stage": "maturity", "who": "maturity"}),),
        "down",
    ),
    Line(
        "needs",
        "count",
        (Source("needs.overview", "first_buyers", over=("category",), how="span", months=3),),
        "up",
    ),
    Line(
        "above_risk",
        "count",
        (Source("clients.risk", "clients_with_product_above", over=("stated",), how="sum"),),
        "down",
    ),
    Line("open_risks", "count", (Source("risk.register", "clients", over=("risks",), how="sum"),), "down"),
    Line("credit_loss", "money", (Source("risk.credit", "expected_loss", months=12),), "down"),
)
NAMES = tuple(line.name for line in LINES)
UNTOLD, ABSENT = "untold", "absent"


def read(line: Line, found: Findings, own: Mapping[str, Row]) -> Row:
    """Return the line's number in these findings, with the finding it comes from; ``own`` are the measures by name.

    Without a value its status says why: "absent" where no report with such a finding is in the pack, else "untold".
    """
    there = False
    for source in line.sources:
        row = own.get(source.name) if source.how == "measure" else _read(source, found)
        there |= source.how == "measure" or source.finding in found.by_id
        if row is not None and row.told:
            return row
    first = line.sources[0]
    return Row(first.finding, first.name, {}, None, NAN, NAN, NAN, NAN, "", NAN, NAN, UNTOLD if there else ABSENT)


def _read(source: Source, found: Findings) -> Row | None:
    if source.how in ("row", "n"):
        row = found.one(source.finding, source.name, source.months, **source.where)
        if row is None or source.how == "row":
            return row
        flat = (row.n, NAN, NAN, NAN)
        return Row(row.finding, row.name, row.group, row.months, *flat, "clients", row.n, NAN, row.status)
    keys, where = set(source.where) | set(source.over), source.where if source.how != "gone" else {}
    rows = [
        row
        for row in found.rows(source.finding, source.name)
        if set(row.group) == keys and all(row.group[k] == v for k, v in where.items())
        if source.months is None or row.months == source.months
    ]
    if source.how == "latest" and rows:
        last = max(row.group["month"] for row in rows)
        rows = [row for row in rows if row.group["month"] == last]
    # A part that is withheld leaves the whole untold: the others are no sum.
    if not rows or not all(row.told for row in rows):
        return None
    total = math.fsum(row.value for row in rows)
    head = rows[0]
    if source.how == "gone":
        stayed = math.fsum(row.value for row in rows if dict(row.group) == dict(source.where))
        if not total > 0:
            return None
        e = proportion(total - stayed, total)
        flat = (e.value, e.low, e.high, e.level)
        return Row(source.finding, head.name, {}, head.months, *flat, "share", total, total - stayed, SHOWN)
    flat = (total, NAN, NAN, NAN)
    if source.how == "span" and all(row.interval and row.level == head.level for row in rows):
        flat = (total, math.fsum(row.low for row in rows), math.fsum(row.high for row in rows), head.level)
    unit = head.unit
    if source.how == "per":
        whole = found.one(source.finding, source.per, None, **source.where)
        if whole is None or not whole.value > 0:
            return None
        flat, unit = (total / whole.value, NAN, NAN, NAN), "share"
    return Row(source.finding, head.name, dict(source.where), head.months, *flat, unit, NAN, NAN, SHOWN)
