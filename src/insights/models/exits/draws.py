"""Hazards of leaving drawn from their uncertainty: all models together, so that shared errors stay shared."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from insights.models.exits.design import YOUNG_MONTHS, Number, Season, Tenure
from insights.models.exits.fit import MOST_LOG, CauseHazard
from insights.models.exits.rows import MISSING, ExitRows
from insights.stats.hazard import HazardModel
from insights.stats.inputs import Floats
from insights.stats.shrunken import Shrunken

DRAWS = 300
SEED_OF_MANAGERS = 7
MOST_CLUSTERS = 2_000
"""With more clusters than this each model is drawn on its own: there the shared errors are small."""


class Draws:
    """Draws of the coefficients of every fit.

    A fit's coefficients move by the sum over the clusters (managers) of what each adds to them, times a standard normal
    lot of the cluster that is the same in all fits; the size of each coefficient's draws is that of its clustered
    standard error. ``rows`` are the clients in force: at their mean the level of a shrunken fit is drawn unshrunken.
    """

    def __init__(self, models: Mapping[str, CauseHazard], rows: ExitRows, rng: np.random.Generator) -> None:
        self._models = models
        self._lots: dict[str, Floats] = {}
        self._drawn: dict[int, tuple[Floats, dict[str, Floats]]] = {}
        self._rates: dict[str, Floats] = {}
        self._of_managers: Floats | None = None
        for name, model in models.items():
            # For a constant hazard: the rate of a Poisson number, Jeffreys' prior.
            self._rates[name] = rng.gamma(model.events + 0.5, size=DRAWS) / max(model.months, 1)
            for _, _, fit in model.bands(12):
                if isinstance(fit.model, HazardModel) and id(fit) not in self._drawn:
                    self._drawn[id(fit)] = self._draw(fit, rows, rng)

    def cumulative(self, name: str, rows: ExitRows, months: int) -> Floats:
        """Return the intensity summed over the coming months (n, draws)."""
        model = self._models[name]
        if not isinstance(model.model, HazardModel):
            return np.broadcast_to(months * self._rates[name], (rows.n, DRAWS))
        found = np.zeros((rows.n, DRAWS))
        for first, last, fit in model.bands(months):
            found += self._band(fit, rows, range(first, last))
        # The exponential of an unbiased error is biased upwards; each client keeps the mean that he was given.
        return np.asarray(found * (model.path(rows, months).sum(axis=1) / found.mean(axis=1))[:, None])

    def _draw(self, fit: CauseHazard, rows: ExitRows, rng: np.random.Generator) -> tuple[Floats, dict[str, Floats]]:
        """Return draws of the constant (draws) and of the coefficients by column."""
        assert isinstance(fit.model, HazardModel)
        table, covariance = fit.model.table, fit.model.covariance
        moved = self._moves(fit.model, covariance, rng)
        beta = table["estimate"].to_numpy(float)[1:]
        mean = fit.recipe.design(rows)[1].mean(axis=0, dtype=np.float64) if rows.n else np.zeros(len(beta))
        constant = fit.constant + moved[:, 0] + (1 - fit.shrink) * (moved[:, 1:] @ mean)
        drawn = fit.shrink * (beta + moved[:, 1:])
        return constant, {name: drawn[:, k] for k, name in enumerate(table["name"].iloc[1:])}

    def _moves(self, model: HazardModel, covariance: Floats, rng: np.random.Generator) -> Floats:
        """Return by how much the coefficients move in each draw (draws, k)."""
        se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        if model.influence is None or not 2 <= len(model.influence) <= MOST_CLUSTERS:
            values, vectors = np.linalg.eigh(covariance / np.outer(se, se))
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            return np.asarray(rng.standard_normal((DRAWS, len(se))) @ root.T * se)
        labels = [str(label) for label in model.influence.iloc[:, 0]]
        for label in labels:
            if label not in self._lots:
                self._lots[label] = rng.standard_normal(DRAWS)
        influence = model.influence.iloc[:, 1:].to_numpy(float)
        size = np.sqrt(np.sum(influence**2, axis=0))
        moved = np.stack([self._lots[label] for label in labels], axis=1) @ influence
        return np.asarray(moved * (se / np.maximum(size, 1e-300)))

    def _band(self, fit: CauseHazard, rows: ExitRows, ahead: range) -> Floats:
        """Return the sum of the intensities of some months ahead (n, draws).

        What stays is multiplied out once for each client; what moves depends on tenure and the calendar only, and is
        summed over the months for each tenure that occurs.
        """
        constant, beta = self._drawn[id(fit)]
        stays = np.tile(constant, (rows.n, 1))
        early, later = np.zeros((1, DRAWS)), np.zeros((1, DRAWS))
        for term in fit.recipe.terms:
            if isinstance(term, Tenure | Season):
                continue
            values = term.values(rows, 0)
            columns = list(term.columns)
            if isinstance(term, Number) and term.split:
                raw = values[:, 0] + values[:, 1]
                early = early + np.outer(raw, beta[columns[0]])
                later = later + np.outer(raw, beta[columns[1]])
                columns, values = columns[2:], values[:, 2:]
            if columns:
                stays += values.astype(np.float64) @ np.stack([beta[c] for c in columns])
        if fit.managers is not None:
            stays += self._managers(fit.managers, rows)
        first, place = np.unique(rows.tenure, return_index=True)
        one = rows.take(place)
        sums = {True: np.zeros((len(first), DRAWS)), False: np.zeros((len(first), DRAWS))}
        for k in ahead:
            log = np.zeros((len(first), DRAWS))
            for term in fit.recipe.terms:
                if isinstance(term, Tenure | Season):
                    log += term.values(one, k) @ np.stack([beta[c] for c in term.columns])
            level, young = np.exp(log), first + k < YOUNG_MONTHS
            sums[True][young] += level[young]
            sums[False][~young] += level[~young]
        at = np.searchsorted(first, rows.tenure)
        return _exp(stays + early) * sums[True][at] + _exp(stays + later) * sums[False][at]

    def _managers(self, found: Shrunken, rows: ExitRows) -> Floats:
        """Return what the managers of the rows add to the log hazard (n, draws), drawn from what is known of them."""
        drawn = np.log(found.factor)[:, None] + found.log_sd[:, None] * self._lots_of_managers(len(found.factor))
        return np.vstack([drawn, np.zeros((1, DRAWS))])[np.where(rows.manager == MISSING, len(drawn), rows.manager)]

    def _lots_of_managers(self, size: int) -> Floats:
        """Return a standard normal lot for each manager and draw, the same in all fits."""
        if self._of_managers is None:
            self._of_managers = np.random.default_rng(SEED_OF_MANAGERS).standard_normal((size, DRAWS))
        return self._of_managers


def _exp(log: npt.NDArray[np.float64]) -> Floats:
    return np.exp(np.minimum(log, 10 * MOST_LOG))
