"""Adjusted p-values against published examples, their definitions, and what they promise."""

import numpy as np
import pytest

from insights.stats.multiplicity import adjust_tests, benjamini_hochberg, holm
from insights.stats.results import TestResult


def test_benjamini_and_hochbergs_own_example() -> None:
    """Fifteen p-values of their paper (1995): four are rejected at 0.05, three by Bonferroni and by Holm."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4
    assert (holm(p) <= 0.05).sum() == 3
    assert benjamini_hochberg(p)[3] == pytest.approx(0.0095 * 15 / 4)
    assert holm(p)[:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.114])


def test_the_definitions() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(12).round(2)
    ranked = np.sort(p)
    for value, by_holm, by_bh in zip(p, holm(p), benjamini_hochberg(p), strict=True):
        # Holm: the largest (m - i + 1) p_i of those up to this one. BH: the smallest m p_i / i of those from it on.
        up_to = [(12 - i) * q for i, q in enumerate(ranked) if q <= value]
        onwards = [12 * q / (i + 1) for i, q in enumerate(ranked) if q >= value]
        assert by_holm == pytest.approx(min(1, max(q for q in up_to)))
        assert by_bh == pytest.approx(min(1, min(onwards)))


def test_holm_keeps_any_false_rejection_and_bh_the_share_of_them_at_five_percent() -> None:
    from scipy.stats import norm

    rng, repeats = np.random.default_rng(2), 800
    any_false, share_false = 0, 0.0
    for _ in range(repeats):
        z = rng.normal(size=20) + np.where(np.arange(20) < 8, 3.0, 0.0)
        p = 2 * norm.sf(np.abs(z))
        any_false += bool((holm(p)[8:] <= 0.05).any())
        found = benjamini_hochberg(p) <= 0.05
        share_false += found[8:].sum() / max(1, found.sum())
    room = 4 * np.sqrt(0.05 * 0.95 / repeats)
    assert any_false / repeats < 0.05 + room
    assert any_false / repeats > 0.02  # and it does not waste what it may use
    assert share_false / repeats == pytest.approx(0.05 * 12 / 20, abs=room)


def test_all_tests_are_listed_and_only_those_made_count() -> None:
    tests = [
        TestResult("one", "nothing differs", 5.0, 1, 0.02),
        TestResult("two", "nothing differs", reason="there is no event"),
        TestResult("three", "nothing differs", 4.0, 1, 0.03),
    ]
    table = adjust_tests(tests).table
    assert table["name"].to_list() == ["one", "two", "three"]
    assert table["p_holm"].to_list() == pytest.approx([0.04, np.nan, 0.04], nan_ok=True)
    assert table["p_bh"].to_list() == pytest.approx([0.03, np.nan, 0.03], nan_ok=True)
    assert table["reason"].to_list() == ["", "there is no event", ""]
    assert adjust_tests([]).table.empty


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="1 p-values lie outside 0 to 1"):
        holm([0.5, 1.5])
    with pytest.raises(ValueError, match="expected one dimension"):
        benjamini_hochberg([[0.5]])
