"""Repeat simulate -> estimate -> compare, and judge what comes out: bias, coverage, honesty of the standard errors.

A study is a way to draw a sample with known truth and the estimators that are put to it; all of them see the same
sample. ``run`` repeats it, ``summarise`` makes one row per parameter, ``outside`` names those that no right estimator
would produce.

To put an estimator to it, write a function that takes the sample and returns ``{parameter: Compared(truth, answer)}``
and enter it in the ``Study`` of ``test_bank.py``. Where an interval is symmetric in the logarithm, compare logarithms.

The gate. For every parameter two hypotheses are tested: "the estimates are centred on the truth" by the t distribution
of their mean error, and "the intervals cover in 95 %" by the exact binomial distribution. They are adjusted together by
Holm (1979), so that a study of right estimators ends outside with probability 0.001 or less, however many parameters it
has. Estimates are near enough to normal for the t distribution where the methods have the evidence they ask for.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr, stdtr

from insights.stats.results import Estimate, NotEstimable

ALPHA = 0.001
"""A run of right estimators fails the gate with this probability or less."""

NAIVE_ALPHA = 0.01
"""A naive method has failed if it is outside the gate at this level: right ones would be in one study of a hundred."""

FAILED_SHARE = 0.05
"""More repetitions without an estimate than this, and those that have one are a selected sample."""

SHORT, LONG = 20, 400
"""Repetitions in ``make test`` and in ``make test-long``."""

TELL = (0, 5, 20)
"""Repetitions after which a study says how long it will take, beside every fiftieth."""

FIRST_SEED = 1_000
"""Repetition i of every study draws from seed FIRST_SEED + i, so a short run is the beginning of the long one."""


@dataclass(frozen=True)
class Compared:
    """A parameter in one repetition: its truth, and what the estimator said of it.

    ``truth_se`` is the Monte-Carlo error of a truth that was itself computed by simulation.
    """

    truth: float
    answer: Estimate | NotEstimable
    truth_se: float = 0.0


Estimator = Callable[[Any], Mapping[str, Compared]]
"""Sample -> parameter -> comparison. It names the same parameters for every sample."""


@dataclass(frozen=True)
class Study:
    """``draw(seed)`` makes a sample; every estimator, by name, is put to it. ``about`` says what is drawn, in words.

    ``ranges`` are estimators that promise only that their intervals cover in 95 % *or more*, because they allow for
    several laws; of their value nothing is asked. ``naive`` are methods that must fail on the same samples: a bank on
    which they did not would prove nothing about the methods that replace them.
    """

    name: str
    about: str
    draw: Callable[[int], Any]
    estimators: dict[str, Estimator]
    naive: dict[str, Estimator] = field(default_factory=dict)
    ranges: dict[str, Estimator] = field(default_factory=dict)


@dataclass(frozen=True)
class Runs:
    """What the repetitions gave: arrays of shape (repetitions, parameters), NaN where there was no estimate.

    ``parameters`` are pairs (estimator, parameter); ``reasons`` are those of the repetitions without an estimate;
    ``ranges`` names the estimators whose intervals may cover more than they say.
    """

    parameters: tuple[tuple[str, str], ...]
    truth: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    se: np.ndarray
    truth_se: np.ndarray
    reasons: tuple[str, ...] = ()
    ranges: frozenset[str] = frozenset()


def run(study: Study, repetitions: int) -> Runs:
    """Repeat the study. An error of an estimator is not caught: it is a fault, not a repetition that failed.

    Tells on the error stream how far it is, which pytest shows under ``-s``, as ``make test-long`` runs it.
    """
    rows, names, reasons = [], None, set()
    began = time.monotonic()
    for i in range(repetitions):
        if i in TELL or i % 50 == 0:
            _tell(study.name, i, repetitions, time.monotonic() - began)
        sample = study.draw(FIRST_SEED + i)
        found = {
            (name, parameter): compared
            for name, estimator in (study.estimators | study.ranges | study.naive).items()
            for parameter, compared in estimator(sample).items()
        }
        names = names or tuple(found)
        if tuple(found) != names:
            raise ValueError(f"repetition {i} gave other parameters than the first: {set(found) ^ set(names)}")
        rows.append([_numbers(compared) for compared in found.values()])
        reasons |= {
            f"{name}, {parameter}: {compared.answer.reason}"
            for (name, parameter), compared in found.items()
            if isinstance(compared.answer, NotEstimable)
        }
    _tell(study.name, repetitions, repetitions, time.monotonic() - began)
    columns = np.moveaxis(np.array(rows, float), 2, 0)
    return Runs(names or (), *columns, reasons=tuple(sorted(reasons)), ranges=frozenset(study.ranges))


def summarise(runs: Runs) -> pd.DataFrame:
    """Return one row per parameter.

    Columns: estimator, parameter, truth and mean (over the repetitions with an estimate), sd (of the errors),
    bias_in_se (mean error over its Monte-Carlo standard error, that of a computed truth included), coverage,
    se_over_sd (mean standard error over the sd of the errors), repetitions, failed, p_bias and p_coverage (two-sided,
    unadjusted). Of a range bias_in_se is NaN, p_bias is 1, and p_coverage is that of covering too little.
    """
    free = np.array([name in runs.ranges for name, _ in runs.parameters], bool)
    error = runs.value - runs.truth
    known = np.isfinite(error)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, error, 0.0).sum(axis=0) / n
        sd = np.sqrt(np.where(known, (error - mean) ** 2, 0.0).sum(axis=0) / (n - 1))
        t = mean / np.sqrt(sd**2 / n + np.max(runs.truth_se, axis=0, initial=0.0) ** 2)
        covered = ((runs.low <= runs.truth) & (runs.truth <= runs.high) & known).sum(axis=0)
        truth = np.where(known, runs.truth, 0.0).sum(axis=0) / n
        se = np.where(known, runs.se, 0.0).sum(axis=0) / n
        return pd.DataFrame(
            {
                "estimator": [name for name, _ in runs.parameters],
                "parameter": [parameter for _, parameter in runs.parameters],
                "truth": truth,
                "mean": truth + mean,
                "sd": sd,
                "bias_in_se": np.where(free, np.nan, t),
                "coverage": covered / n,
                "se_over_sd": se / sd,
                "repetitions": len(error),
                "failed": len(error) - n,
                "p_bias": np.where(free, 1.0, 2 * stdtr(n - 1.0, -np.abs(t))),
                "p_coverage": np.where(free, bdtr(covered.astype(float), n, 0.95), binomial_p(covered, n, 0.95)),
            }
        )


def outside(summary: pd.DataFrame, alpha: float = ALPHA) -> list[str]:
    """Return in words what no right estimator would have produced; empty if the run is within the gate."""
    count = len(summary)
    adjusted = holm(np.concatenate([summary["p_bias"], summary["p_coverage"]]))
    faults = []
    for i, row in enumerate(summary.itertuples(index=False)):
        name = f"{row.estimator}, {row.parameter}"
        if row.failed > FAILED_SHARE * row.repetitions:
            faults.append(f"{name}: no estimate in {row.failed} of {row.repetitions} repetitions")
        elif not adjusted[i] >= alpha:
            faults.append(f"{name}: mean {row.mean:.4g}, truth {row.truth:.4g}, {row.bias_in_se:+.1f} standard errors")
        if adjusted[count + i] < alpha:
            faults.append(f"{name}: 95 % intervals cover in {row.coverage:.1%} of {row.repetitions - row.failed}")
    return faults


def unnoticed(summary: pd.DataFrame) -> list[str]:
    """Return the naive methods of a summary that a gate at ``NAIVE_ALPHA`` does not tell from right ones."""
    by_method = summary.groupby("estimator", sort=False)
    return [str(name) for name, rows in by_method if not outside(rows, NAIVE_ALPHA)]


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values adjusted by Holm (1979): compare them with the error rate of the whole family.

    Tests that do not exist (NaN, where there were too few estimates) keep their place in the family.
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def binomial_p(successes: np.ndarray, n: np.ndarray, chance: float) -> np.ndarray:
    """Return the exact two-sided p-value: twice the smaller tail, at most 1 (Clopper & Pearson, 1934)."""
    k, n = np.asarray(successes, float), np.asarray(n, float)
    lower = bdtr(k, n.astype(int), chance)
    upper = np.where(k > 0, 1 - bdtr(np.maximum(k - 1, 0), n.astype(int), chance), 1.0)
    return np.minimum(2 * np.minimum(lower, upper), 1.0)


def _tell(name: str, done: int, repetitions: int, seconds: float) -> None:
    left = f", about {seconds / done * (repetitions - done) / 60:.0f} more minutes" if done else ""
    print(f"{name}: {done} of {repetitions} after {seconds / 60:.1f} minutes{left}", file=sys.stderr, flush=True)


def _numbers(compared: Compared) -> tuple[float, ...]:
    answer = compared.answer
    if isinstance(answer, NotEstimable):
        return compared.truth, np.nan, np.nan, np.nan, np.nan, compared.truth_se
    if answer.level != 0.95:
        raise ValueError(f"an interval has level {answer.level}; expected 0.95, which the gate tests")
    se = np.nan if answer.se is None else answer.se
    return compared.truth, answer.value, answer.low, answer.high, se, compared.truth_se
