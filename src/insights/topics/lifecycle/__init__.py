"""Lifecycle: how long relationships last, who leaves, for what reason and when, and what can be done about it."""

from insights.topics.lifecycle.curves import (
    assets_lost,
    exit_incidence,
    last_year,
    lists,
    naive_incidence,
    survival,
    tenure,
)

__all__ = ["assets_lost", "exit_incidence", "last_year", "lists", "naive_incidence", "survival", "tenure"]
