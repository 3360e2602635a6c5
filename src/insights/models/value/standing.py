"""How clients stand at a landmark: what they hold, what they bring at present, and what tells how that will change."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from insights.models.exits.rows import MISSING, ExitRows
from insights.models.value.money import Money
from insights.models.value.programmes import programme_features
from insights.models.value.reactions import Reaction
from insights.stats.inputs import Floats, Ints

YEAR = 12
RATE_MONTHS = 6
"""Months over which what a client brings is set against his assets: long enough for bookings by the quarter."""
LARGEST_CHANGE = 1.0
"""Net new money of a year (log) beyond this tells no more."""
PRIOR_CLIENTS = 10.0
"""A manager's clients weigh as much as the book's mean where there are as many of them."""

OF_MANAGER = "manager_growth"
FEATURES = ("own_growth", OF_MANAGER, "log2_assets", "young", "outflow_12m")


@dataclass(frozen=True)
class Standing:
    """n clients at a landmark, whose last known month is the column ``at`` of ``Money``.

    ``client`` are codes; ``assets``, ``income`` (n, components; a month, at the client's own rate of the last six
    months on his assets of today) and ``cost`` (a month) in the reporting currency. ``features`` (n, p) are those of
    ``FEATURES``, and two for each programme of managers; ``cluster`` is the manager, or the client himself where
    managers are not known. ``means`` are those of assets, income and cost among all clients at the landmark, and
    ``usual`` (p) those of the features by assets, also where these are some of the clients. ``displaced`` (n) is what
    is left of what markets did to a client's assets (log) and his income has not come back from yet.
    """

    client: Ints
    at: int
    assets: Floats
    income: Floats
    cost: Floats
    features: Floats = field(repr=False)
    cluster: Ints = field(repr=False)
    means: tuple[float, Floats, float]
    displaced: Floats = field(repr=False)
    usual: Floats

    def take(self, rows: npt.NDArray[np.bool_] | Ints) -> "Standing":
        """Return some of the clients."""
        names = ("client", "assets", "income", "cost", "features", "cluster", "displaced")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    @property
    def size(self) -> Floats:
        """The log (base 2) of assets over those of the client in the middle."""
        return np.asarray(self.features[:, FEATURES.index("log2_assets")])

    @property
    def without_manager(self) -> Floats:
        """The features (n, p), what clients share with the others of their manager being as usual."""
        shared = [FEATURES.index(OF_MANAGER), *range(len(FEATURES), self.features.shape[1])]
        found = self.features.copy()
        found[:, shared] = self.usual[shared]
        return found

    @property
    def n(self) -> int:
        """Number of clients."""
        return len(self.client)


def standing(
    money: Money, rows: ExitRows, at: int, reactions: tuple[Reaction, ...], left: Floats, programmes: Ints
) -> Standing:
    """Return how the clients of the rows (one each, known at the landmark) stand after column ``at`` (>= 0).

    ``reactions`` say how each component of income moves with markets, and ``left`` what is displaced
    (``displacements``): past months count as they would be at today's markets. ``programmes`` are ``programme_starts``.
    """
    client = rows.client.astype(np.int64)
    since = max(at - YEAR + 1, 0)
    assets = np.maximum(money.assets[client, at], 0.0)
    there = np.clip(rows.tenure.astype(float), 1.0, at - since + 1)
    cost = money.cost[client, since : at + 1].sum(axis=1)
    own = left[client, : at + 1]
    now = _income(money, client, rows.tenure, at, reactions, own[:, -RATE_MONTHS:])
    grown = _growth(money, client, at)
    features = np.stack(
        [
            grown,
            _of_manager(grown, rows.manager),
            log_size(assets, float(np.median(assets))),
            rows.tenure < 2 * YEAR,
            _known(rows, "outflow_12m"),
        ],
        axis=1,
    ).astype(float)
    features = np.concatenate([features, programme_features(programmes[client], money.first + at + 1)], axis=1)
    few = len(np.unique(rows.manager[rows.manager != MISSING])) < 20
    cluster = np.where((rows.manager == MISSING) | few, len(rows.managers) + client, rows.manager).astype(np.int64)
    cost = cost / there
    n = max(len(client), 1)
    means = float(assets.sum()) / n, now.sum(axis=0) / n, float(cost.sum()) / n
    usual = assets @ features / max(float(assets.sum()), 1e-300)
    return Standing(client, at, assets, now, cost, features, cluster, means, own[:, -1], usual)


def log_size(assets: Floats, median: float) -> Floats:
    """Return the log (base 2) of assets over those of the client in the middle, between -6 and 6."""
    return np.clip(np.log2(np.maximum(assets, 1.0)) - np.log2(max(median, 1.0)), -6.0, 6.0)


def market_growth(money: Money, client: Ints, first: int, last: int) -> Floats:
    """Return by what the market multiplied the assets of clients over the columns first + 1 to last."""
    if money.growth is None:
        return np.ones(len(client))
    return np.asarray(np.prod(money.growth[client, first + 1 : last + 1], axis=1))


def _income(
    money: Money,
    client: Ints,
    tenure: npt.NDArray[np.float32],
    at: int,
    reactions: tuple[Reaction, ...],
    left: Floats,
) -> Floats:
    """Return what clients bring a month (n, components) at their own rates; at the book's where they have none yet.

    The month of joining tells no rate: it is not a whole one.
    """
    first = max(at - RATE_MONTHS + 1, 0)
    moved = _to_now(money, client, first, at)
    whole = np.arange(first, at + 1) > (at + 1 - tenure.astype(np.int64))[:, None]
    held = np.maximum(money.assets[client, first : at + 1], 0.0) * whole
    there, assets = whole.sum(axis=1), np.maximum(money.assets[client, at], 0.0)
    found = np.zeros((len(client), len(reactions)))
    for k, (amount, reaction) in enumerate(zip(money.income.values(), reactions, strict=True)):
        told = amount[client, first : at + 1] * whole * moved * reaction.beyond(left[:, -1:] - left)
        base = (held * moved).sum(axis=1)
        book = float(told.sum()) / max(float(base.sum()), 1e-300)
        rate = np.divide(told.sum(axis=1), base, out=np.full(len(client), book), where=base > 0)
        plain = told.sum(axis=1) / np.maximum(there, 1)
        found[:, k] = np.where((assets > 0) | (there == 0), rate * assets, plain)
    return found


def _to_now(money: Money, client: Ints, first: int, at: int) -> Floats:
    """Return by what the market multiplied assets from the end of each of the columns first to at, up to that of at."""
    found = np.ones((len(client), at - first + 1))
    if money.growth is not None:
        for k in range(at - 1, first - 1, -1):
            found[:, k - first] = found[:, k - first + 1] * money.growth[client, k + 1]
    return found


def _growth(money: Money, client: Ints, at: int) -> Floats:
    """Return the log growth by net new money over the year up to a column; nan where it was not observed."""
    back = at - YEAR
    if back < 0:
        return np.full(len(client), np.nan)
    before = np.maximum(money.assets[client, back], 0.0) * market_growth(money, client, back, at)
    after = np.maximum(money.assets[client, at], 0.0)
    held = (before > 0) & (after > 0)
    ratio = np.divide(after, before, out=np.ones(len(client)), where=held)
    return np.where(held, np.clip(np.log(ratio), -LARGEST_CHANGE, LARGEST_CHANGE), np.nan)


def _of_manager(own: Floats, manager: npt.NDArray[np.int32]) -> Floats:
    """Return the mean of the other clients of the same manager, drawn to that of the book; ``own`` is filled in place.

    Missing values of ``own`` become what the manager's other clients have.
    """
    known = ~np.isnan(own)
    mean = float(own[known].mean()) if known.any() else 0.0
    filled = np.where(known, own, 0.0)
    code = np.where(manager == MISSING, manager.max(initial=0) + 1, manager).astype(np.int64)
    sums, sizes = np.bincount(code, filled), np.bincount(code, known)
    found = (sums[code] - filled + PRIOR_CLIENTS * mean) / (sizes[code] - known + PRIOR_CLIENTS)
    found = np.where(manager == MISSING, mean, found)
    own[~known] = found[~known]
    return np.asarray(found)


def _known(rows: ExitRows, name: str) -> Floats:
    return np.nan_to_num(rows.numeric[name].astype(float)) if name in rows.numeric else np.zeros(rows.n)
