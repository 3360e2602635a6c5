"""Why a client's risk is what it is: what each feature adds to or takes from the average risk.

The risk is followed along the straight line from a reference to the client in the log hazards of all months; what a
feature contributes is the slope of the risk along its part of the line, summed up. So the contributions add up to the
distance of the risk from the average exactly. The reference is that client, between the average one and the average of
those who leave, whose risk is the average risk.

Source: Aumann & Shapley (1974); Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.hazards import CauseHazard, ExitHazards, fit_exit_hazards
from insights.models.exits.risk import CHUNK, in_force
from insights.models.exits.rows import ExitRows
from insights.models.exits.use import risk_factors
from insights.stats.inputs import Floats

UNEXPLAINED = "unexplained"
"""The part of a risk that the hazards do not explain, where those of the challenger are in use."""

NODES = 5
"""Places along the line at which the slope is taken (Gauss-Legendre)."""

LEAST_FACTOR = 1e-12

Parts = dict[str, dict[str, Floats]]


def risk_reasons(bank: Bank, landmark: date | None = None, horizon: int = 12) -> pd.DataFrame:
    """Return for every client in force what each feature contributes to his risk of leaving for the main reason.

    Columns: ``client_id``, ``average`` (the same for all), ``risk`` (within ``horizon`` months), and one for each
    feature of the models, signed fractions that add up to ``risk`` - ``average``. One row per client of
    ``risks_in_use``, in its order; no rows where nobody left by choice. Where the challenger is in use, which has no
    reasons, ``unexplained`` is what multiplies the client's hazards to make them his risk: combinations of features
    that the regression does not have. A contribution says what the model makes of a feature, not what
    would happen if it were changed.
    """
    landmark = bank.as_of if landmark is None else landmark
    return once(bank, ("risk_reasons", landmark, horizon), lambda: _reasons(bank, landmark, horizon), on_disk=True)


def _reasons(bank: Bank, landmark: date, horizon: int) -> pd.DataFrame:
    hazards = fit_exit_hazards(bank, landmark)
    rows = in_force(bank, landmark)
    if hazards.main is None or not rows.n:
        return pd.DataFrame({"client_id": [], "average": [], "risk": []})
    chunks = [np.arange(s, min(s + CHUNK, rows.n)) for s in range(0, rows.n, CHUNK)]
    line = _Line(hazards, horizon, risk_factors(bank, landmark))
    total, risks = line.means(rows, chunks)
    average = float(risks.mean())
    reference = line.reference(total, average)
    found = [line.contributions(rows, at, reference) for at in chunks]
    names = sorted({name for part in found for name in part}, key=str)
    columns = {name: np.concatenate([part[name] for part in found]) for name in names}
    head = {"client_id": rows.of(rows.client, rows.clients), "average": average, "risk": risks}
    if not columns:  # All hazards are constant: everybody has the average risk.
        return pd.DataFrame(head)
    # What is left of the numerical integration, some millionths, goes where the most is.
    told = np.stack(list(columns.values()), axis=1)
    size = np.abs(told)
    share = size / np.maximum(size.sum(axis=1, keepdims=True), 1e-300)
    told += share * (risks - average - told.sum(axis=1))[:, None]
    return pd.DataFrame(head | dict(zip(columns, told.T, strict=True)))


@dataclass(frozen=True)
class _Means:
    """Sums of each term's parts over the clients: plain, and weighted by risk."""

    plain: Parts
    weighted: Parts


