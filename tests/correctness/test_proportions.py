"""Counts from groups of one size, against the binomial distribution by hand."""

import pytest

from insights.stats.proportions import same_chance


@pytest.mark.parametrize(("one", "other", "p"), [(5, 0, 2 / 32), (0, 5, 2 / 32), (8, 2, 2 * 56 / 1024), (3, 3, 1.0)])
def test_the_p_value_is_twice_the_binomial_tail(one: int, other: int, p: float) -> None:
    assert same_chance(one, other).p_value == pytest.approx(p)


def test_large_counts_agree_with_the_exact_tail() -> None:
    assert same_chance(530, 470).p_value == pytest.approx(same_chance(529, 470).p_value, rel=0.1)


def test_nothing_to_compare_and_bad_counts() -> None:
    assert "nobody" in same_chance(0, 0).reason
    with pytest.raises(ValueError, match=r"a count is 2\.5"):
        same_chance(2.5, 1)  # type: ignore[arg-type]
