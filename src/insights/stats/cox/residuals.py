"""Residuals of a Cox model, exact under Efron's ties: martingale, score, Schoenfeld; and the covariances they give."""

import numpy as np

from insights.stats.clustering import Clustered, Way, cluster_covariance
from insights.stats.cox.rows import CoxRows
from insights.stats.cox.sums import Hazards, Sums, cumulative, gone_through
from insights.stats.design import add_block_sums, chunks
from insights.stats.inputs import Floats

FEW_CELLS = 2_000_000


def martingale(rows: CoxRows, at: Hazards) -> Floats:
    """Return events less expected events by row (n), without weights."""
    risk = at.risk if rows.weight is None else at.risk / np.where(rows.weight > 0, rows.weight, 1.0)
    expected = risk * gone_through(rows, at)
    return np.asarray(rows.sets.event - expected)


def schoenfeld(rows: CoxRows, at: Hazards, found: Sums) -> Floats:
    """Return columns less their expectation in the risk set, for the rows with an event, in the order of the rows."""
    columns = np.concatenate([rows.columns.part(part)[rows.sets.event[part]] for part in chunks(rows.n)])
    return np.asarray(columns - _mean_at_event(rows, at, found)[rows.sets.at])


class ScoreResiduals:
    """Each row's part in the score, weighted; its product with the inverse information is the row's dfbeta.

    Source: Therneau & Grambsch (2000), ch. 7; Lin & Wei (1989); weights: Binder (1992).
    """

    def __init__(self, rows: CoxRows, at: Hazards, found: Sums) -> None:
        self.rows, self.at, self.found = rows, at, found
        self.through = gone_through(rows, at)
        first = at.square[0][:, None] * found.at_risk - at.square[1][:, None] * found.tied
        self.path = cumulative(first)
        self.own = at.square[1][:, None] * found.at_risk - at.square[2][:, None] * found.tied
        self.mean = _mean_at_event(rows, at, found)
        self.tied = bool(at.less.any())

    def part(self, part: slice) -> Floats:
        """Return the weighted score residuals of some rows (m, p)."""
        rows, sets = self.rows, self.rows.sets
        columns = rows.columns.part(part)
        first, last, risk = sets.first[part], sets.last[part], self.at.risk[part]
        scores = columns * (-risk * self.through[part])[:, None]
        scores += (self.path[last] - self.path[first]) * risk[:, None]
        event = np.flatnonzero(sets.event[part])
        place = last[event] - 1
        own = columns[event] - self.mean[place]
        scores[event] += own if rows.weight is None else own * rows.weight[part][event, None]
        if self.tied:
            scores[event] -= self.own[place] * risk[event, None]
        return scores

    def by_cluster(self, way: Way) -> Floats:
        """Return the sums by cluster (G, p)."""
        total = np.zeros((way.size, len(self.rows.names)))
        for part in chunks(self.rows.n):
            scores = self.part(part)
            add_block_sums(total, way.codes[part], np.ones(len(scores)), scores)
        return total

    def meat(self) -> Floats:
        """Return the sum of squares and products of all rows (p, p)."""
        p = len(self.rows.names)
        total = np.zeros((p, p))
        for part in chunks(self.rows.n):
            scores = self.part(part)
            total += scores.T @ scores
        return total


def cox_covariance(
    rows: CoxRows,
    at: Hazards,
    found: Sums,
    bread: Floats,
    ways: tuple[Way, ...],
    contrasts: Floats,
    *,
    small_sample: bool,
) -> Clustered:
    """Return the covariance of the contrasts: clustered where there are ways, otherwise robust row by row."""
    residuals = ScoreResiduals(rows, at, found)
    if not ways:
        side, k = contrasts @ bread, len(contrasts)
        return Clustered(side @ residuals.meat() @ side.T, np.full(k, np.inf), np.zeros((0, k)), "", ())
    return cluster_covariance(
        bread,
        ways,
        residuals.by_cluster,
        lambda way: information_by_cluster(rows, at, found, way),
        contrasts,
        small_sample=small_sample,
    )


def information_by_cluster(rows: CoxRows, at: Hazards, found: Sums, way: Way) -> Floats:
    """Return what the rows of each cluster add to the information (G, p, p): all add up to the whole.

    A row adds the squares of its columns less the means of the risk sets, times the hazard it goes through. Efron's
    ties are taken at the first of the tied events here; the small difference is shared out in proportion.
    """
    p, sets = len(rows.names), rows.sets
    mean = found.at_risk / at.total[:, None]
    hazard = at.step
    gone, path = cumulative(hazard), cumulative(mean * hazard[:, None])
    total = np.zeros((way.size, p, p))
    for part in chunks(rows.n):
        columns, risk, codes = rows.columns.part(part), at.risk[part], way.codes[part]
        first, last = sets.first[part], sets.last[part]
        through, met = risk * (gone[last] - gone[first]), risk[:, None] * (path[last] - path[first])
        order = np.argsort(codes, kind="stable")
        ends = np.flatnonzero(np.concatenate([np.diff(codes[order]) > 0, [True]])) + 1
        for start, stop in zip([0, *ends[:-1]], ends, strict=True):
            own = order[start:stop]
            crossed = columns[own].T @ met[own]
            total[codes[own[0]]] += columns[own].T @ (columns[own] * through[own, None]) - crossed - crossed.T
    # The squares of the means are the same for all rows: only each cluster's share of the risk sets is needed.
    width = max(1, FEW_CELLS // max(way.size, p * p))
    shares = cluster_risk(rows, at, way)
    for start in range(0, len(mean), width):
        times = slice(start, start + width)
        squares = (mean[times, :, None] * mean[times, None, :]).reshape(-1, p * p)
        total += ((shares[:, times] * hazard[times]) @ squares).reshape(way.size, p, p)
    whole = total.sum(axis=0)
    if np.allclose(whole, found.information, rtol=1e-9):
        return total
    root = np.linalg.cholesky(whole)
    turn = np.linalg.cholesky(found.information) @ np.linalg.inv(root)
    return np.asarray(turn @ total @ turn.T)


def cluster_risk(rows: CoxRows, at: Hazards, way: Way) -> Floats:
    """Return the risk of each cluster's rows at each event time (G, T)."""
    sets, size = rows.sets, len(rows.sets.times)
    inside = sets.last > sets.first
    codes, risk = way.codes[inside] * (size + 1), at.risk[inside]
    # A row comes at its first time and goes after its last.
    flow = np.bincount(codes + sets.first[inside], risk, way.size * (size + 1))
    flow -= np.bincount(codes + sets.last[inside], risk, way.size * (size + 1))
    return np.asarray(np.cumsum(flow.reshape(way.size, size + 1), axis=1)[:, :-1])


def _mean_at_event(rows: CoxRows, at: Hazards, found: Sums) -> Floats:
    """Return the columns' expectation at each event time (T, p), averaged over its tied events."""
    weighted = at.step[:, None] * found.at_risk - at.less[:, None] * found.tied
    return np.asarray(weighted / (at.step * at.total - at.less * at.tied)[:, None])
