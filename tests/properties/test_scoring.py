"""What must hold of scores, calibration and sensitivity, whatever the data (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.calibration import calibration, capture
from insights.stats.censoring import delta_sensitivity
from insights.stats.incidence import cumulative_incidence
from insights.stats.multiplicity import benjamini_hochberg, holm
from insights.stats.results import Estimate
from insights.stats.scoring import brier_score
from insights.stats.scoring.auc import dynamic_auc

some = settings(max_examples=50, deadline=None)
p_values = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=20)


@st.composite
def predicted(draw: st.DrawFn) -> pd.DataFrame:
    """Rows with months, causes (one always x), risks with ties and amounts."""
    n = draw(st.integers(20, 60))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    cause = rng.choice(["", "x", "y"], n, p=draw(st.sampled_from([[0.3, 0.5, 0.2], [0.7, 0.3, 0.0], [0.0, 0.5, 0.5]])))
    cause[0] = "x"
    return pd.DataFrame(
        {
            "time": rng.integers(1, 15, n).astype(float),
            "cause": cause,
            "risk": rng.integers(1, draw(st.integers(2, 40)), n) / 40,
            "amount": rng.integers(0, 4, n) + 0.5,
        }
    )


@some
@given(predicted(), st.integers(1, 14), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_and_auc_only_on_ranks(data: pd.DataFrame, month: int, random: Any) -> None:
    order = list(range(len(data)))
    random.shuffle(order)
    moved = data.iloc[order]
    for make in (brier_score, dynamic_auc):
        one, other = (
            make(d["time"], d["cause"], d["risk"], [month], of="x", weight=d["amount"]).at(month)  # type: ignore[operator]
            for d in (data, moved)
        )
        check_equal(one, other)
    auc = [dynamic_auc(data["time"], data["cause"], s, [month], of="x").at(month) for s in ranks(data["risk"])]
    check_equal(auc[0], auc[1])
    if isinstance(auc[0], Estimate):
        turned = auc[2]
        assert isinstance(turned, Estimate)
        assert turned.value == pytest.approx(1 - auc[0].value)


def ranks(risk: pd.Series) -> list[pd.Series]:
    return [risk, np.exp(3 * risk) - 7, -risk]


def check_equal(one: object, other: object) -> None:
    assert type(one) is type(other)
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


@some
@given(predicted(), st.integers(1, 14), st.sampled_from([0.01, 7.0]))
def test_the_unit_of_amounts_does_not_matter(data: pd.DataFrame, month: int, factor: float) -> None:
    time, cause, risk = data["time"], data["cause"], data["risk"]
    for one, other in (
        (brier_score(time, cause, risk, [month], of="x", weight=w).at(month) for w in amounts(data, factor)),
        (capture(time, cause, risk, month, of="x", weight=w) for w in amounts(data, factor)),
        (calibration(time, cause, risk, month, of="x", groups=2, weight=w).overall for w in amounts(data, factor)),
    ):
        check_equal(one, other)


def amounts(data: pd.DataFrame, factor: float) -> list[pd.Series]:
    return [data["amount"], factor * data["amount"]]


@some
@given(predicted(), st.integers(1, 14))
def test_telling_everybody_the_incidence_has_no_skill_and_the_incidence_is_the_observed_share(
    data: pd.DataFrame, month: int
) -> None:
    time, cause = data["time"], data["cause"]
    found = cumulative_incidence(time, cause).at([month], cause="x")[0]
    if not isinstance(found, Estimate):
        return
    told = np.full(len(data), min(max(found.value, 0.0), 1.0))
    overall = calibration(time, cause, told, month, of="x").overall
    if found.value > 0:
        assert isinstance(overall, Estimate)
        assert overall.value == pytest.approx(1)
    scores = brier_score(time, cause, told, [month], of="x")
    if isinstance(score := scores.at(month), Estimate):
        assert score.value == pytest.approx(found.value * (1 - found.value), abs=1e-12)


@some
@given(predicted(), st.integers(1, 14))
def test_what_is_assumed_of_the_lost_stays_within_the_bounds(data: pd.DataFrame, month: int) -> None:
    found = delta_sensitivity(data["time"], data["cause"], [month])
    for _, part in found.table.dropna(subset=["incidence"]).groupby("cause"):
        values = part["incidence"].to_numpy()
        assert (np.diff(values[[0, -1]]) >= -1e-12).all()
        assert ((values >= values[0] - 1e-12) & (values <= values[-1] + 1e-12)).all()
        assert ((part["low"] <= part["incidence"] + 1e-12) & (part["incidence"] <= part["high"] + 1e-12)).all()
        assert part[["low", "high"]].to_numpy().min() >= 0
        assert part[["low", "high"]].to_numpy().max() <= 1


@some
@given(p_values)
def test_adjusted_p_values_keep_the_order_and_only_grow(p: list[float]) -> None:
    raw, by_holm, by_bh = np.array(p, dtype=float), holm(p), benjamini_hochberg(p)
    known = ~np.isnan(raw)
    assert (np.isnan(by_holm) == ~known).all()
    assert (by_bh[known] >= raw[known]).all()
    assert (by_holm[known] >= by_bh[known] - 1e-12).all()
    assert (by_holm[known] <= 1).all()
    order = np.argsort(raw[known], kind="stable")
    for adjusted in (by_holm, by_bh):
        assert (np.diff(adjusted[known][order]) >= 0).all()
    m = int(known.sum())
    assert (by_holm[known] <= np.minimum(1, m * raw[known]) + 1e-12).all()
