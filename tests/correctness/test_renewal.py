"""The shifted beta-geometric model against published values, a sum by hand, and simulated contracts."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln

from insights.stats.renewal import ShiftedBetaGeometric, renewal_counts, shifted_beta_geometric
from insights.stats.results import NotEstimable


def fitted(found: ShiftedBetaGeometric | NotEstimable) -> ShiftedBetaGeometric:
    assert not isinstance(found, NotEstimable), found
    return found


def cohort(percent: list[float], units: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    alive = np.array(percent) * units / 100
    return alive[:-1], -np.diff(alive)


def contracts(n: int, seed: int, alpha: float, beta: float) -> pd.DataFrame:
    """Contracts that came over eight periods, seen until the tenth; some were first seen after a few renewals."""
    rng = np.random.default_rng(seed)
    end = rng.geometric(rng.beta(alpha, beta, n))
    seen = rng.integers(2, 11, n)
    entry = np.minimum(rng.integers(0, 4, n) * (rng.random(n) < 0.3), seen - 1)
    rows = pd.DataFrame({"periods": np.minimum(end, seen), "left": end <= seen, "entry": entry})
    return rows[end > entry]


@pytest.mark.acceptance("shifted_beta_geometric")
def test_the_published_cohort(acceptance: dict[str, Any]) -> None:
    expected = acceptance["shifted_beta_geometric"]
    fit = fitted(shifted_beta_geometric(*cohort(expected["percent_alive"])))
    tol = expected["tol"]
    assert {k: e.value for k, e in fit.parameters.items()} == pytest.approx(expected["params"], abs=tol)
    assert fit.loglik == pytest.approx(expected["loglik"], abs=1e-5)
    projected = fit.survival(range(8, 13))
    assert [100 * e.value for e in projected] == pytest.approx(expected["projected_years_8_to_12"], abs=tol)
    for found, actual in zip(projected, expected["actual_years_8_to_12"], strict=True):
        assert 100 * found.low < actual < 100 * found.high
    assert fit.n == 1000
    assert fit.n_events == 759
    np.testing.assert_allclose(fit.table["survival"], np.array(expected["percent_alive"][1:]) / 100)


def test_the_likelihood_is_that_of_beta_functions() -> None:
    at_risk, lost = cohort([100, 70, 55, 50, 44])
    fit = fitted(shifted_beta_geometric(at_risk, lost))
    alpha, beta = (e.value for e in fit.parameters.values())
    t = np.arange(1, 5)
    left = betaln(alpha + 1, beta + t - 1) - betaln(alpha, beta)
    there = betaln(alpha, beta + 4) - betaln(alpha, beta)
    assert fit.loglik == pytest.approx(lost @ left + 440 * there, abs=1e-8)
    assert [e.value for e in fit.survival([0, 4])] == pytest.approx([1, np.exp(there)])
    retention = [e.value for e in fit.retention(range(1, 5))]
    assert np.cumprod(retention) == pytest.approx([e.value for e in fit.survival(range(1, 5))])
    assert sorted(retention) == retention  # who stays is more and more the staying kind


def test_parameters_are_found_with_late_entry_and_open_contracts() -> None:
    rows = contracts(20_000, 1, 1.0, 3.0)
    counts = renewal_counts(rows["periods"], rows["left"], entry=rows["entry"])
    fit = fitted(shifted_beta_geometric(counts["at_risk"], counts["lost"]))
    for name, truth in {"alpha": 1.0, "beta": 3.0}.items():
        found = fit.parameters[name]
        assert found.se is not None
        assert abs(found.value - truth) < 4 * found.se
        assert found.se < 0.1 * truth
    assert fit.checks[-1].p_value is not None
    assert fit.checks[-1].p_value > 0.001


def test_retention_that_falls_is_told_apart() -> None:
    fit = fitted(shifted_beta_geometric([1000, 900, 720, 430], [100, 180, 290, 300]))
    assert fit.checks[-1].p_value is not None
    assert fit.checks[-1].p_value < 1e-6


def test_units_alike_have_no_inner_maximum() -> None:
    fit = fitted(shifted_beta_geometric([1000, 800, 600, 400], [200, 200, 200, 200]))  # retention falls a little
    assert set(fit.at_bound) <= {"alpha", "beta"}
    assert fit.at_bound
    assert "no inner maximum" in fit.checks[1].reason
    assert all(e.se is None and e.high == np.inf for e in fit.parameters.values())
    retention = fit.retention([1, 4])
    assert retention[0].value == pytest.approx(1 - 800 / 2800, rel=1e-4)
    assert retention[0].value == pytest.approx(retention[1].value, rel=1e-4)


def test_expected_renewals_are_a_discounted_sum_of_survival() -> None:
    fit = fitted(shifted_beta_geometric(*cohort([100, 63.1, 46.8, 38.2, 32.6])))
    share = np.array([e.value for e in fit.survival(range(0, 9))])
    found = fit.expected_renewals(6, renewed=2, discount_rate=0.1)
    assert found.value == pytest.approx((share[3:] / share[2]) @ 1.1 ** -np.arange(1.0, 7.0))
    assert found.low < found.value < found.high
    assert fit.expected_renewals(0).value == 0
    assert fit.expected_renewals(3, renewed=5).value > fit.expected_renewals(3).value
    with pytest.raises(ValueError, match="the discount rate is -1"):
        fit.expected_renewals(3, discount_rate=-1)


def test_intervals_vary_as_the_estimates_do() -> None:
    rows = contracts(1_500, 2, 1.0, 3.0)
    rng = np.random.default_rng(3)

    def fit_of(part: pd.DataFrame) -> ShiftedBetaGeometric:
        counts = renewal_counts(part["periods"], part["left"], entry=part["entry"])
        return fitted(shifted_beta_geometric(counts["at_risk"], counts["lost"]))

    told = fit_of(rows).survival([15])[0]
    again = [fit_of(rows.iloc[rng.integers(0, len(rows), len(rows))]).survival([15])[0].value for _ in range(200)]
    assert told.se == pytest.approx(np.std(again), rel=0.2)


def test_counts_from_rows_by_hand() -> None:
    counts = renewal_counts(
        [1, 2, 2, 0, 3, 3], [True, True, False, False, False, True], entry=[0, 0, 1, 0, 1, 0], weight=[1, 1, 1, 1, 1, 2]
    )
    expected = pd.DataFrame({"period": [1, 2, 3], "at_risk": [4.0, 5.0, 3.0], "lost": [1.0, 1.0, 2.0]})
    pd.testing.assert_frame_equal(counts, expected, check_dtype=False)


@pytest.mark.parametrize(
    ("at_risk", "lost", "reason"),
    [
        ([100, 80], [20, 20], "40 units did not renew; at least 50 are needed"),
        ([1000], [300], "at least two are needed"),
        ([1000, 0], [300, 0], "at least two are needed"),
    ],
)
def test_too_little_is_not_estimable(at_risk: list[int], lost: list[int], reason: str) -> None:
    found = shifted_beta_geometric(at_risk, lost)
    assert isinstance(found, NotEstimable)
    assert reason in found.reason


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="1 renewals have fewer than no losses or more losses than units at risk"):
        shifted_beta_geometric([100, 10], [60, 20])
    with pytest.raises(ValueError, match="expected one count of each per renewal"):
        shifted_beta_geometric([100, 10], [60])
    with pytest.raises(ValueError, match="1 units left at no renewal that was seen"):
        renewal_counts([0, 2], [True, True])
    with pytest.raises(ValueError, match="no whole numbers"):
        renewal_counts([1.5], [True])
    with pytest.raises(ValueError, match="the first one is 1"):
        fitted(shifted_beta_geometric([500, 300], [200, 80])).retention([0])
