"""Words, tables and figures of the lifecycle report: one file per question."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.lifecycle.incidence import exit_incidence, naive_incidence
from insights.reports.exhibits.lifecycle.survival import survival
from insights.reports.exhibits.lifecycle.tenure import tenure
from insights.reports.exhibits.lifecycle.year import assets_lost, last_year
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "lifecycle.last_year": last_year,
    "lifecycle.assets_lost": assets_lost,
    "lifecycle.survival": survival,
    "lifecycle.exit_incidence": exit_incidence,
    "lifecycle.tenure": tenure,
    "lifecycle.naive_incidence": naive_incidence,
}
