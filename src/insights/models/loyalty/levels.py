"""The first step of the way to what a lever is worth: who is critical, undecided or loyal, one point more or less.

Shares change along straight lines here, so that measurement error can be taken out and the replicates are those of the
way to who leaves (``worth``): the same draws of clients run through the whole chain.
"""

from dataclasses import dataclass, field

import numpy as np

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY
from insights.models.loyalty.attitude import categories, levels_of
from insights.models.loyalty.worth import Worth, joint_moments, worth
from insights.stats.moments import Moments
from insights.stats.resampling import Replicates

EVERYBODY = ""


@dataclass(frozen=True)
class StatedLevels:
    """Changes of the shares of clients at a level of stated loyalty with one point more on each factor.

    ``changes`` (segment, "" for everybody, and level) has a part per factor, in the order of ``Worth.factors``; parts
    of the rows where it cannot be told are not there. ``clients`` (segment) counts those who answered, ``there``
    (segment and level) those of them who are at the level. ``ranges`` (level) are its lowest and highest mark.
    """

    changes: dict[tuple[str, str], Replicates] = field(repr=False)
    clients: dict[str, int]
    there: dict[tuple[str, str], int]
    ranges: dict[str, tuple[float, float]]


def stated_levels(bank: Bank) -> StatedLevels:
    """Return the changes, made once per bank; ask ``missing_for_answers`` first."""
    scale = bank.settings.loyalty.outcome_scale or (0.0, 10.0)
    return once(bank, "survey_levels", lambda: changes_of_levels(worth(bank), scale))


def changes_of_levels(found: Worth, scale: tuple[float, float]) -> StatedLevels:
    """Return the changes among the answers of ``found``, whose loyalty is told on ``scale``."""
    rows = found.rows
    codes, marks = categories(rows[LOYALTY].to_numpy(float), scale)
    levels, ranges = levels_of(marks, scale)
    at = {name: np.isin(codes, [int(k) for k in own]).astype(float) for name, own in levels.items()}
    changes, clients, there = {}, {}, {}
    for segment in (EVERYBODY, *found.by_segment):
        inside = np.ones(len(rows), dtype=bool) if segment == EVERYBODY else (rows["segment"] == segment).to_numpy()
        own = rows[inside]
        clients[segment] = int(own["client_id"].nunique())
        told = {name: flags[inside] for name, flags in at.items() if 0 < flags[inside].sum() < inside.sum()}
        regressors = [*found.factors, *found.controls]
        made = joint_moments(own.assign(**told), found.errors, [*regressors, *told])
        for level, flags in told.items():
            there[segment, level] = int(own.loc[flags > 0, "client_id"].nunique())
            if isinstance(made, Moments):
                slopes = made.slopes(level, regressors)[:, : len(found.factors)]
                changes[segment, level] = made.replicates(slopes)
    return StatedLevels(changes, clients, there, ranges)
