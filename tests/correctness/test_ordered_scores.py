"""The ranked probability score by hand, its two-category form, and calibration that is found or not."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.results import NotEstimable
from insights.stats.scoring.ordered import OrderedScores, ordered_scores

LABELS = ["low", "middle", "high"]


def scored(p: np.ndarray, y: np.ndarray, reference: list[float], **how: object) -> OrderedScores:
    found = ordered_scores(pd.DataFrame(p, columns=LABELS[: p.shape[1]]), y, reference, **how)  # type: ignore[arg-type]
    assert isinstance(found, OrderedScores), found
    return found


def forecasts(seed: int, n: int = 2000, off: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return forecasts, categories drawn from them (the truth lies ``off`` above), and clusters of 25."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=n)
    cuts = np.array([-1.0, 0.7])
    below = 1 / (1 + np.exp(-(cuts - level[:, None])))
    p = np.diff(np.column_stack([np.zeros(n), below, np.ones(n)]), axis=1)
    y = np.array(LABELS)[np.digitize(level + off + rng.logistic(size=n), cuts)]
    return p, y, np.arange(n) // 25


def test_the_score_by_hand() -> None:
    p = np.tile([[0.2, 0.5, 0.3], [0.7, 0.2, 0.1]], (25, 1))
    y = np.tile(["high", "low"], 25)
    found = scored(p, y, [1 / 3, 1 / 3, 1 / 3])
    # high: ((0.2)² + (0.7)²) / 2; low: ((0.7 - 1)² + (0.9 - 1)²) / 2; the reference: ((1/3)² + (2/3)²) / 2 for both.
    assert found.score.value == pytest.approx((0.265 + 0.05) / 2)
    assert found.reference.value == pytest.approx(5 / 18)
    assert found.skill.value == pytest.approx(1 - 0.1575 / (5 / 18))
    table = found.table.set_index("category")
    assert table["expected"].to_dict() == pytest.approx({"low": 0.45, "middle": 0.35, "high": 0.2})
    assert table["observed"].to_dict() == pytest.approx({"low": 0.5, "middle": 0.0, "high": 0.5})
    # Counting a row twice is weighting it twice.
    heavy = scored(p, y, [1 / 3] * 3, weight=np.tile([2.0, 1.0], 25))
    assert heavy.score.value == pytest.approx((2 * 0.265 + 0.05) / 3)


def test_two_categories_have_the_brier_score() -> None:
    rng = np.random.default_rng(1)
    share = rng.uniform(0.1, 0.9, 400)
    high = rng.random(400) < share
    found = scored(np.column_stack([1 - share, share]), np.where(high, "middle", "low"), [0.5, 0.5])
    assert found.score.value == pytest.approx(((share - high) ** 2).mean())
    assert found.reference.value == pytest.approx(0.25)


def test_the_true_forecast_beats_every_rival_and_is_calibrated() -> None:
    p, y, cluster = forecasts(2, 8000)
    shares = p.mean(axis=0)
    best = scored(p, y, shares, cluster=cluster)
    assert best.skill.low > 0
    for rival in (np.full_like(p, 1 / 3), np.tile(shares, (8000, 1)), p**2 / (p**2).sum(axis=1, keepdims=True)):
        assert scored(rival, y, shares).score.value > best.score.value
    assert best.checks[0].p_value is not None
    assert best.checks[0].p_value > 0.01


def test_calibration_keeps_its_level_and_finds_a_shift() -> None:
    rejected, outside = 0, 0
    for seed in range(80):
        p, y, cluster = forecasts(seed, 1000)
        found = scored(p, y, [0.3, 0.4, 0.3], cluster=cluster)
        rejected += (found.checks[0].p_value or 1) < 0.05
        outside += int(((found.table["low"] > 0) | (found.table["high"] < 0)).sum())
    # Of 80 draws at 5 %: 4, and 10 is the 99.6 % point; of 240 intervals 12, and 25.
    assert rejected <= 10
    assert outside <= 25
    p, y, cluster = forecasts(3, 2000, off=0.4)
    found = scored(p, y, [0.3, 0.4, 0.3], cluster=cluster)
    assert (found.checks[0].p_value or 1) < 0.001
    assert found.table.set_index("category").loc["high", "low"] > 0.03


def test_what_cannot_be_judged_is_refused() -> None:
    p, y, cluster = forecasts(4)
    few = ordered_scores(pd.DataFrame(p[:40], columns=LABELS), y[:40], [0.3, 0.4, 0.3])
    assert isinstance(few, NotEstimable)
    assert "40 answers" in few.reason
    grouped = ordered_scores(pd.DataFrame(p, columns=LABELS), y, [0.3, 0.4, 0.3], cluster=cluster // 8)
    assert isinstance(grouped, NotEstimable)
    assert "10 clusters" in grouped.reason
    with pytest.raises(ValueError, match="do not add up to 1"):
        ordered_scores(pd.DataFrame(2 * p, columns=LABELS), y, [0.3, 0.4, 0.3])
    with pytest.raises(ValueError, match="1 outcomes are none of low, middle, high"):
        ordered_scores(pd.DataFrame(p, columns=LABELS), np.where(np.arange(2000) == 3, "other", y), [0.3, 0.4, 0.3])
    with pytest.raises(ValueError, match="the reference has shape"):
        ordered_scores(pd.DataFrame(p, columns=LABELS), y, [0.5, 0.5])
