"""Words, tables and figures of the lifecycle report: one file per question."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.lifecycle.backtest import backtest
from insights.reports.exhibits.lifecycle.censoring import censoring
from insights.reports.exhibits.lifecycle.contacts import contact_plan
from insights.reports.exhibits.lifecycle.divisions import two_divisions
from insights.reports.exhibits.lifecycle.driver_checks import driver_checks
from insights.reports.exhibits.lifecycle.drivers import drivers, features
from insights.reports.exhibits.lifecycle.gains import retention_gains
from insights.reports.exhibits.lifecycle.households import households, taken_along
from insights.reports.exhibits.lifecycle.incidence import exit_incidence, naive_incidence
from insights.reports.exhibits.lifecycle.list_words import contacts_in_words, in_words
from insights.reports.exhibits.lifecycle.no_answer import no_answer
from insights.reports.exhibits.lifecycle.outflows import outflow_rates, outflows, then_exit
from insights.reports.exhibits.lifecycle.outlook import outlook
from insights.reports.exhibits.lifecycle.path import conversion, path
from insights.reports.exhibits.lifecycle.refusals import refused
from insights.reports.exhibits.lifecycle.retention import retention
from insights.reports.exhibits.lifecycle.returns import returns
from insights.reports.exhibits.lifecycle.saves import exit_notes, saves
from insights.reports.exhibits.lifecycle.stage_goals import stage_goals
from insights.reports.exhibits.lifecycle.stage_outlook import stage_life, stage_outlook
from insights.reports.exhibits.lifecycle.stages import stage_moves, stages
from insights.reports.exhibits.lifecycle.survival import survival
from insights.reports.exhibits.lifecycle.tenure import tenure
from insights.reports.exhibits.lifecycle.year import assets_lost, last_year
from insights.reports.wording import Wording
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "lifecycle.outlook": outlook,
    "lifecycle.drivers": drivers,
    "lifecycle.driver_checks": driver_checks,
    "lifecycle.features": features,
    "lifecycle.backtest": backtest,
    "lifecycle.last_year": last_year,
    "lifecycle.assets_lost": assets_lost,
    "lifecycle.survival": survival,
    "lifecycle.exit_incidence": exit_incidence,
    "lifecycle.tenure": tenure,
    "lifecycle.naive_incidence": naive_incidence,
    "lifecycle.outflows": outflows,
    "lifecycle.outflow_rates": outflow_rates,
    "lifecycle.then_exit": then_exit,
    "lifecycle.households": households,
    "lifecycle.taken_along": taken_along,
    "lifecycle.path": path,
    "lifecycle.conversion": conversion,
    "lifecycle.stages": stages,
    "lifecycle.stage_moves": stage_moves,
    "lifecycle.stage_outlook": stage_outlook,
    "lifecycle.stage_life": stage_life,
    "lifecycle.stage_goals": stage_goals,
    "lifecycle.two_divisions": two_divisions,
    "lifecycle.refused": refused,
    "lifecycle.no_answer": no_answer,
    "lifecycle.retention": retention,
    "lifecycle.retention_gains": retention_gains,
    "lifecycle.contacts": contact_plan,
    "lifecycle.saves": saves,
    "lifecycle.returns": returns,
    "lifecycle.exit_notes": exit_notes,
    "lifecycle.censoring": censoring,
}

LISTS: dict[str, Callable[[pd.DataFrame, Bank, Wording], pd.DataFrame]] = {
    "contacts": contacts_in_words,
    "winback": in_words,
    "leavers": in_words,
}
"""How the restricted lists of this report are put into words, by name."""
