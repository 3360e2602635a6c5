"""Extracts of money: balances, holdings, bookings, revenue, the shelf, loans, the bank's own books, the market."""

from insights.demo.extracts.extract import CLIENT_NR, CUSTOMER, FLAG, Extract, Field, code, entity, german
from insights.demo.law import ProductLaw
from insights.demo.money.bookings import CHANNELS, KINDS
from insights.demo.money.loans import COLLATERALS, INDUSTRIES
from insights.demo.money.market import SERIES
from insights.demo.money.monthly import REVENUE_KINDS
from insights.demo.money.payments import LABELS
from insights.demo.money.products import ELIGIBILITY
from insights.demo.service.public import ITEMS as ITEMS_OF_BANK
from insights.demo.state import CATEGORIES

SHELF = tuple(product.code for product in ProductLaw().shelf)
PRODUCT_CATEGORIES = tuple(dict.fromkeys(product.category for product in ProductLaw().shelf))
MEASURES = ("assets", "revenue", "clients")

MONEY: dict[str, Extract] = {
    "balances": Extract(
        "balances.parquet",
        (
            CUSTOMER,
            Field("month", "month_end", "date"),
            code("category", "asset_class", CATEGORIES),
            Field("amount", "market_value", "money"),
            Field("market_change", "performance", "money"),
        ),
        kind="parquet",
    ),
    "holdings": Extract(
        "holdings.parquet",
        (
            CUSTOMER,
            Field("month", "month_end", "date"),
            code("product_id", "product", SHELF),
            Field("amount", "market_value", "money"),
        ),
        kind="parquet",
    ),
    "transactions": german(
        "buchungen.csv",
        Field("transactions_id", "BUCHUNGS_NR", "record", entity="B"),
        CLIENT_NR,
        Field("booked_on", "BUCHUNGSTAG", "date"),
        Field("known_on", "ERFASST_AM", "date"),
        code("kind", "BUCHUNGSART", KINDS, ("110", "120", "130", "210", "220", "300", "410", "420", "510")),
        Field("amount", "BETRAG", "money"),
        code("category", "VERMOEGENSKLASSE", CATEGORIES, ("LIQ", "FDS", "MAN")),
        code("product_id", "PRODUKT", SHELF),
        code("channel", "KANAL", CHANNELS),
        entity("counterparty", "GEGENPARTEI", "counterparty"),
        code("label", "PRUEFUNG", LABELS, ("BETRUG", "OK")),
        Field("labelled_on", "GEPRUEFT_AM", "date"),
    ),
    "revenue": Extract(
        "profitability.csv",
        (
            CUSTOMER,
            Field("month", "month", "date"),
            *(Field(kind, raw, "money") for kind, raw in zip(REVENUE_KINDS, ("fees", "margin", "cost"), strict=True)),
        ),
    ),
    "products": Extract(
        "products.csv",
        (
            code("product_id", "product", SHELF),
            code("category", "category", PRODUCT_CATEGORIES),
            Field("risk_rating", "risk_class", "integer"),
            code("eligibility", "eligible", ELIGIBILITY),
            Field("liquidity_days", "days_to_cash", "integer"),
            code("green", "sustainable", FLAG, ("N", "Y")),
        ),
    ),
    "loans": Extract(
        "loans.csv",
        (
            CUSTOMER,
            Field("month", "month", "date"),
            Field("drawn", "drawn", "money"),
            Field("limit", "credit_line", "money"),
            Field("collateral_value", "collateral", "money"),
            code("collateral_kind", "pledged", COLLATERALS),
            Field("guarantee_value", "guarantees", "money"),
            Field("insured_value", "insured", "money"),
            Field("days_past_due", "days_late", "integer"),
            Field("defaulted_on", "default", "date"),
            code("industry", "industry", INDUSTRIES),
        ),
    ),
    "bank_positions": Extract(
        "balance_sheet.csv",
        (
            Field("month", "month", "date"),
            code("item", "item", ITEMS_OF_BANK),
            Field("amount", "amount", "money"),
        ),
    ),
    "source_costs": Extract(
        "marketing.csv",
        (
            Field("month", "month", "date"),
            Field("acquisition_source", "source", "words", entity="source"),
            Field("amount", "spent", "money"),
        ),
    ),
    "market": Extract(
        "market.csv",
        (
            Field("month", "month", "date"),
            code("series", "series", SERIES),
            Field("value", "value", "number"),
            Field("published_on", "published", "date"),
        ),
    ),
    "control_totals": Extract(
        "general_ledger.csv",
        (
            Field("month", "month", "date"),
            code("measure", "measure", MEASURES),
            Field("amount", "amount", "money"),
        ),
    ),
}
