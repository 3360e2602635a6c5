"""Canonical tables of money: balances, holdings, bookings, revenue, products, loans, the bank's books, the market."""

from insights.data.catalogue_clients import client_id
from insights.data.columns import Column, TableSpec, table

TRANSACTION_KINDS = {
    "inflow": "inflow",
    "outflow": "outflow",
    "transfer": "transfer",
    "security_in": "securities delivered in",
    "security_out": "securities delivered out",
    "trade": "trade",
    "fee": "fee",
    "interest": "interest",
    "payment": "payment",
}
REVENUE_KINDS = {
    "fee": "fees",
    "interest_margin": "interest margin",
    "transaction_income": "transaction income",
    "cost_to_serve": "cost to serve",
}
MEASURES = {"assets": "assets", "revenue": "revenue", "clients": "clients"}


def month(meaning: str = "The month; the figures are those of its end.") -> Column:
    """Return the month column of a monthly table."""
    return Column("month", "month", "month", meaning, required=True)


def amount(meaning: str, low: float | None = None) -> Column:
    """Return the amount of money that a row is about."""
    return Column("amount", "money", "amount", meaning, required=True, low=low)


def product(required: bool = False) -> Column:
    """Return the column that names a product."""
    return Column("product_id", "id", "product", "The product.", required=required)


def share_of(name: str, label: str, meaning: str) -> Column:
    """Return an amount that cannot be negative."""
    return Column(name, "money", label, meaning, low=0)


BALANCES = table(
    "balances",
    "client, month end and category",
    ("client_id", "month", "category"),
    "month",
    client_id(),
    month(),
    Column("category", "code", "category", "Category of assets, in the bank's own words.", required=True),
    amount("Assets of the client in the category at the month's end; an overdraft is negative."),
    Column("market_change", "money", "market change", "Change of value in the month that no booking explains."),
    month=True,
)

HOLDINGS = table(
    "holdings",
    "client, month end and product",
    ("client_id", "month", "product_id"),
    "month",
    client_id(),
    month(),
    product(required=True),
    amount("Market value of the client's position at the month's end."),
    month=True,
)

BANK_POSITIONS = table(
    "bank_positions",
    "month and item",
    ("month", "item"),
    "month",
    month(),
    Column("item", "code", "item", "Item of the bank's own assets, liabilities or exposures.", required=True),
    amount("Amount of the item at the month's end; liabilities are negative."),
    month=True,
)

TRANSACTIONS = table(
    "transactions",
    "booking",
    (),
    "booked_on",
    client_id(),
    Column("booked_on", "date", "booking date", "Day of the booking.", required=True),
    Column("kind", "code", "kind of booking", "What was booked.", required=True, codes=TRANSACTION_KINDS),
    amount("Amount booked, with the client's sign: what comes into the bank is positive."),
    Column("category", "code", "category", "Category of assets that the booking changes."),
    product(),
    Column("channel", "code", "channel", "Channel through which it was ordered."),
    Column("counterparty", "id", "counterparty", "The other side of the booking.", domain="counterparty"),
    Column(
        "label",
        "code",
        "label",
        "Outcome of an investigation, for example fraud or cleared.",
        revealed_by="labelled_on",
    ),
    Column("labelled_on", "date", "labelled on", "Day the outcome was known.", revealed_by="labelled_on"),
    event=True,
    blank=("category", "product_id", "channel", "counterparty"),
)

REVENUE = table(
    "revenue",
    "client, month and kind",
    ("client_id", "month", "kind"),
    "month",
    client_id(),
    month("The month in which it was earned."),
    Column("kind", "code", "kind of revenue", "Kind of revenue or cost.", required=True, codes=REVENUE_KINDS),
    amount("Revenue with the bank's sign: costs are negative."),
    month=True,
)

PRODUCTS = table(
    "products",
    "product",
    ("product_id",),
    None,
    product(required=True),
    Column("category", "code", "category", "Category of assets the product belongs to.", required=True),
    Column("risk_rating", "integer", "product risk", "Risk of the product, R1 to R5.", "1 (least) to 5", low=1, high=5),
    Column("eligibility", "code", "eligibility", "Who may buy it, in the bank's own classes."),
    Column(
        "liquidity_days",
        "integer",
        "time to sell",
        "Days until the money is there after an order to sell.",
        "days",
        low=0,
        high=36500,
    ),
    Column("green", "flag", "green product", "The product counts as a green or social investment."),
)

LOANS = table(
    "loans",
    "borrowing client and month end",
    ("client_id", "month"),
    "month",
    client_id(),
    month(),
    Column("drawn", "money", "amount drawn", "Amount drawn at the month's end.", required=True, low=0),
    share_of("limit", "credit limit", "Amount that may be drawn."),
    share_of("collateral_value", "collateral", "Lending value of the collateral."),
    Column("collateral_kind", "code", "kind of collateral", "What is pledged, such as a portfolio or a property."),
    share_of("guarantee_value", "guarantees", "Amount covered by guarantees."),
    share_of("insured_value", "insured amount", "Amount covered by credit insurance."),
    Column(
        "days_past_due",
        "integer",
        "days past due",
        "Days by which the oldest payment is late.",
        "days",
        low=0,
        high=36500,
    ),
    Column("defaulted_on", "date", "default date", "Day of default.", revealed_by="defaulted_on"),
    Column("industry", "code", "industry", "Industry of the borrower."),
    month=True,
)

SOURCE_COSTS = table(
    "source_costs",
    "month and acquisition source",
    ("month", "acquisition_source"),
    "month",
    month("The month in which it was spent."),
    Column("acquisition_source", "code", "acquisition source", "What the money was spent on.", required=True),
    amount("Cost of the source in the month, as a positive amount.", low=0),
    month=True,
)

CONTROL_TOTALS = table(
    "control_totals",
    "month and measure",
    ("month", "measure"),
    "month",
    month(),
    Column("measure", "code", "measure", "What the total is of.", required=True, codes=MEASURES),
    amount("Total of the general ledger; for the measure clients a number of clients."),
    month=True,
)

MARKET = table(
    "market",
    "month and series",
    ("month", "series"),
    "month",
    month("The month to which the value refers."),
    Column(
        "series", "code", "series", "Name of the series; fx_usd is the rate that converts one US dollar.", required=True
    ),
    Column("value", "number", "value", "Value of the series, in its own unit.", "unit of the series", required=True),
    Column("published_on", "date", "publication date", "Day on which the value was published."),
    month=True,
    known="published_on",
)

SPECS: tuple[TableSpec, ...] = (
    BALANCES,
    HOLDINGS,
    BANK_POSITIONS,
    TRANSACTIONS,
    REVENUE,
    PRODUCTS,
    LOANS,
    SOURCE_COSTS,
    CONTROL_TOTALS,
    MARKET,
)
