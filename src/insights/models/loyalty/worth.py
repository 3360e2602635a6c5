"""What goes with one point more on a factor: loyalty stated, and what clients did in the year after, of all of them.

The way from a factor to an outcome is that of ``stats.pathway``: the factors' proportions are those of stated loyalty,
its size is that of the outcome seen later. Scores are freed of their measurement error where the items allow it.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY, SurveyAnswers, answers, clusters
from insights.models.loyalty.followed import LEFT, MONTHS, OUTCOMES, Followed, followed
from insights.stats.inputs import Floats
from insights.stats.moments import Moments, moments
from insights.stats.pathway import IndexPath, through_index
from insights.stats.reliability import ErrorVariance, error_variance
from insights.stats.results import NotEstimable

CONTROLS = ("log2_assets", "tenure", "age_decades")
"""What differs between clients before they answer and may move both answers and outcomes; those that the bank has."""
FEWEST_EVENTS = 50
ALL = "all"


@dataclass(frozen=True)
class Worth:
    """Paths of the factors by outcome (see ``followed``) and of leaving by segment.

    ``rows`` are the answers with all factors and loyalty, and ``errors`` their contributions to the error variances of
    the factors that are corrected (``uncorrected`` says why the others are not). ``rates`` (R + 1) is the mean of
    leaving in the data and the replicates, by segment ("all" for everybody); ``events`` and ``clients`` say on how many
    leavers and clients each path rests. ``cluster`` is "manager" or "client". ``why_none`` says why there is no row.
    """

    paths: dict[str, IndexPath | NotEstimable]
    by_segment: dict[str, IndexPath | NotEstimable]
    rates: dict[str, Floats] = field(repr=False)
    events: dict[str, int]
    clients: dict[str, int]
    rows: pd.DataFrame = field(repr=False)
    errors: pd.DataFrame = field(repr=False)
    factors: tuple[str, ...]
    controls: tuple[str, ...]
    cluster: str
    uncorrected: dict[str, str]
    missing: dict[str, tuple[str, ...]]
    why_none: str = ""


def worth(bank: Bank) -> Worth:
    """Return the paths, made once per bank; ask ``missing_for_answers`` first."""
    return once(bank, "survey_worth", lambda: _made(answers(bank), followed(bank)))


def _made(survey: SurveyAnswers, later: Followed) -> Worth:
    factors = tuple(survey.factors)
    given = survey.answers
    whole = given[[*factors, LOYALTY]].notna().all(axis=1)
    rows = given[whole].copy()
    controls = tuple(c for c in CONTROLS if c in rows and rows[c].notna().any() and rows[c].nunique() > 1)
    for name in controls:
        rows[name] = rows[name].fillna(rows[name].mean())
    rows = rows.join(later.rows)
    rows["cluster"], cluster = clusters(rows)
    errors, uncorrected = _errors(survey, rows)
    why = "" if len(rows) and factors else _why_none(survey)
    stated = NotEstimable(why) if why else joint_moments(rows, errors, [*factors, *controls, LOYALTY])
    if isinstance(stated, Moments) and np.isnan(stated.slopes(LOYALTY, [*factors, *controls])[0]).any():
        errors, uncorrected = errors[[]], dict.fromkeys(factors, "without their error the factors cannot be told apart")
        stated = joint_moments(rows, errors, [*factors, *controls, LOYALTY])
    paths: dict[str, IndexPath | NotEstimable] = {}
    rates: dict[str, Floats] = {}
    events: dict[str, int] = {}
    clients: dict[str, int] = {}
    for outcome in (o for o in OUTCOMES if o in later.rows):
        own = rows[rows[outcome].notna()]
        paths[outcome], mean = _path(stated, own, errors, factors, outcome, controls)
        if outcome == LEFT:
            rates[ALL], clients[ALL], events[ALL] = mean, own["client_id"].nunique(), _leavers(own)
    by_segment: dict[str, IndexPath | NotEstimable] = {}
    for segment in survey.segments if LEFT in later.rows and len(survey.segments) > 1 else ():
        inside = rows[rows["segment"] == segment]
        own = inside[inside[LEFT].notna()]
        stated_here = joint_moments(inside, errors, [*factors, *controls, LOYALTY])
        by_segment[segment], rates[segment] = _path(stated_here, own, errors, factors, LEFT, controls)
        clients[segment], events[segment] = own["client_id"].nunique(), _leavers(own)
    return Worth(
        paths,
        by_segment,
        rates,
        events,
        clients,
        rows,
        errors,
        factors,
        controls,
        cluster,
        uncorrected,
        later.missing,
        why,
    )


def _path(
    stated: Moments | NotEstimable,
    own: pd.DataFrame,
    errors: pd.DataFrame,
    factors: tuple[str, ...],
    outcome: str,
    controls: tuple[str, ...],
) -> tuple[IndexPath | NotEstimable, Floats]:
    nothing = np.zeros(0)
    if isinstance(stated, NotEstimable):
        return stated, nothing
    if outcome == LEFT and _leavers(own) < FEWEST_EVENTS:
        few = f"{_leavers(own)} of those who answered left by choice within {MONTHS} months; {FEWEST_EVENTS} are needed"
        return NotEstimable(few), nothing
    later = joint_moments(own, errors, [*factors, *controls, outcome])
    if isinstance(later, NotEstimable):
        return later, nothing
    return through_index(stated, later, factors, LOYALTY, outcome, controls), later.mean[:, later.place(outcome)]


def joint_moments(rows: pd.DataFrame, errors: pd.DataFrame, columns: list[str]) -> Moments | NotEstimable:
    """Return weighted covariances of columns of answers, freed of the errors; replicates of all of them are paired."""
    if rows.empty:
        return NotEstimable("there is no answer with loyalty and all factors")
    own = errors.loc[rows.index]
    known = {str(name): own[name].to_numpy(float) for name in own.columns}
    return moments(rows[columns], rows["cluster"], errors=known, weight=rows["weight"], seed="survey")


def _why_none(survey: SurveyAnswers) -> str:
    """Return why no answer has loyalty and all factors."""
    if LOYALTY in survey.refused:
        return survey.refused[LOYALTY]
    return "no factor can be scored" if not survey.factors else "there is no answer with loyalty and all factors"


def _leavers(rows: pd.DataFrame) -> int:
    return int(rows.loc[rows[LEFT] > 0, "client_id"].nunique())


def _errors(survey: SurveyAnswers, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows' contributions to each factor's error variance, and for which factors there are none, and why."""
    found, refused = {}, {}
    weight = survey.answers["weight"].to_numpy(float)
    for factor in survey.factors:
        told = error_variance(survey.items(factor), "alpha", weight)
        if isinstance(told, ErrorVariance):
            own = pd.Series(told.contributions, index=survey.answers.index)[rows.index]
            found[factor] = own.fillna(float(told.value))  # one answered item tells nothing of its own error
        else:
            refused[factor] = told.reason
    return pd.DataFrame(found, index=rows.index), refused
