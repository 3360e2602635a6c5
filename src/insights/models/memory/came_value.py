"""What clients brought beside what past runs foretold that they would."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.months import last_complete, month_number
from insights.data.snapshot import Bank
from insights.models.memory.came import NOTHING_DUE, due, told_by
from insights.models.memory.store import Memory
from insights.models.memory.targets import AHEAD, MARGIN
from insights.models.value.margins import MARGIN as IN_MARGINS
from insights.models.value.margins import client_margins
from insights.stats.inputs import Floats
from insights.stats.resampling import Replicates, bootstrap
from insights.stats.results import NotEstimable

SEED, REPLICATES, AT_ONCE = "what came", 400, 50
TOP = 0.1


@dataclass(frozen=True)
class Brought:
    """What clients were expected to bring beside what they brought, over all past runs that are ``months`` old.

    ``frame``: day, client_id, foretold, came, top (whether he was among the tenth of whom most was foretold).
    ``ratio``: parts (all, then the days in order) of what came over what was foretold; ``share``: of what came, the
    part that the tenth of whom most was foretold brought (all).
    """

    months: int
    frame: pd.DataFrame = field(repr=False)
    days: tuple[str, ...]
    ratio: Replicates = field(repr=False)
    share: Replicates = field(repr=False)


def came_of_value(bank: Bank, memories: Sequence[Memory]) -> Brought | NotEstimable:
    """Set what past runs foretold that clients bring beside what they brought, the longest horizon that is due.

    Whoever left since brings nothing from then on, as was foretold with its chance.
    """
    memories = [m for m in memories if due(m, min(AHEAD)) <= bank.as_of]
    found = client_margins(bank) if memories else None
    if found is None or found.basis != IN_MARGINS:
        return NOTHING_DUE
    late = 1 if bank.settings.window.reporting_delay_days else 0
    opens = month_number(found.months.opens)
    last = min(last_complete(bank.as_of) - late - opens, found.months.count - 1)
    brought, place = found.margin, pd.Index(found.months.client_id.astype(str))
    for months in sorted(AHEAD, reverse=True):
        parts = []
        for memory in memories:
            told = told_by(memory, lambda t: t == MARGIN)
            told = told[told["months"] == months]
            if told.empty:
                continue
            start = month_number(pd.Timestamp(str(told["since"].iloc[0]))) - opens
            if start < 0 or start + months > last:
                continue
            client = place.get_indexer(pd.Index(told["client_id"]))
            told, client = told[client >= 0], client[client >= 0]
            came = brought[client, start + 1 : start + 1 + months].sum(axis=1)
            foretold = told["value"].to_numpy(float)
            top = foretold >= np.quantile(foretold, 1 - TOP) if len(foretold) else np.zeros(0, dtype=bool)
            own = {"day": memory.as_of, "client_id": told["client_id"], "foretold": foretold, "came": came, "top": top}
            parts.append(pd.DataFrame(own))
        if parts:
            return _brought(months, pd.concat(parts, ignore_index=True))
    return NOTHING_DUE


def _brought(months: int, frame: pd.DataFrame) -> Brought:
    days = tuple(sorted(frame["day"].unique()))
    came, foretold = frame["came"].to_numpy(float), frame["foretold"].to_numpy(float)
    inside = np.stack([np.ones(len(frame)), *((frame["day"] == d).to_numpy(float) for d in days)], axis=1)
    ratio = _ratios(frame["client_id"], came[:, None] * inside, foretold[:, None] * inside)
    share = _ratios(frame["client_id"], (came * frame["top"].to_numpy(float))[:, None], came[:, None])
    return Brought(months, frame, days, ratio, share)


def _ratios(client: pd.Series, tops: Floats, bottoms: Floats) -> Replicates:
    """Return ratios of sums (m) with their replicates, clients drawn as a whole."""
    unit, units = pd.factorize(client)
    size = (len(units), tops.shape[1])
    above, below = np.zeros(size), np.zeros(size)
    np.add.at(above, unit, tops)
    np.add.at(below, unit, bottoms)

    def ratios(weights: Floats) -> Floats:
        down = weights @ below
        return np.divide(weights @ above, down, out=np.full_like(down, np.nan), where=down > 0)

    return bootstrap(ratios, pd.Series(units), seed=SEED, replicates=REPLICATES, at_once=AT_ONCE)
