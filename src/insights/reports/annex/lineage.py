"""Where the numbers of a report come from: its tables, the extract behind each, and what became of the rows."""

from collections.abc import Mapping
from typing import cast

from insights.data.reads import tables_read
from insights.data.settings_sources import TableSource
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.reports.disclosure import protect
from insights.reports.wording.labels import REPORTS
from insights.topics.evidence import Answer, RowCounts

QUERY, DATABASE = "query", "database"
CAME = "came"
READS = {report: tables_read(report) for report in REPORTS}
"""Made when this module is imported: once, for all pages that are written by what a run forks."""

Rows = Mapping[str, Mapping[str, float]]
"""Numbers of rows by table and what became of them, "came" those that came in; nan where withheld."""


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


def rows_taken_in(intake: Answer, bank: Bank) -> Rows:
    """Return what became of the rows of every table, as readers may know it: just what ``quality.intake`` tells.

    What came in is the sum of what is told of it, and withheld where a part of it is.
    """
    cells = cast(RowCounts, protect(intake.evidence, bank.settings.disclosure)["rows"]).cells
    found: dict[str, dict[str, float]] = {}
    for row in cells.to_dict("records"):
        found.setdefault(str(row["table"]), {})[str(row["action"])] = float(row["rows"])
    return {table: endings | {CAME: sum(endings.values())} for table, endings in found.items()}
