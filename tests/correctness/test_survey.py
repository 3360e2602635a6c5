"""Weights of those who answered: against brute force, and against a population that is known."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.raking import RakedWeights, rake
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survey import ResponseWeights, Sensitivity, effective_size, response_weights

TRUTH = 7.0


def asked(rng: np.random.Generator, n: int = 800, own: float = 0.0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return frame variables, answers (NaN where silent) and who answered; ``own``: log odds per sd of the answer."""
    frame = pd.DataFrame(rng.normal(size=(n, 2)), columns=["wealth", "tenure"])
    y = TRUTH + 0.8 * frame["wealth"].to_numpy() + 0.9 * rng.normal(size=n)
    odds = -0.3 + 0.8 * frame["wealth"] - 0.3 * frame["tenure"] + own * (y - TRUTH) / np.hypot(0.8, 0.9)
    told = rng.random(n) < 1 / (1 + np.exp(-odds))
    return frame, np.where(told, y, np.nan), told


def weights(told: Any, frame: Any, **how: Any) -> ResponseWeights:
    found = response_weights(told, frame, **how)
    assert isinstance(found, ResponseWeights), found
    return found


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def curve(found: Sensitivity | NotEstimable) -> Sensitivity:
    assert isinstance(found, Sensitivity), found
    return found


def test_weighted_answers_have_the_frame_of_everybody() -> None:
    frame, _, told = asked(np.random.default_rng(1))
    found = weights(told, frame)
    assert found.weights[told].mean() == pytest.approx(1)
    assert (found.weights[~told] == 0).all()
    assert found.table["weighted"].to_list() == pytest.approx(frame.mean().to_list(), abs=1e-9)
    assert found.table["difference"].abs().max() > 0.2
    assert found.response_rate.value == told.mean()
    assert found.effective_n == effective_size(found.weights) < told.sum()


def test_with_levels_only_the_weights_are_the_inverse_response_rates() -> None:
    rng = np.random.default_rng(2)
    level = rng.integers(0, 3, 900)
    told = rng.random(900) < np.array([0.7, 0.4, 0.2])[level]
    found = weights(told, pd.DataFrame({"b": level == 1, "c": level == 2}))
    rate = pd.Series(told).groupby(level).mean().to_numpy()
    expected = 1 / rate[level[told]]
    assert found.weights[told] == pytest.approx(expected / expected.mean())
    y = np.where(told, level + rng.normal(size=900), np.nan)
    mean = estimate(found.mean(y))
    cells = [y[told & (level == k)] for k in range(3)]
    share = np.bincount(level) / 900
    assert mean.value == pytest.approx(sum(s * c.mean() for s, c in zip(share, cells, strict=True)))
    # Post-stratification: within cells the variance of their means, between cells that of the shares.
    within = sum(s**2 * c.var() / len(c) for s, c in zip(share, cells, strict=True))
    between = sum(s * (c.mean() - mean.value) ** 2 for s, c in zip(share, cells, strict=True)) / 900
    assert mean.se == pytest.approx(np.sqrt((within + between) * 900 / 899))


def test_weighted_means_are_unbiased_where_plain_ones_are_off() -> None:
    rng = np.random.default_rng(3)
    draws, covered, plain = 120, 0, 0
    values, errors = [], []
    for _ in range(draws):
        frame, y, told = asked(rng)
        mean = estimate(weights(told, frame).mean(y))
        covered += mean.low <= TRUTH <= mean.high
        plain += abs(np.nanmean(y) - TRUTH) < 1.96 * np.nanstd(y) / np.sqrt(told.sum())
        values.append(mean.value)
        errors.append(mean.se)
    # Of 120 draws at 95 %: 106 is the 0.3 % point.
    assert covered >= 106
    assert plain < 30
    assert abs(np.mean(values) - TRUTH) < 3.5 * np.std(values) / np.sqrt(draws)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


def test_where_silence_depends_on_the_answer_only_the_sensitivity_covers() -> None:
    rng = np.random.default_rng(4)
    draws, covered, at_truth, plain = 100, 0, 0, 0
    for _ in range(draws):
        frame, y, told = asked(rng, own=0.4)
        found = weights(told, frame)
        outer = curve(found.sensitivity(y)).interval()
        covered += outer.low <= TRUTH <= outer.high
        row = curve(found.sensitivity(y, strengths=[0.4])).table.iloc[0]
        at_truth += row["low"] <= TRUTH <= row["high"]
        mean = estimate(found.mean(y))
        plain += mean.low <= TRUTH <= mean.high
    assert covered >= 95
    assert at_truth >= 88  # of 100 at 95 %: the 0.4 % point
    assert plain < 50


def test_strength_0_is_the_weighted_mean_and_a_stronger_pull_lowers_it() -> None:
    frame, y, told = asked(np.random.default_rng(5))
    found = weights(told, frame, cap=1e9)
    sensitivity = curve(found.sensitivity(y))
    table, mean = sensitivity.table, estimate(found.mean(y))
    middle = table[table["strength"] == 0].iloc[0]
    assert (middle["mean"], middle["se"]) == pytest.approx((mean.value, mean.se))
    assert (np.diff(table["mean"]) < 0).all()
    crossing = sensitivity.strength_where_mean_is(float(table["mean"].iloc[3]))
    assert crossing == pytest.approx(0.25)
    assert sensitivity.strength_where_mean_is(0.0) is None
    outer = sensitivity.interval()
    # Wide apart, both ends carry the one-sided quantile.
    assert outer.low == pytest.approx(table["mean"].min() - 1.645 * table["se"].iloc[-1], abs=0.003)
    alone = curve(found.sensitivity(y, strengths=[0.0])).interval()
    assert (alone.low, alone.high) == pytest.approx((mean.low, mean.high))


