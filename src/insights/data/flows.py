"""Measures per client and month for the panel: what happened, and what of it was known by when."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from insights.data.months import month_of
from insights.data.snapshot import Bank
from insights.data.tables import TABLES

FLOW_KINDS = ("inflow", "outflow", "transfer", "security_in", "security_out")
STALE_MONTHS = 3
"""A balance or revenue older than this, seen from the lagged month, is not carried on."""

Value = Callable[[ir.Table], ir.NumericValue]


@dataclass(frozen=True)
class Measure:
    """Sums of a table's rows by client and month; ``needs`` are the columns without which it cannot be made."""

    table: str
    values: dict[str, Value]
    needs: dict[str, str]

    def present(self, bank: Bank, only: Collection[str] | None) -> dict[str, Value]:
        """Return the values that this bank's columns allow; ``only`` these, or all."""
        wanted = {name: value for name, value in self.values.items() if only is None or name in only}
        return {name: value for name, value in wanted.items() if bank.has(self.table, self.needs[name])}

    @property
    def monthly(self) -> bool:
        """Whether the table is one of month ends, known after its month, and not one of events."""
        return TABLES[self.table].month


MEASURES = (
    Measure(
        "balances",
        {"assets": lambda t: t.amount, "market_change": lambda t: t.market_change},
        {"assets": "amount", "market_change": "market_change"},
    ),
    Measure(
        "transactions",
        {"flows": lambda t: t.kind.isin(FLOW_KINDS).ifelse(t.amount, 0)},
        {"flows": "amount"},
    ),
    Measure("revenue", {"revenue": lambda t: t.amount}, {"revenue": "amount"}),
    Measure("contacts", {"contacts": lambda t: t.client_id.notnull().cast("int64")}, {"contacts": "contacted_on"}),
    Measure("complaints", {"complaints": lambda t: t.client_id.notnull().cast("int64")}, {"complaints": "filed_on"}),
    Measure("behaviour", {"visits": lambda t: t.client_id.notnull().cast("int64")}, {"visits": "day"}),
)


def attach_happened(bank: Bank, rows: ir.Table, only: Collection[str] | None = None) -> ir.Table:
    """Add to ``rows`` (client_id, month, ...) what happened in the month, as known by the as-of date.

    ``only`` names the measures that are wanted (None: all).

    Where a client has no row a stock stays null; a sum of bookings, revenue or contacts is 0 in the months that the
    table covers (from its first to its last month, or to the as-of date for events) and null in others.
    """
    for measure in MEASURES:
        values = measure.present(bank, only)
        if values:
            view = bank.table(measure.table)
            own = month_of(view[_date(measure)])
            sums = view.group_by(view.client_id, month=own).agg(**_sums(view, values))
            rows = _filled(rows.left_join(sums, ["client_id", "month"]), list(values), _zero_in(measure, sums))
    return rows


def attach_known_before(bank: Bank, rows: ir.Table, lag: int, only: Collection[str] | None = None) -> ir.Table:
    """Add to ``rows`` each measure as known by the end of the month ``lag`` months before, as ``<name>_lag<lag>``.

    ``only`` names the measures that are wanted (None: all).
    """
    rows = rows.mutate(_then=(rows.month.cast("timestamp") - ibis.interval(months=lag)).cast("date"))
    for measure in MEASURES:
        values = measure.present(bank, only)
        if values:
            attach = _latest_state if measure.monthly else _own_month
            rows = attach(rows, _contributions(bank, measure, values), measure, list(values), lag)
    return rows.drop("_then")


