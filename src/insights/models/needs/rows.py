"""Who holds what, who could buy what first, and what was known of him: clients by months, as known at their ends."""

from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.kinds import given_memberships, memberships
from insights.models.needs.suitable import Bools, Floats, Products, suitable
from insights.models.segments.variables import Months, attribute_months, building_variables, present

NEEDS = (
    "holdings.month",
    "holdings.product_id",
    "products.category",
    "products.risk_rating",
    "balances.amount",
    "balances.month",
    "clients.risk_tolerance",
)
NEVER = 1_000_000
STEP = 3
"""Months of the shorter horizon, and between two landmarks."""
RECENT, YEAR = 3, 12
COUNTED = (("contacts", "contacted_on", RECENT), ("behaviour", "day", RECENT), ("complaints", "filed_on", YEAR))
"""What is counted of each client: its table, its day, and over how many months."""
DAYS = 28.0
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class NeedRows:
    """Clients (n) by months (T columns, those of ``months``) and categories of product (k).

    ``bought`` (n, k): the column in which something of the category was first held or traded, -1 before the first
    column, NEVER if not yet; ``told`` (n, k): the column by whose end the bank knew. ``assets`` and ``tolerance``
    (n, T) and the ``counts`` are as known at each month's end; so are ``offered`` and ``declined`` (n, k, T): offers of
    the last three months, and whether one was declined in the last months of [needs] declined_months. ``market``
    (series, T) holds the last values published by then. ``manager`` (n, T) is None where not recorded. ``landmarks``
    are columns, three months apart, the last one last. ``held_of`` (p): clients who hold each product now. ``kinds``
    says by landmark to what degree each client belongs to each segment (n, s), see ``memberships``.
    """

    months: Months
    products: Products
    bought: Ints = field(repr=False)
    told: Ints = field(repr=False)
    assets: Floats = field(repr=False)
    tolerance: Floats = field(repr=False)
    experience: Floats | None = field(repr=False)
    counts: dict[str, Singles] = field(repr=False)
    offered: Singles | None = field(repr=False)
    declined: Bools = field(repr=False)
    market: dict[str, Floats] = field(repr=False)
    manager: npt.NDArray[np.object_] | None = field(repr=False)
    landmarks: tuple[int, ...]
    held_of: Floats = field(repr=False)
    unnamed: tuple[str, ...]
    kinds: dict[int, Floats] = field(repr=False)
    _made: dict[tuple[str, int], Bools] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def last(self) -> int:
        """The column of the last landmark."""
        return self.landmarks[-1]

    def held(self, column: int) -> Bools:
        """Return who is known by a month's end to have (or have had) something of each category (n, k)."""
        return np.asarray(self.told <= column)

    def suits(self, column: int) -> Bools:
        """Return whom something of each category suits at a month's end (n, k)."""
        fits = suitable(self.products.rating, self.products.minimum, self.tolerance[:, column], self.assets[:, column])
        kinds = range(len(self.products.categories))
        return np.stack([fits[:, self.products.category == k].any(axis=1) for k in kinds], axis=1)

    def eligible(self, column: int) -> Bools:
        """Return who could buy something of each category for the first time (n, k): a client, suited, without any."""
        key = ("eligible", column)
        if key not in self._made:
            there = present(self.months)[:, column]
            self._made[key] = np.asarray(there[:, None] & ~self.held(column) & self.suits(column))
        return self._made[key]

    def came(self, column: int, horizon: int) -> Bools:
        """Return who first bought something of each category within the months after a landmark (n, k)."""
        return np.asarray((self.bought > column) & (self.bought <= column + horizon))

    def features(self, column: int, kind: int, who: Ints | slice = slice(None)) -> tuple[tuple[str, ...], Floats]:
        """Return names (p) and values (n, p) of what is known at a month's end of some clients; nan where not known.

        For one category. Neither gender nor age nor region is among them, nor anything that stands for them.
        """
        tolerance, told = self.tolerance[who, column], self.told[who]
        found: dict[str, Floats] = {
            "tenure": np.log1p(np.maximum(column - self.months.joined[who], 0).astype(float)),
            "assets": np.log1p(np.maximum(self.assets[who, column], 0.0)),
            "risk": tolerance,
        }
        if self.experience is not None:
            found["experience"] = np.log1p(np.maximum(self.experience[who, column], 0.0))
        for k, name in enumerate(self.products.categories):
            if k != kind:
                found[f"held:{name}"] = (told[:, k] <= column).astype(float)
        since = column - np.where(told > column, -NEVER, told).max(axis=1)
        found["bought_lately"] = (since < YEAR).astype(float)
        if self.offered is not None:
            found["offered"] = self.offered[who, kind, column].astype(float)
        found |= {name: np.log1p(values[who, column].astype(float)) for name, values in self.counts.items()}
        for name, series in self.market.items():
            found[f"market:{name}"] = np.full(len(tolerance), series[column])
            found[f"market:{name}:risk"] = series[column] * tolerance
        return tuple(found), np.stack(list(found.values()), axis=1)


