"""Partial proportional odds: columns that do not move all thresholds alike get a slope for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.stats.coefficients import coefficient_table, too_few_events
from insights.stats.inputs import Floats
from insights.stats.ordinal.model import OrderedFit, distribution, fit_ordered
from insights.stats.ordinal.newton import Link, cut_points, cut_terms, sort_rows
from insights.stats.ordinal.rows import OrderedRows
from insights.stats.results import NotEstimable, Result, TestResult

SOURCE = "Peterson & Harrell (1990), Partial proportional odds models for ordinal response variables"


@dataclass(frozen=True, eq=False)
class PartialFit(Result):
    """Slopes on the scale of the log odds of a higher category.

    ``table``: name, between (two categories; "" for a column that moves all thresholds alike), estimate, se, low,
    high, p.
    ``thresholds`` (cuts,) and ``slopes`` (cuts, p) are those of every cut. ``expand`` (cuts + cuts * p, q) takes the
    parameters, of which ``joint`` (q, q) is the covariance, to thresholds and slopes. ``df`` as in ``OrderedFit``.
    """

    names: tuple[str, ...] = ()
    nominal: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    thresholds: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    slopes: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    expand: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    joint: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    df: float = float("inf")
    loglik: float = float("nan")
    n: int = 0
    level: float = 0.95
    link: Link = "logit"
    no_interval: str = ""
    rows: OrderedRows | None = field(default=None, repr=False)


def partial_proportional_odds(fit: OrderedFit, columns: Sequence[str]) -> PartialFit | NotEstimable:
    """Fit again with a slope per threshold for some columns, with the weights and clusters of the fit.

    Covariance from the information, or the sandwich by row (probability weights) or cluster: with G clusters times
    G / (G - 1) and t of G - 1 degrees of freedom. Slopes of their own per threshold need not keep the categories in
    order everywhere: ``checks`` says for how many rows some category has a negative probability.

    NotEstimable below 10 telling rows per parameter, below 20 clusters, without rows, and where there is no maximum.
    Raises ValueError for columns that are not in the fit, and for none.
    """
    if unknown := sorted(set(columns) - set(fit.names)):
        raise ValueError(f"the columns {', '.join(unknown)} are not in the fit; expected {', '.join(fit.names)}")
    if not columns:
        raise ValueError("no column is named; expected at least one that gets a slope per threshold")
    rows = fit.rows
    if rows is None:
        return NotEstimable("the fit does not carry its rows")
    cuts, p = len(fit.categories) - 1, len(fit.names)
    chosen = [fit.names.index(c) for c in columns]
    others = [j for j in range(p) if j not in chosen]
    counts = np.bincount(rows.category, rows.weight if rows.counted else None).astype(float)
    n = counts.sum()
    telling = round(float(n - (counts**3).sum() / n**2), 1)
    refused = too_few_events(telling, cuts * len(chosen) + len(others), "rows (counted by what they tell)")
    if refused is not None:  # a refusal is falsy
        return refused
    way = rows.ways[0] if rows.ways is not None else None
    if way is not None and way.size < 20:
        return NotEstimable(f"{way.size} clusters ({way.name}) are too few for slopes per threshold: 20 are needed")
    found = fit_ordered(rows, fit.link, chosen)
    if isinstance(found, NotEstimable):
        return found
    peak, back, scaled = found
    bread = np.linalg.inv(peak.information)
    joint, df = back @ bread @ back.T, float("inf")
    if way is not None or not rows.counted:
        scores = _row_scores(scaled, peak.parameters, fit.link, chosen, others)
        if way is not None:
            total = np.zeros((way.size, scores.shape[1]))
            np.add.at(total, way.codes, scores)
            scores, df = total * np.sqrt(way.size / (way.size - 1)), float(way.size - 1)
        joint = back @ bread @ (scores.T @ scores) @ bread @ back.T
    parameters, width = back @ peak.parameters, 1 + len(chosen)
    expand = np.zeros((cuts * (1 + p), len(parameters)))
    for c in range(cuts):
        expand[c, c * width] = 1
        for i, j in enumerate(chosen):
            expand[cuts + c * p + j, c * width + 1 + i] = 1
        for i, j in enumerate(others):
            expand[cuts + c * p + j, cuts * width + i] = 1
    wide = expand @ parameters
    thresholds, slopes = wide[:cuts], wide[cuts:].reshape(cuts, p)
    return PartialFit(
        _table(fit, chosen, others, parameters, joint, df),
        (_out_of_order(rows, thresholds, slopes, fit.link),),
        SOURCE,
        names=fit.names,
        nominal=tuple(columns),
        categories=fit.categories,
        thresholds=thresholds,
        slopes=slopes,
        expand=expand,
        joint=joint,
        df=df,
        loglik=peak.loglik,
        n=fit.n,
        level=fit.level,
        link=fit.link,
        rows=rows,
    )


def _row_scores(rows: OrderedRows, parameters: Floats, link: Link, chosen: list[int], others: list[int]) -> Floats:
    """Return each row's weighted slope of the log likelihood (n, q), parameters as ``CumulativeData`` orders them."""
    z, x = rows.x[:, chosen], rows.x[:, others]
    data, order = sort_rows(rows.category, x, z, rows.weight, len(rows.labels))
    width, cuts = 1 + len(chosen), data.cuts
    scores = np.zeros((len(x), data.size))
    for c, at, upper, lower in cut_points(data, parameters):
        _, du, dl, *_ = cut_terms(upper, lower, link)
        own, w = order[at], data.weight[at]
        step = np.column_stack([np.ones(len(own)), -z[own]])
        if c < cuts:
            scores[own, c * width : (c + 1) * width] = step * (w * du)[:, None]
        if c:
            scores[own, (c - 1) * width : c * width] = step * (w * dl)[:, None]
        scores[own, cuts * width :] = -x[own] * (w * (du + dl))[:, None]
    return scores


def _table(
    fit: OrderedFit, chosen: list[int], others: list[int], parameters: Floats, joint: Floats, df: float
) -> pd.DataFrame:
    cuts, width = len(fit.categories) - 1, 1 + len(chosen)
    between = [f"{a} | {b}" for a, b in zip(fit.categories[:-1], fit.categories[1:], strict=True)]
    places = [(j, between[c], c * width + 1 + i) for i, j in enumerate(chosen) for c in range(cuts)]
    places += [(j, "", cuts * width + i) for i, j in enumerate(others)]
    at = np.array([place for _, _, place in places])
    names = tuple(fit.names[j] for j, _, _ in places)
    table = coefficient_table(names, parameters[at], joint[np.ix_(at, at)], np.full(len(at), df), fit.level)
    table.insert(1, "between", [b for _, b, _ in places])
    return table


def _out_of_order(rows: OrderedRows, thresholds: Floats, slopes: Floats, link: Link) -> TestResult:
    below = distribution(thresholds - rows.x @ slopes.T, link)
    bad = int((np.diff(below, axis=1) < 0).any(axis=1).sum())
    reason = f"{bad} rows have a category with a negative probability" if bad else ""
    return TestResult("order of the thresholds", "every category has a probability above 0", float(bad), reason=reason)
