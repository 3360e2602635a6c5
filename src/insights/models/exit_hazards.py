"""Hazards of leaving by reason, and of a large outflow, as they could be known at a landmark.

Each reason has a model of its own (cause-specific): a month in which a client leaves for another reason is one without
the event, his last. The main reason, and the large outflow, have all features that the evidence allows; the others,
which are rarer, have the few that could matter to them; a reason with too few events for any has one constant hazard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exit_design import YOUNG_MONTHS, Number, Recipe, Tenure, learn
from insights.models.exit_leaks import leaks
from insights.models.exit_rows import MISSING, ExitRows, Singles, exit_rows, last_complete
from insights.models.exits import UNKNOWN
from insights.models.features import PROGRAMME
from insights.stats.coefficients import EVENTS_PER_PARAMETER, FEWEST_EVENTS
from insights.stats.cox import CoxModel, cox
from insights.stats.design import CHUNK, dependent_column
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.inputs import Floats
from insights.stats.multiplicity import holm
from insights.stats.proportional import proportional_hazards_test
from insights.stats.results import NotEstimable

OUTFLOW = "outflow"
"""The name of the large outflow among the models."""

MOST_ROWS = 400_000
"""A panel with more client-months is sampled: all months with the event, and all months of a part of the clients."""

SPLIT_LEVEL = 0.05

ORDER = (
    "tenure", "log2_assets", "complaint_6m", "satisfaction", "recommendation", "outflow_12m", "net_share_3m",
    PROGRAMME, "online_3m", "log2_contacts_6m", "age_decades", "manager_decades", "season", "risk_tolerance",
    "investing_decades", "region", "acquisition_source", "gender", "occupation", "income_band",
)  # fmt: skip
"""Terms of the main model, the most important first: with little evidence the last ones stay out."""

ORDER_OF_OTHERS = ("age_decades", "log2_assets", "tenure", "satisfaction", "gender")
"""Terms of the models of rarer reasons."""


@dataclass(frozen=True)
class CauseHazard:
    """The hazard of one event.

    ``model`` is NotEstimable where the events allow no regression; ``rate`` (events per client-month) then stands for
    it. ``support`` has, by column, the client-months ``n`` and events ``n_events`` that tell about it: those on the
    rarer side of a yes or no, all of them for a measure. ``splits`` are the features whose effect differs between the
    first two years and later, ``weighted`` whether client-months were sampled.
    """

    name: str
    recipe: Recipe
    model: HazardModel | NotEstimable
    rate: float
    events: int
    months: int
    support: pd.DataFrame = field(repr=False)
    splits: tuple[str, ...] = ()
    weighted: bool = False

    def intensity(self, rows: ExitRows, ahead: int = 0, beta: Floats | None = None) -> Floats:
        """Return the hazard (n) within a month as an intensity: a client stays through it with exp(-intensity).

        ``ahead`` months after those of the rows, their features unchanged. ``beta`` are other coefficients than those
        of the fit, intercept first.
        """
        if not isinstance(self.model, HazardModel):
            return np.full(rows.n, -np.log1p(-self.rate))
        values = self.model.table["estimate"].to_numpy(float) if beta is None else beta
        return np.exp(np.minimum(self.recipe.design(rows, ahead)[1] @ values[1:] + values[0], 3.5))


@dataclass(frozen=True)
class ExitHazards:
    """All hazards, as they could be fitted at the landmark.

    ``models`` by reason, the most frequent first; ``main`` is the main reason (None where nobody left); ``outflow`` is
    None where bookings or balances are not delivered. ``refused`` says of features why they are not used.
    """

    landmark: date
    lag: int
    models: Mapping[str, CauseHazard]
    outflow: CauseHazard | None
    main: str | None
    refused: Mapping[str, str]


def fit_exit_hazards(
    bank: Bank, landmark: date | None = None, *, lag: int | None = None, without_managers: frozenset[str] = frozenset()
) -> ExitHazards:
    """Fit the hazards to what was known at the landmark (default: the as-of date). Computed once.

    ``lag`` in months (default: the settings). ``without_managers`` keeps the client-months of some managers out, for
    tests on managers that the fit has not seen. Exits count if they were known by the landmark; large outflows before
    the bank's own as-of date count up to one month before the landmark, since some bookings arrive late.
    """
    landmark = bank.as_of if landmark is None else landmark
    key = ("exit_hazards", landmark, lag, without_managers)
    return once(bank, key, lambda: _fitted(bank, landmark, lag, without_managers))


def case_cohort(rows: ExitRows, event: npt.NDArray[np.bool_], most: int = MOST_ROWS) -> tuple[ExitRows, Floats | None]:
    """Return the rows that a model is fitted to, with their weights; all of them without weights up to ``most`` rows.

    From a larger panel: every month with the event, of weight 1, and every other month of a random part of the
    clients, of weight 1 / part. The lot is drawn from the client's pseudonym, so that it falls the same in every run.

    Source: Prentice (1986); Barlow (1994) for the weights.
    """
    if rows.n <= most:
        return rows, None
    part = most / rows.n
    lot = pd.util.hash_array(np.array(rows.clients, dtype=object)).astype(np.float64) / 2.0**64
    kept = event | (lot < part)[rows.client]
    return rows.take(kept), np.where(event[kept], 1.0, 1 / part)


def clusters(rows: ExitRows) -> dict[str, npt.NDArray[np.int64]]:
    """Return the clusters of the rows, manager and client; a client whose manager is not known is his own."""
    client = rows.client.astype(np.int64)
    if (rows.manager == MISSING).all():
        return {"client": client}
    return {"manager": np.where(rows.manager == MISSING, len(rows.managers) + client, rows.manager), "client": client}


def main_reason(counts: Mapping[str, int], not_by_choice: tuple[str, ...]) -> str | None:
    """Return the most frequent reason that is the client's own decision; any exit where no such reason is recorded."""
    told = {reason: n for reason, n in counts.items() if n and reason not in not_by_choice}
    told = told or {reason: n for reason, n in counts.items() if n and reason == UNKNOWN}
    return max(told, key=lambda r: (told[r], r)) if told else None


