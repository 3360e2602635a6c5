"""How well anybody could tell the latent types of the clients apart: Bayes' rule with the true law."""

import numpy as np
from scipy.special import ndtr

from insights.demo.law import Law
from insights.demo.people.clients import People, of_type


def best_types(law: Law, people: People) -> np.ndarray:
    """Return each client's most probable type given his log wealth on joining, tolerance and experience.

    Nobody who sees only these can do better on average; with no types (``separation`` 0) it is the commonest one.
    """
    p, every = law.people, np.arange(len(law.people.type_shares))
    wealth = people.log_wealth[:, None] - of_type(p, p.log_wealth, every)
    own = np.exp(-0.5 * (wealth / p.log_wealth_sd) ** 2) / (p.log_wealth_sd * np.sqrt(2 * np.pi))
    mean = p.heavy_tail_mean
    # A normal plus an exponential; the cap keeps the power finite where the other factor is 0.
    power = np.minimum(p.log_wealth_sd**2 / (2 * mean**2) - wealth / mean, 500)
    tail = np.exp(power) / mean * ndtr(wealth / p.log_wealth_sd - p.log_wealth_sd / mean)
    density = (1 - p.heavy_tail_share) * own + p.heavy_tail_share * tail
    density *= _rounded(people.tolerance, of_type(p, p.tolerance, every), p.tolerance_sd, 1, 5)
    density *= _rounded(people.experience, of_type(p, p.experience_years, every), p.experience_sd, 0, np.inf)
    best: np.ndarray = (density * np.asarray(p.type_shares)).argmax(axis=1)
    return best


def adjusted_rand(a: np.ndarray, b: np.ndarray) -> float:
    """Return the adjusted Rand index of two labellings (whole numbers from 0). Source: Hubert & Arabie 1985."""
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    pairs, rows, columns = ((n * (n - 1) / 2).sum() for n in (table.ravel(), table.sum(axis=1), table.sum(axis=0)))
    expected = rows * columns / (len(a) * (len(a) - 1) / 2)
    most = (rows + columns) / 2
    return float((pairs - expected) / (most - expected)) if most > expected else 1.0


def _rounded(values: np.ndarray, mean: np.ndarray, sd: float, low: float, high: float) -> np.ndarray:
    """Return the chance of a rounded and clipped normal at each value, shape (values, means)."""
    at = values[:, None].astype(float)
    above = np.where(at >= high, np.inf, at + 0.5)
    below = np.where(at <= low, -np.inf, at - 0.5)
    chance: np.ndarray = ndtr((above - mean) / sd) - ndtr((below - mean) / sd)
    return chance
