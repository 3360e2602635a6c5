"""The brand by channel: tone by hand and with its interval, and the survey by the channel that clients prefer."""

import numpy as np
import pandas as pd
import pytest

from insights.models.channels.brand import BEFORE, BRAND, CHANGE, TONE, seen_by, tones
from insights.models.preference import Preferred
from insights.stats.results import Estimate

END, SINCE = pd.Timestamp("2022-12-31"), pd.Timestamp("2021-12-31")


def mentions(rng: np.random.Generator, bad: float, bad_before: float, affair: float = 0.0) -> pd.DataFrame:
    """Two years of days; with ``affair`` single weeks have many more bad mentions."""
    day = pd.date_range("2021-01-01", "2022-12-31")
    week = rng.random(len(day) // 7 + 1) < affair
    share = np.where(day > SINCE, bad, bad_before) + 0.5 * week[np.arange(len(day)) // 7]
    rows = pd.DataFrame({"day": day, "channel": "press", "positive": rng.poisson(2, len(day))})
    return rows.assign(neutral=rng.poisson(2, len(day)), negative=rng.poisson(4 * share))


def test_tone_is_good_less_bad_of_all_and_its_change_that_of_two_years() -> None:
    rows = mentions(np.random.default_rng(1), 0.6, 0.2)
    found = {s.measure: s.found for s in tones(rows, END, SINCE)}
    now = rows[rows["day"] > SINCE]
    told = found[TONE]
    assert isinstance(told, Estimate)
    whole = now[["positive", "neutral", "negative"]].to_numpy().sum()
    assert told.value == pytest.approx((now["positive"].sum() - now["negative"].sum()) / whole)
    change, before = found[CHANGE], found[BEFORE]
    assert isinstance(change, Estimate)
    assert isinstance(before, Estimate)
    assert change.value == pytest.approx(told.value - before.value)
    assert change.high < 0


def test_affairs_of_a_week_do_not_pass_for_a_change() -> None:
    alarms = 0
    for seed in range(60):
        found = {s.measure: s.found for s in tones(mentions(np.random.default_rng(seed), 0.3, 0.3, 0.1), END, SINCE)}
        change = found[CHANGE]
        assert isinstance(change, Estimate)
        alarms += not change.low < 0 < change.high
    assert alarms <= 8  # of 60 at 5 %: 3, and 8 is the 1 % point


def test_scores_are_weighted_means_of_the_clients_who_prefer_a_channel() -> None:
    ids = np.array([f"c{k:03d}" for k in range(90)], dtype=object)
    shares = np.column_stack([np.where(np.arange(90) < 40, 0.9, 0.2), np.where(np.arange(90) < 40, 0.1, 0.8)])
    preferred = Preferred(("app", "phone"), shares.mean(axis=0), ids, shares, np.full(90, 5), 2.0)
    rows = pd.DataFrame({"client_id": ids, "weight": np.where(np.arange(90) % 2, 2.0, 1.0)})
    rows[BRAND] = np.where(np.arange(90) < 40, 4.0, 3.0) + np.where(np.arange(90) % 2, 0.5, 0.0)
    rows.loc[0, BRAND] = np.nan
    found = {s.channel: s for s in seen_by(rows, preferred)}
    app = found["app"].found
    assert isinstance(app, Estimate)
    assert found["app"].n == 39
    assert app.value == pytest.approx((20 * 2 * 4.5 + 19 * 4.0) / 59)
    phone = found["phone"].found
    assert isinstance(phone, Estimate)
    assert phone.high < app.low
