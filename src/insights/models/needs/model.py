"""The probability of a first purchase of each category within three months: an elastic-net logit, and boosted trees.

Both start from how often clients of the same segment bought it before; the penalty lets nothing else in that does not
pay. What the categories have in common, such as that spare cash is spent on something, is learned from the purchases of
all of them first; each category then adds what is its own.

What is learned at a landmark comes from earlier landmarks whose outcomes were complete, and known, by then.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, logit

from insights.models.boosted import boosted
from insights.models.needs.kinds import shrunken_rates
from insights.models.needs.rows import HELD, MARKET, MEMBER, STEP, NeedRows
from insights.models.needs.suitable import Bools, Floats
from insights.models.needs.tables import YEAR, Ints
from insights.stats.elastic_net import elastic_net_logit

FEWEST = 50
"""First purchases that a category needs to be foretold."""
MOST = 4_000
"""Rows without a purchase that a category is learned from, drawn by lot and weighted."""
MOST_TREES = 1_500
STRENGTH, L1 = 0.03, 0.5
DRAWN_TO = 100.0
"""How many rows of all clients are added to those of a segment when its rate is told."""
AS_BEFORE = 50.0
"""The level of a category is that of the last year, as if so many purchases had come beside just as expected."""
SEED = 7
SEGMENT = "segment"
FAR = 4.0
"""Standard deviations beyond which a feature says no more."""
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

    Categories with too few purchases are not in it. ``rates`` (s, k): how often clients of each segment bought, from
    which the log odds start. ``shift`` brings the log odds to the level of the last window.
    """

    rates: Floats = field(repr=False)
    names: dict[int, tuple[str, ...]]
    centre: dict[int, Floats] = field(repr=False)
    scale: dict[int, Floats] = field(repr=False)
    weight: dict[int, Floats] = field(repr=False)
    base: dict[int, float]
    shift: float = 0.0


@dataclass(frozen=True)
class Past:
    """Rows of past landmarks of one category (m): whose (place), at which landmark (column), whether he bought."""

    client: Ints
    column: Ints
    bought: Bools

    def take(self, kept: Ints | Bools) -> "Past":
        """Return some of the rows."""
        return Past(self.client[kept], self.column[kept], self.bought[kept])


def past_rows(rows: NeedRows, kind: int, at: int) -> Past:
    """Return what could be learned from at a landmark (its column): outcomes complete and known by its end."""
    who: list[Ints] = [np.zeros(0, dtype=np.int64)]
    when: list[Ints] = [np.zeros(0, dtype=np.int64)]
    came: list[Bools] = [np.zeros(0, dtype=bool)]
    known = rows.told[:, kind] <= at
    for column in (c for c in rows.landmarks if c <= at - STEP):
        own = np.flatnonzero(rows.eligible(column)[:, kind])
        who.append(own)
        when.append(np.full(len(own), column))
        came.append((rows.came(column, STEP)[:, kind] & known)[own])
    return Past(np.concatenate(who), np.concatenate(when), np.concatenate(came))


def past_values(rows: NeedRows, kind: int, past: Past) -> tuple[tuple[str, ...], Floats]:
    """Return names (p) and values (m, p) of what was known of past rows at their landmarks."""
    names = rows.features(rows.landmarks[0], kind, np.zeros(0, dtype=np.int64))[0]
    found = np.empty((len(past.client), len(names)))
    for column in np.unique(past.column):
        own = past.column == column
        found[own] = rows.features(int(column), kind, past.client[own])[1]
    return names, found


def segment_rates(rows: NeedRows, at: int) -> Floats:
    """Return how often clients of each segment bought each category first within three months (s, k), as known then."""
    before = [c for c in rows.landmarks if c <= at - STEP]
    could = [rows.eligible(c) for c in before]
    did = [e & rows.came(c, STEP) & (rows.told <= at) for e, c in zip(could, before, strict=True)]
    return shrunken_rates([rows.kinds[c] for c in before], could, did, DRAWN_TO)


def learn(rows: NeedRows, at: int) -> Learned:
    """Return the logits that could be learned at a landmark, brought to the level of the last window before it."""
    found = Learned(segment_rates(rows, at), {}, {}, {}, {}, {})
    expected: list[Floats] = []
    happened = 0
    pasts = {kind: past_rows(rows, kind, at) for kind in range(len(rows.products.categories))}
    pasts = {kind: past for kind, past in pasts.items() if past.bought.sum() >= FEWEST and not past.bought.all()}
    lessons = {kind: _lesson(rows, found, kind, past) for kind, past in pasts.items()}
    common = _common(list(lessons.values())) if lessons else {}
    for kind, past in pasts.items():
        _fit(found, kind, lessons[kind], common)
        lately = past.take(past.column > past.column.max() - YEAR)
        told = float(expit(_log_odds(rows, found, kind, lately)).sum())
        found.base[kind] += math.log((lately.bought.sum() + AS_BEFORE) / (told + AS_BEFORE))
        window = past.take(past.column == past.column.max())
        expected.append(_log_odds(rows, found, kind, window))
        happened += int(window.bought.sum())
    shift = _level(np.concatenate(expected), happened) if expected else 0.0
    return replace(found, shift=shift)


