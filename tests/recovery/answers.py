"""Answers of new clients, straight from the law: what they say on average, and which factors matter how much."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from recovery.harness import FIRST_SEED, Compared, Runs
from recovery.loyalty import mean_mark
from recovery.validation import table_line

from insights.demo import Law
from insights.demo.clock import Clock
from insights.demo.people.clients import draw_people
from insights.demo.service.surveys import FACTORS, PER_FACTOR, answering, said
from insights.demo.streams import stream
from insights.demo.truth.record import loyalty
from insights.stats.importance import shapley_importance
from insights.stats.inputs import Floats
from insights.stats.reliability import ErrorVariance, error_variance
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survey import ResponseWeights, response_weights

ASKED = 7_500
MANY, MANY_SEED = 1_000_000, 2_000_000
STRENGTHS = (-0.5, -0.25, 0.0, 0.25, 0.5)
IMPORTANCE = "importance, corrected"


@dataclass(frozen=True)
class Asked:
    """One wave among new clients: what they would say, and who says it. Factors in the columns of ``marks``."""

    law: Law
    frame: pd.DataFrame
    answered: np.ndarray
    marks: dict[str, pd.DataFrame]
    recommend: Floats

    def told(self) -> Floats:
        """Return the recommendations, NaN of the silent."""
        return np.where(self.answered, self.recommend, np.nan)


def draw_asked(law: Law, seed: int, clients: int = ASKED) -> Asked:
    """Return everybody asked; nobody has left yet, so factors and attitude have the law's own distribution."""
    frame, factors, rng = _new_clients(law, seed, clients)
    mood = rng.standard_normal(clients)
    trait = law.people.satisfaction_trait
    satisfaction = np.sqrt(trait) * frame["attitude"].to_numpy() + np.sqrt(1 - trait) * mood
    wealth = frame["log_wealth"].to_numpy()
    marks, recommend = said(law.surveys, factors, frame["attitude"].to_numpy(), wealth, rng)
    answered = rng.random(clients) < answering(law.surveys, wealth, satisfaction)
    own = {f: pd.DataFrame(marks[:, PER_FACTOR * k : PER_FACTOR * (k + 1)]) for k, f in enumerate(FACTORS)}
    return Asked(law, frame, answered, own, recommend.astype(float))


def answering_by_satisfaction(strength: float) -> Law:
    """Return the law under which the satisfied answer more (or less), by this log odds per standard deviation."""
    return dataclasses.replace(Law(), surveys=dataclasses.replace(Law().surveys, answer_satisfaction=strength))


def mean_weighted(asked: Asked) -> Mapping[str, Compared]:
    """The mean recommendation, weighted by the inverse of the chance to answer given wealth."""
    weights = response_weights(asked.answered, asked.frame[["log_wealth"]])
    return _mean(weights.mean(asked.told()) if isinstance(weights, ResponseWeights) else weights)


def mean_plain(asked: Asked) -> Mapping[str, Compared]:
    """The mean of those who answered, as if the silent were like them."""
    told = asked.recommend[asked.answered]
    se = float(told.std(ddof=1) / np.sqrt(len(told)))
    value = float(told.mean())
    return _mean(Estimate(value, value - 1.96 * se, value + 1.96 * se, "points", len(told), se=se))


def mean_range(asked: Asked) -> Mapping[str, Compared]:
    """What the mean may be if answering depends on the answer itself by up to half a log odds."""
    weights = response_weights(asked.answered, asked.frame[["log_wealth"]])
    if isinstance(weights, NotEstimable):
        return _mean(weights)
    found = weights.sensitivity(asked.told(), strengths=STRENGTHS)
    return _mean(found if isinstance(found, NotEstimable) else found.interval())


def importance(asked: Asked) -> Mapping[str, Compared]:
    """Each factor's share in what all five explain, measurement error taken out."""
    marks, outcome = _answers(asked)
    errors = [error_variance(own) for own in marks.values()]
    noise = [e.contributions for e in errors if isinstance(e, ErrorVariance)]
    return _shares(asked.law, shapley_importance(outcome, _scores(marks), errors=np.column_stack(noise), draws=200))


