"""Loyalty: what clients say of the bank, how well that is measured, and what goes with it."""

from insights.topics.loyalty.attitude import attitude
from insights.topics.loyalty.behaviour import behaviour
from insights.topics.loyalty.benefits import benefits
from insights.topics.loyalty.choosing import choosing
from insights.topics.loyalty.claims import claims
from insights.topics.loyalty.drawn import drawn
from insights.topics.loyalty.forecast import forecast
from insights.topics.loyalty.hypotheses import hypotheses
from insights.topics.loyalty.importance import importance
from insights.topics.loyalty.invariance import invariance
from insights.topics.loyalty.level import level
from insights.topics.loyalty.levers import levers
from insights.topics.loyalty.loop import loop
from insights.topics.loyalty.measurement import measurement
from insights.topics.loyalty.mediation import mediation
from insights.topics.loyalty.priorities import priorities
from insights.topics.loyalty.response import response
from insights.topics.loyalty.trends import trends

__all__ = [
    "attitude",
    "behaviour",
    "benefits",
    "choosing",
    "claims",
    "drawn",
    "forecast",
    "hypotheses",
    "importance",
    "invariance",
    "level",
    "levers",
    "loop",
    "measurement",
    "mediation",
    "priorities",
    "response",
    "trends",
]