def predict(rows: NeedRows, learned: Learned, column: int) -> Floats:
    """Return the probability of a first purchase within three months (n, k) of who could at a landmark; else nan."""
    eligible = rows.eligible(column)
    found = np.full(eligible.shape, np.nan)
    for kind in learned.names:
        asked = _now(eligible, column, kind)
        found[asked.client, kind] = expit(_log_odds(rows, learned, kind, asked) + learned.shift)
    return found


def longer(probability: Floats, windows: int = 2) -> Floats:
    """Return the probability within so many windows of three months if each is like the first."""
    return np.asarray(-np.expm1(windows * np.log1p(-probability)))


def reasons(rows: NeedRows, learned: Learned, column: int, most: int = 2) -> dict[int, list[tuple[str, ...]]]:
    """Return, by category, what raises each client's log odds most (n), and whether it is high ("+") or low.

    Features, and ("segment+") that clients of his segment buy it more often than others whom it suits. Only what makes
    a difference of a tenth in the odds, and says something about the client: markets are the same for all.
    """
    found = {}
    for kind, names in learned.names.items():
        own = _standard(learned, kind, rows.features(column, kind)[1])
        told = np.array([not name.startswith((MARKET, MEMBER)) for name in names])
        member = np.array([name.startswith(MEMBER) for name in names])
        start = _start(rows, learned.rates, kind, np.arange(len(own)), column)
        start += own[:, member] @ learned.weight[kind][member]
        who = rows.eligible(column)[:, kind]
        start -= start[who].mean() if who.any() else 0.0
        share = np.concatenate([np.where(told, own * learned.weight[kind], -np.inf), start[:, None]], axis=1)
        signs = np.concatenate([own > 0, np.ones((len(own), 1), dtype=bool)], axis=1)
        every = (*names, SEGMENT)
        order = np.argsort(-share, axis=1, kind="stable")[:, :most]
        found[kind] = [
            tuple(every[j] + ("+" if signs[i, j] else "-") for j in order[i] if share[i, j] > 0.1)
            for i in range(len(own))
        ]
    return found


def trees(rows: NeedRows, at: int) -> Floats | None:
    """Return the probabilities (n, k) of boosted trees over all categories; None with too few purchases before."""
    values, came, weight = [], [], []
    taught = []
    rates = segment_rates(rows, at)
    for kind in range(len(rows.products.categories)):
        past = past_rows(rows, kind, at)
        if past.bought.sum() < FEWEST:
            continue
        kept, amount = drawn(past.bought, kind, MOST_TREES)
        values.append(_with_kind(rows, rates, kind, past.take(kept)))
        came.append(past.bought[kept])
        weight.append(amount)
        taught.append(kind)
    if not taught:
        return None
    coded = np.zeros(values[0].shape[1], dtype=bool)
    coded[0] = True
    eligible = rows.eligible(at)
    asked = [_with_kind(rows, rates, kind, _now(eligible, at, kind)) for kind in taught]
    known, bought, by = np.concatenate(values), np.concatenate(came), np.concatenate(weight)
    chance = boosted(known, bought, by, coded, np.concatenate(asked), shape=SHAPE, seed=SEED)
    found = np.full(eligible.shape, np.nan)
    for kind, own in zip(taught, np.split(chance, np.cumsum([len(part) for part in asked])[:-1]), strict=True):
        found[eligible[:, kind], kind] = own
    return found


def _now(eligible: Bools, column: int, kind: int) -> Past:
    """Return the clients who could buy something of a category at a landmark, as rows whose outcome is not known."""
    client = np.flatnonzero(eligible[:, kind])
    return Past(client, np.full(len(client), column), np.zeros(len(client), dtype=bool))


def _with_kind(rows: NeedRows, rates: Floats, kind: int, past: Past) -> Floats:
    """Return the category, the log odds to start from, and the values, with a column for each category held."""
    names, values = past_values(rows, kind, past)
    held = f"{HELD}{rows.products.categories[kind]}"
    every = [*[n for n in names if not n.startswith(HELD)], *(f"{HELD}{c}" for c in rows.products.categories)]
    place = {name: j for j, name in enumerate(names)}
    none = np.zeros(len(values))
    columns = [none if name == held else values[:, place[name]] for name in every]
    return np.stack([np.full(len(values), float(kind)), _starts(rows, rates, kind, past), *columns], axis=1)