@lru_cache(maxsize=1)
def true_mean() -> tuple[float, float]:
    """Return the mean mark of very many new clients under the default law, and its Monte-Carlo error."""
    law = Law()
    marks = mean_mark(law, _new_clients(law, MANY_SEED, MANY)[0])
    return float(marks.mean()), float(marks.std() / np.sqrt(MANY))


@dataclass(frozen=True)
class Ranks:
    """How often factors come out in the true order; ``pairs`` has a row for every two of them.

    ``pairs``: one, other, truth (difference of the true shares), sd (of the difference over the surveys), far_apart
    (truth above 3 sd), right (share of the surveys in which the two are in the true order).
    ``right`` is the share of the surveys in which all pairs far apart are.
    """

    pairs: pd.DataFrame
    right: float


def ranks(runs: Runs) -> Ranks:
    """Judge the order of the corrected importances of a study."""
    at = [k for k, (estimator, _) in enumerate(runs.parameters) if estimator == IMPORTANCE]
    truth, value = runs.truth[0, at], runs.value[:, at]
    assert np.isfinite(value).all()
    rows, every = [], np.ones(len(value), dtype=bool)
    for a in range(len(at)):
        for b in range(a + 1, len(at)):
            gap, wanted = value[:, a] - value[:, b], truth[a] - truth[b]
            right, sd = np.sign(gap) == np.sign(wanted), gap.std(ddof=1)
            far = abs(wanted) > 3 * sd
            every &= right | (not far)
            rows.append((FACTORS[a], FACTORS[b], wanted, sd, far, right.mean()))
    return Ranks(pd.DataFrame(rows, columns=["one", "other", "truth", "sd", "far_apart", "right"]), float(every.mean()))


def order_page(found: Ranks, repetitions: int) -> str:
    """Return the page that says how the importances were ordered (Markdown)."""
    heads = ["one", "other", "difference of the true shares", "sd of the difference", "far apart", "in the true order"]
    lines = [
        "# Recovery: order of the importances",
        "",
        f"{repetitions} surveys, seeds from {FIRST_SEED}. Two factors are far apart if their true shares differ by "
        f"more than 3 sd. All pairs far apart are in the true order in {found.right:.1%} of the surveys; 95 % are "
        "asked.",
        "",
        table_line(heads),
        table_line(["---", "---", "---:", "---:", "---", "---:"]),
    ]
    for row in found.pairs.itertuples():
        far = "yes" if row.far_apart else "no"
        lines.append(table_line([row.one, row.other, f"{row.truth:+.4f}", f"{row.sd:.4f}", far, f"{row.right:.1%}"]))
    return "\n".join(lines) + "\n"


def _new_clients(law: Law, seed: int, n: int) -> tuple[pd.DataFrame, Floats, np.random.Generator]:
    people = draw_people(law, Clock(12, law.burn_in_months), n, seed)
    wealth = (people.log_wealth - law.leaving.wealth_centre) / law.leaving.wealth_spread
    return pd.DataFrame({"log_wealth": wealth, "attitude": people.attitude}), people.factors, stream(seed, "asked")


def _answers(asked: Asked) -> tuple[dict[str, pd.DataFrame], Floats]:
    return {f: own[asked.answered] for f, own in asked.marks.items()}, asked.recommend[asked.answered]


def _scores(marks: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({name: own.mean(axis=1) for name, own in marks.items()})


def _mean(found: Estimate | NotEstimable) -> Mapping[str, Compared]:
    value, error = true_mean()
    return {"mean recommendation": Compared(value, found, error)}


def _shares(law: Law, found: object) -> Mapping[str, Compared]:
    truth = loyalty(law.people)["lmg"]
    if isinstance(found, NotEstimable):
        return {name: Compared(value, found) for name, value in truth.items()}
    of_all = found.draws / found.draws.sum(axis=1, keepdims=True)  # type: ignore[attr-defined]
    ends = np.quantile(of_all, [0.025, 0.975], axis=0)
    told = zip(truth.items(), found.table["share"], *ends, of_all.std(axis=0), strict=True)  # type: ignore[attr-defined]
    return {
        name: Compared(value, Estimate(float(share), float(low), float(high), "share", found.r_squared.n, se=float(se)))  # type: ignore[attr-defined]
        for (name, value), share, low, high, se in told
    }
