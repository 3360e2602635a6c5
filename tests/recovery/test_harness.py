"""The harness judges estimators of known quality as it should: right ones pass, wrong ones fail as they must."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recovery.harness import ALPHA, FIRST_SEED, LONG, SHORT, Compared, Runs, Study, holm, outside, run, summarise
from recovery.validation import validate
from scipy import stats

from insights.stats.results import Estimate, NotEstimable

REPETITIONS = SHORT


def failing(alpha: float, studies: int, *, parameters: int = 5, bias: float = 0.0, claimed: float = 1.0) -> int:
    """Return how many of the studies of normal estimators (sd 1, ``bias``, standard error ``claimed``) end outside."""
    rng = np.random.default_rng(7)
    shape = (studies, REPETITIONS, parameters)
    return sum(bool(outside(summarise(normal(value, claimed)), alpha)) for value in rng.standard_normal(shape) + bias)


def normal(value: np.ndarray, claimed: float = 1.0) -> Runs:
    """Return the runs of estimators with these values (repetitions, parameters), truth 0 and standard error claimed."""
    half = stats.norm.ppf(0.975) * claimed
    names = tuple(("normal mean", str(j)) for j in range(value.shape[1]))
    return Runs(
        names,
        np.zeros_like(value),
        value,
        value - half,
        value + half,
        np.full_like(value, claimed),
        np.zeros_like(value),
    )


def usual(n: int, chance: float) -> tuple[float, float]:
    """Return the 99.9 % range of the binomial distribution."""
    low, high = stats.binom.ppf([0.0005, 0.9995], n, chance)
    return float(low), float(high)


def test_right_estimators_pass_nearly_always() -> None:
    assert failing(ALPHA, 1_000) <= usual(1_000, ALPHA)[1]


def test_the_gate_is_no_wider_than_it_says() -> None:
    """At a level at which it shows, right estimators fail about as often as they may: neither more often nor never."""
    failed = failing(0.2, 500)
    assert failed <= usual(500, 0.2)[1]
    assert failed >= 0.05 * 500  # not all of 0.2: coverage among 20 is too coarse for that


def test_a_biased_estimator_fails_with_the_power_of_the_t_test() -> None:
    """One parameter, so two tests: the smaller p-value is compared with half of ALPHA."""
    studies, bias = 1_000, 1.0
    threshold = stats.t.ppf(1 - ALPHA / 4, REPETITIONS - 1)
    shift = bias * np.sqrt(REPETITIONS)
    by_bias = stats.nct.sf(threshold, REPETITIONS - 1, shift) + stats.nct.cdf(-threshold, REPETITIONS - 1, shift)
    by_coverage = _fails_by_coverage(stats.norm.cdf(1.96 - bias) - stats.norm.cdf(-1.96 - bias))
    assert 0.4 < by_bias < 0.9
    failed = failing(ALPHA, studies, parameters=1, bias=bias)
    assert usual(studies, by_bias)[0] <= failed <= usual(studies, min(by_bias + by_coverage, 1.0))[1]


def test_standard_errors_half_too_small_fail_with_the_power_of_the_binomial_test() -> None:
    studies, claimed = 1_000, 0.5
    power = _fails_by_coverage(2 * stats.norm.cdf(1.96 * claimed) - 1)
    assert 0.4 < power < 0.9
    failed = failing(ALPHA, studies, parameters=1, claimed=claimed)
    assert usual(studies, power)[0] <= failed <= usual(studies, power + ALPHA)[1]


def test_the_long_version_notices_small_faults() -> None:
    """400 repetitions find a bias of 0.4 standard deviations, and intervals a quarter too short."""
    rng = np.random.default_rng(8)
    value = rng.standard_normal((LONG, 20))
    assert outside(summarise(normal(value))) == []
    biased = value + 0.4 * (np.arange(20) == 3)
    assert [fault.split(":")[0] for fault in outside(summarise(normal(biased)))] == ["normal mean, 3"]
    # P(|Z| < 0.75 * 1.96) = 0.858: the binomial distribution of 400 leaves no doubt for any of the parameters.
    assert len(outside(summarise(normal(value, claimed=0.75)))) == 20


def test_intervals_that_are_too_wide_fail_too() -> None:
    value = np.random.default_rng(9).standard_normal((LONG, 1))
    (fault,) = outside(summarise(normal(value, claimed=2.0)))
    assert "cover in" in fault


def test_summary_says_bias_coverage_and_honesty_of_the_errors() -> None:
    value = np.array([[0.0], [1.0], [2.0], [5.0]])
    row = summarise(normal(value)).iloc[0]
    assert row["mean"] == 2.0
    assert row["sd"] == pytest.approx(np.sqrt(14 / 3))
    assert row["bias_in_se"] == pytest.approx(2.0 / np.sqrt(14 / 12))
    assert row["p_bias"] == pytest.approx(stats.ttest_1samp(value[:, 0], 0.0).pvalue)
    assert row["coverage"] == 0.5  # 0 and 1 are within 1.96 of the truth
    assert row["p_coverage"] == pytest.approx(2 * stats.binom.cdf(2, 4, 0.95))
    assert row["se_over_sd"] == pytest.approx(np.sqrt(3 / 14))
    assert row["failed"] == 0


def test_error_of_a_computed_truth_counts_with_that_of_the_mean() -> None:
    runs = normal(np.array([[0.0], [1.0], [2.0], [5.0]]))
    row = summarise(replace(runs, truth_se=np.full_like(runs.value, 0.5))).iloc[0]
    assert row["bias_in_se"] == pytest.approx(2.0 / np.sqrt(14 / 12 + 0.25))


def test_adjustment_is_that_of_holm() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])


def coin(refused: float) -> Study:
    """Return a study of a mean of 200 numbers around 3, not estimable in a share of the repetitions."""

    def estimate(sample: np.ndarray) -> Mapping[str, Compared]:
        if sample[0] < stats.norm.ppf(refused):
            return {"mean": Compared(3.0, NotEstimable("the first number is too small"))}
        centre, se = 3 + sample.mean(), sample.std(ddof=1) / np.sqrt(len(sample))
        answer = Estimate(centre, centre - 1.972 * se, centre + 1.972 * se, "1", len(sample), se=se)
        return {"mean": Compared(3.0, answer)}

    return Study("mean", "200 numbers.", lambda seed: np.random.default_rng(seed).standard_normal(200), {"t": estimate})


def test_a_study_leaves_its_table_and_the_same_bytes_again(tmp_path: Path) -> None:
    validate(coin(refused=0.0), SHORT, tmp_path / "one")
    validate(coin(refused=0.0), SHORT, tmp_path / "two")
    (table,) = (tmp_path / "one").iterdir()
    assert table.name == "mean-20.md"
    text = table.read_text()
    assert text == (tmp_path / "two" / "mean-20.md").read_text()
    assert f"20 repetitions, seeds {FIRST_SEED} to {FIRST_SEED + 19}" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| t | mean | 3 |")]
    assert row.endswith("| 0 | within |")


def test_an_estimator_that_often_has_no_answer_fails_and_the_table_says_why(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no estimate in"):
        validate(coin(refused=0.5), SHORT, tmp_path)
    text = (tmp_path / "mean-20.md").read_text()
    assert "- No estimate: t, mean: the first number is too small" in text
    assert "| OUTSIDE |" in text


def test_an_estimator_that_never_answers_fails() -> None:
    assert outside(summarise(run(coin(refused=1.0), 3))) == ["t, mean: no estimate in 3 of 3 repetitions"]


def test_a_naive_method_must_fail_and_stands_apart_in_the_table(tmp_path: Path) -> None:
    study = coin(refused=0.0)

    def short(sample: np.ndarray) -> Mapping[str, Compared]:
        answer = study.estimators["t"](sample)["mean"].answer
        assert isinstance(answer, Estimate)
        return {"mean": Compared(3.0, Estimate(answer.value, answer.value, answer.value, "1", 200, se=1e-9))}

    validate(replace(study, naive={"no interval": short}), SHORT, tmp_path)
    above, below = (tmp_path / "mean-20.md").read_text().split("## Naive methods")
    assert "no interval" not in above
    assert below.count("| OUTSIDE |") == 1
    with pytest.raises(AssertionError, match="should have failed: no fault"):
        validate(replace(study, naive={"no fault": study.estimators["t"]}), SHORT, tmp_path)


def test_a_range_may_cover_more_than_it_says_but_not_less(tmp_path: Path) -> None:
    study = replace(coin(refused=0.0), estimators={})

    def wide(sample: np.ndarray, half: float = 1.0) -> Mapping[str, Compared]:
        return {"mean": Compared(3.0, Estimate(9.0, 3 + sample.mean() - half, 3 + sample.mean() + half, "1", 200))}

    validate(replace(study, ranges={"range": wide}), SHORT, tmp_path)
    text = (tmp_path / "mean-20.md").read_text()
    assert "| range | mean | 3 | 9 |  | 100.0% |  | 0 | within |" in text
    assert "Of range it is asked only" in text
    with pytest.raises(AssertionError, match="range, mean: 95 % intervals cover in"):
        validate(replace(study, ranges={"range": lambda sample: wide(sample, 0.05)}), SHORT, tmp_path)


def test_an_interval_of_another_level_is_refused() -> None:
    answer = Estimate(0.0, -1.0, 1.0, "1", 9, level=0.9, se=0.5)
    study = Study("other", "", lambda seed: seed, {"t": lambda _: {"mean": Compared(0.0, answer)}})
    with pytest.raises(ValueError, match=r"level 0\.9; expected 0\.95"):
        run(study, 2)


def test_parameters_must_be_the_same_in_every_repetition() -> None:
    def estimate(seed: int) -> Mapping[str, Compared]:
        return {f"parameter {seed % 2}": Compared(0.0, NotEstimable("never"))}

    with pytest.raises(ValueError, match="other parameters than the first"):
        run(Study("changing", "", lambda seed: seed, {"t": estimate}), 2)


def _fails_by_coverage(chance: float) -> float:
    """Return the power of the coverage test in one parameter when an interval covers with this chance."""
    counts = np.arange(REPETITIONS + 1)
    smaller = np.minimum(stats.binom.cdf(counts, REPETITIONS, 0.95), stats.binom.sf(counts - 1, REPETITIONS, 0.95))
    return float(stats.binom.pmf(counts[2 * smaller < ALPHA / 2], REPETITIONS, chance).sum())
