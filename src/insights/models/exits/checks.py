"""Whether the effects on leaving stand: other lags, Cox's model, one manager less, and no straight line."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.columns import clusters, cox_of, first_years
from insights.models.exits.design import YOUNG_MONTHS, Fifths, Number, Recipe, Season, months_within_quarters
from insights.models.exits.fit import CauseHazard, fit_cause, fitted_rows
from insights.models.exits.hazards import OUTFLOW, fit_exit_hazards, main_order
from insights.models.exits.rows import ExitRows, exit_rows
from insights.stats.coefficients import EVENTS_PER_PARAMETER
from insights.stats.hazard import HazardModel, added_columns_test, discrete_hazard
from insights.stats.multiplicity import holm
from insights.stats.proportional import proportional_hazards_test
from insights.stats.results import NotEstimable, TestResult

LAGS = (1, 3, 6)
REFITTED = 3
"""Managers without whom the fit is made anew; the change that the others make is told to first order."""

FORM = "log2_assets"
"""The measure whose course is looked at by fifths."""


@dataclass(frozen=True)
class ExitChecks:
    """Checks of one event's model; log hazard ratios throughout.

    ``lags``: column, lag (months), estimate, low, high, n_events. ``cox``: column, estimate, low, high, p_change (score
    test that the effect is the same in the first two years and later, adjusted by Holm; nan with fewer than ten events
    in one of them). ``influence``: column, change (the largest change of the coefficient, in absolute value, when one
    manager's clients are left out), exact (whether the fit was made anew without that manager; to first order
    otherwise), managers, refitted (managers without whom the fit was made anew: those of the largest changes).
    ``form``: fifth, estimate, low, high, line (what the straight line says at the fifth's mean),
    against the middle fifth. ``season``: the score test, clustered by client, that months of one quarter do not differ
    in the hazard; None where the model has no season. A part is NotEstimable with its reason where it cannot be made.
    ``events_per_column`` of the model.
    """

    lags: pd.DataFrame
    cox: pd.DataFrame | NotEstimable
    influence: pd.DataFrame | NotEstimable
    form: pd.DataFrame | NotEstimable
    season: TestResult | None
    events_per_column: float


def exit_checks(bank: Bank, event: str | None = None) -> ExitChecks | NotEstimable:
    """Check the model of an event (default: the main reason; or "outflow") as of the bank's date. Computed once."""
    return once(bank, ("exit_checks", event), lambda: _checked(bank, event), on_disk=True)


def _checked(bank: Bank, event: str | None) -> ExitChecks | NotEstimable:
    hazards = fit_exit_hazards(bank)
    name = hazards.main if event is None else event
    found = hazards.outflow if name == OUTFLOW else hazards.models.get(name or "")
    if found is None:
        return NotEstimable("no such event was observed")
    if not isinstance(found.model, HazardModel):
        return found.model
    rows = exit_rows(bank).until(hazards.landmark)
    if name == OUTFLOW:
        rows = rows.take(~np.isnan(rows.outflow))
    happened = rows.outflow == 1 if name == OUTFLOW else rows.cause == rows.causes.index(str(name)) + 1
    refused = dict(hazards.refused)
    part, of_part, weight = fitted_rows(rows, happened)
    return ExitChecks(
        lags=_lags(found, rows, happened, refused, hazards.lag),
        cox=_cox(found, part, of_part, weight),
        influence=influence(found, part, of_part, weight),
        form=_form(found, part, of_part, weight),
        season=months_test(found, part, of_part, weight),
        events_per_column=found.model.n_events / len(found.model.names),
    )


def _lags(
    found: CauseHazard, rows: ExitRows, event: npt.NDArray[np.bool_], refused: dict[str, str], own: int
) -> pd.DataFrame:
    parts = []
    for lag in sorted({own, *(lag for lag in LAGS if lag > own)}):
        fit = found
        if lag != own:
            fit = fit_cause(found.name, rows, event, main_order(rows), refused, age=lag - own, splits=found.splits)
        if isinstance(fit.model, HazardModel):
            table = fit.model.table.rename(columns={"name": "column"}).iloc[1:]
            parts.append(table.assign(lag=lag, n_events=fit.model.n_events))
    return pd.concat(parts, ignore_index=True)[["column", "lag", "estimate", "low", "high", "n_events"]]


def _cox(
    found: CauseHazard, rows: ExitRows, event: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64] | None
) -> pd.DataFrame | NotEstimable:
    plain = _without_splits(found.recipe)
    model = cox_of(plain, rows, event, weight)
    if isinstance(model, NotEstimable):
        return model
    table = model.table.rename(columns={"name": "column"})[["column", "estimate", "low", "high"]]
    young = int((event & (rows.tenure < YOUNG_MONTHS)).sum())
    if min(young, int(event.sum()) - young) < EVENTS_PER_PARAMETER:
        return table.assign(p_change=np.nan)
    p = proportional_hazards_test(model, first_years).table.set_index("term")["p"]
    return table.assign(p_change=holm(p.loc[list(table["column"])].to_numpy(float)))


