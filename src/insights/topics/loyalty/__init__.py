"""Loyalty: what clients say of the bank, how well that is measured, and what goes with it."""

from insights.topics.loyalty.attitude import attitude
from insights.topics.loyalty.behaviour import behaviour
from insights.topics.loyalty.levers import levers
from insights.topics.loyalty.response import response

__all__ = ["attitude", "behaviour", "levers", "response"]
