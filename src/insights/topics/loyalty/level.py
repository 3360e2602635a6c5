"""How loyal clients are by their own account, for whom the figure stands, and what silence could hide."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.before import features_before
from insights.models.groups import group_columns, group_of
from insights.models.loyalty.answers import LOYALTY, SurveyAnswers, answers, clusters, missing_for_answers
from insights.models.loyalty.invitations import NOT_KNOWN
from insights.models.loyalty.weights import frame_weights
from insights.stats.raking import RakedWeights, rake
from insights.stats.resampling import bootstrap
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survey import ResponseWeights, Sensitivity
from insights.stats.weighted import weighted_mean
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.level"
PLAIN, WEIGHTED, RAKED, EARLY, LATE, LATER, STRAIGHT, BOUNDS = (
    "as_answered",
    "weighted",
    "raked",
    "early",
    "late",
    "late_less_early",
    "without_straight",
    "bounds",
)
STRENGTHS = (-0.5, -0.25, 0.0, 0.25, 0.5)
"""Log odds of answering per sd of loyalty: at 0.5 somebody one sd more loyal answers with 1.6 times the odds."""
MONTHS = 12
LATE_SHARE = 0.25
TENURES, TENURE_LABELS = (5.0, 10.0), ("below 5 years", "5 to 10 years", "10 years and more")
NAN = float("nan")


@dataclass(frozen=True)
class Level:
    """Means in points of the scale.

    ``rows``: score (loyalty or a factor), what (see the constants; "strength" with a strength), strength, value, low,
    high, n; ``late_less_early`` is a difference.
    """

    rows: pd.DataFrame


def level(bank: Bank) -> Answer | NotAvailable:
    """Estimate mean loyalty and factor scores of the last twelve months, plain and weighted, and test the weighting."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    asked = recent(survey)
    told = survey.answers.loc[survey.answers.index.isin(asked.index)]
    if told[LOYALTY].notna().sum() == 0:
        return refused(ID, survey.refused.get(LOYALTY, "nobody answered"))
    weights = frame_weights(asked)
    lines, reasons = _of_scores(survey, asked, told, weights)
    raked = _raked(bank, told, weights)
    if isinstance(raked, NotEstimable):
        reasons[RAKED] = raked.reason
    else:
        fitted, who = raked
        _add(lines, reasons, LOYALTY, RAKED, fitted.mean(told.loc[who, LOYALTY]))
    found = _sensitivity(asked, told, weights)
    if isinstance(found, Sensitivity):
        for row in found.table.to_dict("records"):
            estimate = Estimate(row["mean"], row["low"], row["high"], "points", found.n, se=row["se"])
            _add(lines, reasons, LOYALTY, "strength", estimate, row["strength"])
        _add(lines, reasons, LOYALTY, BOUNDS, found.interval())
    else:
        reasons[BOUNDS] = found.reason
    table = pd.DataFrame(lines, columns=["score", "what", "strength", "value", "low", "high", "n"])
    evidence: dict[str, Evidence] = {
        "means": Estimates(table.assign(unit="points", n_events=NAN), ("score", "what", "strength"))
    }
    rules = bank.settings.loyalty
    facts = {
        "reasons": reasons,
        "scale": rules.scale,
        "outcome_scale": rules.outcome_scale,
        "margins": [] if isinstance(raked, NotEstimable) else list(raked[0].table["variable"].unique()),
        "first": asked["invited_on"].min().date().isoformat(),
        "last": asked["invited_on"].max().date().isoformat(),
        "unweighted": weights.reason if isinstance(weights, NotEstimable) else "",
        "all_answered": bool(asked["answered"].all()),
        "late_share": LATE_SHARE,
    }
    return Answer(ID, ID, evidence, _level, facts)


def recent(survey: SurveyAnswers, months: int = MONTHS) -> pd.DataFrame:
    """Return the invitations of the last so many months before the last one."""
    rows = survey.invitations
    if rows.empty:
        return rows
    first = pd.PeriodIndex(rows.groupby("wave_number")["invited_on"].min(), freq="M")
    kept = [k for k, month in enumerate(first) if (first[-1] - month).n < months]
    return rows[rows["wave_number"].isin(kept)]


def _add(
    lines: list[dict[str, object]],
    reasons: dict[str, str],
    score: str,
    what: str,
    found: Estimate | NotEstimable,
    strength: float = NAN,
) -> None:
    if isinstance(found, NotEstimable):
        reasons[what] = found.reason
        return
    ends = {"value": found.value, "low": found.low, "high": found.high, "n": float(found.n)}
    lines.append({"score": score, "what": what, "strength": strength} | ends)


def _of_scores(
    survey: SurveyAnswers, asked: pd.DataFrame, told: pd.DataFrame, weights: ResponseWeights | NotEstimable
) -> tuple[list[dict[str, object]], dict[str, str]]:
    lines: list[dict[str, object]] = []
    reasons: dict[str, str] = {}
    cluster = clusters(told)[0]
    everybody = clusters(asked)[0]
    w = pd.Series(weights.weights, index=asked.index)[told.index] if isinstance(weights, ResponseWeights) else None
    for score in (LOYALTY, *survey.factors):
        values = told[score]
        _add(lines, reasons, score, PLAIN, weighted_mean(values, np.ones(len(told)), cluster=cluster))
        if isinstance(weights, ResponseWeights):
            _add(lines, reasons, score, WEIGHTED, weights.mean(values.reindex(asked.index), cluster=everybody))
    weight = np.ones(len(told)) if w is None else w.to_numpy(float)
    straight = (told["straight"] == 1).to_numpy()
    if straight.any():
        kept = told[LOYALTY].mask(straight)
        _add(lines, reasons, LOYALTY, STRAIGHT, weighted_mean(kept, weight, cluster=cluster))
    for what, found in _late(told, weight, cluster).items():
        _add(lines, reasons, LOYALTY, what, found)
    return lines, reasons


