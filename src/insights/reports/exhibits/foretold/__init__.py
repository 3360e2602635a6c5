"""What came of what earlier packs foretold: one exhibit for every report that foretells something."""

from collections.abc import Callable
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.foretold.scored import scored
from insights.reports.exhibits.foretold.waiting import waiting
from insights.reports.exhibits.foretold.warnings import settled
from insights.topics.evidence import Answer
from insights.topics.foretold import SCORED, SETTLED, WAITING

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {SCORED: scored, SETTLED: settled, WAITING: waiting}
