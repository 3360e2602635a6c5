"""Which client-months and which columns a model of leaving is fitted to."""

import numpy as np
import numpy.typing as npt

from insights.models.exits.design import YOUNG_MONTHS, Number, Recipe, Tenure
from insights.models.exits.rows import MISSING, ExitRows, Ints, Singles, lots
from insights.stats.coefficients import EVENTS_PER_PARAMETER, FEWEST_EVENTS
from insights.stats.cox import CoxModel, cox
from insights.stats.design import CHUNK, dependent_column
from insights.stats.inputs import Floats
from insights.stats.multiplicity import holm
from insights.stats.proportional import proportional_hazards_test
from insights.stats.results import NotEstimable

MOST_ROWS = 200_000
"""A panel with more client-months is sampled: all months with the event, and all months of a part of the clients."""

SPLIT_LEVEL = 0.05

CLEAR_ROWS, CLEAR = 10_000, 1e-6
"""Columns of which every one has more than this share of its variance to itself among so many rows are independent."""


def case_cohort(
    rows: ExitRows, at: Ints, event: npt.NDArray[np.bool_], most: int = MOST_ROWS
) -> tuple[npt.NDArray[np.bool_], Floats | None]:
    """Return which of the positions a model is fitted to, and their weights; all, without weights, up to ``most``.

    From a larger panel: every month with the event, of weight 1, and every other month of a random part of the
    clients, of weight 1 / part. The lot is drawn from the client's pseudonym, so that it falls the same in every run.

    Source: Prentice (1986); Barlow (1994) for the weights.
    """
    if len(at) <= most:
        return np.ones(len(at), dtype=bool), None
    part = most / len(at)
    kept = event | (lots(rows) < part)[rows.client[at]]
    return kept, np.where(event[kept], 1.0, 1 / part)


def clusters(rows: ExitRows) -> dict[str, npt.NDArray[np.int64]]:
    """Return the clusters of the rows, manager and client; a client whose manager is not known is his own."""
    client = rows.client.astype(np.int64)
    if (rows.manager == MISSING).all():
        return {"client": client}
    return {"manager": np.where(rows.manager == MISSING, len(rows.managers) + client, rows.manager), "client": client}


def cox_of(
    recipe: Recipe,
    rows: ExitRows,
    event: npt.NDArray[np.bool_],
    weight: Floats | None,
    *,
    clustered: bool = True,
) -> CoxModel | NotEstimable:
    """Fit Cox's model with tenure as its clock to the same client-months: late entry, Efron's ties, no spline.

    Its standard errors are ``clustered`` by manager and client; the test of proportional hazards needs none of them.
    """
    recipe = Recipe(tuple(t for t in recipe.terms if not isinstance(t, Tenure)), recipe.left_out)
    if not recipe.columns:
        return NotEstimable("the model has no column but tenure, which is Cox's clock")
    tenure = rows.tenure.astype(float)
    cluster = clusters(rows) if clustered else None
    return cox(recipe.design(rows), tenure + 1, event, entry=tenure, weight=weight, cluster=cluster)


def first_years(tenure: Floats) -> Floats:
    """Return 1 for exits in the first two years: the course against which effects are tested for change."""
    return np.asarray(tenure <= YOUNG_MONTHS, dtype=float)


def changing_effects(
    recipe: Recipe, rows: ExitRows, event: npt.NDArray[np.bool_], weight: Floats | None
) -> tuple[str, ...]:
    """Return the measures whose effect in the first two years differs from that later (score test, Holm's p < 5 %)."""
    measures = [t for t in recipe.terms if isinstance(t, Number)]
    early = int((event & (rows.tenure < YOUNG_MONTHS)).sum())
    if not measures or min(early, int(event.sum()) - early) < FEWEST_EVENTS:
        return ()
    fitted = cox_of(recipe, rows, event, weight, clustered=False)
    if isinstance(fitted, NotEstimable):
        return ()
    test = proportional_hazards_test(fitted, first_years).table.set_index("term")
    p = holm(test.loc[[t.name for t in measures], "p"].to_numpy(float))
    room = int(event.sum()) // EVENTS_PER_PARAMETER - len(recipe.columns)
    young = rows.tenure < YOUNG_MONTHS
    found = [
        t.name
        for t, value in zip(measures, p, strict=True)
        if value < SPLIT_LEVEL and _on_both(t.name, rows, event, young)
    ]
    return tuple(sorted(found[: max(room, 0)]))


def _on_both(name: str, rows: ExitRows, event: npt.NDArray[np.bool_], young: npt.NDArray[np.bool_]) -> bool:
    """Whether a measure has more than one value among the events of either time: otherwise it separates them."""
    values = rows.numeric[name]
    return all(len(np.unique(values[event & at & ~np.isnan(values)])) > 1 for at in (young, ~young))


def independent(recipe: Recipe, rows: ExitRows) -> tuple[Recipe, Singles]:
    """Leave out what says the same as terms before it: a marker of missing values, or else the whole term.

    Return the recipe and the values (n, p) of its columns.
    """
    while True:
        names, values = recipe.design(rows)
        if (found := _dependent(values)) is None:
            return recipe, values
        column, others = found
        term, terms = recipe.term_of(names[column]), []
        left_out = dict(recipe.left_out)
        for t in recipe.terms:
            if t is not term:
                terms.append(t)
            elif isinstance(t, Number) and names[column].endswith(":missing"):
                terms.append(Number(t.name, t.fill, split=t.split))
            else:
                same = ", ".join(names[k] for k in others)
                left_out[t.name] = f"says the same as {same}" if others else "does not vary"
        recipe = Recipe(tuple(terms), left_out)


def _dependent(values: Singles) -> tuple[int, list[int]] | None:
    """Return the first column that adds nothing to those before it, and what it depends on; None if all do add.

    What says the same in all rows says the same in some of them: where a part of the rows is clear no others are asked.
    """
    part = values[:: max(len(values) // CLEAR_ROWS, 1)]
    if dependent_column(*_cross_products(part), least=CLEAR) is None:
        return None
    return dependent_column(*_cross_products(values))


def _cross_products(values: Singles) -> tuple[Floats, Floats]:
    """Return the cross-products of the columns less their means (p, p), and the squares before that (p)."""
    p = values.shape[1]
    mean = values.mean(axis=0, dtype=np.float64)
    sums, scale = np.zeros((p, p)), np.zeros(p)
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK].astype(np.float64)
        scale += np.einsum("ij,ij->j", part, part)
        part -= mean
        sums += part.T @ part
    return sums, scale
