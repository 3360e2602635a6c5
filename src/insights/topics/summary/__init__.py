"""The questions of the management summary: answered from the findings of the pack's other reports."""

from insights.topics.summary.changes import changes
from insights.topics.summary.decisions import decisions
from insights.topics.summary.delivery import delivery
from insights.topics.summary.effects import effects
from insights.topics.summary.framework import framework
from insights.topics.summary.goals import goals
from insights.topics.summary.paragraphs import paragraphs
from insights.topics.summary.past import past
from insights.topics.summary.state import state

__all__ = [
    "changes",
    "decisions",
    "delivery",
    "effects",
    "framework",
    "goals",
    "paragraphs",
    "past",
    "state",
]
