"""Scores of suspicion: rules and an isolation forest, and a model that learns from labels where there are enough.

Labels exist only of what was looked into. What was cleared was looked into because it was large or odd, so it is not
like the rest, and a model of fraud against cleared would learn what makes people look. Here fraud is held against all
payments whose labels would be known by now (positive and unlabelled cases, Elkan & Noto 2008): if frauds that were
found are like those that were not, the order of the chances is right, and only their level is too low.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.settings_risk import FraudSection
from insights.models.boosted import boosted
from insights.models.risk.payments import FEATURES, MOST, RULES, rules_of
from insights.stats.results import NotEstimable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEWEST = 10 * len(FEATURES)
"""Frauds that a model must have to learn from: ten for each of its columns."""
SHAPE = {
    "learning_rate": 0.1,
    "max_iter": 80,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 5,
    "l2_regularization": 1.0,
    "monotonic_cst": [1] * len(FEATURES),
}
"""Set beforehand and never tuned. Nothing that is unusual may lower the suspicion."""
SEED, TREES, SAMPLE, ROWS = 31, 100, 256, 20_000


@dataclass(frozen=True)
class Scores:
    """``order`` (n): the place of each cell, 0 the most suspicious; ``chance`` (n) of being labelled, where learned."""

    order: npt.NDArray[np.int64] = field(repr=False)
    chance: Floats | NotEstimable = field(repr=False)

    @property
    def learned(self) -> bool:
        """Whether labels were enough to learn from."""
        return not isinstance(self.chance, NotEstimable)


def scores(cells: pd.DataFrame, past: Floats, fraud: Floats, mature: Floats) -> Scores:
    """Return the order of suspicion of cells (n, ``FEATURES``).

    ``past`` (n): payments by cell that the forest may see, ``mature`` (n): those whose labels would be known, of which
    ``fraud`` (n) were frauds. Where fewer than 70 were, the order is that of the rules that strike, then that of the
    forest; else that of the chance, and among equals that of the forest.
    """
    odd = _forest(cells, past)
    total = int(fraud.sum())
    if total < FEWEST:
        chance: Floats | NotEstimable = NotEstimable(f"{total} frauds to learn from; {FEWEST} are needed")
        strikes = np.sum([rules_of(cells)[name] for name in RULES], axis=0)
        return Scores(_places(np.asarray(strikes, dtype=float), odd), chance)
    chance = _chance(cells, fraud, mature)
    return Scores(_places(chance, odd), chance)


def alerted(found: Scores, volume: Floats, amount: Floats, share: float, rules: FraudSection) -> tuple[Bools, str]:
    """Return which cells (n) raise an alert, and what set the threshold: "capacity" or "cost".

    ``volume`` (n): past payments by cell, of which the ``share`` can be looked into; ``amount`` (n): the mean amount of
    a payment. The most suspicious cells are taken as long as they fit. Where chances are learned, a payment is looked
    into only if what that saves (chance times amount times the share recovered) is more than the case costs.
    """
    order = np.argsort(found.order)
    fits = np.zeros(len(order), dtype=bool)
    fits[order] = np.cumsum(volume[order]) <= share * volume.sum() + 1e-9
    if not isinstance(found.chance, np.ndarray):
        return fits, "capacity"
    pays = found.chance * amount * rules.recovered > rules.case_cost
    return fits & pays, "cost" if (fits & ~pays & (volume > 0)).any() else "capacity"


def _places(first: Floats, second: Floats) -> npt.NDArray[np.int64]:
    place = np.empty(len(first), dtype=np.int64)
    place[np.lexsort((np.arange(len(first)), -second, -first))] = np.arange(len(first))
    return place


def _values(cells: pd.DataFrame) -> Floats:
    return cells[list(FEATURES)].to_numpy(float)


def _chance(cells: pd.DataFrame, fraud: Floats, mature: Floats) -> Floats:
    values = _values(cells)
    other = np.maximum(mature - fraud, 0)
    both = np.concatenate([np.flatnonzero(fraud > 0), np.flatnonzero(other > 0)])
    event = np.arange(len(both)) < (fraud > 0).sum()
    weight = np.where(event, fraud[both], other[both])
    return boosted(values[both], event, weight, np.zeros(len(FEATURES), bool), values, shape=SHAPE, seed=SEED)


def _forest(cells: pd.DataFrame, past: Floats) -> Floats:
    """Return how odd each cell is (n): an isolation forest (Liu, Ting & Zhou 2008) on payments drawn from the cells."""
    from sklearn.ensemble import IsolationForest  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    if past.sum() <= 0:
        return np.zeros(len(cells))
    rng = np.random.default_rng(SEED)
    scale = np.array([1.0 if name not in MOST else 1 / MOST[name] for name in FEATURES])
    values = _values(cells) * scale
    rows = np.repeat(np.arange(len(cells)), rng.multinomial(ROWS, past / past.sum()))
    model = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=SEED)
    with threadpool_limits(limits=1):
        model.fit(values[rows])
        return np.asarray(-model.score_samples(values), dtype=float)
