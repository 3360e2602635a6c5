"""Words, tables and figures of the loyalty report: one file per question."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.loyalty.attitude import attitude
from insights.reports.exhibits.loyalty.behaviour import behaviour
from insights.reports.exhibits.loyalty.benefits import benefits
from insights.reports.exhibits.loyalty.choosing import choosing
from insights.reports.exhibits.loyalty.claims import claims
from insights.reports.exhibits.loyalty.drawn import drawn
from insights.reports.exhibits.loyalty.forecast import forecast
from insights.reports.exhibits.loyalty.hypotheses import hypotheses
from insights.reports.exhibits.loyalty.importance import importance
from insights.reports.exhibits.loyalty.invariance import invariance
from insights.reports.exhibits.loyalty.level import level
from insights.reports.exhibits.loyalty.levers import levers
from insights.reports.exhibits.loyalty.loop import loop
from insights.reports.exhibits.loyalty.measurement import measurement
from insights.reports.exhibits.loyalty.mediation import mediation
from insights.reports.exhibits.loyalty.priorities import priorities
from insights.reports.exhibits.loyalty.refusals import refused
from insights.reports.exhibits.loyalty.response import response
from insights.reports.exhibits.loyalty.trends import trends
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "loyalty.attitude": attitude,
    "loyalty.benefits": benefits,
    "loyalty.choosing": choosing,
    "loyalty.claims": claims,
    "loyalty.drawn": drawn,
    "loyalty.forecast": forecast,
    "loyalty.loop": loop,
    "loyalty.behaviour": behaviour,
    "loyalty.hypotheses": hypotheses,
    "loyalty.levers": levers,
    "loyalty.refused": refused,
    "loyalty.response": response,
    "loyalty.level": level,
    "loyalty.measurement": measurement,
    "loyalty.invariance": invariance,
    "loyalty.mediation": mediation,
    "loyalty.importance": importance,
    "loyalty.priorities": priorities,
    "loyalty.trends": trends,
}
