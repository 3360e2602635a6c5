"""Which kind of client somebody is, as far as it tells what he buys: the segments as they stood before all trials."""

import numpy as np
import numpy.typing as npt

from insights.models.needs.suitable import Floats
from insights.stats.mixture import Mixture, MixtureRows, fit_mixture, mixture_rows

FEWEST = 200
"""With fewer clients nothing can be said of segments."""
STARTS = 4
SEED = 7
TOLERANCES = 6
"""Risk tolerances 1 to 5, and 0 where it is not known."""
THIRDS = ("low", "middle", "high")
PEERS = TOLERANCES * len(THIRDS)


def thirds(assets: Floats) -> np.ndarray:
    """Return the third of wealth of each client (n) among those whose assets are known: 0 the lowest; unknown too."""
    known = assets[~np.isnan(assets)]
    cuts = np.quantile(known, [1 / 3, 2 / 3]) if len(known) else np.zeros(2)
    return np.asarray(np.searchsorted(cuts, np.nan_to_num(assets)), dtype=np.int64)


def peer_groups(assets: Floats, tolerance: Floats) -> np.ndarray:
    """Return the group of risk tolerance and third of wealth of each client (n)."""
    level = np.clip(np.nan_to_num(tolerance), 0, TOLERANCES - 1).astype(np.int64)
    return np.asarray(level * len(THIRDS) + thirds(assets))


def memberships(
    assets: Floats,
    tolerance: Floats,
    experience: Floats | None,
    columns: tuple[int, ...],
    made_of: int,
    most: int,
    least_share: float,
) -> dict[int, Floats]:
    """Return, by column, to what degree each client belongs to each segment (n, s); rows add up to 1.

    Assets, tolerance, experience (n, T) as known at each month's end. The segments are those of the clients of the
    month ``made_of``, as many as its ICL asks for, none smaller than ``least_share``; so what is tried later rests on
    segments that were known by then. Of whom too little is known belongs to all, as far as they are large. Where one
    segment is enough, or too little is known, groups of risk tolerance and third of wealth stand for them.
    """
    found = _mixture(assets, tolerance, experience, made_of, most, least_share)
    if found is None:
        every = np.eye(PEERS)
        return {c: every[peer_groups(assets[:, c], tolerance[:, c])] for c in columns}
    mixture, like = found
    made = {}
    for c in columns:
        told = _values(assets, tolerance, experience, c)
        known = np.sum([~np.isnan(v) for part in told for v in part.values()], axis=0)
        enough = np.flatnonzero(known >= min(2, sum(len(part) for part in told)))
        made[c] = np.tile(mixture.share, (len(assets), 1))
        if len(enough):
            numbers, ordered = ({n: v[enough] for n, v in part.items()} for part in told)
            made[c][enough] = mixture.membership(like.others(numbers, ordered))
    return made


def given_memberships(segment: npt.NDArray[np.object_], columns: tuple[int, ...]) -> dict[int, Floats]:
    """Return the bank's own segments (n, T; text) as degrees; who has none belongs to all as far as they are large."""
    made = {}
    names = sorted({v for c in columns for v in segment[:, c] if isinstance(v, str)})
    for c in columns:
        own = np.array([[v == name for name in names] for v in segment[:, c]], dtype=float).reshape(-1, len(names))
        none = own.sum(axis=1) == 0
        own[none] = own[~none].mean(axis=0) if (~none).any() else 1 / max(len(names), 1)
        made[c] = own
    return made


def _mixture(
    assets: Floats, tolerance: Floats, experience: Floats | None, column: int, most: int, least_share: float
) -> tuple[Mixture, MixtureRows] | None:
    numbers, ordered = _values(assets, tolerance, experience, column)
    complete = np.all([~np.isnan(v) for part in (numbers, ordered) for v in part.values()], axis=0)
    if complete.sum() < FEWEST or any(len(np.unique(v[complete])) < 2 for v in (*numbers.values(), *ordered.values())):
        return None
    try:
        rows = mixture_rows({n: v[complete] for n, v in numbers.items()}, {n: v[complete] for n, v in ordered.items()})
    except ValueError:  # a number without spread
        return None
    fits = [fit_mixture(rows, k, seed=SEED, starts=STARTS) for k in range(1, most + 1) if rows.n >= 10 * k]
    best = min((m for m in fits if m.share.min() >= least_share), key=lambda m: m.icl)
    return None if best.classes == 1 else (best, rows)


def _values(
    assets: Floats, tolerance: Floats, experience: Floats | None, column: int
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the numbers and the ordered answers of a month's end, each (n)."""
    wealth = assets[:, column]
    numbers = {"wealth": np.where(np.isnan(wealth), np.nan, np.log(np.maximum(np.nan_to_num(wealth), 1.0)))}
    if experience is not None:
        numbers["experience"] = experience[:, column]
    return numbers, {"risk": tolerance[:, column]}


def shrunken_rates(member: list[Floats], could: list[np.ndarray], did: list[np.ndarray], rows: float) -> Floats:
    """Return how often clients of each segment bought each category first (s, k), of those who could.

    member (n, s), could and did (n, k) of each landmark. Each rate is drawn to that of all clients as if so many rows
    of theirs were added, so that a small segment, or one that bought nothing yet, is not told to be sure.
    """
    came = np.sum([m.T @ d for m, d in zip(member, did, strict=True)], axis=0)
    asked = np.sum([m.T @ c for m, c in zip(member, could, strict=True)], axis=0)
    every = (came.sum(axis=0) + 0.5) / (asked.sum(axis=0) + 1.0)
    return np.asarray((came + rows * every) / (asked + rows))
