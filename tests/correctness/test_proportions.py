"""Counts from groups of one size, against the binomial distribution by hand."""

import pytest
from scipy.stats import chi2, chi2_contingency

from insights.stats.heterogeneity import same_values
from insights.stats.proportions import rate, same_chance, same_shares
from insights.stats.results import Estimate


@pytest.mark.parametrize(("one", "other", "p"), [(5, 0, 2 / 32), (0, 5, 2 / 32), (8, 2, 2 * 56 / 1024), (3, 3, 1.0)])
def test_the_p_value_is_twice_the_binomial_tail(one: int, other: int, p: float) -> None:
    assert same_chance(one, other).p_value == pytest.approx(p)


def test_large_counts_agree_with_the_exact_tail() -> None:
    assert same_chance(530, 470).p_value == pytest.approx(same_chance(529, 470).p_value, rel=0.1)


def test_nothing_to_compare_and_bad_counts() -> None:
    assert "nobody" in same_chance(0, 0).reason
    with pytest.raises(ValueError, match=r"a count is 2\.5"):
        same_chance(2.5, 1)  # type: ignore[arg-type]


def test_equal_shares_are_tested_by_pearsons_chi_squared() -> None:
    counts, totals = [26.0, 49.0, 80.0, 74.0], [538.0, 818.0, 1129.0, 1169.0]
    test = same_shares(counts, totals)
    expected = chi2_contingency([counts, [n - c for c, n in zip(counts, totals, strict=True)]], correction=False)
    assert test.statistic == pytest.approx(expected.statistic)
    assert test.p_value == pytest.approx(expected.pvalue)
    assert same_shares([1], [20]).p_value is None
    assert "too small" in same_shares([1, 2], [20, 30]).reason
    with pytest.raises(ValueError, match="fit their totals"):
        same_shares([5], [4])


def test_a_rate_has_the_exact_poisson_interval() -> None:
    found = rate(10, 200.0)
    assert found.value == pytest.approx(0.05)
    assert found.low == pytest.approx(chi2.ppf(0.025, 20) / 2 / 200)
    assert found.high == pytest.approx(chi2.ppf(0.975, 22) / 2 / 200)
    assert rate(0, 100.0).low == 0.0
    with pytest.raises(ValueError, match="no rate"):
        rate(1, 0.0)


def test_equal_values_are_tested_by_cochrans_q() -> None:
    one, other = Estimate(1.0, 0, 0, "x", 10, se=0.5), Estimate(2.0, 0, 0, "x", 10, se=0.5)
    test = same_values([one, other])
    assert test.statistic == pytest.approx(2.0)
    assert test.p_value == pytest.approx(chi2.sf(2.0, 1))
    assert same_values([one]).p_value is None
    with pytest.raises(ValueError, match="one unit"):
        same_values([one, Estimate(1.0, 0, 0, "y", 10, se=0.5)])
