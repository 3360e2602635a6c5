"""Lifecycle: how long relationships last, who leaves, for what reason and when, and what can be done about it."""

from insights.topics.lifecycle.backtest import backtest
from insights.topics.lifecycle.censoring import censoring
from insights.topics.lifecycle.curves import (
    assets_lost,
    exit_incidence,
    last_year,
    naive_incidence,
    survival,
    tenure,
)
from insights.topics.lifecycle.divisions import two_divisions
from insights.topics.lifecycle.drivers import driver_checks, drivers, features, outflow_drivers
from insights.topics.lifecycle.foretold import foretold
from insights.topics.lifecycle.gains import retention_gains
from insights.topics.lifecycle.households import households, taken_along
from insights.topics.lifecycle.leavers import exit_notes, returns
from insights.topics.lifecycle.lists import contact_plan, lists
from insights.topics.lifecycle.outflows import dormancy_then_exit, outflow_rates, outflow_then_exit, outflows
from insights.topics.lifecycle.outlook import outlook
from insights.topics.lifecycle.path import conversion, path
from insights.topics.lifecycle.retention import retention
from insights.topics.lifecycle.saves import saves
from insights.topics.lifecycle.stage_goals import stage_goals
from insights.topics.lifecycle.stage_outlook import stage_life, stage_outlook
from insights.topics.lifecycle.stages import stage_moves, stages

__all__ = [
    "assets_lost",
    "backtest",
    "censoring",
    "contact_plan",
    "conversion",
    "dormancy_then_exit",
    "driver_checks",
    "drivers",
    "exit_incidence",
    "exit_notes",
    "features",
    "foretold",
    "households",
    "last_year",
    "lists",
    "naive_incidence",
    "outflow_drivers",
    "outflow_rates",
    "outflow_then_exit",
    "outflows",
    "outlook",
    "path",
    "retention",
    "retention_gains",
    "returns",
    "saves",
    "stage_goals",
    "stage_life",
    "stage_moves",
    "stage_outlook",
    "stages",
    "survival",
    "taken_along",
    "tenure",
    "two_divisions",
]
