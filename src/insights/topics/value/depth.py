"""Depth: whether clients who hold more after a year bring in more later, and stay, beside clients like them."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.depth import BROUGHT, HORIZONS, LANDMARK, OUTCOMES, Compared, missing_for_depth
from insights.models.value.depth import depth as compared
from insights.models.value.money import MARGIN, measure_of
from insights.stats.effects.overlap import OverlapComparison
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.value.refusals import refused

ID = "value.depth"
NO_ANNIVERSARY = "no_anniversary"
NAN = float("nan")
LIKE, PLAIN = "like", "plain"
DEEP, OTHERS = "deep", "others"
SIZES = ("largest", "second", "absolute")


@dataclass(frozen=True)
class DepthRows:
    """``compared``: outcome, months, measure, value, low, high; ``today``: group (deep, others), value in years.

    Measures: "like" is the difference of the deep to clients like them, "plain" that to all others, "deep" and
    "others" are the means of the two.
    """

    compared: pd.DataFrame
    today: pd.DataFrame


def depth(bank: Bank) -> Answer | NotAvailable:
    """Compare what followed a deep relationship after its first year with what followed others."""
    if missing := missing_for_depth(bank):
        return NotAvailable(ID, missing)
    found = compared(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, NO_ANNIVERSARY, reason=found.reason)
    told = [c for c in found.compared if isinstance(c.found, OverlapComparison)]
    if not told:
        return refused(ID, NO_ANNIVERSARY, reason="too few can be compared")
    unit = bank.settings.bank.currency
    rows = pd.DataFrame([line for c in told for line in _lines(c, unit)])
    today: list[dict[str, Any]] = []
    for group, own in zip((DEEP, OTHERS), found.years_today or (), strict=False):
        today.append({"group": group, "value": own[0], "n": own[1]})
    years = pd.DataFrame(today, columns=["group", "value", "n"]).assign(low=NAN, high=NAN, unit="years", n_events=NAN)
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "compared": Estimates(rows, ("outcome", "months", "measure")),
            "today": Estimates(years, ("group",)),
        },
        estimate=lambda parts: DepthRows(*(cast(Estimates, parts[name]).rows for name in ("compared", "today"))),
        facts={
            "source": found.source,
            "bound": found.bound,
            "landmark": LANDMARK,
            "horizons": HORIZONS,
            "outcomes": OUTCOMES,
            "like": found.like,
            "in_margin": measure_of(bank) == MARGIN,
            "measure": measure_of(bank),
        },
    )


def _lines(c: Compared, unit: str) -> list[dict[str, Any]]:
    found = cast(OverlapComparison, c.found)
    money = c.outcome == BROUGHT
    head: dict[str, Any] = {"outcome": c.outcome, "months": c.months, "unit": unit if money else "share"}
    head |= dict(zip(SIZES, c.sizes if money else (NAN,) * 3, strict=True))
    # A difference of shares tells the leavers of both groups apart.
    events = NAN if money else float(min(c.leavers))
    lines = [
        head | {"measure": name, "n": c.n, "n_events": events, **_ends(own)}
        for name, own in ((LIKE, found.effect), (PLAIN, found.unadjusted))
    ]
    for k, name in enumerate((DEEP, OTHERS)):
        n = c.deep if name == DEEP else c.n - c.deep
        own = {"value": c.means[k], "low": NAN, "high": NAN, "n": n, "n_events": NAN if money else float(c.leavers[k])}
        lines.append(head | {"measure": name, **own})
    return lines


def _ends(own: Estimate) -> dict[str, float]:
    return {"value": own.value, "low": own.low, "high": own.high}
