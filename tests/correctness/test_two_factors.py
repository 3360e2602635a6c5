"""Rates whose effects multiply, against a Poisson regression by Newton steps."""

import numpy as np
import pytest

from insights.stats.results import Estimate, NotEstimable
from insights.stats.two_factors import interaction_test, multiplied_rates

TIME = np.array([[100.0, 400, 50], [300, 200, 0], [80, 600, 120]])
EVENTS = np.array([[9.0, 21, 6], [30, 11, 0], [5, 44, 25]])


def test_rates_and_errors_are_those_of_a_poisson_regression() -> None:
    found = multiplied_rates(TIME, EVENTS.sum(axis=1), EVENTS.sum(axis=0))
    assert not isinstance(found, NotEstimable)
    row, column = np.nonzero(TIME)
    design = np.column_stack([row == k for k in range(3)] + [column == k for k in (1, 2)]).astype(float)
    beta = np.log(np.full(5, 0.1))
    for _ in range(60):
        mu = TIME[row, column] * np.exp(design @ beta)
        information = design.T @ (design * mu[:, None])
        beta = beta + np.linalg.solve(information, design.T @ (EVENTS[row, column] - mu))
    mean, se = np.exp(design @ beta), np.sqrt(np.einsum("cp,pq,cq->c", design, np.linalg.inv(information), design))
    for k, j, value, error in zip(row, column, mean, se, strict=True):
        e = found[k][j]
        assert isinstance(e, Estimate)
        assert e.value == pytest.approx(value, rel=1e-6)
        assert e.high / e.value == pytest.approx(np.exp(1.959964 * error), rel=1e-5)
    assert found[1][2] is None
    test = interaction_test(TIME, EVENTS)
    seen = EVENTS[row, column]
    assert test.statistic == pytest.approx(2 * (seen * np.log(seen / mu) - seen + mu).sum(), rel=1e-6)
    assert test.df == 8 - 5


def test_rounded_sums_that_differ_are_made_to_agree() -> None:
    found = multiplied_rates(TIME, [35, 40, 75], [45, 75, 35])
    assert not isinstance(found, NotEstimable)
    expected = sum(
        e.value * t for line, times in zip(found, TIME, strict=True) for e, t in zip(line, times, strict=True) if e
    )
    assert expected == pytest.approx(150)


def test_too_few_events_give_no_rates() -> None:
    assert isinstance(multiplied_rates(TIME, [5, 40, 75], [45, 75, 35]), NotEstimable)
    assert isinstance(multiplied_rates(TIME, [np.nan, 40, 75], [45, 75, 35]), NotEstimable)
    assert interaction_test([[1.0, 2]], [[0, 0]]).p_value is None
    with pytest.raises(ValueError, match="shape"):
        multiplied_rates(TIME, [1, 2], [1, 2, 3])
