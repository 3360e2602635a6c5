"""Words, tables and figures of the data-quality report: one file per question."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.quality.books import access, files, legal_basis, reconciliation
from insights.reports.exhibits.quality.gaps import completeness, coverage, timeliness
from insights.reports.exhibits.quality.intake import intake, repairs
from insights.reports.exhibits.quality.looks import balances, exits, revenue
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "quality.intake": intake,
    "quality.repairs": repairs,
    "quality.coverage": coverage,
    "quality.completeness": completeness,
    "quality.timeliness": timeliness,
    "quality.exits": exits,
    "quality.balances": balances,
    "quality.revenue": revenue,
    "quality.reconciliation": reconciliation,
    "quality.legal_basis": legal_basis,
    "quality.access": access,
    "quality.files": files,
}
