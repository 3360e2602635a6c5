"""Loyalty weights from surveys: fifteen noisy items, five correlated factors, one recommendation."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from recovery.harness import Compared
from scipy.special import ndtr

from insights.demo import DemoBank, Law
from insights.demo.service.surveys import FACTORS, PER_FACTOR, RECOMMEND, mean_recommendation
from insights.stats.intervals import normal_quantile
from insights.stats.measurement_error import corrected_regression
from insights.stats.results import Estimate, NotEstimable


def last_answers(bank: DemoBank) -> pd.DataFrame:
    """Return the last answer of every client who answered at all, so that rows are independent."""
    answered = bank.survey_answers[bank.survey_answers["answered"]]
    return answered.drop_duplicates("client_id", keep="last")


def items(answers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the frame of items of each factor."""
    return {name: answers[[f"item_{name}_{j + 1}" for j in range(PER_FACTOR)]] for name in FACTORS}


def true_shares(bank: DemoBank) -> dict[str, float]:
    """Return each weight's share in their sum.

    The recommendation is rounded and cut at 10, which scales all its slopes alike (it depends on the factors through
    the attitude alone; wealth, which moves it too, is independent of them), so that the shares are the law's whatever
    the scale. Rounding the items to five marks moves them by less than 0.003 (computed from the correlations of cut
    normal variables), a tenth of a standard error.
    """
    weights = np.asarray(bank.law.people.loyalty_weights)
    return dict(zip(FACTORS, (weights / weights.sum()).tolist(), strict=True))


def mean_mark(law: Law, asked: pd.DataFrame) -> pd.Series:
    """Return the recommendation that each of those asked would give on average, as he would write it down: 0 to 10."""
    p = law.surveys
    mean = mean_recommendation(p, asked["attitude"].to_numpy(), asked["log_wealth"].to_numpy())
    # A mark is the number of edges 0.5, 1.5, ... 9.5 below what is behind it.
    above = ndtr((mean[:, None] - (np.arange(10) + 0.5)) / p.recommend_sd)
    return pd.Series(above.sum(axis=1), asked.index)


def weights_corrected(bank: DemoBank) -> Mapping[str, Compared]:
    """Shares after correction for what the items' disagreement says of their error."""
    answers, truth = last_answers(bank), true_shares(bank)
    fit = corrected_regression(answers[RECOMMEND], items(answers))
    found = [fit] * len(truth) if isinstance(fit, NotEstimable) else fit.relative()
    return {name: Compared(value, share) for (name, value), share in zip(truth.items(), found, strict=True)}


def weights_uncorrected(bank: DemoBank) -> Mapping[str, Compared]:
    """Shares of the slopes on the mean scores as they are, by least squares with robust errors."""
    answers, truth = last_answers(bank), true_shares(bank)
    scores = np.column_stack([frame.mean(axis=1) for frame in items(answers).values()])
    scores = (scores - scores.mean(axis=0)) / scores.std(axis=0)
    y = answers[RECOMMEND].to_numpy(float)
    slope, *_ = np.linalg.lstsq(scores, y - y.mean(), rcond=None)
    share = slope / slope.sum()
    influence = np.linalg.solve(scores.T @ scores, (scores * (y - y.mean() - scores @ slope)[:, None]).T).T
    se = np.sqrt((((influence - influence.sum(axis=1)[:, None] * share) / slope.sum()) ** 2).sum(axis=0))
    half = normal_quantile(0.95) * se
    return {
        name: Compared(value, Estimate(float(s), float(s - h), float(s + h), "share", len(y), se=float(e)))
        for (name, value), s, h, e in zip(truth.items(), share, half, se, strict=True)
    }
