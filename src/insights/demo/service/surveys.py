"""Client surveys: fifteen items moved by five latent factors, and a recommendation moved by attitude and wealth."""

import numpy as np

from insights.demo.law.service import SurveyLaw
from insights.demo.process import Month, Process
from insights.demo.rows import NO_DAY, Rows, stack

FACTORS = ("quality", "personal", "relation", "experience", "brand")
PER_FACTOR = 3
ITEMS = tuple(f"item_{factor}_{j + 1}" for factor in FACTORS for j in range(PER_FACTOR))
RECOMMEND = "item_recommend"
PULSE = "item_satisfaction"
PULSE_CENTRE = 5.0
NO_ANSWER = -1


def survey_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``surveys``, one per invitation; items are -1 where nobody answered by the end."""
    p, risk, clock = process.law.surveys, month.risk, process.clock
    m = month.t - clock.burn_in + 1
    due = m % p.every_months == p.first_month
    # Those who leave this month are not asked: the wave goes out on its last days, to clients still there.
    of = np.flatnonzero((rng.random(len(risk.at)) < (p.invited if due else 0.0)) & (month.reason < 0))
    n, client = len(of), risk.at[of]
    invited = clock.month_end(month.t)
    answered = invited + np.ceil(rng.exponential(p.delay_days, n)).astype(np.int64)
    willing = rng.random(n) < answering(p, risk.log_wealth[of], risk.satisfaction[of])
    replies = willing & (answered <= np.datetime64(clock.last_day))
    people = process.people
    marks, recommend = said(p, people.factors[client], people.attitude[client], risk.log_wealth[of], rng)
    rows = {
        "client_id": client,
        "invited_on": np.full(n, invited),
        "wave": np.full(n, m),
        "answered_on": np.where(replies, answered, NO_DAY),
        "language": people.language[client],
        **{item: np.where(replies, marks[:, j], NO_ANSWER) for j, item in enumerate(ITEMS)},
        RECOMMEND: np.where(replies, recommend, NO_ANSWER),
    }
    if not p.pulse:
        return rows
    return stack([_pulse(process, month), {**rows, PULSE: np.full(n, np.nan)}])


def answering(p: SurveyLaw, log_wealth: np.ndarray, satisfaction: np.ndarray) -> np.ndarray:
    """Return the probability that clients with this wealth and satisfaction (standardised) answer at all."""
    odds = p.answer + p.answer_log_wealth * log_wealth + p.answer_satisfaction * satisfaction
    chance: np.ndarray = 1 / (1 + np.exp(-odds))
    return chance


def said(
    p: SurveyLaw, factors: np.ndarray, attitude: np.ndarray, log_wealth: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return what clients answer if they do: marks of 1 to 5 (n, items), and the recommendation (n,) from 0 to 10."""
    behind = np.repeat(factors, PER_FACTOR, axis=1)
    noise = np.sqrt(1 - p.loading**2) * rng.standard_normal(behind.shape)
    marks = 1 + np.searchsorted(np.asarray(p.thresholds), p.loading * behind + noise)
    recommend = mean_recommendation(p, attitude, log_wealth) + p.recommend_sd * rng.standard_normal(len(attitude))
    return marks, np.clip(np.rint(recommend), 0, 10).astype(np.int64)


def mean_recommendation(p: SurveyLaw, attitude: np.ndarray, log_wealth: np.ndarray) -> np.ndarray:
    """Return the mark that clients give on average, before it is rounded and cut to 0 to 10."""
    mark: np.ndarray = p.recommend + p.recommend_attitude * attitude + p.recommend_log_wealth * log_wealth
    return mark


def _pulse(process: Process, month: Month) -> Rows:
    """Return what every client at risk says of his satisfaction on the first day of the month."""
    risk, n = month.risk, len(month.risk.at)
    first = np.full(n, process.clock.month_start(month.t))
    return {
        "client_id": risk.at,
        "invited_on": first,
        "wave": np.full(n, -1),
        "answered_on": first,
        "language": process.people.language[risk.at],
        **{item: np.full(n, NO_ANSWER) for item in (*ITEMS, RECOMMEND)},
        PULSE: np.clip(PULSE_CENTRE + risk.satisfaction, 0, 2 * PULSE_CENTRE),
    }
