"""A change shared out over its causes: the mean over all orders, exact sums, and causes that do nothing."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.orders import MOST_CAUSES, mean_over_orders, order_weights
from insights.stats.sampling import systematic_sample


@given(seed=st.integers(0, 10_000), causes=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_a_part_is_the_mean_of_what_a_cause_adds_over_all_orders(seed: int, causes: int) -> None:
    rng = np.random.default_rng(seed)
    table = {flags: rng.normal(size=3) for flags in order_weights(causes)}
    found = mean_over_orders(lambda flags: table[flags], causes)
    added = np.zeros((causes, 3))
    orders = list(permutations(range(causes)))
    for order in orders:
        put = [False] * causes
        for k in order:
            before = table[tuple(put)]
            put[k] = True
            added[k] += table[tuple(put)] - before
    np.testing.assert_allclose(found, added / len(orders), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), table[(True,) * causes] - table[(False,) * causes], atol=1e-12)


def test_what_changes_nothing_has_no_part_and_a_product_is_halved() -> None:
    found = mean_over_orders(lambda f: np.array([(2.0 if f[0] else 1.0) * (3.0 if f[1] else 1.0)]), 3)
    np.testing.assert_allclose(found[:, 0], [2.0, 3.0, 0.0])  # 1 x (1 + 3) / 2 and 2 x (1 + 2) / 2
    with pytest.raises(ValueError, match=f"{MOST_CAUSES} at the most"):
        order_weights(MOST_CAUSES + 1)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 40), of=st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_a_sample_by_size_adds_up_to_the_whole_size(seed: int, n: int, of: int) -> None:
    size = np.exp(np.random.default_rng(seed).normal(0, 2, of))
    rows, weight = systematic_sample(size, n)
    assert len(set(rows)) == len(rows) <= max(n, 1) if of > n else len(rows) == of
    assert weight.min() >= 1 - 1e-9
    # What is in proportion to the size is told without error, except where one part was chosen twice.
    if len(rows) == min(n, of):
        assert weight @ size[rows] == pytest.approx(size.sum())


def test_a_sample_takes_the_giants_and_refuses_what_is_no_size() -> None:
    size = np.append(np.ones(90), [1_000.0, 50.0])
    rows, weight = systematic_sample(size, 12)
    assert {90, 91} <= set(rows)
    assert weight[list(rows).index(90)] == 1.0
    assert len(systematic_sample(np.zeros(20), 5)[0]) == 0
    with pytest.raises(ValueError, match="negative or missing"):
        systematic_sample([1.0, -1.0], 1)