def test_cut_weights_are_counted_and_leave_a_difference() -> None:
    frame, y, told = asked(np.random.default_rng(6))
    found = weights(told, frame, cap=1.5)
    assert found.trimmed > 0
    assert found.checks[0].statistic == found.trimmed
    assert found.table["difference_weighted"].abs().max() > 0.01
    used = found.weights[told]
    mean = estimate(found.mean(y))
    away = y[told] - mean.value
    assert mean.se == pytest.approx(np.sqrt(((used * away) ** 2).sum()) / used.sum(), rel=0.01)


def test_clusters_and_missing_answers() -> None:
    rng = np.random.default_rng(7)
    frame, y, told = asked(rng, n=1000)
    group = np.repeat(np.arange(40), 25)
    y = y + rng.normal(size=40)[group]
    found = weights(told, frame)
    alone, together = estimate(found.mean(y)), estimate(found.mean(y, cluster=group))
    assert together.value == alone.value
    assert (together.se or 0) > 2 * (alone.se or 0)
    few = found.mean(y, cluster=group // 4)
    assert isinstance(few, NotEstimable)
    assert "10 clusters" in few.reason
    holes = np.where(np.arange(1000) % 10 == 0, np.nan, y)
    assert estimate(found.mean(holes)).n == int(np.isfinite(holes).sum()) < told.sum()


def test_what_the_weights_cannot_do_is_said() -> None:
    rng = np.random.default_rng(8)
    frame, y, told = asked(rng)
    alone = frame.assign(old=(frame["tenure"] > 1).astype(float))
    cases: list[tuple[Any, Any, str]] = [
        (told & (np.arange(800) < 100), frame, "3 parameters need 50 of each"),
        (told, frame.assign(both=frame["wealth"] + frame["tenure"]), "'both' is a combination of 'wealth', 'tenure'"),
        (told, frame.assign(flat=1.0), "'flat' is the same for everybody"),
        (told & (alone["old"] == 0).to_numpy(), alone, "no weights reproduce the frame"),
    ]
    for flags, columns, reason in cases:
        found = response_weights(flags, columns)
        assert isinstance(found, NotEstimable)
        assert reason in found.reason
    few = weights(told, frame).mean(np.where(np.cumsum(told) <= 49, y, np.nan))
    assert isinstance(few, NotEstimable)
    same = weights(told, frame).sensitivity(np.where(told, 3.0, np.nan))
    assert isinstance(same, NotEstimable)
    with pytest.raises(ValueError, match="something other than flags"):
        response_weights(np.arange(800), frame)
    with pytest.raises(ValueError, match="values have shape"):
        weights(told, frame).mean(y[:5])


def answers(rng: np.random.Generator, n: int = 300) -> pd.DataFrame:
    return pd.DataFrame({"region": rng.choice(["n", "s"], n, p=[0.8, 0.2]), "age": rng.choice(["a", "b", "c"], n)})


def raked(frame: pd.DataFrame, book: Any, **how: Any) -> RakedWeights:
    found = rake(frame, book, **how)
    assert isinstance(found, RakedWeights), found
    return found


BOOK = {"region": {"n": 0.5, "s": 0.5}, "age": {"a": 20.0, "b": 30.0, "c": 50.0}}


def test_raked_weights_have_the_margins_of_the_book_and_keep_the_odds_ratios() -> None:
    frame = answers(np.random.default_rng(9))
    found = raked(frame, BOOK)
    assert found.table["weighted"].to_list() == pytest.approx(found.table["book"].to_list(), abs=1e-9)
    before = pd.crosstab(frame["region"], frame["age"])
    after = pd.crosstab(frame["region"], frame["age"], values=found.weights, aggfunc="sum")
    for one, other in itertools.combinations("abc", 2):
        ratios = [t.loc["n", one] * t.loc["s", other] / t.loc["n", other] / t.loc["s", one] for t in (before, after)]
        assert ratios[1] == pytest.approx(ratios[0])
    assert found.effective_n < 300


def test_one_raked_variable_is_post_stratification() -> None:
    rng = np.random.default_rng(10)
    frame = answers(rng)
    y = (frame["region"] == "s") * 2.0 + rng.normal(size=300)
    mean = estimate(raked(frame, {"region": BOOK["region"]}).mean(y))
    cells = [y[frame["region"] == r] for r in "ns"]
    assert mean.value == pytest.approx(np.mean([c.mean() for c in cells]))
    assert mean.se == pytest.approx(np.sqrt(sum(c.var(ddof=0) / len(c) for c in cells) / 4 * 300 / 298))


def test_margins_that_cannot_be_reached_are_refused() -> None:
    frame = answers(np.random.default_rng(11))
    empty = rake(frame[frame["age"] != "c"], BOOK)
    assert isinstance(empty, NotEstimable)
    assert "nobody with age = c answered" in empty.reason
    twin = frame.assign(age=np.where(frame["region"] == "n", "a", "b"))
    clash = rake(twin, {"region": {"n": 0.5, "s": 0.5}, "age": {"a": 0.2, "b": 0.8}})
    assert isinstance(clash, NotEstimable)
    assert "contradict each other" in clash.reason
    with pytest.raises(ValueError, match="the book has no share for age = c"):
        rake(frame, {"age": {"a": 1.0, "b": 1.0}})
    with pytest.raises(ValueError, match="the answers have no column branch"):
        rake(frame, {"branch": {"x": 1.0}})
