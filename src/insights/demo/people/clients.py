"""The clients as they are on joining: latent type, wealth, tolerance, age, taste, loyalty factors, region, manager."""

from dataclasses import dataclass, fields

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law, PeopleLaw
from insights.demo.streams import stream, uneven_choice

REFERRAL = 0
"""The acquisition source of those whom a client recommended."""


@dataclass
class People:
    """One entry per client; ``joined`` and ``born`` are months of the clock (``born`` is far below zero)."""

    joined: np.ndarray
    born: np.ndarray
    kind: np.ndarray
    log_wealth: np.ndarray
    tolerance: np.ndarray
    experience: np.ndarray
    taste: np.ndarray
    cash_share: np.ndarray
    female: np.ndarray
    digital: np.ndarray
    factors: np.ndarray
    attitude: np.ndarray
    region: np.ndarray
    source: np.ndarray
    language: np.ndarray

    def __len__(self) -> int:
        return len(self.joined)

    def keep(self, which: np.ndarray) -> "People":
        """Return the selected clients."""
        return People(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


def draw_people(law: Law, clock: Clock, n: int, seed: int) -> People:
    """Draw ``n`` clients who join evenly over burn-in and window."""
    p, rng = law.people, stream(seed, "people")
    kind = rng.choice(len(p.type_shares), n, p=p.type_shares).astype(np.int8)
    age = _truncated_normal(rng, n, p.age_at_joining, p.age_sd, p.age_range)
    joined = rng.integers(0, clock.total, n)
    log_wealth = of_type(p, p.log_wealth, kind) + p.log_wealth_sd * rng.standard_normal(n)
    log_wealth += np.where(rng.random(n) < p.heavy_tail_share, rng.exponential(p.heavy_tail_mean, n), 0.0)
    tolerance = np.clip(np.rint(of_type(p, p.tolerance, kind) + p.tolerance_sd * rng.standard_normal(n)), 1, 5)
    experience = of_type(p, p.experience_years, kind) + p.experience_sd * rng.standard_normal(n)
    digital_odds = p.digital_log_odds + p.digital_per_year_of_age * (age - 50)
    factors, attitude = _loyalty(p, rng, n)
    shelf = np.array([product.taste for product in law.products.shelf]).T
    taste = np.stack([of_type(p, tuple(shelf[:, j]), kind) for j in range(shelf.shape[1])], axis=1)
    return People(
        joined=joined.astype(np.int16),
        born=joined - 12 * age,
        kind=kind,
        log_wealth=log_wealth,
        tolerance=tolerance.astype(np.int8),
        experience=np.clip(np.rint(experience), 0, age - 18).astype(np.int16),
        taste=taste,
        cash_share=np.clip(of_type(p, p.cash_share, kind), *p.cash_share_range),
        female=rng.random(n) < p.female,
        digital=rng.random(n) < 1 / (1 + np.exp(-digital_odds)),
        factors=factors,
        attitude=attitude,
        region=uneven_choice(rng, np.broadcast_to(np.array(p.region_shares), (n, len(p.region_shares)))),
        source=draw_sources(law, n, rng),
        language=rng.choice(len(law.surveys.languages), n, p=law.surveys.languages).astype(np.int8),
    )


def draw_sources(law: Law, n: int, rng: np.random.Generator, *, without_referral: bool = False) -> np.ndarray:
    """Draw how ``n`` people come to the bank."""
    shares = np.array(law.people.acquisition_shares)
    if without_referral:
        shares[REFERRAL] = 0.0
    return rng.choice(len(shares), n, p=shares / shares.sum()).astype(np.int8)


def of_type(p: PeopleLaw, values: tuple[float, ...], kind: np.ndarray) -> np.ndarray:
    """Return each client's type mean, pulled towards the common mean where the types are not fully separated."""
    means = np.asarray(values, dtype=float)
    common = float(np.dot(p.type_shares, means))
    pulled: np.ndarray = (common + p.separation * (means - common))[kind]
    return pulled


def factor_covariance(p: PeopleLaw) -> np.ndarray:
    """Return the covariance (and correlation) of the latent loyalty factors of new clients."""
    k = len(p.loyalty_weights)
    made: np.ndarray = np.full((k, k), p.factor_correlation) + (1 - p.factor_correlation) * np.eye(k)
    return made


def _loyalty(p: PeopleLaw, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return five correlated standard normal factors and the attitude (variance 1) that they make up."""
    weights, covariance = np.asarray(p.loyalty_weights), factor_covariance(p)
    factors = rng.standard_normal((n, len(weights))) @ np.linalg.cholesky(covariance).T
    own = np.sqrt(1 - weights @ covariance @ weights)
    return factors, factors @ weights + own * rng.standard_normal(n)


def _truncated_normal(
    rng: np.random.Generator, n: int, mean: float, sd: float, limits: tuple[float, float]
) -> np.ndarray:
    values = mean + sd * rng.standard_normal(n)
    while (outside := (values < limits[0]) | (values > limits[1])).any():
        values[outside] = mean + sd * rng.standard_normal(int(outside.sum()))
    return values