def _late(told: pd.DataFrame, weight: np.ndarray, cluster: pd.Series) -> dict[str, Estimate | NotEstimable]:
    """Return the mean of those who answered soon and of the last quarter to answer, and the difference.

    Who answers late is likest to those who never do (the continuum of resistance): a difference warns.
    """
    delay, values = told["delay_days"].to_numpy(float), told[LOYALTY].to_numpy(float)
    bound = np.quantile(delay, 1 - LATE_SHARE)
    late = delay > bound if (delay > bound).any() else delay >= bound
    if late.sum() < 2 or late.all():
        return {LATE: NotEstimable("nobody answered later than others")}
    found: dict[str, Estimate | NotEstimable] = {}
    for what, own in ((EARLY, ~late), (LATE, late)):
        found[what] = weighted_mean(np.where(own, values, np.nan), weight, cluster=cluster)
    if isinstance(found[EARLY], Estimate) and isinstance(found[LATE], Estimate):
        known = np.isfinite(values)

        def gap(times: np.ndarray) -> float:
            w = weight * times
            means = [np.average(values[known & own], weights=w[known & own]) for own in (late, ~late)]
            return float(means[0] - means[1])

        found[LATER] = bootstrap(gap, cluster.astype(str), seed="late answers", replicates=400).estimate(unit="points")
    return found


def _sensitivity(
    asked: pd.DataFrame, told: pd.DataFrame, weights: ResponseWeights | NotEstimable
) -> Sensitivity | NotEstimable:
    if isinstance(weights, NotEstimable):
        return weights
    values = told[LOYALTY].reindex(asked.index)
    return weights.sensitivity(values, strengths=STRENGTHS, cluster=clusters(asked)[0])


def _raked(
    bank: Bank, told: pd.DataFrame, weights: ResponseWeights | NotEstimable
) -> tuple[RakedWeights, pd.Index] | NotEstimable:
    """Return weights that give the book's shares by assets, tenure and own columns, and which answers they are of.

    These are each client's newest, of those still in force.
    """
    newest = told.drop_duplicates("client_id", keep="last")
    book = _book(bank)
    if book.empty:
        return NotEstimable("nobody is in force")
    groups = book.set_index("client_id").reindex(newest["client_id"]).set_index(newest.index)
    inside = groups.notna().all(axis=1)
    if (count := int(inside.sum())) < len(newest) / 2:
        return NotEstimable(f"{count} of those who answered are still in force with all that the book is weighted by")
    shares: dict[str, dict[Hashable, float]] = {}
    for name in groups.columns:
        own = book[name].value_counts()
        if len(own) < 2:
            continue
        found = groups.loc[inside, name].value_counts()
        # A level of the book that too few answered joins the next: they would weigh too much.
        small = [lv for lv in own.index if found.get(lv, 0) < 20]
        if small and len(own) - len(small) < 2:
            continue
        rename = dict.fromkeys(small, next(lv for lv in own.index if lv not in small))
        groups[name] = groups[name].replace(rename)
        shares[name] = book[name].replace(rename).value_counts(normalize=True).to_dict()
    if not shares:
        return NotEstimable("no column of the book has two levels with enough answers")
    start = None
    if isinstance(weights, ResponseWeights):
        start = pd.Series(weights.weights[weights.answered], index=told.index)[newest.index][inside]
    fitted = rake(groups.loc[inside, list(shares)], cast(dict[str, dict[str, float]], shares), start=start)
    return fitted if isinstance(fitted, NotEstimable) else (fitted, newest.index[inside])


def _book(bank: Bank) -> pd.DataFrame:
    """Return, for every client in force, what the answers are raked by."""
    clients = bank.table("clients")
    live = clients.filter(clients.left_on.isnull()) if "left_on" in clients.columns else clients
    rows = live.select("client_id", "joined_on").order_by("client_id").execute()
    if rows.empty:
        return rows
    day = pd.Timestamp(bank.as_of)
    known = features_before(bank, rows.assign(day=day))
    years = (day - pd.to_datetime(rows["joined_on"])).dt.days / 365.25
    book = pd.DataFrame({"client_id": rows["client_id"]})
    if "log2_assets" in known and known["log2_assets"].notna().mean() > 0.5:
        fifth = known["log2_assets"].rank(pct=True, method="first")
        place = (5 * fifth).clip(lower=1e-9).fillna(0.0)
        names = [f"{k} of 5" for k in range(1, 6)]
        book["assets"] = np.array([NOT_KNOWN, *names], dtype=object)[np.ceil(place.to_numpy(float)).astype(int)]
    book["tenure"] = np.array(TENURE_LABELS, dtype=object)[np.searchsorted(TENURES, years, side="right")]
    for name in (m for m in bank.settings.loyalty.margins if m in group_columns(bank)):
        told = clients.select("client_id", group=group_of(bank, name)).execute().set_index("client_id")["group"]
        book[name] = book["client_id"].map(told)
    return book


def _level(parts: dict[str, Evidence]) -> Level:
    return Level(cast(Estimates, parts["means"]).rows)