def _latest_state(rows: ir.Table, given: ir.Table, measure: Measure, names: list[str], lag: int) -> ir.Table:
    """Month tables: the latest month of the client known by then, as it was known then."""
    moves = given.group_by("client_id", "of", "known").agg(**{name: given[name].sum() for name in names})
    so_far = ibis.window(group_by=["client_id", "of"], order_by="known", preceding=None, following=0)
    until = ibis.range_window(group_by="client_id", order_by="known", preceding=None, following=0)
    states = moves.mutate(**{name: moves[name].sum().over(so_far) for name in names}, latest=moves.of.max().over(until))
    states = states.filter(states.of == states.latest).drop("latest")
    renamed = states.select("client_id", "known", "of", **{f"{name}_lag{lag}": states[name] for name in names})
    joined = rows.asof_join(renamed, on=rows["_then"] >= renamed.known, predicates="client_id")
    fresh = joined.of >= (joined["_then"].cast("timestamp") - ibis.interval(months=STALE_MONTHS)).cast("date")
    kept = {f"{name}_lag{lag}": fresh.ifelse(joined[f"{name}_lag{lag}"], ibis.null()) for name in names}
    return joined.mutate(**kept).drop("client_id_right", "known", "of")


def _own_month(rows: ir.Table, given: ir.Table, measure: Measure, names: list[str], lag: int) -> ir.Table:
    """Event tables: the lagged month's own rows, as far as they were known by its end."""
    early = given.filter(given.known <= given.of)
    sums = early.group_by("client_id", _then=early.of).agg(**{f"{name}_lag{lag}": early[name].sum() for name in names})
    first = given.of.min()
    joined = rows.left_join(sums, ["client_id", "_then"])
    return _filled(joined, [f"{name}_lag{lag}" for name in names], _Covered("_then", first.execute(), None))


def _contributions(bank: Bank, measure: Measure, values: dict[str, Value]) -> ir.Table:
    """Return what each version of each row adds: client_id, ``of`` (its month), ``known`` (month known), the values.

    A later version takes back what the one before it added, from the day it is known; a withdrawn row only takes back.
    So the sum over all that was known by some day is the state of knowledge of that day.
    """
    rows = bank.versions(measure.table)
    spec, stored = TABLES[measure.table], bank.processed.tables[measure.table]
    withdrawn = ibis.coalesce(rows.withdrawn, False) if "withdrawn" in rows.columns else ibis.literal(False)
    base = rows.select(
        *[rows[column].name(f"key_{column}") for column in spec.key if column in rows.columns],
        client_id=rows.client_id,
        of=month_of(rows[_date(measure)]),
        known=month_of(rows.known_on),
        known_on=rows.known_on,
        gone=withdrawn,
        **{name: value(rows) for name, value in values.items()},
    )
    added = base.filter(~base.gone).select("client_id", "of", "known", *values)
    if not stored["versions"]:
        return added
    key = [column for column in base.columns if column.startswith("key_")]
    order = ibis.window(group_by=key, order_by="known_on")
    before = base.mutate(
        **{f"last_{name}": base[name].lag().over(order) for name in ("client_id", "of", "gone", *values)}
    )
    back = before.filter(before.last_of.notnull() & ~before.last_gone)
    taken = back.select(
        client_id=back.last_client_id, of=back.last_of, known=back.known, **{n: -back[f"last_{n}"] for n in values}
    )
    return added.union(taken.cast(added.schema()))


@dataclass(frozen=True)
class _Covered:
    """The months in which the absence of a row means zero."""

    month: str
    first: date | None
    last: date | None


def _zero_in(measure: Measure, sums: ir.Table) -> _Covered | None:
    if measure.table == "balances":
        return None
    span = sums.agg(first=sums.month.min(), last=sums.month.max()).execute().iloc[0]
    return _Covered("month", span["first"], span["last"] if measure.monthly else None)


def _filled(joined: ir.Table, names: list[str], covered: _Covered | None) -> ir.Table:
    right = [column for column in joined.columns if column.endswith("_right")]
    joined = joined.drop(*right)
    if covered is None or covered.first is None:
        return joined
    inside = joined[covered.month] >= ibis.literal(covered.first, "date")
    if covered.last is not None:
        inside &= joined[covered.month] <= ibis.literal(covered.last, "date")
    return joined.mutate(**{name: ibis.coalesce(joined[name], inside.ifelse(0, ibis.null())) for name in names})


def _sums(view: ir.Table, values: dict[str, Value]) -> dict[str, ir.Value]:
    return {name: value(view).sum() for name, value in values.items()}


def _date(measure: Measure) -> str:
    name = TABLES[measure.table].date
    assert name is not None, "every measure's table has a date"
    return name
