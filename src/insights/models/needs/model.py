"""The probability of a first purchase of each category within three months: an elastic-net logit, and boosted trees.

What is learned at a landmark comes from earlier landmarks whose outcomes were complete, and known, by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from insights.models.boosted import boosted
from insights.models.needs.rows import STEP, NeedRows
from insights.models.needs.suitable import Bools, Floats

FEWEST = 50
"""First purchases that a category needs to be foretold."""
MOST = 4_000
"""Rows without a purchase that a category is learned from, drawn by lot and weighted."""
MOST_TREES = 1_500
STRENGTH, L1 = 0.03, 0.5
SEED = 7
SHAPE = {
    "learning_rate": 0.06,
    "max_iter": 80,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 60,
    "l2_regularization": 1.0,
    "max_bins": 64,
}
"""Set beforehand and never tuned, as for the trees of leaving."""


@dataclass(frozen=True)
class Learned:
    """Logits by category (place in the shelf): names, means and scales of the features, coefficients, intercept.

    Categories with too few purchases are not in it. ``shift`` brings the log odds to the level of the last window.
    """

    names: dict[int, tuple[str, ...]]
    centre: dict[int, Floats] = field(repr=False)
    scale: dict[int, Floats] = field(repr=False)
    weight: dict[int, Floats] = field(repr=False)
    base: dict[int, float]
    shift: float = 0.0


@dataclass(frozen=True)
class Past:
    """Rows of past landmarks of one category: values (n, p), whether he bought (n), the landmark's column (n)."""

    names: tuple[str, ...]
    values: Floats
    bought: Bools
    column: Floats


def past_rows(rows: NeedRows, kind: int, at: int) -> Past:
    """Return what could be learned from at a landmark (its column): outcomes complete and known by its end."""
    parts, came, when = [], [], []
    names: tuple[str, ...] = ()
    known = rows.told[:, kind] <= at
    for column in (c for c in rows.landmarks if c <= at - STEP):
        who = rows.eligible(column)[:, kind]
        names, values = rows.features(column, kind)
        parts.append(values[who])
        came.append((rows.came(column, STEP)[:, kind] & known)[who])
        when.append(np.full(int(who.sum()), float(column)))
    if not parts:
        return Past((), np.zeros((0, 0)), np.zeros(0, dtype=bool), np.zeros(0))
    return Past(names, np.concatenate(parts), np.concatenate(came), np.concatenate(when))


def learn(rows: NeedRows, at: int) -> Learned:
    """Return the logits that could be learned at a landmark, brought to the level of the last window before it."""
    found = Learned({}, {}, {}, {}, {})
    expected: list[Floats] = []
    happened = 0
    for kind in range(len(rows.products.categories)):
        past = past_rows(rows, kind, at)
        if past.bought.sum() < FEWEST or past.bought.all():
            continue
        _fit(found, kind, past)
        window = past.column == past.column.max()
        expected.append(_log_odds(found, kind, past.values[window]))
        happened += int(past.bought[window].sum())
    shift = _level(np.concatenate(expected), happened) if expected else 0.0
    return Learned(found.names, found.centre, found.scale, found.weight, found.base, shift)


def predict(rows: NeedRows, learned: Learned, column: int) -> Floats:
    """Return the probability of a first purchase within three months (n, k) of who could at a landmark; else nan."""
    eligible = rows.eligible(column)
    found = np.full(eligible.shape, np.nan)
    for kind in learned.names:
        who = eligible[:, kind]
        values = rows.features(column, kind)[1][who]
        found[who, kind] = expit(_log_odds(learned, kind, values) + learned.shift)
    return found


def longer(probability: Floats, windows: int = 2) -> Floats:
    """Return the probability within so many windows of three months if each is like the first."""
    return np.asarray(-np.expm1(windows * np.log1p(-probability)))


def reasons(rows: NeedRows, learned: Learned, column: int, most: int = 2) -> dict[int, list[tuple[str, ...]]]:
    """Return, by category, the features that raise each client's log odds most (n), and whether high ("+") or low.

    Only those that make a difference of a tenth in the odds, and say something about the client: markets are the same
    for all.
    """
    found = {}
    for kind, names in learned.names.items():
        own = _standard(learned, kind, rows.features(column, kind)[1])
        told = np.array([not name.startswith("market:") for name in names])
        share = np.where(told, own * learned.weight[kind], -np.inf)
        order = np.argsort(-share, axis=1, kind="stable")[:, :most]
        found[kind] = [
            tuple(names[j] + ("+" if own[i, j] > 0 else "-") for j in order[i] if share[i, j] > 0.1)
            for i in range(len(own))
        ]
    return found


