"""Robust and clustered covariances of a discrete-time hazard: more passes over the rows, in chunks."""

import numpy as np

from insights.stats.clustering import Clustered, Way, cluster_covariance
from insights.stats.design import add_block_sums
from insights.stats.hazard.newton import Fitted
from insights.stats.hazard.rows import HazardRows, Part
from insights.stats.inputs import Floats


def hazard_covariance(
    rows: HazardRows,
    found: Fitted,
    weights: Floats | None,
    ways: tuple[Way, ...],
    contrasts: Floats,
    *,
    small_sample: bool,
) -> Clustered:
    """Return the covariance of the contrasts: clustered where there are ways, otherwise robust trial by trial.

    Levels of periods are taken out of the columns first (by their weighted means within the periods), which leaves
    the scores of the coefficients as they are in the full model.
    """
    if not ways:
        meat = _meat_of_trials(rows, found, weights)
        side = contrasts @ found.covariance
        k = len(contrasts)
        return Clustered(side @ meat @ side.T, np.full(k, np.inf), np.zeros((0, k)), "", ())
    return cluster_covariance(
        found.covariance,
        ways,
        lambda way: _scores(rows, found, way),
        lambda way: _informations(rows, found, way),
        contrasts,
        small_sample=small_sample,
    )


def _meat_of_trials(rows: HazardRows, found: Fitted, weights: Floats | None) -> Floats:
    """Add up the squared scores of all trials: a cell of 3 events in 20 trials has two kinds of scores."""
    q = len(found.at.beta)
    meat = np.zeros((q, q))
    for part in rows.parts(found.at):
        done, tried = rows.events[part.rows], rows.trials[part.rows]
        if rows.link == "logit":
            happened, not_happened = 1 - part.hazard, -part.hazard
        else:
            cumulative = -np.log1p(-np.minimum(part.hazard, 1 - 1e-16))
            happened, not_happened = cumulative * (1 / part.hazard - 1), -cumulative
        square = done * happened**2 + (tried - done) * not_happened**2
        if weights is not None:
            square *= weights[part.rows]  # events and trials carry the weight once already
        columns = _within(rows, found, part) * np.sqrt(square)[:, None]
        meat += columns.T @ columns
    return meat


def _scores(rows: HazardRows, found: Fitted, way: Way) -> Floats:
    """Return the sums of scores by cluster (G, q)."""
    total = np.zeros((way.size, len(found.at.beta)))
    for part in rows.parts(found.at):
        add_block_sums(total, way.codes[part.rows], part.score, _within(rows, found, part))
    return total


def _informations(rows: HazardRows, found: Fitted, way: Way) -> Floats:
    """Return the information by cluster (G, q, q)."""
    q = len(found.at.beta)
    total = np.zeros((way.size, q, q))
    for part in rows.parts(found.at):
        columns = _within(rows, found, part) * np.sqrt(part.weight)[:, None]
        codes = way.codes[part.rows]
        order = np.argsort(codes, kind="stable")
        columns, codes = columns[order], codes[order]
        starts = np.flatnonzero(np.concatenate([[True], np.diff(codes) > 0]))
        for start, stop in zip(starts, [*starts[1:], len(codes)], strict=True):
            block = columns[start:stop]
            total[codes[start]] += block.T @ block
    return total


def _within(rows: HazardRows, found: Fitted, part: Part) -> Floats:
    """Return the columns of a chunk less their weighted means within the periods."""
    if rows.period is None:
        return part.columns
    level = np.where(found.blocks.level > 0, found.blocks.level, 1.0)
    means = found.blocks.level_columns / level[:, None]
    return np.asarray(part.columns - means[rows.period.codes[part.rows]])
