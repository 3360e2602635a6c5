"""The hazard of one event on client-months, fitted, and carried forward for prediction."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.models.exits.columns import case_cohort, changing_effects, clusters, independent
from insights.models.exits.design import Recipe, is_flag, learn
from insights.models.exits.rows import MISSING, Codes, ExitRows, Singles
from insights.stats.coefficients import FEWEST_EVENTS
from insights.stats.design import chunks
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable
from insights.stats.shrunken import Shrunken, shrunken_factors

MOST_LOG = 3.5
"""A log hazard beyond this is certainty: it is cut, so that nothing overflows."""

MANAGER = "manager"
"""The name, among the terms of a prediction, of what a client's relationship manager adds."""

VARIES = 0.10
"""Managers or years count as different where the test that they are not has a p-value below this."""

BANDS = ((0, 1), (3, 4), (6, 8))
"""From which month ahead (0 is the first) a fit counts, and how many months older its features are than the newest."""

_NO_SUPPORT = pd.DataFrame({"column": [], "n": [], "n_events": []})
_NO_YEARS = pd.DataFrame({"years_back": [], "observed": [], "expected": []})


@dataclass(frozen=True)
class CauseHazard:
    """The hazard of one event.

    ``model`` is NotEstimable where the events allow no regression; ``rate`` (events per client-month) then stands for
    it. ``yearly`` has, for each twelve months counted back from the last, ``observed`` events and those ``expected`` by
    the model. ``support`` has, by column, the clients ``n`` and events ``n_events`` that tell about it: those on the
    rarer side of a yes or no, all of them for a measure. ``splits`` are the features whose effect differs between the
    first two years and later, ``weighted`` whether client-months were sampled.

    ``ahead`` are the fits for months ahead, one for each of ``BANDS``; without them this fit counts for all. For
    prediction the coefficients are multiplied by ``shrink`` and the intercept is ``constant``. Where managers differ by
    more than chance and their features, ``managers`` are their own factors, by code; the model that effects are read
    from is one without them (its errors are clustered by manager).
    """

    name: str
    recipe: Recipe
    model: HazardModel | NotEstimable
    rate: float
    events: int
    months: int
    support: pd.DataFrame = field(repr=False)
    yearly: pd.DataFrame = field(repr=False)
    splits: tuple[str, ...] = ()
    weighted: bool = False
    ahead: tuple["CauseHazard", ...] = ()
    shrink: float = 1.0
    constant: float = 0.0
    managers: Shrunken | None = field(default=None, repr=False)

    def log_parts(self, rows: ExitRows, months: int) -> dict[str, Floats]:
        """Return what each term adds to the log hazard: (n, 1) where it stays, (n, months) where it moves.

        In the months from that of the rows on, features unchanged while tenure and season go on. "" is the constant.
        """
        if not isinstance(self.model, HazardModel):
            return {"": np.full((rows.n, 1), np.log(-np.log1p(-self.rate)) if self.rate else -np.inf)}
        values = dict(zip(self.model.table["name"], self.model.table["estimate"], strict=True))
        parts = {"": np.full((rows.n, 1), self.constant)}
        for term in self.recipe.terms:
            beta = self.shrink * np.array([values[name] for name in term.columns])
            steps = [term.values(rows, k) @ beta for k in range(months if term.moves else 1)]
            parts[term.name] = np.stack(steps, axis=1).astype(np.float64)
        if self.managers is not None:
            parts[MANAGER] = of_managers(np.log(self.managers.factor), rows)[:, None]
        return parts

    def path(self, rows: ExitRows, months: int) -> Floats:
        """Return the hazards (n, months) of the months from that of the rows on, as intensities.

        A client stays through a month with probability exp(-intensity).
        """
        found = np.zeros((rows.n, months))
        for first, last, model in self.bands(months):
            total = np.zeros((rows.n, last))
            for part in model.log_parts(rows, last).values():
                total += part
            found[:, first:last] = np.exp(np.minimum(total[:, first:], MOST_LOG))
        return found

    def bands(self, months: int) -> list[tuple[int, int, "CauseHazard"]]:
        """Return from which to before which month ahead which fit counts."""
        starts = [first for first, _ in BANDS] if self.ahead else [0]
        fits = self.ahead or (self,)
        ends = [*starts[1:], months]
        return [(f, min(e, months), m) for f, e, m in zip(starts, ends, fits, strict=True) if f < months]


def fit_cause(
    name: str,
    rows: ExitRows,
    event: npt.NDArray[np.bool_],
    order: tuple[str, ...],
    refused: dict[str, str],
    *,
    age: int = 0,
    splits: tuple[str, ...] | None = None,
    inference: bool = True,
) -> CauseHazard:
    """Fit one event (n flags) to the rows, with terms in that order, on features that are ``age`` months older.

    ``splits`` names the features whose effects differ between the first two years and later; None: they are tested.
    Without ``inference`` the fit only predicts: no standard errors, ``support`` or ``yearly``.
    """
    at = rows.with_past(age)
    events, months = int(event[at].sum()), len(at)
    if events < FEWEST_EVENTS:
        refusal = NotEstimable(f"{events} events are too few for a regression: {FEWEST_EVENTS} are needed")
        return _constant(name, rows.month[at], event[at], Recipe((), dict(refused)), refusal)
    part, of_part, weight = fitted_rows(rows, event, age)
    recipe, values = independent(learn(part, of_part, order, refused), part)
    if splits is None:
        splits = changing_effects(recipe, part, of_part, weight)
    if splits:
        recipe = recipe.with_splits(frozenset(splits))
        _, values = recipe.design(part)
    names = recipe.columns
    cluster = clusters(part) if inference else None
    model = discrete_hazard((names, values), of_part, weight=weight, cluster=cluster, inference=inference)
    if isinstance(model, NotEstimable):
        return _constant(name, rows.month[at], event[at], recipe, model)
    beta, of_row = model.table["estimate"].to_numpy(float), np.ones(part.n) if weight is None else weight
    shrink = shrinkage(model, of_part, of_row)
    # In chunks, so that no copy of all columns is made in double precision.
    linear = shrink * np.concatenate([values[chunk] @ beta[1:] for chunk in chunks(part.n)])
    constant = _matching(linear, of_row, float(of_part.sum()))
    managers = _managers(part, of_part, _hazard(linear + constant) * of_row)
    if managers is not None:
        linear = linear + of_managers(np.log(managers.factor), part)
        constant = _matching(linear, of_row, float(of_part.sum()))
    return CauseHazard(
        name,
        recipe,
        model,
        events / months,
        events,
        months,
        _support(names, values, of_part, part) if inference else _NO_SUPPORT,
        _yearly(part.month, of_part, _hazard(linear + constant) * of_row) if inference else _NO_YEARS,
        splits,
        weighted=weight is not None,
        shrink=shrink,
        constant=constant,
        managers=managers,
    )


