"""Channels: what each does, how satisfied the same clients are in each, and what a change was worth."""

from insights.topics.channels.adoption import adoption
from insights.topics.channels.answers import answers
from insights.topics.channels.brand import brand
from insights.topics.channels.changes import changes, rollout
from insights.topics.channels.digital import digital
from insights.topics.channels.effort import effort
from insights.topics.channels.hours import hours
from insights.topics.channels.matters import matters
from insights.topics.channels.offers import offers
from insights.topics.channels.overview import overview
from insights.topics.channels.paths import paths
from insights.topics.channels.preference import preference
from insights.topics.channels.prospects import lists, prospects
from insights.topics.channels.requests import requests
from insights.topics.channels.satisfaction import satisfaction
from insights.topics.channels.sources import sources
from insights.topics.channels.state import state
from insights.topics.channels.trends import trends
from insights.topics.channels.upkeep import upkeep

QUESTIONS = (
    "overview",
    "state",
    "answers",
    "trends",
    "digital",
    "upkeep",
    "satisfaction",
    "preference",
    "brand",
    "changes",
    "rollout",
    "adoption",
    "paths",
    "matters",
    "requests",
    "sources",
    "prospects",
    "offers",
    "effort",
    "hours",
)
"""What the report asks, in its order."""

__all__ = [
    "QUESTIONS",
    "adoption",
    "answers",
    "brand",
    "changes",
    "digital",
    "effort",
    "hours",
    "lists",
    "matters",
    "offers",
    "overview",
    "paths",
    "preference",
    "prospects",
    "requests",
    "rollout",
    "satisfaction",
    "sources",
    "state",
    "trends",
    "upkeep",
]