def trees(rows: NeedRows, at: int) -> Floats | None:
    """Return the probabilities (n, k) of boosted trees over all categories; None with too few purchases before."""
    kinds = range(len(rows.products.categories))
    values, came, weight = [], [], []
    taught = []
    for kind in kinds:
        past = past_rows(rows, kind, at)
        if past.bought.sum() < FEWEST:
            continue
        kept, amount = _drawn(past.bought, MOST_TREES, kind)
        values.append(_with_kind(past.names, past.values[kept], kind, rows))
        came.append(past.bought[kept])
        weight.append(amount)
        taught.append(kind)
    if not taught:
        return None
    coded = np.zeros(values[0].shape[1], dtype=bool)
    coded[0] = True
    eligible = rows.eligible(at)
    asked = [_with_kind(*_of(rows, at, kind, eligible[:, kind]), kind, rows) for kind in taught]
    known, bought, by = np.concatenate(values), np.concatenate(came), np.concatenate(weight)
    chance = boosted(known, bought, by, coded, np.concatenate(asked), shape=SHAPE, seed=SEED)
    found = np.full(eligible.shape, np.nan)
    for kind, own in zip(taught, np.split(chance, np.cumsum([len(part) for part in asked])[:-1]), strict=True):
        found[eligible[:, kind], kind] = own
    return found


def _of(rows: NeedRows, column: int, kind: int, who: Bools) -> tuple[tuple[str, ...], Floats]:
    """Return the features of some clients at a landmark, and their names."""
    names, values = rows.features(column, kind)
    return names, values[who]


def _with_kind(names: Sequence[str], values: Floats, kind: int, rows: NeedRows) -> Floats:
    """Return the values with the category first and a column for each category held, its own among them (0)."""
    held = f"held:{rows.products.categories[kind]}"
    every = [*[n for n in names if not n.startswith("held:")], *(f"held:{c}" for c in rows.products.categories)]
    place = {name: j for j, name in enumerate(names)}
    none = np.zeros(len(values))
    columns = [none if name == held else values[:, place[name]] for name in every]
    return np.stack([np.full(len(values), float(kind)), *columns], axis=1)


def _drawn(bought: Bools, most: int, kind: int) -> tuple[np.ndarray, Floats]:
    """Return the rows kept (all purchases, the others by lot) and their weights."""
    yes, no = np.flatnonzero(bought), np.flatnonzero(~bought)
    weight = 1.0
    if len(no) > most:
        weight = len(no) / most
        no = np.sort(np.random.default_rng([SEED, kind]).choice(no, most, replace=False))
    kept = np.concatenate([yes, no])
    return kept, np.where(bought[kept], 1.0, weight)


def _fit(found: Learned, kind: int, past: Past) -> None:
    # A second of imports that nobody else needs.
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    kept, weight = _drawn(past.bought, MOST, kind)
    values = past.values[kept]
    centre = np.nan_to_num(np.nanmean(values, axis=0)) if len(values) else np.zeros(values.shape[1])
    scale = np.nan_to_num(np.nanstd(values, axis=0))
    found.names[kind], found.centre[kind] = past.names, centre
    found.scale[kind] = np.where(scale > 1e-9, scale, np.inf)
    # The penalty is for the number of purchases: the weights only say how the rows were drawn.
    model = LogisticRegression(solver="saga", l1_ratio=L1, C=STRENGTH, max_iter=200, tol=2e-3, random_state=SEED)
    with threadpool_limits(limits=1):
        model.fit(_standard(found, kind, values), past.bought[kept], sample_weight=weight)
    found.weight[kind], found.base[kind] = model.coef_[0].astype(float), float(model.intercept_[0])


def _standard(learned: Learned, kind: int, values: Floats) -> Floats:
    """Return the features standardised; what is not known counts as the mean."""
    return np.nan_to_num((values - learned.centre[kind]) / learned.scale[kind])


def _log_odds(learned: Learned, kind: int, values: Floats) -> Floats:
    return np.asarray(_standard(learned, kind, values) @ learned.weight[kind] + learned.base[kind])


def _level(log_odds: Floats, happened: int) -> float:
    """Return what brings the sum of the probabilities to what happened and a half, so that it is finite if none did."""
    low, high = -3.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(log_odds + middle).sum() < happened + 0.5 else (low, middle)
    return (low + high) / 2
