"""Prospects: those who became clients in the window, those who still may, and those who never will.

Joining is a Poisson stream here (people join evenly), and a Poisson stream whose points are moved by independent
lags is again one. So drawing the lags before a joining date gives the same law as letting prospects arrive and decide.
"""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.rows import NO_DAY, Rows, pick, stack
from insights.demo.streams import stream
from insights.demo.words import count

AHEAD_MONTHS = 24


def prospect_rows(law: Law, clock: Clock, clients: Rows, seed: int) -> Rows:
    """Return the rows of ``prospects`` whose awareness lies in the window; later dates are not known yet (NaT)."""
    rng, p = stream(seed, "prospects"), law.prospects
    start, end = np.datetime64(clock.window_from), np.datetime64(clock.last_day)
    won = pick(clients, clients["joined_on"] >= start)
    joined = _on_the_way(law, won["joined_on"], won["acquisition_source"], won["client_id"], rng)
    per_month = len(won["client_id"]) / clock.months
    ahead = int(rng.poisson(per_month * AHEAD_MONTHS))
    later = end + 1 + rng.integers(0, round(30.4 * AHEAD_MONTHS), ahead)
    shares = law.people.acquisition_shares
    coming = _on_the_way(law, later, rng.choice(len(shares), ahead, p=shares), np.full(ahead, -1), rng)
    never = _never(law, int(rng.poisson(p.never_per_joiner * per_month * clock.months)), start, end, rng)
    rows = stack([joined, coming, never])
    rows = pick(rows, (rows["aware_on"] >= start) & (rows["aware_on"] <= end))
    for column in ("considered_on", "decided_on"):
        rows[column] = np.where(rows[column] <= end, rows[column], NO_DAY)
    rows["client_id"] = np.where(np.isnat(rows["decided_on"]), -1, rows["client_id"])
    rows = pick(rows, np.argsort(rows["aware_on"], kind="stable"))
    n = len(rows["aware_on"])
    rows["prospect_id"] = np.arange(n)
    rows["family"] = rng.integers(0, count("family"), n).astype(np.int8)
    rows["phone"] = rng.integers(0, 10_000_000, n)
    rows["consent"] = np.ones(n, np.int8)
    return rows


def _on_the_way(
    law: Law, decided: np.ndarray, source: np.ndarray, client: np.ndarray, rng: np.random.Generator
) -> Rows:
    n, p = len(decided), law.prospects
    considered = decided - np.ceil(30.4 * rng.exponential(p.decide_lag, n)).astype(np.int64)
    return {
        "aware_on": considered - np.ceil(30.4 * rng.exponential(p.consider_lag, n)).astype(np.int64),
        "considered_on": considered,
        "decided_on": decided,
        "acquisition_source": source.astype(np.int8),
        "client_id": client,
    }


def _never(law: Law, n: int, start: np.datetime64, end: np.datetime64, rng: np.random.Generator) -> Rows:
    aware = start + rng.integers(0, int((end - start).astype(np.int64)) + 1, n)
    lag = np.ceil(30.4 * rng.exponential(law.prospects.consider_lag, n)).astype(np.int64)
    shares = law.people.acquisition_shares
    return {
        "aware_on": aware,
        "considered_on": np.where(rng.random(n) < law.prospects.considers, aware + lag, NO_DAY),
        "decided_on": np.full(n, NO_DAY),
        "acquisition_source": rng.choice(len(shares), n, p=shares).astype(np.int8),
        "client_id": np.full(n, -1),
    }