def _fitted(bank: Bank, landmark: date, lag: int | None, without: frozenset[str]) -> ExitHazards:
    every = exit_rows(bank, lag)
    rows = every.until(landmark)
    if without:
        rows = rows.take(~np.isin(rows.of(rows.manager, rows.managers), list(without)))
    leaking = leaks(rows)
    counts = {reason: int((rows.cause == k + 1).sum()) for k, reason in enumerate(rows.causes)}
    main = main_reason(counts, bank.settings.lifecycle.not_by_choice)
    models = {}
    for reason in sorted((r for r, n in counts.items() if n), key=lambda r: (-counts[r], r)):
        event = rows.cause == rows.causes.index(reason) + 1
        models[reason] = _cause(reason, rows, event, ORDER if reason == main else ORDER_OF_OTHERS, leaking)
    outflow = None
    if not np.isnan(rows.outflow).all():
        settled = last_complete(landmark) - (landmark < bank.as_of)
        told = rows.take(~np.isnan(rows.outflow) & (rows.month <= settled))
        outflow = _cause(OUTFLOW, told, told.outflow == 1, ORDER, leaking)
    refused = {**every.refused, **leaking}
    return ExitHazards(landmark, every.lag, models, outflow, main, refused)


def _cause(
    name: str, rows: ExitRows, event: npt.NDArray[np.bool_], order: tuple[str, ...], refused: dict[str, str]
) -> CauseHazard:
    events, months = int(event.sum()), rows.n
    rate = events / months if months else 0.0
    empty = pd.DataFrame({"column": [], "n": [], "n_events": []})
    if events < FEWEST_EVENTS:
        reason = NotEstimable(f"{events} events are too few for a regression: {FEWEST_EVENTS} are needed")
        return CauseHazard(name, Recipe((), dict(refused)), reason, rate, events, months, empty)
    recipe = learn(rows, event, _ordered(rows, order), refused)
    rows, weight = case_cohort(rows, event)
    if weight is not None:
        event = rows.outflow == 1 if name == OUTFLOW else rows.cause == rows.causes.index(name) + 1
    recipe = _independent(recipe, rows)
    splits = _splits(recipe, rows, event, weight) if order is ORDER else frozenset()
    recipe = recipe.with_splits(splits)
    names, values = recipe.design(rows)
    model = discrete_hazard((names, values), event, weight=weight, cluster=clusters(rows))
    support = _support(names, values, event, rows)
    return CauseHazard(
        name, recipe, model, rate, events, months, support, tuple(sorted(splits)), weighted=weight is not None
    )


