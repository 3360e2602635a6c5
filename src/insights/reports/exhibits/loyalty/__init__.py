"""Words, tables and figures of the loyalty report: one file per question."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.loyalty.attitude import attitude
from insights.reports.exhibits.loyalty.behaviour import behaviour
from insights.reports.exhibits.loyalty.levers import levers
from insights.reports.exhibits.loyalty.refusals import refused
from insights.reports.exhibits.loyalty.response import response
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "loyalty.attitude": attitude,
    "loyalty.behaviour": behaviour,
    "loyalty.levers": levers,
    "loyalty.refused": refused,
    "loyalty.response": response,
}
