"""Clients in force at two dates as they would stand had only some of the causes of a change been at work."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from insights.models.value.standing import FEATURES, Standing, log_size
from insights.models.value.worths import Ahead, Inputs, course
from insights.stats.inputs import Floats, Ints

MOVED, MARKET, MARGIN, MODEL, RETENTION, DISCOUNT = "moved", "market", "margin", "model", "retention", "discount"
CAUSES = (MOVED, MARKET, MARGIN, MODEL, RETENTION, DISCOUNT)
"""What may have changed of a client in force at both dates; what is cheap to change comes last."""

TENFOLD = 10.0
"""Where a client's own moves multiplied or divided his assets by more than this, all that changed is his move."""

_SIZE = FEATURES.index("log2_assets")


@dataclass(frozen=True)
class Changed:
    """n clients at two dates: ``before`` and ``now`` (in the same order), and what lies between.

    ``market`` (n) is by what markets multiplied their assets, ``moved`` (n) by what their own moves did (without the
    market); nan where it multiplied them by nothing sensible (nothing held at one of the dates, see ``TENFOLD``).
    ``intensity`` of leaving (n, H) by (retention, model): what is known of the clients, and what has been learnt, is
    that of the later date (True) or of the earlier one. ``medians`` of the assets of the whole book at both dates.
    """

    before: Inputs
    now: Inputs
    market: Floats = field(repr=False)
    moved: Floats = field(repr=False)
    intensity: Mapping[tuple[bool, bool], Floats] = field(repr=False)
    medians: tuple[float, float]

    @property
    def n(self) -> int:
        """Number of clients."""
        return self.before.start.n

    def take(self, rows: Ints) -> "Changed":
        """Return some of the clients."""
        return replace(
            self,
            before=self.before.take(rows),
            now=self.now.take(rows),
            market=self.market[rows],
            moved=self.moved[rows],
            intensity={key: own[rows] for key, own in self.intensity.items()},
        )

    def inputs(self, put: Mapping[str, bool]) -> Inputs:
        """Return what values are made of with some of the causes put in (by name) and the others as they were."""
        market, model = put[MARKET], put[MODEL]
        learnt = self.now if model else self.before
        return Inputs(
            measure=self.now.measure,
            start=self._standing(put),
            intensity=self.intensity[put[RETENTION], model],
            exposure=(self.now if market else self.before).exposure,
            forecast=learnt.forecast,
            expected=learnt.expected,
            discount=(self.now if put[DISCOUNT] else self.before).discount,
            growth=learnt.growth,
        )

    def _standing(self, put: Mapping[str, bool]) -> Standing:
        a, b = self.before.start, self.now.start
        usual = ~np.isnan(self.moved)
        flow = np.where(usual, self.moved, 1.0)
        moved = flow if put[MOVED] else np.ones(self.n)
        assets = a.assets * moved * (self.market if put[MARKET] else 1.0)
        reaction = self.now.forecast.reaction
        beyond = [reaction[k].beyond(b.displaced - a.displaced) for k in range(a.income.shape[1])]
        grown = self.market[:, None] * np.stack(beyond, axis=1) if beyond else np.ones((self.n, 0))
        scale = moved[:, None] * (grown if put[MARKET] else 1.0)
        income = scale * (b.income / (grown * flow[:, None]) if put[MARGIN] else a.income)
        cost = (b if put[MARGIN] else a).cost
        other = b if put[MOVED] else a
        assets = np.where(usual, assets, other.assets)
        features = other.features.copy()
        features[:, _SIZE] = log_size(assets, self.medians[put[MODEL]])
        return replace(
            a,
            at=b.at,
            assets=assets,
            income=np.where(usual[:, None], income, other.income),
            cost=np.where(usual, cost, other.cost),
            features=features,
            means=(b if put[MODEL] else a).means,
            usual=(b if put[MODEL] else a).usual,
            displaced=(b if put[MARKET] else a).displaced,
        )


class Worth:
    """Values of the clients with causes put in; what the last ones do not change is not computed again."""

    def __init__(self, clients: Changed, causes: tuple[str, ...]) -> None:
        self.clients, self.causes = clients, causes
        self._last: tuple[tuple[bool, ...], Ahead] | None = None

    def put(self, flags: tuple[bool, ...]) -> dict[str, bool]:
        """Return the causes by name; those that are not at work (see ``causes``) are never put in."""
        return dict.fromkeys(CAUSES, False) | dict(zip(self.causes, flags, strict=True))

    def __call__(self, flags: tuple[bool, ...]) -> Floats:
        """Return the values (n) with the causes put in whose flag is set."""
        put = self.put(flags)
        inputs = self.clients.inputs(put)
        amounts = tuple(put[name] for name in (MOVED, MARKET, MARGIN, MODEL))
        if self._last is None or self._last[0] != amounts:
            self._last = amounts, course(inputs, assets=False)
        alive = np.exp(-np.cumsum(inputs.intensity, axis=1))
        return np.asarray(replace(self._last[1], alive=alive).brought(inputs.measure) @ inputs.discount)


def moved_by(before: Standing, now: Standing, market: npt.NDArray[np.floating]) -> Floats:
    """Return by what clients' own moves multiplied their assets (n), nan where that is nothing sensible."""
    base = before.assets * market
    ratio = np.divide(now.assets, base, out=np.zeros(before.n), where=base > 0)
    return np.where((ratio >= 1 / TENFOLD) & (ratio <= TENFOLD), ratio, np.nan)
