"""Contracts renewed by period: what share is renewed each time, and what share will still be there."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.renewals import renewals as counted
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable

ID = "value.renewals"
AHEAD = 5
"""Renewals beyond the last one seen for which a share is foretold."""


@dataclass(frozen=True)
class RenewalRows:
    """Rows by renewal: measure (retention, expected_retention, survival, foretold), period, value, low, high, n."""

    rows: pd.DataFrame


def renewals(bank: Bank) -> Answer | NotAvailable:
    """Return the share of contracts that is renewed each time, as seen and by the shifted beta-geometric model."""
    missing = () if bank.settings.value.renewal else ("[value.renewal]",)
    missing = (*missing, *(() if bank.window_from else ("[window] complete_from",)))
    if not (bank.has("clients", "left_on") or bank.has("relationships", "left_on")):
        missing = (*missing, "clients.left_on")
    if missing:
        return NotAvailable(ID, missing)
    found = counted(bank)
    fit, rules = found.fit, bank.settings.value.renewal
    assert rules is not None
    if isinstance(fit, NotEstimable):
        return Answer(ID, "value.renewals_refused", {}, lambda evidence: None, {})
    lines = []
    for row in fit.table.to_dict("records"):
        k, n, lost = int(row["period"]), int(row["at_risk"]), float(row["lost"])
        lines.append(_row("retention", k, row["retention"], n=n, events=lost))
        lines.append(_row("expected_retention", k, row["expected_retention"], n=n, events=lost))
    last = int(fit.table["period"].max())
    for k, e in zip(range(1, last + AHEAD + 1), fit.survival(range(1, last + AHEAD + 1)), strict=True):
        lines.append(_row("survival", k, e.value, e.low, e.high, n=fit.n, events=fit.n_events))
    if found.tested is not None and not isinstance(found.tested, NotEstimable):
        # The model of the first renewals foretells the last ones: both as shares of those who came to the test.
        first = last - found.held
        kept = fit.table["retention"].to_numpy(dtype=float)[-found.held :].prod()
        told = found.tested.survival([first, last])
        n = int(fit.table["at_risk"].iloc[-found.held])
        lines.append(_row("test_seen", last, kept, n=n, events=np.nan))
        lines.append(_row("test_foretold", last, told[1].value / told[0].value, n=n, events=np.nan))
    facts = {"last": last, "held": found.held, "period": rules.period_months, "grace": rules.grace_months}
    evidence: dict[str, Evidence] = {"renewals": Estimates(pd.DataFrame(lines), ("measure", "period"))}
    return Answer(ID, ID, evidence, lambda e: RenewalRows(cast(Estimates, e["renewals"]).rows), facts)


def _row(
    measure: str, period: int, value: float, low: float = np.nan, high: float = np.nan, *, n: int, events: float
) -> dict[str, object]:
    head = {"measure": measure, "period": period, "value": float(value), "low": float(low), "high": float(high)}
    return head | {"unit": "share", "n": n, "n_events": events}
