"""Page one: which channel wastes whose time, and what the last change was worth."""

from dataclasses import dataclass
from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.contacts import NEEDS
from insights.models.channels.outcomes import Rollout
from insights.models.channels.rollout import rollout as followed
from insights.topics.channels.changes import (
    ChangeRows,
    change_evidence,
    change_facts,
    change_rows,
    missing_for_changes,
    told_programmes,
)
from insights.topics.channels.state import StateRows, state_evidence, state_rows
from insights.topics.evidence import Answer, Evidence, NotAvailable

ID = "channels.overview"


@dataclass(frozen=True)
class Overview:
    """The state of the channels, and the outcomes of the last change and of the other programmes."""

    state: StateRows
    changes: ChangeRows


def overview(bank: Bank) -> Answer | NotAvailable:
    """Tell which channel wastes whose time, and what the last change of a channel was worth in money."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    evidence, facts = state_evidence(bank)
    missing_changes = missing_for_changes(bank)
    found: list[Rollout] = []
    if not missing_changes:
        found = [followed(bank, name) for name in told_programmes(bank)[:1]]
    evidence |= change_evidence(found)
    more: dict[str, Any] = {"missing": list(missing_changes)}
    more |= change_facts(bank, found) if found else {"programmes": []}
    return Answer(ID, ID, evidence, _overview, facts | more)


def _overview(parts: dict[str, Evidence]) -> Overview:
    return Overview(state_rows(parts), change_rows(parts))
