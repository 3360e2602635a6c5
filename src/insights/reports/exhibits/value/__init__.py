"""Words, tables and figures of the value report: one file per question."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.value.margin import in_assets, margin
from insights.reports.exhibits.value.refusals import refused
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "value.margin": margin,
    "value.in_assets": in_assets,
    "value.refused": refused,
}
