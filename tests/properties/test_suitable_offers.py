"""No offer ever breaks suitability, whatever the scores, tolerances, ratings, assets and holdings are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from insights.models.needs.suitable import Products, best_offers, offerable

UNKNOWN = st.just(float("nan"))


@st.composite
def shelves(draw: st.DrawFn) -> tuple[Products, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a shelf, and tolerance, assets, held, declined and score of some clients."""
    p, k, n = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 8))
    level = st.one_of(st.integers(1, 5).map(float), UNKNOWN)
    money = st.one_of(st.sampled_from([0.0, 1e5, 5e5, 1e6]), UNKNOWN)
    products = Products(
        codes=tuple(f"P{i}" for i in range(p)),
        categories=tuple(f"K{i}" for i in range(k)),
        category=draw(arrays(np.int64, p, elements=st.integers(0, k - 1))),
        rating=draw(arrays(float, p, elements=level)),
        minimum=draw(arrays(float, p, elements=money)),
    )
    tolerance = draw(arrays(float, n, elements=level))
    assets = draw(arrays(float, n, elements=st.one_of(st.floats(-1e6, 2e6), UNKNOWN)))
    held, declined = (draw(arrays(bool, (n, k))) for _ in range(2))
    score = draw(arrays(float, (n, k), elements=st.one_of(st.floats(0, 1), UNKNOWN)))
    return products, tolerance, assets, held, declined, score


@settings(max_examples=300, deadline=None)
@given(shelves(), st.randoms(use_true_random=False))
def test_no_offer_breaks_a_rule_and_none_is_held_back_without_one(made, random) -> None:  # type: ignore[no-untyped-def]
    products, tolerance, assets, held, declined, score = made
    preference = np.array([random.random() for _ in products.codes])
    best = best_offers(score, offerable(products, tolerance, assets, held, declined), products, preference)
    assert best.shape == tolerance.shape
    for i, j in enumerate(best):
        fits = [
            p
            for p, k in enumerate(products.category)
            if products.rating[p] <= tolerance[i]
            and assets[i] >= products.minimum[p]
            and not held[i, k]
            and not declined[i, k]
            and not np.isnan(score[i, k])
        ]
        if j < 0:
            assert not fits
            continue
        assert j in fits
        assert score[i, products.category[j]] == max(score[i, products.category[p]] for p in fits)
