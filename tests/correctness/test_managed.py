"""What programmes did to income and activity: both designs find what was planted, and take no trend for it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from insights.models.channels.managed import ACTIVITY, INCOME, by_lot, in_steps
from insights.models.channels.programmes import Reach
from insights.models.channels.rollout import Panel
from insights.models.months import SpellMonths
from insights.stats.results import Estimate

N, MANAGERS = 600, 60
CLUSTER = np.array([f"m{i % MANAGERS}" for i in range(N)], dtype=object)


def panel(start: np.ndarray, held: np.ndarray) -> Panel:
    return Panel(start, held, CLUSTER, 3, 0, 12)


@pytest.mark.parametrize(("outcome", "effect"), [(INCOME, 0.002), (INCOME, 0.0), (ACTIVITY, 0.1)])
def test_steps_find_what_was_planted_beside_a_trend_of_all(outcome: str, effect: float) -> None:
    rng = np.random.default_rng(6)
    start = np.where(np.arange(N) % MANAGERS < 20, 5.0, np.where(np.arange(N) % MANAGERS < 35, 8.0, np.inf))
    held = rng.lognormal(13, 1, N)
    periods = np.arange(12)
    trend = 0.001 * periods  # everybody earns more year by year: no effect of anything
    own = rng.normal(0, 0.002, N)[:, None] + rng.normal(0, 0.001, (N, 12))
    values = 0.005 + own + trend + effect * (periods >= start[:, None])
    found = in_steps(outcome, values, panel(start, held))
    assert isinstance(found.mean, Estimate)
    planted = effect * (4 if outcome == INCOME else 1)  # income is told a year, and a period is a quarter
    assert found.mean.low < planted < found.mean.high
    assert (found.mean.low > 0) == (effect > 0)
    assert (found.reached, found.others) == (350, 250)


def test_where_everybody_was_reached_those_reached_later_are_the_others() -> None:
    rng = np.random.default_rng(8)
    start = np.where(np.arange(N) % MANAGERS < 20, 4.0, np.where(np.arange(N) % MANAGERS < 45, 7.0, 10.0))
    values = 0.005 + rng.normal(0, 0.002, (N, 12)) + 0.004 * (np.arange(12) >= start[:, None])
    found = in_steps(INCOME, values, panel(start, rng.lognormal(13, 1, N)))
    assert isinstance(found.mean, Estimate)
    assert found.mean.low < 0.016 < found.mean.high
    assert found.others == 400  # a side of nobody would have the effect withheld


def test_the_lot_compares_the_arms_and_counts_who_left() -> None:
    rng = np.random.default_rng(3)
    treated = np.arange(N) % 2 == 0
    months, day = 36, 18
    chance = np.full((N, months), 0.4)
    chance[treated, day:] += 0.15
    active = rng.random((N, months)) < chance
    last = np.where(np.arange(N) % 10 == 0, 24, months - 1)  # one in ten leaves half a year after the draw
    active[np.arange(months)[None, :] > last[:, None]] = False
    flat = np.full((N, months), 1.0, dtype=np.float32)
    spells = pd.DataFrame({"client_id": [f"c{i}" for i in range(N)], "spell": 1})
    zeros = np.zeros(N, dtype=np.int64)
    left = last < months - 1
    frame = SpellMonths(
        spells, date(2021, 1, 1), zeros, last, zeros + 1, left, flat, active.astype(np.float32), flat, flat, flat, flat,
        active, 0,
    )  # fmt: skip
    reached = Reach("p", np.where(treated, float(day), np.inf), np.full(N, float(day)), CLUSTER, False, True)
    found = by_lot(frame, reached, months, ACTIVITY, "CHF")
    assert isinstance(found.mean, Estimate)
    # Who left is no longer active in five of the twelve months, in one of ten, all of them treated here.
    truth = active[treated][:, day : day + 12].mean() - active[~treated][:, day : day + 12].mean()
    assert found.mean.value == pytest.approx(truth, abs=0.01)
    assert found.mean.low > 0.05
