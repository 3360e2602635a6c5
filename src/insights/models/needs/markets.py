"""What markets and the economy do to first purchases, kind by kind, and whether more where more risk is accepted.

The answer is about months, of which there are few: its errors allow for months, and clients, that have something in
common.
"""

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.model import FEWEST, drawn
from insights.models.needs.rows import NeedRows
from insights.models.needs.suitable import Floats
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.multiplicity import holm

LEVEL, EXPOSURE = "level", "exposure"
COLUMNS = ["category", "series", "what", "value", "low", "high", "p", "clients", "events"]
LEAST_MONTHS = 24
"""With fewer months nothing can be said of what moves by months."""


def market_effects(bank: Bank, rows: NeedRows) -> pd.DataFrame:
    """Return what each series of [needs] market does to first purchases of each category, made once per bank.

    Columns: category, series, what (LEVEL: as the series is one standard deviation of its months higher; EXPOSURE: how
    that changes with each step of risk tolerance), value (factor on the odds of buying within the month), low, high, p
    (that there is no effect, adjusted by Holm for all rows), clients and events behind it. No row where too little is
    known.

    A logit of buying in the month after each month's end by what was published by then, times the client's tolerance;
    his segment, tolerance, assets and tenure are allowed for, and a
    steady course over the years. Errors are clustered by client and by month.
    """
    return once(bank, "need_markets", lambda: effects_of(rows), on_disk=True)


def effects_of(rows: NeedRows) -> pd.DataFrame:
    """Return the effects of the series in ``rows.market``; see ``market_effects``."""
    lines: list[dict[str, object]] = []
    scaled = {name: _scaled(series[: rows.last]) for name, series in rows.market.items()}
    known = [c for c in range(rows.last) if all(np.isfinite(s[c]) for s in scaled.values())]
    if scaled and len(known) >= LEAST_MONTHS:
        could = {c: rows.eligible(c) for c in known}
        came = {c: could[c] & rows.came(c, 1) for c in known}
        for kind, category in enumerate(rows.products.categories):
            lines += [{"category": category} | r for r in _of(rows, kind, could, came, scaled)]
    found = pd.DataFrame(lines, columns=COLUMNS)
    return found.assign(p=holm(found["p"].to_numpy(float)))


def _of(
    rows: NeedRows, kind: int, could: dict[int, np.ndarray], came: dict[int, np.ndarray], scaled: dict[str, Floats]
) -> list[dict[str, object]]:
    client = {c: np.flatnonzero(able[:, kind]) for c, able in could.items()}
    who, when = np.concatenate(list(client.values())), np.repeat(list(client), [len(v) for v in client.values()])
    bought = np.concatenate([came[c][own, kind] for c, own in client.items()])
    if bought.sum() < FEWEST:
        return []
    kept, weight = drawn(bought, kind)
    who, when, bought = who[kept], when[kept], bought[kept]
    step = rows.tolerance[who, when] - np.nanmean(rows.tolerance[who, when])
    design = {
        "risk": step,
        "assets": np.log1p(np.maximum(rows.assets[who, when], 0.0)),
        "tenure": np.log1p(np.maximum(when - rows.months.joined[who], 0) / 12),
        # Who is left without a product wishes for it less and less; a series that drifts must not stand for that.
        "years": when / 12,
    }
    for name, series in scaled.items():
        design[f"{LEVEL}:{name}"] = series[when]
        design[f"{EXPOSURE}:{name}"] = series[when] * step
    whole = np.all([np.isfinite(v) for v in design.values()], axis=0)
    used = {name: v[whole] for name, v in design.items() if len(np.unique(v[whole])) > 1}
    fit = discrete_hazard(
        pd.DataFrame(used),
        bought[whole],
        weight=weight[whole],
        baseline=_segment(rows, who, when)[whole],
        link="logit",
        cluster={"month": when[whole], "client": who[whole]},
    )
    if not isinstance(fit, HazardModel) or fit.no_interval:
        return []
    names = fit.table["name"].tolist()
    told = {c: dict(zip(names, fit.table[c].to_numpy(float), strict=True)) for c in ("estimate", "low", "high", "p")}
    return [
        {
            "series": series,
            "what": what,
            "value": float(np.exp(told["estimate"][name])),
            "low": float(np.exp(told["low"][name])),
            "high": float(np.exp(told["high"][name])),
            "p": told["p"][name],
            "clients": len(np.unique(who[whole])),
            "events": int(bought[whole].sum()),
        }
        for series in scaled
        for what in (LEVEL, EXPOSURE)
        if (name := f"{what}:{series}") in used
    ]


def _segment(rows: NeedRows, who: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Return the segment that each client (m) most likely was in at the last landmark by each month's end (m)."""
    marks = np.array(rows.landmarks)
    at = marks[np.maximum(np.searchsorted(marks, when, side="right") - 1, 0)]
    found = np.empty(len(who), dtype=np.int64)
    for column in np.unique(at):
        own = at == column
        found[own] = rows.kinds[int(column)][who[own]].argmax(axis=1)
    return found


def _scaled(series: Floats) -> Floats:
    """Return a series less its mean, in its standard deviations."""
    spread = float(np.nanstd(series)) if np.isfinite(series).any() else 0.0
    return np.asarray((series - np.nanmean(series)) / spread) if spread > 0 else np.full(len(series), np.nan)
