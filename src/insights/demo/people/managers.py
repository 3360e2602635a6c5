"""The relationship managers: region, experience, the effect each has on leaving, and the channel programme's start."""

from dataclasses import dataclass

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.rows import NO_DAY, Rows
from insights.demo.streams import stream

NEVER = 32_000
PROGRAMMES = ("channel", "retention", "investors club")
CHANNEL, RETENTION, CLUB = range(3)
ARMS = ("control", "treated")


@dataclass(frozen=True)
class Managers:
    """One entry per manager; months are months of the clock."""

    region: np.ndarray
    since: np.ndarray
    effect: np.ndarray
    skill: np.ndarray
    programme: np.ndarray
    club: np.ndarray
    """Arm of the programme that does nothing, drawn by lot."""
    capacity: np.ndarray

    def experience(self, t: int) -> np.ndarray:
        """Return the years of experience at month ``t``."""
        years: np.ndarray = np.maximum(t - self.since, 0) / 12
        return years

    def choose(self, region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a manager of each client's region."""
        order = np.argsort(self.region, kind="stable")
        counts = np.bincount(self.region)
        first = np.cumsum(counts) - counts
        chosen: np.ndarray = order[first[region] + np.floor(rng.random(len(region)) * counts[region]).astype(np.int64)]
        return chosen.astype(np.int16)


def draw_managers(law: Law, clock: Clock, seed: int) -> Managers:
    """Draw the managers; every region has at least one, the better ones enter the channel programme first."""
    p, rng = law.managers, stream(seed, "managers")
    shares = law.people.region_shares
    if p.count < len(shares):
        raise ValueError(f"{p.count} managers for {len(shares)} regions; expected at least one for each")
    spread = np.floor(np.cumsum(shares) * (p.count - len(shares)) + 1e-9).astype(int)
    region = np.repeat(np.arange(len(shares)), np.diff(spread, prepend=0) + 1)
    years = np.clip(p.experience_mean + p.experience_sd * rng.standard_normal(p.count), *p.experience_range)
    skill = rng.standard_normal(p.count)
    # By quarters of skill plus noise.
    rank = np.argsort(np.argsort(-(skill + p.skill_noise * rng.standard_normal(p.count))))
    waves = np.array([clock.burn_in + month - 1 for month in law.wealth.programme_months] + [NEVER])
    return Managers(
        region=region,
        since=clock.total - 1 - np.rint(12 * years).astype(np.int64),
        effect=p.effect_sd * rng.standard_normal(p.count),
        skill=skill,
        programme=waves[rank * len(waves) // p.count],
        club=draw_arms(p.count, law.null_programme.share, stream(seed, "null programme")),
        capacity=rng.choice(p.capacity_hours, p.count),
    )


def draw_arms(n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Draw by lot which ``round(share * n)`` of ``n`` managers a programme starts with (True)."""
    arms = np.zeros(n, bool)
    arms[rng.permutation(n)[: round(share * n)]] = True
    return arms


def manager_rows(managers: Managers, clock: Clock) -> Rows:
    """Return the rows of ``managers``: the first third of a career was elsewhere."""
    n = len(managers.region)
    started = managers.since + (clock.total - 1 - managers.since) // 3
    return {
        "rm_id": np.arange(n),
        "started_on": clock.month_start(started),
        "experience_since": clock.month_start(managers.since),
        "branch": managers.region.astype(np.int8),
        "capacity_hours": managers.capacity,
    }


def programme_rows(managers: Managers, law: Law, clock: Clock) -> Rows:
    """Return the managers' rows of ``programmes``: the channel programme within the window, and the one by lot."""
    started = np.flatnonzero(managers.programme < clock.total)
    club = np.flatnonzero(np.full(len(managers.club), law.null_programme.month <= clock.months))
    month = clock.burn_in + law.null_programme.month - 1
    n, m = len(started), len(club)
    return {
        "programme": np.repeat(np.array([CHANNEL, CLUB], np.int8), (n, m)),
        "client_id": np.full(n + m, -1),
        "rm_id": np.concatenate([started, club]),
        "started_on": clock.month_start(np.concatenate([managers.programme[started], np.full(m, month)])),
        "ended_on": np.full(n + m, NO_DAY),
        "arm": np.concatenate([np.ones(n, bool), managers.club[club]]).astype(np.int8),
        "randomised": np.repeat(np.array([0, 1], np.int8), (n, m)),
    }