def influence(
    found: CauseHazard, rows: ExitRows, event: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64] | None
) -> pd.DataFrame | NotEstimable:
    """Return the largest change of each coefficient; first-order changes name the managers worth a fit of their own."""
    assert isinstance(found.model, HazardModel)
    moved = found.model.influence
    if moved is None or moved.columns[0] != "manager":
        return NotEstimable("no manager is recorded for the clients")
    own = moved[moved["manager"].astype(int) < len(rows.managers)]
    if not len(own):
        return NotEstimable("no manager is recorded for the clients")
    change = own.iloc[:, 2:].abs().to_numpy(float)
    # The columns of the spline mean nothing one by one, and move a lot.
    told = [k for k, name in enumerate(own.columns[2:]) if not name.startswith("tenure_")]
    most = np.argsort(-change[:, told].max(axis=1, initial=0.0), kind="stable")[:REFITTED]
    refitted = np.zeros(len(own), dtype=bool)
    for k in most:
        moved_by = without_manager(found, rows, event, weight, int(own["manager"].iloc[k]))
        if moved_by is not None:
            change[k], refitted[k] = np.abs(moved_by), True
    largest = change.argmax(axis=0)
    return pd.DataFrame(
        {
            "column": list(own.columns[2:]),
            "change": change.max(axis=0),
            "exact": refitted[largest],
            "managers": len(own),
            "refitted": int(refitted.sum()),
        }
    )


def without_manager(
    found: CauseHazard, rows: ExitRows, event: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64] | None, code: int
) -> npt.NDArray[np.float64] | None:
    """Return by how much each coefficient moves when the fit is made without a manager's client-months; None: no fit.

    Without the intercept. The terms stay those of the whole fit, with their knots and fills.
    """
    assert isinstance(found.model, HazardModel)
    kept = rows.manager != code
    design = found.recipe.design(rows.take(kept))
    model = discrete_hazard(design, event[kept], weight=None if weight is None else weight[kept])
    if isinstance(model, NotEstimable):
        return None
    return (model.table["estimate"].to_numpy(float) - found.model.table["estimate"].to_numpy(float))[1:]


def _form(
    found: CauseHazard, rows: ExitRows, event: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64] | None
) -> pd.DataFrame | NotEstimable:
    line = next((t for t in found.recipe.terms if isinstance(t, Number) and t.name == FORM and not t.split), None)
    if line is None:
        return NotEstimable("assets are not among the columns of the model, or their effect changes with tenure")
    values = rows.numeric[FORM]
    known = values[~np.isnan(values)]
    fifths = Fifths(FORM, tuple(float(q) for q in np.quantile(known, (0.2, 0.4, 0.6, 0.8))), line.fill)
    terms = tuple(fifths if t is line else t for t in found.recipe.terms)
    recipe = Recipe(terms, found.recipe.left_out)
    model = discrete_hazard(recipe.design(rows), event, weight=weight, cluster=clusters(rows))
    if isinstance(model, NotEstimable):
        return model
    assert isinstance(found.model, HazardModel)
    slope = dict(zip(found.model.table["name"], found.model.table["estimate"].astype(float), strict=True))[FORM]
    cut = np.searchsorted(fifths.edges, known, side="right")
    mean = np.array([known[cut == k].mean(dtype=np.float64) for k in range(5)])
    table = model.table.set_index("name").loc[list(fifths.columns), ["estimate", "low", "high"]].reset_index(drop=True)
    at = [0, 1, 3, 4]
    return table.assign(fifth=[k + 1 for k in at], line=slope * (mean[at] - mean[2]))


def months_test(
    found: CauseHazard, rows: ExitRows, event: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64] | None
) -> TestResult | None:
    """Test whether months of one quarter differ in the hazard, beyond what the quarters of the model say."""
    if not any(isinstance(t, Season) for t in found.recipe.terms):
        return None
    assert isinstance(found.model, HazardModel)
    return added_columns_test(
        "months within quarters",
        found.model,
        found.recipe.design(rows),
        months_within_quarters(rows),
        event,
        weight=weight,
        cluster=rows.client,
    )


def _without_splits(recipe: Recipe) -> Recipe:
    terms = tuple(replace(t, split=False) if isinstance(t, Number) else t for t in recipe.terms)
    return Recipe(terms, recipe.left_out)
