"""The client register as the core banking system holds it at the end: who, since when, until when, and attributes."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people import People
from insights.demo.rows import NO_DAY, NO_MONEY, Rows
from insights.demo.state import State
from insights.demo.streams import stream
from insights.demo.words import count

REFERRAL = 0


def client_rows(law: Law, clock: Clock, people: People, state: State, seed: int) -> Rows:
    """Return the rows of ``clients``; what the law does not need (names, occupation) is drawn here, on its own."""
    rng, n = stream(seed, "register"), len(people)
    end = np.datetime64(clock.last_day)
    source = rng.choice(len(law.people.acquisition_shares), n, p=law.people.acquisition_shares).astype(np.int8)
    wealth = np.exp(people.log_wealth + rng.normal(-0.4, 0.8, n))
    born_year = (clock.first + np.floor(people.born).astype(np.int64)).astype("datetime64[Y]").astype(np.int64) + 1970
    delay = np.minimum(rng.poisson(2.0, n), (clock.month_end(state.left_month) - state.left_on).astype(np.int64))
    family, household = _households(law, people, rng)
    return {
        "client_id": np.arange(n),
        "family": family,
        "given": rng.integers(0, count("given_male"), n).astype(np.int8),
        "phone": rng.integers(0, 10_000_000, n),
        "joined_on": state.joined_on,
        "left_on": state.left_on,
        # Known within the month, so that the books of a month and the register agree at its end.
        "left_known_on": np.where(np.isnat(state.left_on), NO_DAY, state.left_on + np.maximum(delay, 0)),
        "leave_reason": state.reason,
        "birth_year": born_year,
        "gender": people.female.astype(np.int8),
        "region": people.region,
        "occupation": _occupation(people, clock, rng),
        "income_band": np.clip(np.rint(people.log_wealth - 12.6 + 0.7 * rng.standard_normal(n)), 0, 4).astype(np.int8),
        "acquisition_source": source,
        "referred_by": _referrers(people, state, source, rng),
        "household_id": household,
        "rm_id": state.rm.astype(np.int64),
        "risk_tolerance": people.tolerance,
        "experience_years": people.experience.astype(np.int64),
        "interests": np.where(rng.random(n) < 0.3, -1, rng.integers(0, count("interests"), n).astype(np.int8)),
        "external_wealth": np.where(rng.random(n) < 0.4, NO_MONEY, 100_000 * np.rint(wealth / 1000).astype(np.int64)),
        "kyc_expires_on": end + rng.integers(-60, 3_650, n),
    }


def _occupation(people: People, clock: Clock, rng: np.random.Generator) -> np.ndarray:
    """Draw occupations: entrepreneurs own a business, people over 66 are mostly retired."""
    n = len(people)
    drawn = rng.choice(10, n, p=(0.12, 0.18, 0.12, 0.10, 0.14, 0.08, 0.10, 0.04, 0.05, 0.07))
    drawn = np.where((people.kind == 3) & (rng.random(n) < 0.7), 0, drawn)
    age = (clock.total - people.born) / 12
    return np.where((age > 66) & (rng.random(n) < 0.8), 5, drawn).astype(np.int8)


def _households(law: Law, people: People, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pair a share of the clients within regions; return each client's family name and household (-1: alone)."""
    n = len(people)
    family, household = rng.integers(0, count("family"), n).astype(np.int8), np.full(n, -1)
    shared = np.flatnonzero(rng.random(n) < law.people.household_share)
    order = shared[np.argsort(people.region[shared] + rng.random(len(shared)), kind="stable")]
    first, second = order[0 : len(order) // 2 * 2 : 2], order[1 : len(order) // 2 * 2 : 2]
    same = people.region[first] == people.region[second]
    first, second = first[same], second[same]
    household[first] = household[second] = np.arange(len(first))
    family[second] = family[first]
    return family, household


def _referrers(people: People, state: State, source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give each referred client somebody who joined in an earlier month and was still there; -1 if the draw fails."""
    n = len(people)
    by_joining = np.argsort(people.joined, kind="stable")
    earlier = np.searchsorted(people.joined[by_joining], people.joined)
    drawn = by_joining[np.floor(rng.random(n) * np.maximum(earlier, 1)).astype(np.int64)]
    there = (earlier > 0) & (state.left_month[drawn] > people.joined)
    return np.where((source == REFERRAL) & there, drawn, -1)
