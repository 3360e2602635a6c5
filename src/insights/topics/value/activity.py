"""How active clients are, and what goes with a more active quarter in the income of the next one, within a client."""

from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.activity import Quarters, activity_quarters, missing
from insights.models.value.margins import ClientMargins
from insights.stats.location import smooth_median
from insights.stats.results import Estimate, NotEstimable
from insights.stats.within import WithinFit, within_regression
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable, with_households
from insights.topics.value.refusals import FEW, margins_of, refused

ID = "value.activity"
BANDS = ("0 to 3", "4 to 7", "8 to 11", "12")
EDGES = (4, 8, 12)
TOTAL, AT_ASSETS, LEAD, BETWEEN = "total", "at_assets", "lead", "between"
MIDDLE = "middle"
SILENT = "silent"
FEWEST_QUARTERS = 4


def activity(bank: Bank) -> Answer | NotAvailable:
    """Count clients by how many of the last twelve months they were active in, and estimate what goes with it.

    Effects are shares of income per active month more in a quarter: of the next quarter within the same client, all
    in all and at the same assets; of the quarter before, as a check; and between clients, for comparison only.
    """
    found = margins_of(bank, ID, FEWEST_QUARTERS * 3, income=True)
    if not isinstance(found, ClientMargins):
        return found
    if needs := missing(bank):
        return NotAvailable(ID, needs)
    quarters = activity_quarters(bank)
    if quarters is None:
        return refused(ID, SILENT)
    known = np.isfinite(quarters.year)
    if not known.any():
        return refused(ID, FEW)
    band = np.searchsorted(EDGES, quarters.year[known], side="right")
    frame = pd.DataFrame({"band": np.array(BANDS, dtype=object)[band], "income": quarters.year_income[known]})
    frame["household"] = household_of(bank, found.months.client_id[known])
    counts = frame.groupby("band").size().reindex(BANDS, fill_value=0).rename("clients").rename_axis("band")
    evidence: dict[str, Evidence] = {"clients": with_households(counts.reset_index(), frame, ("band",))}
    rows = _effects(quarters)
    unit = bank.settings.bank.currency
    for name in BANDS:
        middle = smooth_median(frame.loc[frame["band"] == name, "income"], unit=unit)
        if isinstance(middle, Estimate):
            rows.append(_row(MIDDLE, name, middle))
    everybody = smooth_median(frame["income"], unit=unit)
    if isinstance(everybody, Estimate):
        rows.append(_row(MIDDLE, "", everybody))
    evidence["effects"] = Estimates(pd.DataFrame(rows), ("measure", "band"))
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: {
            "clients": cast(ClientCounts, evidence["clients"]).cells,
            "effects": cast(Estimates, evidence["effects"]).rows,
        },
        facts={"months": float(quarters.year[known].mean())} if known.sum() >= FEWEST_MEAN else {"months": None},
    )


FEWEST_MEAN = 50
"""Clients behind an average that is told without a count of its own."""


def _effects(quarters: Quarters) -> list[dict[str, Any]]:
    """Return the effects that can be estimated, each per active month more in a quarter, as a share of income."""
    positive = np.where(quarters.income > 0, quarters.income, np.nan)
    log, assets = np.log(positive), np.log(np.where(quarters.assets > 0, quarters.assets, np.nan))
    now, then = quarters.active[:, 1:-1], quarters.active[:, :-2]
    after = quarters.active[:, 2:]
    # Income of the middle quarter on activity before it, in it and after it.
    fits: dict[str, WithinFit | NotEstimable] = {
        TOTAL: within_regression(log[:, 1:], {"active": quarters.active[:, :-1]}),
        AT_ASSETS: within_regression(log[:, 1:], {"active": quarters.active[:, :-1], "assets": assets[:, 1:]}),
        LEAD: within_regression(log[:, 1:-1], {"before": then, "now": now, "active": after}),
    }
    rows = []
    for name, fit in fits.items():
        if isinstance(fit, WithinFit):
            rows.append(_row(name, "", _as_share(fit.coefficient("active"))))
    if (between := _between(log, quarters.active)) is not None:
        rows.append(_row(BETWEEN, "", between))
    return rows


def _between(log: np.ndarray, active: np.ndarray) -> Estimate | None:
    """Return what sets clients apart: average log income on average activity, one row per client."""
    both = np.isfinite(log) & np.isfinite(active)
    count = both.sum(axis=1)
    used = count > 0
    if used.sum() < FEWEST_MEAN:
        return None
    y, x = (np.where(both, m, 0.0).sum(axis=1)[used] / count[used] for m in (log, active))
    x = x - x.mean()
    if not (x**2).sum() > 0:
        return None
    slope = float(x @ y / (x @ x))
    away = (y - y.mean() - slope * x) * x
    se = float(np.sqrt((away**2).sum()) / (x @ x))
    return _as_share(Estimate(slope, slope - 1.96 * se, slope + 1.96 * se, "log", int(used.sum()), None, 0.95, se))


def _as_share(e: Estimate) -> Estimate:
    value, low, high = (float(np.expm1(v)) for v in (e.value, e.low, e.high))
    return Estimate(value, low, high, "share", e.n, None, e.level)


def _row(measure: str, band: str, e: Estimate) -> dict[str, Any]:
    money = measure == MIDDLE
    ends = {"low": np.nan if money else e.low, "high": np.nan if money else e.high}
    return {"measure": measure, "band": band, "value": e.value, **ends, "unit": e.unit, "n": e.n, "n_events": np.nan}
