"""Channels: what each does, how satisfied the same clients are in each, and what a change was worth."""

from insights.topics.channels.changes import changes, rollout
from insights.topics.channels.matters import matters
from insights.topics.channels.offers import offers
from insights.topics.channels.overview import overview
from insights.topics.channels.requests import requests
from insights.topics.channels.satisfaction import satisfaction
from insights.topics.channels.sources import sources
from insights.topics.channels.state import state

QUESTIONS = ("overview", "state", "satisfaction", "changes", "rollout", "matters", "requests", "sources", "offers")
"""What the report asks, in its order."""

__all__ = [
    "QUESTIONS",
    "changes",
    "matters",
    "offers",
    "overview",
    "requests",
    "rollout",
    "satisfaction",
    "sources",
    "state",
]