def of_managers(values: Floats, rows: ExitRows) -> Floats:
    """Return the value of each row's manager (n); 0 where he is not known."""
    return np.append(values, 0.0)[np.where(rows.manager == MISSING, len(values), rows.manager)]


def fitted_rows(
    rows: ExitRows, event: npt.NDArray[np.bool_], age: int = 0
) -> tuple[ExitRows, npt.NDArray[np.bool_], Floats | None]:
    """Return the client-months that a fit rests on, their events and weights, with features ``age`` months older."""
    at = rows.with_past(age)
    kept, weight = case_cohort(rows, at, event[at])
    return rows.seen_from(at[kept], age), event[at[kept]], weight


def shrinkage(model: HazardModel, event: npt.NDArray[np.bool_], weight: Floats) -> float:
    """Return by how much the effects of a fit are too large for others than those it was fitted to (0 to 1).

    The likelihood ratio against a constant hazard, less the number of columns, over the ratio.

    Source: van Houwelingen & Le Cessie (1990), Predictive value of statistical models.
    """
    events, trials = float(event.sum()), float(weight.sum())
    alone = events * np.log(events / trials) + (trials - events) * np.log1p(-events / trials)
    ratio, p = 2 * (model.loglik - alone), len(model.names)
    return float(np.clip((ratio - p) / ratio, 0.0, 1.0)) if ratio > 0 else 0.0


def _managers(rows: ExitRows, event: npt.NDArray[np.bool_], expected: Floats) -> Shrunken | None:
    """Return the factors of the managers; None where they differ by no more than chance, or are too few."""
    known = rows.manager != MISSING
    if not known.any():
        return None
    of, size = rows.manager[known], len(rows.managers)
    found = shrunken_factors(np.bincount(of, event[known], size), np.bincount(of, expected[known], size))
    differs = isinstance(found, Shrunken) and found.test.p_value is not None and found.test.p_value < VARIES
    return found if differs and isinstance(found, Shrunken) and found.variance > 0 else None


def _hazard(linear: Floats) -> Floats:
    return -np.expm1(-np.exp(np.minimum(linear, MOST_LOG)))


def _matching(linear: Floats, weight: Floats, events: float) -> float:
    """Return the constant with which the expected events are those observed."""
    constant = float(np.log(events / (weight @ np.exp(np.minimum(linear, MOST_LOG)))))
    for _ in range(20):
        step = float(np.log(events / (weight @ _hazard(linear + constant))))
        constant += step
        if abs(step) < 1e-12:
            break
    return constant


def _constant(
    name: str, month: Codes, event: npt.NDArray[np.bool_], recipe: Recipe, refusal: NotEstimable
) -> CauseHazard:
    """Return a hazard that is the same for everybody."""
    events = int(event.sum())
    n = len(month)
    rate = events / n if n else 0.0
    return CauseHazard(name, recipe, refusal, rate, events, n, _NO_SUPPORT, _yearly(month, event, np.full(n, rate)))


def _yearly(month: Codes, event: npt.NDArray[np.bool_], expected: Floats) -> pd.DataFrame:
    """Return events observed and expected by twelve months, counted back from the last; no part of a year."""
    if not len(month):
        return _NO_YEARS
    back = (int(month.max()) - month) // 12
    full = (int(month.max()) - int(month.min()) + 1) // 12
    observed, told = np.bincount(back, event, full + 1)[:full], np.bincount(back, expected, full + 1)[:full]
    return pd.DataFrame({"years_back": np.arange(full), "observed": observed, "expected": told})


def _support(names: tuple[str, ...], values: Singles, event: npt.NDArray[np.bool_], rows: ExitRows) -> pd.DataFrame:
    """Return by column how many clients and events tell about it."""
    every = _clients(rows.client), int(event.sum())
    found = []
    for k, name in enumerate(names):
        column = np.ascontiguousarray(values[:, k])
        n, n_events = every
        if is_flag(column):
            ones = column == 1
            some = ones if 2 * np.count_nonzero(ones) < len(column) else ~ones
            n, n_events = _clients(rows.client[some]), int(np.count_nonzero(event & some))
        found.append((name, n, n_events))
    return pd.DataFrame(found, columns=["column", "n", "n_events"])


def _clients(codes: Codes) -> int:
    """Return how many different codes there are; they are small numbers, so marking each is the quickest."""
    seen = np.zeros(int(codes.max(initial=-1)) + 1, dtype=bool)
    seen[codes] = True
    return int(seen.sum())
