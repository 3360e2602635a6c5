"""What the tables say of holdings, offers, cash and markets, client by client and month by month, as it was known."""

from typing import TypeVar

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.indices import is_price
from insights.models.needs.suitable import Bools, Floats, Products
from insights.models.segments.variables import Months

NEVER = 1_000_000
RECENT, YEAR = 3, 12
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
AnyFloats = TypeVar("AnyFloats", Floats, Singles)


def later(values: Floats, columns: int) -> Floats:
    """Return monthly values (n, T) so many columns later: what is delivered late was not known at its month's end."""
    found = np.full(values.shape, np.nan)
    if columns < values.shape[1]:
        found[:, columns:] = values[:, : values.shape[1] - columns]
    return found


def cash_share(bank: Bank, months: Months, late: int) -> Floats | None:
    """Return the share of cash in each client's assets as known at each month's end (n, T), nan where he has none."""
    table = bank.table("balances")
    if "category" not in table.columns:
        return None
    liquid = table.category.isin(bank.settings.needs.cash)
    amounts = {"all": table.amount.sum(), "cash": ibis.cases((liquid, table.amount), else_=0).sum()}
    happened = _number(table.month) - (months.opens.year * 12 + months.opens.month - 1)
    rows = table.group_by("client_id", at=happened).agg(**{n: v.cast("float64") for n, v in amounts.items()}).execute()
    if not rows["cash"].any():
        return None
    who, at = pd.Index(months.client_id).get_indexer(rows["client_id"]), rows["at"].to_numpy(int)
    there = (who >= 0) & (at >= 0) & (at < months.count) & (rows["all"].to_numpy(float) > 0)
    found = np.full((len(months.client_id), months.count), np.nan)
    found[who[there], at[there]] = np.clip(rows["cash"] / rows["all"], 0, 1).to_numpy(float)[there]
    return later(found, late)


def products_of(bank: Bank) -> tuple[Products, tuple[str, ...]]:
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


def purchases(bank: Bank, months: Months, products: Products) -> tuple[Ints, Ints, int, Floats]:
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


def count_rows(bank: Bank, months: Months, name: str, day: str, over: int) -> Singles:
    """Return how many rows of a table each client had in the months up to each month's end (n, T), as known then."""
    table = bank.table(name)
    _, known = _column(table, day, months)
    rows = table.select("client_id", at=known).group_by("client_id", "at").agg(n=lambda t: t.count()).execute()
    found = np.zeros((len(months.client_id), months.count), dtype=np.float32)
    who = pd.Index(months.client_id).get_indexer(rows["client_id"])
    at = rows["at"].to_numpy()
    there = (who >= 0) & (at >= 0) & (at < months.count)
    np.add.at(found, (who[there], at[there].astype(int)), rows["n"].to_numpy(float)[there])
    return _over(found, over)


def _over(monthly: AnyFloats, over: int) -> AnyFloats:
    """Return sums over so many months up to each (..., T)."""
    total = np.cumsum(monthly, axis=-1)
    before = np.zeros_like(total)
    before[..., over:] = total[..., :-over] if over else total
    made: AnyFloats = total - before
    return made


def offers_made(bank: Bank, months: Months, products: Products) -> tuple[Singles | None, Bools, Singles | None]:
    """Return what is known of offers at each month's end; None where they, or the answers, are not delivered.

    Offers of the last three months by category (n, k, T); whether one was declined in the last months of [needs]
    declined_months (n, k, T); how many offers of any kind the client accepted in a year (n, T).
    """
    shape = (len(months.client_id), len(products.categories), months.count)
    none = np.zeros(shape, dtype=bool)
    if bank.needs("offers.product_id", "offers.offered_on"):
        return None, none, None
    table = bank.table("offers")
    answered = not bank.needs("offers.answer", "offers.answered_on")
    _, made = _column(table, "offered_on", months)
    columns = {"made": made}
    if answered:
        columns["said"] = ibis.greatest(made, _column(table, "answered_on", months)[0])
        answers = {"no": "declined", "yes": "accepted"}
        columns |= {name: ibis.coalesce(table.answer == said, False) for name, said in answers.items()}
    rows = table.select("client_id", "product_id", **columns).execute()
    kinds = pd.Series(products.category, index=pd.Index(products.codes))
    who = pd.Index(months.client_id).get_indexer(rows["client_id"])
    what = kinds.reindex(rows["product_id"].astype(str)).fillna(-1).to_numpy(int)
    at = rows["made"].to_numpy(float)
    there = (who >= 0) & (what >= 0) & (at >= 0) & (at < months.count)
    made_then = np.zeros(shape, dtype=np.float32)
    np.add.at(made_then, (who[there], what[there], at[there].astype(int)), 1.0)
    offered = _over(made_then, RECENT)
    if not answered:
        return offered, none, None
    said = rows["said"].to_numpy(float)
    there = (who >= 0) & (what >= 0) & (said >= 0) & (said < months.count)
    no, yes = (there & rows[name].to_numpy(bool) for name in ("no", "yes"))
    noes = np.zeros(shape, dtype=np.float32)
    np.add.at(noes, (who[no], what[no], said[no].astype(int)), 1.0)
    accepted = np.zeros((shape[0], shape[2]), dtype=np.float32)
    np.add.at(accepted, (who[yes], said[yes].astype(int)), 1.0)
    over = bank.settings.needs.declined_months
    return offered, (np.asarray(_over(noes, over) > 0) if over else none), _over(accepted, YEAR)


def published(bank: Bank, months: Months) -> dict[str, Floats]:
    """Return the last value of each series that was published by each month's end (T).

    Of a price, such as an index, what it gained in the three months before that value (log).
    """
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
        if is_price(bank, str(name)):
            values[RECENT:] = np.log(values[RECENT:] / values[:-RECENT])
            values[:RECENT] = np.nan
        found[str(name)] = values
    return found


def held_at(bank: Bank, months: Months, products: Products, columns: tuple[int, ...], late: int) -> dict[int, Bools]:
    """Return who holds something of each category (n, k) by column, as known then: what is ``late`` months old."""
    table = bank.table("holdings")
    if "amount" in table.columns:
        table = table.filter(table.amount > 0)
    happened = _number(table.month) - (months.opens.year * 12 + months.opens.month - 1) + late
    shelf = bank.table("products").select("product_id", kind="category")
    own = table.filter(happened.isin(columns)).select("client_id", "product_id", at=happened)
    rows = own.inner_join(shelf, "product_id").select("client_id", "kind", "at").distinct().execute()
    who = pd.Index(months.client_id).get_indexer(rows["client_id"])
    what = pd.Index(products.categories).get_indexer(rows["kind"].astype(str))
    at = pd.Index(columns).get_indexer(rows["at"])
    ok = (who >= 0) & (what >= 0)
    found = np.zeros((len(columns), len(months.client_id), len(products.categories)), dtype=bool)
    found[at[ok], who[ok], what[ok]] = True
    return dict(zip(columns, found, strict=True))
