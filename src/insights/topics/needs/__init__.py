"""Needs: what clients will buy first, how well that was foretold, which offers and mixes suit, and who gets them."""

from insights.topics.needs.allocation import allocation
from insights.topics.needs.fairness import fairness
from insights.topics.needs.foretold import foretold
from insights.topics.needs.green import green
from insights.topics.needs.markets import markets
from insights.topics.needs.offers import lists, offers
from insights.topics.needs.overview import overview
from insights.topics.needs.plan import plan
from insights.topics.needs.score import score

QUESTIONS = ("overview", "score", "markets", "offers", "plan", "allocation", "green", "fairness")
"""What the report asks, in its order."""

__all__ = [
    "QUESTIONS",
    "allocation",
    "fairness",
    "foretold",
    "green",
    "lists",
    "markets",
    "offers",
    "overview",
    "plan",
    "score",
]