@dataclass(frozen=True)
class _Line:
    hazards: ExitHazards
    horizon: int
    factors: Floats | None

    def means(self, rows: ExitRows, chunks: list[np.ndarray]) -> tuple[_Means, Floats]:
        """Return the mean parts over all clients, and each client's risk."""
        plain: Parts = {}
        weighted: Parts = {}
        risks = np.zeros(rows.n)
        for at in chunks:
            parts = self.parts(rows, at)
            risks[at] = self.risk({c: _total(p) for c, p in parts.items()})
            for sums, weight in ((plain, np.ones(len(at))), (weighted, risks[at])):
                for cause, terms in parts.items():
                    own = sums.setdefault(cause, {})
                    for name, values in terms.items():
                        own[name] = own.get(name, 0.0) + weight @ values
        divide = [(plain, float(rows.n)), (weighted, float(risks.sum()))]
        for sums, by in divide:
            for terms in sums.values():
                for name in terms:
                    terms[name] = terms[name][None, :] / by
        return _Means(plain, weighted), risks

    def parts(self, rows: ExitRows, at: np.ndarray) -> Parts:
        """Return by cause and term what it adds to the log hazard in each month (n, months), of some of the rows."""
        part = rows.take(at)
        found = {cause: _months_of(model, part, self.horizon) for cause, model in self.hazards.models.items()}
        if self.factors is not None:
            log = np.log(np.maximum(self.factors[at], LEAST_FACTOR))[:, None]
            for terms in found.values():
                terms[UNEXPLAINED] = np.tile(log, (1, self.horizon))
        return found

    def risk(self, logs: Mapping[str, Floats]) -> Floats:
        """Return the incidence of the main reason (n)."""
        intensity = {cause: np.exp(log) for cause, log in logs.items()}
        total = sum(intensity.values())
        assert isinstance(total, np.ndarray)
        assert self.hazards.main is not None
        before = np.exp(-(np.cumsum(total, axis=1) - total))
        return np.asarray((before * -np.expm1(-total) * intensity[self.hazards.main] / total).sum(axis=1))

    def reference(self, means: _Means, average: float) -> Parts:
        """Return the parts (1, months) between the two means at which the risk is the average risk."""

        def at(share: float) -> Parts:
            return {
                cause: {
                    name: (1 - share) * plain + share * means.weighted[cause][name] for name, plain in terms.items()
                }
                for cause, terms in means.plain.items()
            }

        low, high = -1.0, 2.0
        for _ in range(60):
            middle = (low + high) / 2
            risk = self.risk({cause: _total(terms) for cause, terms in at(middle).items()})[0]
            low, high = (middle, high) if risk < average else (low, middle)
        return at((low + high) / 2)

    def contributions(self, rows: ExitRows, at: np.ndarray, reference: Parts) -> dict[str, Floats]:
        """Return by term the sum over the line of the slope of the risk along the term's part of it (n)."""
        parts = self.parts(rows, at)
        start = {cause: _total(terms) for cause, terms in reference.items()}
        way = {cause: _total(terms) - start[cause] for cause, terms in parts.items()}
        slope = {cause: np.zeros_like(log) for cause, log in way.items()}
        for node, weight in zip(*np.polynomial.legendre.leggauss(NODES), strict=True):
            there = {cause: np.exp(start[cause] + (node + 1) / 2 * way[cause]) for cause in way}
            for cause, value in self._slopes(there).items():
                slope[cause] += weight / 2 * value
        found: dict[str, Floats] = {}
        for cause, terms in parts.items():
            for name, values in terms.items():
                if name:
                    moved = (slope[cause] * (values - reference[cause][name])).sum(axis=1)
                    found[name] = found.get(name, 0.0) + moved
        return found

    def _slopes(self, intensity: dict[str, Floats]) -> dict[str, Floats]:
        """Return the derivative of the risk by the log hazard of each cause in each month (n, months)."""
        assert self.hazards.main is not None
        total = np.sum(list(intensity.values()), axis=0)
        before = np.exp(-(np.cumsum(total, axis=1) - total))
        stays, ends = np.exp(-total), -np.expm1(-total)
        share = intensity[self.hazards.main] / total
        step = before * ends * share
        later = step[:, ::-1].cumsum(axis=1)[:, ::-1] - step
        found = {}
        for cause, own in intensity.items():
            along = stays * share + ends * ((cause == self.hazards.main) - share) / total
            found[cause] = own * (before * along - later)
        return found


def _months_of(model: CauseHazard, rows: ExitRows, months: int) -> dict[str, Floats]:
    """Return by term what it adds in each month, each month by the fit that counts for it."""
    found: dict[str, Floats] = {}
    for first, last, fit in model.bands(months):
        for name, part in fit.log_parts(rows, last).items():
            whole = found.setdefault(name, np.zeros((rows.n, months)))
            whole[:, first:last] = part[:, first:] if part.shape[1] > 1 else part
    return found


def _total(terms: Mapping[str, Floats]) -> Floats:
    return np.sum(list(terms.values()), axis=0)
