"""Proposed allocations: what must hold for any rule, tolerance, rating and holding."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.models.needs.allocation import ABOVE_RISK, WITHIN, state_of, suiting_shares

PARTS = ("safe", "income", "growth")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).filter(lambda w: sum(w) > 0.01),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=20),
)
def test_shares_are_whole_and_nothing_is_advised_that_does_not_suit(
    weights: list[float], allowed: list[tuple[bool, bool, bool]]
) -> None:
    rule = {part: w / sum(weights) for part, w in zip(PARTS, weights, strict=True)}
    may = np.array(allowed)
    may[:, 0] = True
    found = suiting_shares(rule, PARTS, may)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found[~may] == 0).all()
    for share, open_to in zip(found, may, strict=True):
        asked = np.array([rule[p] for p in PARTS]) * open_to
        if asked.sum() > 0:
            np.testing.assert_allclose(share * asked.sum(), asked, atol=1e-12)
        else:
            assert share[0] == 1.0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.floats(0.05, 0.5), st.integers(0, 2))
def test_a_mix_that_suits_is_left_alone_unless_something_is_above_the_risk(
    weights: list[float], band: float, part: int
) -> None:
    share = np.array([weights]) / sum(weights)
    none = np.zeros((1, 3), dtype=bool)
    assert state_of(share, share, none, band)[0] == WITHIN
    above = none.copy()
    above[0, part] = True
    assert state_of(share, share, above, band)[0] == ABOVE_RISK
    other = share.copy()
    other[0, part] += 1.001 * band
    assert state_of(other, share, none, band)[0] != WITHIN
