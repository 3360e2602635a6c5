"""What services, events or rewards did where they were given by lot: an effect, not an association."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY, TRUST
from insights.models.loyalty.drawn import Drawn, missing_for_drawn
from insights.models.loyalty.drawn import drawn as programmes
from insights.models.loyalty.followed import MONTHS
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.drawn"
CONTROL, EFFECT = "control", "effect"
DIMS = ("group", "outcome", "row")
NAN = float("nan")


@dataclass(frozen=True)
class DrawnRows:
    """``rows``: group, outcome, row ("control": its mean; "effect": what the lot made of it), value, low, high, p."""

    rows: pd.DataFrame


def drawn(bank: Bank) -> Answer | NotAvailable:
    """Tell what a programme of services, events or rewards that was drawn by lot did, by intention to treat."""
    missing = [] if bank.settings.loyalty.drawn else ["[loyalty] drawn"]
    missing += [*missing_for_drawn(bank), *bank.needs("clients.joined_on", "clients.left_on")]
    if not bank.window_from:
        missing.append("[window] complete_from")
    if missing:
        return NotAvailable(ID, tuple(missing))
    told = [d for d in programmes(bank) if any(isinstance(e.found, Estimate) for e in d.effects)]
    if not told:
        return refused(ID, _why(programmes(bank)[0]))
    rows = _rows(told, bank.settings.disclosure.min_clients)
    facts = {
        "months": MONTHS,
        "programmes": [
            {
                "group": d.group,
                "programme": d.programme,
                "by_manager": d.by_manager,
                "units": d.units if d.by_manager else None,
                "treated": d.treated_units if d.by_manager else None,
                "start": d.start,
                "outcomes": [e.outcome for e in d.effects],
            }
            for d in told
        ],
        "refused": {d.group: _why(d) for d in programmes(bank) if d not in told},
    }
    evidence: dict[str, Evidence] = {"rows": Estimates(rows, DIMS)}
    return Answer(ID, ID, evidence, lambda parts: DrawnRows(cast(Estimates, parts["rows"]).rows), facts)


def _why(found: Drawn) -> str:
    if found.why:
        return f"{found.programme} is no programme by lot: {found.why}"
    return next((e.found.reason for e in found.effects if isinstance(e.found, NotEstimable)), "nothing is recorded")


def _rows(told: list[Drawn], least: int) -> pd.DataFrame:
    lines: list[dict[str, Any]] = []
    for d in told:
        for e in (e for e in d.effects if isinstance(e.found, Estimate)):
            found = cast(Estimate, e.found)
            # The difference beside one arm tells the other: both rest on the fewer events.
            behind = e.events if not e.fewest < least else e.fewest
            unit = "points" if e.outcome in (LOYALTY, TRUST) else "share"
            head = {"group": d.group, "outcome": e.outcome, "unit": unit, "n": float(e.clients), "n_events": behind}
            lines.append(head | {"row": CONTROL, "value": e.control, "low": NAN, "high": NAN, "p": NAN})
            p = e.p if np.isnan(e.p_adjusted) else e.p_adjusted
            ends = {"value": found.value, "low": found.low, "high": found.high, "p": p}
            lines.append(head | {"row": EFFECT} | ends)
    return pd.DataFrame(lines)
