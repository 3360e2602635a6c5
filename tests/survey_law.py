"""A made-up survey of a known law: three factors behind three items each, loyalty of them, and who leaves after."""

import numpy as np
import pandas as pd

from insights.models.loyalty.answers import SurveyAnswers
from insights.models.loyalty.followed import Followed
from insights.models.loyalty.worth import Worth, _made
from insights.stats.results import NotEstimable

FACTORS = ("care", "price", "brand")
WEIGHTS = np.array([0.6, 0.3, 0.1])
SHARE = 0.008


def made_up(
    seed: int,
    n: int = 4000,
    *,
    price_beside: float = 0.0,
    left: float = 0.12,
    managers: int = 60,
    segments: tuple[str, ...] = ("big", "small"),
) -> Worth:
    """Return the paths of ``n`` answers.

    For one point of loyalty 4 points fewer leave, and the share of wallet, known of every third, rises by ``SHARE``.
    """
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n, 3)) + 0.7 * rng.normal(size=(n, 1))
    attitude = factor @ WEIGHTS + 0.5 * rng.normal(size=n)
    rows = pd.DataFrame({"client_id": [f"c{k}" for k in range(n)], "weight": 1.0})
    rows["manager"] = np.array([f"m{k}" for k in range(managers)])[rng.integers(0, managers, n)]
    rows["segment"] = rng.choice(["big", "small"], n)
    rows["log2_assets"], rows["tenure"] = rng.normal(20, 1, n), rng.normal(2, 1, n)
    items: dict[str, tuple[str, ...]] = {}
    for i, name in enumerate(FACTORS):
        items[name] = tuple(f"item_{name}_{j}" for j in range(3))
        for item in items[name]:
            rows[item] = factor[:, i] + 0.8 * rng.normal(size=n)
        rows[name] = rows[list(items[name])].mean(axis=1)
    rows["item_l"] = rows["loyalty"] = attitude + 0.7 * rng.normal(size=n)
    chance = left - 0.04 * attitude - price_beside * factor[:, 1]
    later = pd.DataFrame({"left": (rng.random(n) < chance).astype(float)}, index=rows.index)
    moved = SHARE * attitude + 0.03 * rng.normal(size=n)
    later["share"] = np.where(np.arange(n) % 3 == 0, moved, np.nan)
    survey = SurveyAnswers(rows, rows, items, ("item_l",), {}, {}, NotEstimable(""), segments)
    return _made(survey, Followed(later, {}))
