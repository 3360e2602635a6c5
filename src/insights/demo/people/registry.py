"""The client register as the core banking system holds it at the end: who, since when, until when, and attributes."""

import math

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.clients import People
from insights.demo.people.elsewhere import stated_on_joining
from insights.demo.rows import NO_DAY, NO_MONEY, Rows
from insights.demo.state import State
from insights.demo.streams import stream
from insights.demo.words import count

ENTREPRENEUR, OWNER, RETIRED = 3, 0, 5
"""Numbers of the client type and of the occupations that the law speaks of."""


def client_rows(law: Law, clock: Clock, people: People, state: State, seed: int) -> Rows:
    """Return the rows of ``clients``; what the law does not need (names, occupation) is drawn here, on its own.

    A client who came back joined when his first spell began, and left when his last one ended.
    """
    p, rng, n = law.register, stream(seed, "register"), len(people)
    wealth = stated_on_joining(law, people, rng)
    born_year = (clock.first + np.floor(people.born).astype(np.int64)).astype("datetime64[Y]").astype(np.int64) + 1970
    delay = rng.poisson(p.exit_known_days, n)
    delay = np.minimum(delay, (clock.month_end(state.left_month) - state.left_on).astype(np.int64))
    family, household = _households(law, people, rng)
    income = np.rint(people.log_wealth - p.income_log_wealth + p.income_sd * rng.standard_normal(n))
    interests = rng.integers(0, count("interests"), n).astype(np.int8)
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
        "occupation": _occupation(law, people, clock, rng),
        "income_band": np.clip(income, 0, 4).astype(np.int8),
        "acquisition_source": people.source,
        "referred_by": state.referrer,
        "household_id": household,
        "rm_id": state.rm.astype(np.int64),
        "risk_tolerance": people.tolerance,
        "experience_years": people.experience.astype(np.int64),
        "interests": np.where(rng.random(n) < p.interests_unknown, -1, interests),
        "external_wealth": np.where(
            rng.random(n) < p.external_unknown, NO_MONEY, 100_000 * np.rint(wealth / 1000).astype(np.int64)
        ),
        "kyc_expires_on": _papers(law, clock, state, rng),
    }


def papers_expired(law: Law, clients: int, in_force: int) -> int:
    """Return of how many clients in force the papers have expired by the last day."""
    return min(math.ceil(law.register.papers_expired * clients / 1000), in_force)


def _papers(law: Law, clock: Clock, state: State, rng: np.random.Generator) -> np.ndarray:
    """Return the day on which identity papers expire: passed for a known number of the clients in force."""
    p, n, end = law.register, len(state.present), np.datetime64(clock.last_day)
    last = np.where(np.isnat(state.left_on), end, state.left_on)
    expires = last + 1 + rng.integers(0, p.papers_valid_days, n)
    inside = np.flatnonzero(state.present)
    chosen = rng.choice(inside, papers_expired(law, n, len(inside)), replace=False)
    expires[chosen] = end - rng.integers(0, p.papers_expired_days, len(chosen))
    return expires


def _occupation(law: Law, people: People, clock: Clock, rng: np.random.Generator) -> np.ndarray:
    """Draw occupations: most entrepreneurs own a business, the old are mostly retired."""
    p, n = law.register, len(people)
    drawn = rng.choice(len(p.occupations), n, p=p.occupations)
    drawn = np.where((people.kind == ENTREPRENEUR) & (rng.random(n) < p.entrepreneurs_own), OWNER, drawn)
    age = (clock.total - people.born) / 12
    return np.where((age > p.retired_after) & (rng.random(n) < p.retired), RETIRED, drawn).astype(np.int8)


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