def missing(bank: Bank) -> tuple[str, ...]:
    """Return what a bank lacks for any question about needs."""
    lacking = bank.needs(*NEEDS)
    current = bank.has("clients", "risk_tolerance") and not bank.has("client_history", "risk_tolerance")
    if current and "risk_tolerance" not in bank.settings.tables["clients"].static:
        lacking = (*lacking, "client_history.risk_tolerance")
    if bank.has("products", "eligibility") and not bank.settings.needs.eligibility:
        lacking = (*lacking, "[needs] eligibility")
    return lacking


def need_rows(bank: Bank) -> NeedRows | None:
    """Return the rows, made once per bank; None where nobody holds anything. Check ``missing`` first."""
    return once(bank, "need_rows", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> NeedRows | None:
    variables = building_variables(bank)
    months = variables.months
    products, unnamed = _products(bank)
    bought, told, last, held_of = _purchases(bank, months, products)
    if last < 0:
        return None
    # What is delivered some days after a month's end was not known at it.
    late = int(np.ceil(bank.settings.window.reporting_delay_days / DAYS))
    assert variables.risk is not None, "risk_tolerance is delivered"
    managers = attribute_months(bank, "rm_id", months)
    assets = _later(variables.wealth, late)
    landmarks = tuple(c for c in range(last % STEP, last + 1, STEP) if c >= RECENT)
    offered, declined = _offers(bank, months, products)
    return NeedRows(
        months=months,
        products=products,
        bought=bought,
        told=told,
        assets=assets,
        tolerance=variables.risk,
        experience=variables.experience,
        counts={t: _count(bank, months, t, day, n) for t, day, n in COUNTED if bank.has(t, day)},
        offered=offered,
        declined=declined,
        market=published(bank, months),
        manager=None if managers[0] is None or managers[1] else managers[0],
        landmarks=landmarks,
        held_of=held_of,
        unnamed=unnamed,
        kinds=_kinds(bank, months, landmarks, (assets, variables.risk, variables.experience)),
    )


def _kinds(
    bank: Bank, months: Months, landmarks: tuple[int, ...], told: tuple[Floats, Floats, Floats | None]
) -> dict[int, Floats]:
    """Return to what degree each client belongs to each segment by landmark: the bank's own, or those found."""
    if bank.has("clients", "segment"):
        own, refused = attribute_months(bank, "segment", months)
        if own is not None and not refused:
            return given_memberships(own, landmarks)
    before = max((c for c in landmarks if c <= landmarks[-1] - YEAR), default=landmarks[0]) if landmarks else 0
    rules = bank.settings.segments
    return memberships(*told, landmarks, before, rules.most, rules.least_share)


def _later(values: Floats, columns: int) -> Floats:
    found = np.full(values.shape, np.nan)
    if columns < values.shape[1]:
        found[:, columns:] = values[:, : values.shape[1] - columns]
    return found


def _products(bank: Bank) -> tuple[Products, tuple[str, ...]]:
    """Return the shelf, and the classes of eligibility that the settings do not name."""
    table = bank.table("products")
    has_class = bank.has("products", "eligibility")
    columns = ["product_id", "category", "risk_rating", *(["eligibility"] if has_class else [])]
    rows = table.select(*columns).execute().dropna(subset=["category"]).sort_values("product_id", kind="stable")
    names = tuple(sorted(rows["category"].astype(str).unique()))
    place = {name: k for k, name in enumerate(names)}
    least = bank.settings.needs.eligibility
    minimum = np.zeros(len(rows))
    unnamed: set[str] = set()
    if has_class:
        classes = [None if pd.isna(c) else str(c) for c in rows["eligibility"]]
        minimum = np.array([0.0 if c is None else least.get(c, np.nan) for c in classes])
        unnamed = {c for c in classes if c is not None and c not in least}
    products = Products(
        codes=tuple(rows["product_id"].astype(str)),
        categories=names,
        category=np.array([place[str(c)] for c in rows["category"]], dtype=np.int64),
        rating=rows["risk_rating"].astype(float).to_numpy(),
        minimum=minimum,
    )
    return products, tuple(sorted(unnamed))


def _number(day: ir.DateValue) -> ir.IntegerValue:
    return (day.year() * 12 + day.month() - 1).cast("int64")


def _column(table: ir.Table, day: str, months: Months) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """Return the columns in which rows happened, and by whose end they were known."""
    opens = months.opens.year * 12 + months.opens.month - 1
    happened = _number(table[day]) - opens
    known = _number(table.known_on) - opens if "known_on" in table.columns else happened
    return happened, ibis.greatest(happened, ibis.coalesce(known, happened))


def _purchases(bank: Bank, months: Months, products: Products) -> tuple[Ints, Ints, int, Floats]:
    """Return when each client first had each category, and by when that was known; the last month; who holds what."""
    shelf = bank.table("products").select("product_id", kind="category")
    holdings = bank.table("holdings")
    if "amount" in holdings.columns:
        holdings = holdings.filter(holdings.amount != 0)
    happened, known = _column(holdings, "month", months)
    parts = [holdings.select("client_id", "product_id", happened=happened, known=known)]
    if not bank.needs("transactions.product_id", "transactions.kind", "transactions.booked_on"):
        trades = bank.table("transactions")
        # The first trade in something that was never held buys it, whatever sign the booking has.
        trades = trades.filter((trades.kind == "trade") & trades.product_id.notnull())
        happened, known = _column(trades, "booked_on", months)
        parts.append(trades.select("client_id", "product_id", happened=happened, known=known))
    every = parts[0] if len(parts) == 1 else ibis.union(*parts)
    first = every.inner_join(shelf, "product_id").group_by("client_id", "kind")
    first = first.agg(happened=ibis._.happened.min(), known=ibis._.known.min()).execute()
    shape = (len(months.client_id), len(products.categories))
    bought, told = np.full(shape, NEVER, dtype=np.int64), np.full(shape, NEVER, dtype=np.int64)
    who = pd.Index(months.client_id).get_indexer(first["client_id"])
    what = pd.Index(products.categories).get_indexer(first["kind"].astype(str))
    there = (who >= 0) & (what >= 0)
    bought[who[there], what[there]] = np.maximum(first["happened"].to_numpy()[there], -1)
    told[who[there], what[there]] = np.maximum(first["known"].to_numpy()[there], -1)
    last = parts[0].happened.max().execute()
    last = -1 if last is None or pd.isna(last) else min(int(last), months.count - 1)
    now = parts[0].filter(parts[0].happened == last).group_by("product_id").agg(n=lambda t: t.client_id.nunique())
    counts = now.execute().set_index("product_id")["n"]
    return bought, told, last, counts.reindex(products.codes).fillna(0.0).to_numpy(float)


def _count(bank: Bank, months: Months, name: str, day: str, over: int) -> Singles:
    """Return how many rows of a table each client had in the months up to each month's end (n, T), as known then."""
    table = bank.table(name)
    _, known = _column(table, day, months)
    rows = table.select("client_id", at=known).group_by("client_id", "at").agg(n=lambda t: t.count()).execute()
    found = np.zeros((len(months.client_id), months.count))
    who = pd.Index(months.client_id).get_indexer(rows["client_id"])
    at = rows["at"].to_numpy()
    there = (who >= 0) & (at >= 0) & (at < months.count)
    np.add.at(found, (who[there], at[there].astype(int)), rows["n"].to_numpy(float)[there])
    return _over(found, over).astype(np.float32)


def _over(monthly: Floats, over: int) -> Floats:
    """Return sums over so many months up to each (..., T)."""
    total = np.cumsum(monthly, axis=-1)
    before = np.zeros_like(total)
    before[..., over:] = total[..., :-over] if over else total
    return np.asarray(total - before)


def _offers(bank: Bank, months: Months, products: Products) -> tuple[Singles | None, Bools]:
    """Return offers of the last three months and declined ones (n, k, T), as known at each month's end."""
    shape = (len(months.client_id), len(products.categories), months.count)
    none = np.zeros(shape, dtype=bool)
    if bank.needs("offers.product_id", "offers.offered_on"):
        return None, none
    table = bank.table("offers")
    answered = not bank.needs("offers.answer", "offers.answered_on")
    _, made = _column(table, "offered_on", months)
    columns = {"made": made}
    if answered:
        columns["said"] = ibis.greatest(made, _column(table, "answered_on", months)[0])
        columns["no"] = ibis.coalesce(table.answer == "declined", False)
    rows = table.select("client_id", "product_id", **columns).execute()
    kinds = pd.Series(products.category, index=pd.Index(products.codes))
    who = pd.Index(months.client_id).get_indexer(rows["client_id"])
    what = kinds.reindex(rows["product_id"].astype(str)).fillna(-1).to_numpy(int)
    at = rows["made"].to_numpy(float)
    there = (who >= 0) & (what >= 0) & (at >= 0) & (at < months.count)
    made_then = np.zeros(shape)
    np.add.at(made_then, (who[there], what[there], at[there].astype(int)), 1.0)
    offered = _over(made_then, RECENT).astype(np.float32)
    if not answered:
        return offered, none
    said = rows["said"].to_numpy(float)
    there = (who >= 0) & (what >= 0) & rows["no"].to_numpy(bool) & (said >= 0) & (said < months.count)
    noes = np.zeros(shape)
    np.add.at(noes, (who[there], what[there], said[there].astype(int)), 1.0)
    over = bank.settings.needs.declined_months
    return offered, (np.asarray(_over(noes, over) > 0) if over else none)


def published(bank: Bank, months: Months) -> dict[str, Floats]:
    """Return the last value of each series that was published by each month's end (T)."""
    if not bank.settings.needs.market or bank.needs("market.value", "market.month", "market.series"):
        return {}
    table = bank.table("market")
    table = table.filter(table.series.isin(bank.settings.needs.market))
    day = "published_on" if "published_on" in table.columns else "month"
    shown = ibis.coalesce(table[day], table.known_on) if "known_on" in table.columns else table[day]
    rows = table.select("series", "month", value=table.value.cast("float64"), shown=shown).execute()
    rows["shown"] = pd.to_datetime(rows["shown"])
    found = {}
    for name, own in rows.groupby("series"):
        own = own.sort_values(["month", "shown"], kind="stable")
        at = (own["shown"].dt.year - months.opens.year) * 12 + own["shown"].dt.month - 1 - (months.opens.month - 1)
        values = np.full(months.count, np.nan)
        for column, value in zip(at, own["value"], strict=True):
            if column < months.count:
                values[max(int(column), 0) :] = value
        found[str(name)] = values
    return found
