"""The regression of one wave held against the next: predicted probabilities of the marks, and the marks that came."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY
from insights.models.loyalty.attitude import categories
from insights.models.loyalty.worth import Worth, worth
from insights.stats.ordinal import OrderedFit, ordered_regression
from insights.stats.results import NotEstimable
from insights.stats.scoring.ordered import OrderedScores, ordered_scores


@dataclass(frozen=True)
class Forecasts:
    """``pooled`` over all waves that could be predicted, and ``by_wave`` (the wave predicted).

    ``marks``: lowest and highest mark of each category. ``skipped``: waves that could not be predicted, and why.
    ``clients`` by wave ("" for all), and ``counts`` of the categories (clients).
    """

    pooled: OrderedScores | NotEstimable
    by_wave: dict[str, OrderedScores | NotEstimable]
    marks: list[tuple[float, float]]
    skipped: dict[str, str] = field(default_factory=dict)
    clients: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)


def forecasts(bank: Bank) -> Forecasts:
    """Return how well each wave foretold the next, once per bank; ask ``missing_for_answers`` first."""
    scale = bank.settings.loyalty.outcome_scale or (0.0, 10.0)
    return once(bank, "survey_forecasts", lambda: predict_waves(worth(bank), scale))


def predict_waves(found: Worth, scale: tuple[float, float]) -> Forecasts:
    """Fit loyalty on factors and controls in every wave, and predict the marks of the next wave's answers."""
    rows = found.rows
    if rows.empty:
        return Forecasts(NotEstimable(found.why_none), {}, [])
    codes, marks = categories(rows[LOYALTY].to_numpy(float), scale)
    labels = [str(k) for k in range(len(marks))]
    columns = [*found.factors, *found.controls]
    waves = list(rows.sort_values("wave_number", kind="stable")["wave"].drop_duplicates())
    skipped: dict[str, str] = {}
    parts = []
    for before, wave in pairwise(waves):
        old, new = (rows["wave"] == before).to_numpy(), (rows["wave"] == wave).to_numpy()
        varying = [c for c in columns if c in found.factors or rows.loc[old, c].nunique() > 1]
        fit = ordered_regression(
            codes[old],
            rows.loc[old, varying],
            categories=list(range(len(marks))),
            weight=rows.loc[old, "weight"],
            weights="probability",
        )
        if not isinstance(fit, OrderedFit):
            skipped[wave] = fit.reason
            continue
        told = fit.probabilities(rows.loc[new, varying]).reindex(columns=labels, fill_value=0.0)
        weight = rows.loc[old, "weight"].to_numpy(float)
        known = np.bincount(codes[old], weight, minlength=len(marks)) / weight.sum()
        parts.append((wave, np.flatnonzero(new), told, np.tile(known, (int(new.sum()), 1))))
    if not parts:
        why = next(iter(skipped.values()), "there is one wave only: nothing to predict")
        return Forecasts(NotEstimable(why), {}, marks, skipped)
    at = np.concatenate([p[1] for p in parts])
    pooled = _score(rows.iloc[at], codes[at], pd.concat([p[2] for p in parts]), np.concatenate([p[3] for p in parts]))
    by_wave = {wave: _score(rows.iloc[k], codes[k], told, known) for wave, k, told, known in parts}
    clients = {wave: int(rows.iloc[k]["client_id"].nunique()) for wave, k, _, _ in parts}
    clients[""] = int(rows.iloc[at]["client_id"].nunique())
    counts = [int(rows.iloc[at].loc[codes[at] == k, "client_id"].nunique()) for k in range(len(marks))]
    return Forecasts(pooled, by_wave, marks, skipped, clients, counts)


def _score(
    rows: pd.DataFrame, codes: np.ndarray, told: pd.DataFrame, known: np.ndarray
) -> OrderedScores | NotEstimable:
    cluster = rows["cluster"] if rows["cluster"].nunique() >= 20 else None
    return ordered_scores(told, codes, known, weight=rows["weight"], cluster=cluster)
