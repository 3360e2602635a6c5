"""Rounding that adds up: what is subtracted from what, the difference is again a multiple of the base."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def nearest(values: npt.ArrayLike, base: int) -> Ints:
    """Return the multiples of ``base`` nearest to the values; half-way goes up."""
    return (np.floor(np.asarray(values, dtype=float) / base + 0.5) * base).astype(np.int64)


def apportion(values: npt.ArrayLike, base: int) -> Ints:
    """Round the values (n) to neighbouring multiples of ``base`` such that they add up to their rounded sum.

    Each value goes down or up to the next multiple, those with the largest remainders up: every error is below
    ``base``, and the error of the sum at most half of it. Were each value rounded on its own, the sum of the rounded
    values beside the rounded sum would tell in which direction most went, and sometimes every value exactly.
    """
    exact = np.asarray(values, dtype=float)
    down = np.floor(exact / base).astype(np.int64)
    lifts = int(nearest(exact.sum(), base)) // base - int(down.sum())
    order = np.argsort(-(exact - down * base), kind="stable")
    down[order[: max(lifts, 0)]] += 1
    return down * base


def batches(events: Floats, base: int) -> Iterator[tuple[int, int]]:
    """Count events in batches of ``base``; yield (time, kind) of each batch, in the order of time.

    ``events`` (K times, C kinds). A batch stands at the time of its middle event, so that the batches up to any time
    are the cumulative count of all kinds rounded to the nearest multiple: errors do not pile up. It is given to the
    kind furthest ahead of its own batches so far, so that every kind stays near its own count too.
    """
    due = nearest(events.sum(axis=1).cumsum(), base) // base
    ahead = np.zeros(events.shape[1])
    done = 0
    for time in range(len(events)):
        ahead += events[time]
        for _ in range(int(due[time]) - done):
            kind = int(ahead.argmax())
            ahead[kind] -= base
            yield time, kind
        done = int(due[time])
