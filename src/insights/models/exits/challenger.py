"""A gradient-boosted challenger to the hazards: trees that learn who left within some months of past landmarks.

It has the same features, and the same past: client-months up to the landmark, and outcomes that were complete and known
by then. It may find steps and combinations that the regression cannot; it cannot say why, and its risks are not divided
by reason. So it is used only if it has been better out of time, see ``trials`` and ``use``.
"""

from datetime import date

import numpy as np
import numpy.typing as npt

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.boosted import boosted
from insights.models.cache import once
from insights.models.exits.columns import case_cohort
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.risk import in_force
from insights.models.exits.rows import MISSING, ExitRows, Singles, exit_rows
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

STEP = 3
"""Months between the landmarks that it learns from."""

MOST_ROWS = 60_000
FEWEST_EVENTS = 200
"""Trees need more evidence than a line: below this number of leavers there is no challenger."""

MOST_LEVELS = 200
MOST_FACTOR = 1e9
"""A level that no factor below this reaches stays short of the total: everybody would leave."""

SEED = 20
SHAPE = {
    "learning_rate": 0.05,
    "max_iter": 120,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 100,
    "l2_regularization": 1.0,
    "max_bins": 128,
}
"""Set beforehand and never tuned: a challenger that is chosen by its results on the tests needs tests of its own."""


def challenger_risks(bank: Bank, landmark: date | None = None, horizon: int = 12) -> Floats | NotEstimable:
    """Return the probability of leaving within the horizon (months) of every client in force at the landmark (n).

    Its level is that of past landmarks, of which the last lies one horizon back; see ``levelled``.

    In the order of ``in_force``. Computed once. One thread and a fixed seed: the same rows give the same risks.
    NotEstimable with fewer than 200 leavers among the client-months it may learn from.
    """
    landmark = bank.as_of if landmark is None else landmark
    return once(
        bank, ("challenger_risks", landmark, horizon), lambda: _predicted(bank, landmark, horizon), on_disk=True
    )


def levelled(risk: Floats, total: float) -> Floats:
    """Return the risks (n, in (0, 1)) with all intensities multiplied by one factor, such that they add up to a total.

    The total is between 0 and n; the order of the risks stays, and so does how far they are apart in log intensity.
    """
    cumulative = -np.log1p(-risk)
    low, high = 0.0, 1.0
    while (-np.expm1(-high * cumulative)).sum() < total and high < MOST_FACTOR:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if (-np.expm1(-middle * cumulative)).sum() < total else (low, middle)
    return np.asarray(-np.expm1(-(low + high) / 2 * cumulative))


def training_rows(
    rows: ExitRows, landmark: date, horizon: int, step: int = STEP
) -> tuple[ExitRows, npt.NDArray[np.bool_]]:
    """Return client-months that follow past landmarks, and whether the client left within the horizon of each.

    The last of these landmarks lies one horizon before the given one, so that every outcome was complete by then; an
    exit counts if it was known by then.
    """
    last = last_complete(landmark) + 1 - horizon
    chosen = (rows.month <= last) & ((last - rows.month) % step == 0)
    gone = _exit_month(rows, landmark)[chosen]
    part = rows.take(chosen)
    return part, gone <= part.month + horizon - 1


def feature_frame(rows: ExitRows, without: frozenset[str]) -> tuple[tuple[str, ...], Singles, npt.NDArray[np.bool_]]:
    """Return names (p), values (n, p; nan missing, categories as codes) and which columns are categories (p).

    The features less those ``without``, tenure in months, and the calendar month.
    """
    found: list[tuple[str, Singles, bool]] = [
        ("tenure", rows.tenure, False),
        ("calendar_month", (rows.month % 12).astype(np.float32), False),
    ]
    found += [(name, values, False) for name, values in rows.numeric.items() if name not in without]
    for name, codes in rows.categories.items():
        if name not in without and len(rows.levels[name]) <= MOST_LEVELS:
            found.append((name, np.where(codes == MISSING, np.nan, codes).astype(np.float32), True))
    values = np.stack([column for _, column, _ in found], axis=1)
    return tuple(name for name, _, _ in found), values, np.array([coded for _, _, coded in found])


def _predicted(bank: Bank, landmark: date, horizon: int) -> Floats | NotEstimable:
    rows, event = training_rows(exit_rows(bank), landmark, horizon)
    if int(event.sum()) < FEWEST_EVENTS:
        return NotEstimable(
            f"{int(event.sum())} leavers within {horizon} months of past landmarks are too few for boosted trees: "
            f"{FEWEST_EVENTS} are needed"
        )
    kept, weight = case_cohort(rows, np.arange(rows.n), event, MOST_ROWS)
    without = frozenset(fit_exit_hazards(bank, landmark, inference=False).refused)
    _, values, coded = feature_frame(rows.take(kept), without)
    at = feature_frame(in_force(bank, landmark), without)[1]
    return boosted(values, event[kept], weight, coded, at, shape=SHAPE, seed=SEED)


def _exit_month(rows: ExitRows, landmark: date) -> Floats:
    """Return, for each row, the month in which its relationship ended as known at the landmark; infinity if none."""
    if not rows.n:
        return np.zeros(0)
    last = np.append((np.diff(rows.client) != 0) | (np.diff(rows.spell) != 0), True)
    ends = np.flatnonzero(last)
    known = (rows.cause[ends] > 0) & (rows.known[ends] <= landmark.toordinal())
    month = np.where(known, rows.month[ends], np.inf)
    return np.repeat(month, np.diff(ends, prepend=-1))
