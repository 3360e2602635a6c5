"""What clients were worth at the end of an earlier month, by what is learnt up to today.

Two dates are compared like with like: who is worth more has changed himself, not the model. What could be told at the
earlier date itself is in ``models.value.bridge``.
"""

from dataclasses import replace

import numpy as np

from insights.data.snapshot import Bank
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.risk import in_force, one_each
from insights.models.exits.rows import exit_rows
from insights.models.value.forecast import ASSETS, YEAR, mean_growth
from insights.models.value.lifetime import LifetimeValues, tilt_of
from insights.models.value.market import exposures
from insights.models.value.money import money
from insights.models.value.programmes import programme_starts
from insights.models.value.reactions import displacements
from insights.models.value.standing import standing
from insights.models.value.survival import intensities
from insights.models.value.worths import doublings
from insights.models.value.worths import values as valued
from insights.stats.inputs import Floats, Ints


def past_worths(bank: Bank, now: LifetimeValues, at: int) -> tuple[Ints, Floats]:
    """Return who was in force at the end of a column of ``Money`` (codes of ``exit_rows``, n), and his value then (n).

    Over as many months, at the same discount rate and for the same markets as ``now``; with today's hazards and
    forecasts, and what was known of each client then. At the landmark's own column these are the values of ``now``.
    """
    book, hazards = money(bank), fit_exit_hazards(bank, now.landmark)
    assert book is not None, "there are values"
    known = exit_rows(bank).until(now.landmark)
    here = np.flatnonzero(known.month == book.first + at + 1)
    rows = known.take(here[one_each(known.client[here], known.tenure[here])])
    if at == now.inputs.start.at:
        rows = in_force(bank, now.landmark)
    learnt = now.inputs.forecast
    own = tuple(learnt.reaction[k] for k in range(len(book.income)))
    start = standing(book, rows, at, own, displacements(book, own), programme_starts(bank, known, now.landmark))
    inputs = replace(
        now.inputs,
        start=start,
        intensity=np.zeros((rows.n, now.months)),
        exposure=exposures(book, start.client, at),
        growth=mean_growth(start, learnt.fits[ASSETS, YEAR].coefficients),
    )
    leaving = intensities(hazards, rows, now.months, doublings(inputs), tilt_of(bank, hazards))
    return start.client, valued(replace(inputs, intensity=leaving))
