"""Shares of units over categories, each drawn towards those of all as far as its few counts leave room for chance."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

SOURCE = "Mosimann (1962), Dirichlet-multinomial; Minka (2000), estimating a Dirichlet distribution"
FEWEST_UNITS = 50
LEAST, MOST = 1e-2, 1e4
"""Concentrations that are looked at: below, every unit keeps to one category; above, all are alike."""


@dataclass(frozen=True)
class ShrunkenShares:
    """``common`` (K): the shares of all; ``concentration``: the larger, the more alike units are, worth so many counts.

    ``shares`` (n, K): the mean of each unit's posterior; a unit without counts has ``common``.
    """

    common: Floats
    concentration: float
    shares: Floats = field(repr=False)
    source: str = SOURCE


def shrunken_shares(counts: npt.ArrayLike) -> ShrunkenShares | NotEstimable:
    """Estimate the shares of each unit from its counts (n, K), multinomial given shares that are Dirichlet distributed.

    The mean of the shares is that of all counts, their concentration maximises the marginal likelihood. A unit's share
    is (count + concentration * common) / (its counts + concentration).

    Assumes that a unit's counts are independent given its shares, and that shares do not drift; if they follow each
    other in runs, units look more different than they are. NotEstimable below 50 units with two counts or more, or with
    fewer than two categories in use. Raises ValueError for counts that are negative or missing.
    """
    c = np.asarray(counts, dtype=float)
    if c.ndim != 2 or not np.isfinite(c).all() or (c < 0).any():
        raise ValueError(f"counts have shape {c.shape}, some negative or missing; expected (n, K) numbers >= 0")
    several = c.sum(axis=1) >= 2
    if several.sum() < FEWEST_UNITS:
        return NotEstimable(f"{int(several.sum())} units have two counts or more; {FEWEST_UNITS} are needed")
    common = c.sum(axis=0) / c.sum()
    used = common > 0
    if used.sum() < 2:
        return NotEstimable("all counts are in one category")
    own, share = c[several][:, used], common[used]
    n = own.sum(axis=1)

    def loss(log_s: float) -> float:
        s = math.exp(log_s)
        each = gammaln(s * share + own) - gammaln(s * share)
        return -float(each.sum() + (gammaln(s) - gammaln(s + n)).sum())

    best = minimize_scalar(loss, bounds=(math.log(LEAST), math.log(MOST)), method="bounded", options={"xatol": 1e-4})
    s = math.exp(float(best.x))
    return ShrunkenShares(common, s, (c + s * common) / (c.sum(axis=1, keepdims=True) + s))
