"""Channels like with like: ratios for the same topics, hours to move, and what is settled without a person."""

import numpy as np
import pandas as pd
import pytest

from insights.models.channels.digital import ALONE, DIGITAL, HANDED, MARK, OUTSIDE, PERSON, SAVED, SHARE, measure
from insights.models.channels.hours import Move, between, ranked
from insights.stats.results import Estimate, NotEstimable
from insights.stats.standardised import Standardised, standardised_ratios


def told(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def contacts(seed: int, n: int = 6_000, clients: int = 600) -> pd.DataFrame:
    """Fees settle seldom and are asked by phone; by app they are settled as often, in a third of the time."""
    rng = np.random.default_rng(seed)
    client = rng.integers(0, clients, n)
    phone = rng.random(n) < 0.5
    fees = rng.random(n) < np.where(phone, 0.8, 0.2)
    easy = rng.normal(0, 0.5, clients)[client]
    chance = np.where(fees, 0.3, 0.9) + 0.05 * easy
    handling = np.where(phone, 30.0, 10.0) * rng.gamma(4, 0.25, n)
    day = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 300, n), "D")
    rows = pd.DataFrame({"client": client, "day": day, "channel": np.where(phone, "phone", "app")})
    rows = rows.assign(topic=np.where(fees, "fees", "account"), handling=handling, asked=True)
    rows = rows.assign(resolved=(rng.random(n) < chance).astype(float), mark=7 + easy + rng.normal(0, 1, n))
    return rows.assign(cost=np.where(phone, 50.0, 10.0) + 5 * fees, hour=rng.integers(0, 24, n).astype(float))


def test_ratios_are_those_of_the_same_mix_and_their_intervals_cover() -> None:
    rng, inside, plain = np.random.default_rng(1), 0, []
    for _ in range(300):
        n, clients = 1_500, 200
        unit = rng.integers(0, clients, n)
        one = rng.random(n) < 0.5
        kind = (rng.random(n) < np.where(one, 0.8, 0.3)).astype(int)
        own = rng.normal(0, 0.3, clients)[unit]
        y = 1 + 2 * kind + 0.5 * ~one + own + rng.normal(0, 1, n)
        found = standardised_ratios(y, np.ones(n), one, kind, unit)
        assert isinstance(found, Standardised)
        inside += found.difference.low < 0.5 < found.difference.high
        plain.append(y[~one].mean() - y[one].mean())
    assert 276 <= inside <= 294  # of 300 at 95 %: 285
    assert np.mean(plain) < -0.3  # the plain difference has the wrong sign
    y, one = np.array([1.0, 0.0] * 40 + [1.0] * 80), np.repeat([True, False], 80)
    kind, unit = np.tile([0, 1], 80), np.arange(160)
    exact = standardised_ratios(y, np.full(160, 0.5), one, kind, unit)
    assert isinstance(exact, Standardised)
    assert (exact.own, exact.other, exact.covered) == (1.0, 2.0, 1.0)


def test_strata_that_only_one_has_are_no_comparison() -> None:
    one = np.repeat([True, False], 100)
    kind = np.where(one, "a", "b")
    found = standardised_ratios(np.ones(200), np.ones(200), one, kind, np.arange(200))
    assert isinstance(found, NotEstimable)
    few = standardised_ratios(np.ones(200), np.ones(200), one, np.full(200, "a"), np.arange(200) // 10)
    assert isinstance(few, NotEstimable)
    with pytest.raises(ValueError, match="missing"):
        standardised_ratios(np.full(200, np.nan), np.ones(200), one, kind, np.arange(200))


def test_an_hour_moved_settles_what_the_same_topics_do_there() -> None:
    found = {(m.channel, m.to): m for m in between(contacts(2))}
    move = found["phone", "app"]
    # An hour by phone handles two contacts, by app six: the same share of each topic is settled.
    share = 0.8 * 0.3 + 0.2 * 0.9
    assert told(move.settled).low < 4 * share < told(move.settled).high
    assert told(move.mark).low < 0 < told(move.mark).high
    assert told(found["app", "phone"].settled).high < 0


def test_hours_go_by_the_lower_end_as_far_as_both_channels_allow() -> None:
    def move(channel: str, to: str, low: float, mark: float = 0.5) -> Move:
        settled = Estimate(low + 1, low, low + 2, "per hour", 100)
        return Move(channel, to, settled, Estimate(mark - 0.5, mark - 1, mark, "points", 100), 100.0, 40.0, 100, 100)

    sure, worse, none = move("phone", "app", 2.0), move("mail", "app", 3.0, mark=-0.1), move("app", "phone", -1.0)
    given = {(m.channel, m.to): m.given for m in ranked([none, worse, sure], 500.0)}
    assert given == {("mail", "app"): 0.0, ("phone", "app"): 40.0, ("app", "phone"): 0.0}
    both = ranked([sure, move("phone", "chat", 1.0)], 50.0)
    assert [m.given for m in both] == [40.0, 10.0]


def test_what_is_settled_without_a_person_and_what_it_saves() -> None:
    rows = contacts(3)
    found = measure(rows, ("app",), 30, (8, 18), pd.Timestamp("2022-12-31"))
    app = rows[rows["channel"] == "app"]
    share = found.find(DIGITAL, SHARE)
    assert share is not None
    assert told(share.found).value == pytest.approx(len(app) / len(rows))
    # Who is followed by a call about the same topic within 30 days, by the slow way.
    phone = rows[rows["channel"] == "phone"]
    over = [
        (
            (phone["client"] == c)
            & (phone["topic"] == t)
            & (phone["day"] > d)
            & (phone["day"] <= d + pd.Timedelta(days=30))
        ).any()
        for c, t, d in zip(app["client"], app["topic"], app["day"], strict=True)
    ]
    handed, alone = found.find(DIGITAL, HANDED), found.find(DIGITAL, ALONE)
    assert handed is not None
    assert alone is not None
    assert told(handed.found).value == pytest.approx(np.mean(over))
    assert told(alone.found).value == pytest.approx(((app["resolved"] > 0) & ~np.array(over)).mean())
    saved, mark = found.find(DIGITAL, SAVED), found.find(DIGITAL, MARK)
    assert saved is not None
    assert mark is not None
    assert told(saved.found).value == pytest.approx(40.0)  # the same topics cost 40 more by phone
    assert told(mark.found).low < 0 < told(mark.found).high
    closed = found.find(PERSON, OUTSIDE)
    assert closed is not None
    late = (phone["hour"] < 8) | (phone["hour"] >= 18) | (phone["day"].dt.dayofweek >= 5)
    assert told(closed.found).value == pytest.approx(late.mean())
