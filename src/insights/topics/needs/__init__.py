"""Needs: what clients will buy first, how well that was foretold, which offers suit them, and who gets them."""

from insights.topics.needs.fairness import fairness
from insights.topics.needs.offers import lists, offers
from insights.topics.needs.overview import overview
from insights.topics.needs.plan import plan
from insights.topics.needs.score import score

QUESTIONS = ("overview", "score", "offers", "plan", "fairness")
"""What the report asks, in its order."""

__all__ = ["QUESTIONS", "fairness", "lists", "offers", "overview", "plan", "score"]
