"""Words and tables of the management summary: one file per question."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.summary.changes import changes
from insights.reports.exhibits.summary.decisions import decisions
from insights.reports.exhibits.summary.delivery import delivery
from insights.reports.exhibits.summary.effects import effects
from insights.reports.exhibits.summary.framework import framework
from insights.reports.exhibits.summary.goals import goals
from insights.reports.exhibits.summary.paragraphs import paragraphs
from insights.reports.exhibits.summary.past import past
from insights.reports.exhibits.summary.state import state
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "summary.changes": changes,
    "summary.delivery": delivery,
    "summary.past": past,
    "summary.framework": framework,
    "summary.state": state,
    "summary.decisions": decisions,
    "summary.effects": effects,
    "summary.goals": goals,
    "summary.reports": paragraphs,
}