def _ordered(rows: ExitRows, order: tuple[str, ...]) -> tuple[str, ...]:
    """Put the bank's programmes in their place, and features that the order does not name at the end."""
    programmes = tuple(name for name in rows.numeric if name.startswith(PROGRAMME))
    found = tuple(n for name in order for n in (programmes if name == PROGRAMME else (name,)))
    rest = (*rows.numeric, *rows.categories) if order is ORDER else ()
    return (*found, *(name for name in rest if name not in found))


def _independent(recipe: Recipe, rows: ExitRows) -> Recipe:
    """Leave out what says the same as terms before it: a marker of missing values, or else the whole term."""
    while True:
        names, values = recipe.design(rows)
        sums, scale = _cross_products(values)
        if (found := dependent_column(sums, scale)) is None:
            return recipe
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


def cox_of(
    recipe: Recipe, rows: ExitRows, event: npt.NDArray[np.bool_], weight: Floats | None
) -> CoxModel | NotEstimable:
    """Fit Cox's model with tenure as its clock to the same client-months: late entry, Efron's ties, no spline."""
    recipe = Recipe(tuple(t for t in recipe.terms if not isinstance(t, Tenure)), recipe.left_out)
    tenure = rows.tenure.astype(float)
    return cox(recipe.design(rows), tenure + 1, event, entry=tenure, weight=weight, cluster=clusters(rows))


def _splits(recipe: Recipe, rows: ExitRows, event: npt.NDArray[np.bool_], weight: Floats | None) -> frozenset[str]:
    """Return the measures whose effect in the first two years differs from that later (score test, Holm's p < 5 %)."""
    measures = [t for t in recipe.terms if isinstance(t, Number)]
    early = int((event & (rows.tenure < YOUNG_MONTHS)).sum())
    if not measures or min(early, int(event.sum()) - early) < FEWEST_EVENTS:
        return frozenset()
    fitted = cox_of(recipe, rows, event, weight)
    if isinstance(fitted, NotEstimable):
        return frozenset()
    test = proportional_hazards_test(fitted, lambda t: (t <= YOUNG_MONTHS).astype(float)).table.set_index("term")
    p = holm(test.loc[[t.name for t in measures], "p"].to_numpy(float))
    room = int(event.sum()) // EVENTS_PER_PARAMETER - len(recipe.columns)
    found = [t.name for t, value in zip(measures, p, strict=True) if value < SPLIT_LEVEL][: max(room, 0)]
    return frozenset(found)


def _support(names: tuple[str, ...], values: Singles, event: npt.NDArray[np.bool_], rows: ExitRows) -> pd.DataFrame:
    """Return by column how many clients and events tell about it."""
    found = []
    for k, name in enumerate(names):
        column = values[:, k]
        some = np.ones(rows.n, dtype=bool)
        if np.isin(column[:1000], (0, 1)).all() and np.isin(column, (0, 1)).all():
            some = column == 1 if 2 * column.sum(dtype=np.float64) < len(column) else column == 0
        clients = len(np.unique(rows.client[some]))
        found.append((name, clients, int(event[some].sum())))
    return pd.DataFrame(found, columns=["column", "n", "n_events"])
