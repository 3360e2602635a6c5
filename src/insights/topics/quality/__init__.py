"""Data quality: what the bank delivered, whether the books agree, and whether a month looks like a month."""

from insights.topics.quality.delivery import (
    ABOUT_NOBODY,
    ENDINGS,
    access,
    completeness,
    coverage,
    files,
    intake,
    legal_basis,
    lists,
    reconciliation,
    repairs,
    timeliness,
)
from insights.topics.quality.looks import balances, exits, revenue

__all__ = [
    "ABOUT_NOBODY",
    "ENDINGS",
    "access",
    "balances",
    "completeness",
    "coverage",
    "exits",
    "files",
    "intake",
    "legal_basis",
    "lists",
    "reconciliation",
    "repairs",
    "revenue",
    "timeliness",
]
