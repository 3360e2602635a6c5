"""Where the numbers of a report come from: the tables that it reads, and the extract behind each."""

from collections.abc import Mapping

from insights.data.settings_sources import TableSource
from insights.data.tables import TABLES
from insights.topics.summary.reads import READS

QUERY, DATABASE = "query", "database"


def delivered(report: str, tables: Mapping[str, TableSource]) -> list[tuple[str, TableSource]]:
    """Return the tables that a report reads and this bank delivers, with their sources (another name: all)."""
    return [(name, tables[name]) for name in TABLES if name in READS.get(report, TABLES) and name in tables]


def origin(source: TableSource) -> str:
    """Return what a table is made from: the name of its extract, or that it is a query or a database.

    Only the name of a file: where it lies is nobody's business but the run log's.
    """
    if source.path:
        return source.path.replace("\\", "/").rsplit("/", 1)[-1]
    return DATABASE if source.database_env else QUERY
