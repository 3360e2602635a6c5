"""Whether further columns would add to a fitted hazard: the score test, which needs no second fit."""

import numpy as np
import numpy.typing as npt

from insights.stats.clustering import read_labels
from insights.stats.design import DesignLike, add_block_sums, chunks, linear_predictor, make_columns, matched
from insights.stats.hazard.model import INTERCEPT, HazardModel, read_counts_of_trials
from insights.stats.hazard.rows import likelihood
from insights.stats.results import TestResult

SOURCE = "Rao (1948); with clusters: Boos (1992), On generalized score tests"
NULL = "given the columns of the model, the hazard does not change with the added ones"
CLUSTERS_PER_COLUMN = 3


def added_columns_test(
    name: str,
    model: HazardModel,
    design: DesignLike,
    added: npt.ArrayLike,
    events: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
) -> TestResult:
    """Test whether added columns (n, k) would change the hazards of a model fitted to the same rows (n).

    Parameters, in n rows
    ---------------------
    name : of the test, as it stands in the result.
    model : fitted to ``design`` and ``events`` with ``weight``, with an intercept, no levels and no random intercept.
    added : columns that are not in the model, independent of each other and of its columns.
    weight : sampling weights, as in the fit; the variance is then the one that clusters give.
    cluster : labels (n) of rows that belong together. Without them rows count as independent: with weights, each row
        is a cluster; without, the variance is Fisher's information.

    The statistic is chi-squared with k degrees of freedom where there are many clusters; with few it rejects rather too
    seldom. The test does not apply (no statistic, but a reason) with fewer than 3 clusters for each added column, or
    where an added column says the same as others. Raises ValueError for lengths that differ.
    """
    if model.levels is not None or model.group_effects:
        raise ValueError(f"{name}: the model has levels or a random intercept; expected a model with an intercept")
    columns = matched(design, model.names)
    extra = np.asarray(added, dtype=float)
    if extra.ndim != 2 or len(extra) != columns.n:
        raise ValueError(f"{name}: the added columns have shape {extra.shape}; expected ({columns.n}, k)")
    done, tried = read_counts_of_trials(events, None, columns.n)
    if weight is not None:
        done, tried = done * np.asarray(weight, dtype=float), tried * np.asarray(weight, dtype=float)
    values = model.table.set_index("name")["estimate"]
    eta = linear_predictor(columns, values[list(model.names)].to_numpy(float)) + float(values[INTERCEPT])
    _, score, worth, _ = likelihood(eta, done, tried, model.link)
    own = make_columns(columns, intercept=True)
    k, q = extra.shape[1], len(model.names) + 1
    information, crossed, within = np.zeros((q, q)), np.zeros((k, q)), np.zeros((k, k))
    for rows in chunks(columns.n):
        z, x, w = own.part(rows), extra[rows], worth[rows][:, None]
        information += z.T @ (w * z)
        crossed += x.T @ (w * z)
        within += x.T @ (w * x)
    projection = np.linalg.solve(information, crossed.T).T
    left = within - projection @ crossed.T
    if (np.diag(left) <= 1e-9 * np.maximum(np.diag(within), 1e-300)).any() or np.linalg.cond(left) > 1e12:
        return TestResult(name, NULL, reason="an added column says the same as others")
    grouped = cluster is not None or weight is not None
    way = read_labels(np.arange(columns.n) if cluster is None else cluster, "cluster", columns.n)
    if grouped and way.size < CLUSTERS_PER_COLUMN * k:
        return TestResult(name, NULL, reason=f"{way.size} clusters are too few for {k} added columns")
    sums = np.zeros((way.size if grouped else 1, k))
    for rows in chunks(columns.n):
        free = extra[rows] - own.part(rows) @ projection.T
        add_block_sums(sums, way.codes[rows] if grouped else np.zeros(len(free), dtype=np.int64), score[rows], free)
    total = sums.sum(axis=0)
    chi2 = float(total @ np.linalg.solve(sums.T @ sums if grouped else left, total))
    from scipy.special import chdtrc  # slow to import

    return TestResult(name, NULL, chi2, float(k), float(chdtrc(k, chi2)))
