"""Where the numbers of a report come from: the tables that it reads, and the extract behind each."""

from collections.abc import Mapping

from insights.data.settings_sources import TableSource
from insights.data.tables import TABLES

READS: Mapping[str, tuple[str, ...]] = {
    "annex": tuple(TABLES),
    "quality": tuple(TABLES),
    "clients": (
        "balances",
        "behaviour",
        "client_history",
        "clients",
        "complaints",
        "contacts",
        "events",
        "holdings",
        "loans",
        "managers",
        "market",
        "notes",
        "offers",
        "products",
        "programmes",
        "relationships",
        "revenue",
        "services",
        "surveys",
        "transactions",
    ),
    "lifecycle": (
        "balances",
        "behaviour",
        "client_history",
        "clients",
        "complaints",
        "contacts",
        "events",
        "managers",
        "notes",
        "offers",
        "programmes",
        "prospects",
        "relationships",
        "revenue",
        "surveys",
        "transactions",
    ),
    "value": (
        "balances",
        "behaviour",
        "client_history",
        "clients",
        "complaints",
        "contacts",
        "events",
        "holdings",
        "loans",
        "managers",
        "market",
        "notes",
        "products",
        "programmes",
        "relationships",
        "revenue",
        "surveys",
        "transactions",
    ),
    "loyalty": (
        "balances",
        "behaviour",
        "client_history",
        "clients",
        "complaints",
        "contacts",
        "events",
        "holdings",
        "loans",
        "managers",
        "market",
        "notes",
        "programmes",
        "relationships",
        "revenue",
        "services",
        "surveys",
        "transactions",
    ),
    "needs": (
        "balances",
        "behaviour",
        "client_history",
        "clients",
        "complaints",
        "contacts",
        "events",
        "holdings",
        "loans",
        "market",
        "notes",
        "offers",
        "products",
        "revenue",
        "services",
        "transactions",
    ),
    "channels": (
        "balances",
        "behaviour",
        "client_history",
        "clients",
        "contacts",
        "loans",
        "managers",
        "offers",
        "programmes",
        "relationships",
        "requests",
        "revenue",
        "source_costs",
        "surveys",
        "transactions",
    ),
    "risk": (
        "balances",
        "bank_positions",
        "clients",
        "complaints",
        "events",
        "holdings",
        "incidents",
        "loans",
        "market",
        "mentions",
        "products",
        "relationships",
        "revenue",
    ),
    "summary": tuple(TABLES),
}
"""Canonical tables that a report and the models behind it read, where the bank delivers them."""

QUERY, DATABASE = "query", "database"


def delivered(report: str, tables: Mapping[str, TableSource]) -> list[tuple[str, TableSource]]:
    """Return the tables that a report reads and this bank delivers, with their sources."""
    return [(name, tables[name]) for name in TABLES if name in READS.get(report, ()) and name in tables]


def origin(source: TableSource) -> str:
    """Return what a table is made from: the name of its extract, or that it is a query or a database.

    Only the name of a file: where it lies is nobody's business but the run log's.
    """
    if source.path:
        return source.path.replace("\\", "/").rsplit("/", 1)[-1]
    return DATABASE if source.database_env else QUERY
