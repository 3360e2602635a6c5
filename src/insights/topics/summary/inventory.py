"""For whoever validates: which models are in use, how they did out of time, and which tests the reports made."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.trials import LOGIT, PRECISION, SEGMENT, TREES
from insights.topics.evidence import Answer, NotAvailable, Published
from insights.topics.summary.pack import Findings, Pack, Row, only_refused

ID = "summary.inventory"
REJECTED = 0.05


@dataclass(frozen=True)
class Model:
    """A model: the finding that shows that it is in use, and the numbers that tell how it did out of time.

    ``tested`` are (finding, name, group); only those that a pack tells are shown.
    """

    name: str
    finding: str
    tested: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = ()

    @property
    def report(self) -> str:
        """The report that it belongs to."""
        return self.finding.partition(".")[0]


MODELS = (
    Model(
        "leaving",
        "lifecycle.outlook",
        tuple(("lifecycle.backtest", name, (("test", "all"),)) for name in ("auc", "slope", "ratio")),
    ),
    Model("value", "value.worth", (("value.hindsight", "ranks", (("of", "told"),)),)),
    Model("segments", "clients.segments"),
    Model("loyalty", "loyalty.levers", (("loyalty.forecast", "forecast_skill", ()),)),
    Model(
        "needs",
        "needs.overview",
        tuple(("needs.score", PRECISION, (("way", way),)) for way in (LOGIT, TREES, SEGMENT)),
    ),
    Model("effects", "channels.changes"),
    Model("defaults", "risk.credit", (("risk.credit", "observed_expected", ()),)),
    Model("alarms", "risk.reputation"),
)


def inventory(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Return the models that the pack shows in use, with what was measured out of time, and the tests by report.

    ``tested``: model, measure, value, low, high, as published. ``tests``: report, questions, answered, made (tests with
    a p-value), rejected (below 5 %, each for itself), reasoned (tests that could not be made, with their reason).
    """
    used = [model for model in MODELS if _told(pack.now, model.finding)]
    if not used:
        return NotAvailable(ID, ("the other reports in this pack",))
    columns = ["model", "measure", "way", "value", "low", "high", "unit", "status"]
    tested = pd.DataFrame([row for model in used for row in _tested(pack.now, model)], columns=columns)
    tests = pd.DataFrame(list(_tests(pack.now)))
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "tested": Published(tested, ("model", "measure", "way")),
            "tests": Published(tests.assign(value=tests["made"], low=float("nan"), high=float("nan")), ("report",)),
        },
        estimate=lambda parts: {name: part.rows for name, part in parts.items()},  # type: ignore[union-attr]
        facts={"models": [(model.name, model.report) for model in used]},
    )


def _told(found: Findings, finding: str) -> bool:
    return bool(found.by_id.get(finding, {}).get("estimates"))


def _tested(found: Findings, model: Model) -> Iterator[dict[str, Any]]:
    for finding, name, group in model.tested:
        row: Row | None = found.one(finding, name, None, **dict(group))
        if row is not None and row.interval:
            way = dict(group).get("way", "")
            ends = {"value": row.value, "low": row.low, "high": row.high}
            yield {"model": model.name, "measure": name, "way": way, "unit": row.unit, "status": row.status} | ends


def _tests(found: Findings) -> Iterator[dict[str, Any]]:
    for report in found.reports:
        own = [f for f in found.by_id.values() if f["report"] == report]
        checks = [check for f in own for check in f["checks"]]
        p = [float(c["p_value"]) for c in checks if c["p_value"] is not None]
        yield {
            "report": report,
            "questions": float(len(own)),
            "answered": float(sum(not only_refused(f) for f in own)),
            "made": float(len(p)),
            "rejected": float(sum(value < REJECTED for value in p)),
            "reasoned": float(len(checks) - len(p)),
            "status": "shown",
        }