def drawn(bought: Bools, kind: int, most: int = MOST) -> tuple[np.ndarray, Floats]:
    """Return the rows kept (all purchases, the others by lot) and their weights."""
    yes, no = np.flatnonzero(bought), np.flatnonzero(~bought)
    weight = 1.0
    if len(no) > most:
        weight = len(no) / most
        no = np.sort(np.random.default_rng([SEED, kind]).choice(no, most, replace=False))
    kept = np.concatenate([yes, no])
    return kept, np.where(bought[kept], 1.0, weight)


@dataclass(frozen=True)
class Lesson:
    """What a category is learned from: names (p) and standardised values (m, p), where to start, outcomes, weights."""

    names: tuple[str, ...]
    values: Floats
    start: Floats
    bought: Bools
    weight: Floats

    @property
    def common(self) -> list[int]:
        """The places of the features that all categories have."""
        return [j for j, name in enumerate(self.names) if not name.startswith(HELD)]


def _lesson(rows: NeedRows, found: Learned, kind: int, past: Past) -> Lesson:
    """Return what a category is learned from; note how its features are standardised."""
    kept, weight = drawn(past.bought, kind)
    own = past.take(kept)
    names, values = past_values(rows, kind, own)
    centre, scale = (np.zeros(values.shape[1]) for _ in range(2))
    told = ~np.isnan(values).all(axis=0)
    centre[told], scale[told] = np.nanmean(values[:, told], axis=0), np.nanstd(values[:, told], axis=0)
    found.names[kind], found.centre[kind] = names, centre
    found.scale[kind] = np.where(scale > 1e-9, scale, np.inf)
    start = _starts(rows, found.rates, kind, own)
    return Lesson(names, _standard(found, kind, values), start, own.bought, weight)


def _common(lessons: list[Lesson]) -> dict[str, float]:
    """Return the slopes of what all categories have in common, by feature."""
    first = lessons[0]
    net = elastic_net_logit(
        np.concatenate([own.values[:, own.common] for own in lessons]),
        np.concatenate([own.bought for own in lessons]),
        penalty=1 / STRENGTH,
        l1=L1,
        offset=np.concatenate([own.start for own in lessons]),
        weight=np.concatenate([own.weight for own in lessons]),
    )
    return dict(zip([first.names[j] for j in first.common], net.slopes.tolist(), strict=True))


def _fit(found: Learned, kind: int, own: Lesson, common: dict[str, float]) -> None:
    slopes = np.array([common.get(name, 0.0) for name in own.names])
    # The penalty is for the number of purchases: the weights only say how the rows were drawn.
    net = elastic_net_logit(
        own.values,
        own.bought,
        penalty=1 / STRENGTH,
        l1=L1,
        offset=own.start + own.values @ slopes,
        weight=own.weight,
    )
    found.weight[kind], found.base[kind] = slopes + net.slopes, net.intercept


def _standard(learned: Learned, kind: int, values: Floats) -> Floats:
    """Return the features standardised; what is not known counts as the mean, and what is far away as not so far.

    A feature that hardly anybody had when it was learned says little of somebody who has much of it.
    """
    return np.clip(np.nan_to_num((values - learned.centre[kind]) / learned.scale[kind]), -FAR, FAR)


def _log_odds(rows: NeedRows, learned: Learned, kind: int, past: Past) -> Floats:
    """Return the log odds of rows, before they are brought to the level of the last window."""
    own = _standard(learned, kind, past_values(rows, kind, past)[1]) @ learned.weight[kind]
    return np.asarray(_starts(rows, learned.rates, kind, past) + learned.base[kind] + own)


def _starts(rows: NeedRows, rates: Floats, kind: int, past: Past) -> Floats:
    """Return the log odds (m) by segment alone, from which a category's model starts."""
    found = np.empty(len(past.client))
    for column in np.unique(past.column):
        own = past.column == column
        found[own] = _start(rows, rates, kind, past.client[own], int(column))
    return found


def _start(rows: NeedRows, rates: Floats, kind: int, client: Ints, column: int) -> Floats:
    return np.asarray(logit(np.clip(rows.kinds[column][client] @ rates[:, kind], 1e-6, 1 - 1e-6)))


def _level(log_odds: Floats, happened: int) -> float:
    """Return what brings the sum of the probabilities to what happened and a half, so that it is finite if none did."""
    low, high = -3.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(log_odds + middle).sum() < happened + 0.5 else (low, middle)
    return (low + high) / 2
