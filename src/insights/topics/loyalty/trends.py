"""How the factors went from wave to wave, beside what clients spoke and complained of."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.loyalty.answers import LOYALTY, answers, clusters, missing_for_answers, wave_months
from insights.stats.linear import least_squares
from insights.stats.multiplicity import holm
from insights.stats.results import NotEstimable
from insights.stats.weighted import weighted_mean
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable, client_counts
from insights.topics.loyalty.refusals import refused

ID = "loyalty.trends"
WAVE, SLOPE = "wave", "slope"
SPOKEN = {"notes": "noted_on", "complaints": "filed_on"}
OTHER = "(other)"
TOPICS = 6
"""So many of the most frequent topics are told by name."""

NAN = float("nan")


@dataclass(frozen=True)
class Trends:
    """Scores over time.

    ``rows``: score, what ("wave": the mean of a wave; "slope": change a year over all waves), wave, value, low, high,
    n, p_holm (of the slopes). ``spoken``: source (notes, complaints), topic, half (ISO day it begins), clients.
    """

    rows: pd.DataFrame
    spoken: pd.DataFrame


def trends(bank: Bank) -> Answer | NotAvailable:
    """Estimate the mean of each factor and of loyalty in every wave and its change a year; count topics beside."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    rows = survey.answers
    if rows.empty:
        return refused(ID, "nobody answered")
    months = wave_months(rows)
    if len(months) < 2:
        return refused(ID, "there is one wave; a trend needs two")
    cluster = clusters(rows)[0]
    lines: list[dict[str, object]] = []
    slopes: list[float] = []
    for score in (*([] if LOYALTY in survey.refused else [LOYALTY]), *survey.factors):
        for wave in months:
            own = (rows["wave"] == wave).to_numpy()
            found = weighted_mean(rows.loc[own, score], rows.loc[own, "weight"], cluster=cluster[own])
            if not isinstance(found, NotEstimable):
                ends = {"value": found.value, "low": found.low, "high": found.high, "n": float(found.n)}
                lines.append({"score": score, "what": WAVE, "wave": wave, **ends})
        known = rows[score].notna()
        years = pd.DataFrame({"years": (rows["invited_on"] - rows["invited_on"].min()).dt.days / 365.25})
        fitted = least_squares(
            rows.loc[known, score], years[known], weight=rows.loc[known, "weight"], cluster=cluster[known]
        )
        if not isinstance(fitted, NotEstimable):
            row = fitted.table.iloc[1]
            clients = float(rows.loc[known, "client_id"].nunique())
            ends = {"value": row["estimate"], "low": row["low"], "high": row["high"], "n": clients}
            lines.append({"score": score, "what": SLOPE, "wave": "", **ends})
            slopes.append(float(row["p"]))
    if not lines:
        return refused(ID, next(iter(survey.refused.values()), f"{len(rows)} answers; at least 50 are needed"))
    table = pd.DataFrame(lines, columns=["score", "what", "wave", "value", "low", "high", "n"])
    adjusted = np.full(len(table), NAN)
    adjusted[(table["what"] == SLOPE).to_numpy()] = holm(np.array(slopes)) if slopes else []
    evidence: dict[str, Evidence] = {
        "scores": Estimates(table.assign(unit="points", n_events=NAN, p_holm=adjusted), ("score", "what", "wave"))
    }
    for source, day in SPOKEN.items():
        if not bank.needs(f"{source}.{day}", f"{source}.topic"):
            evidence[source] = _spoken(bank, source, day, min(months.values()))
    facts = {"months": months, "cluster": clusters(rows)[1], "scale": bank.settings.loyalty.scale}
    return Answer(ID, ID, evidence, _trends, facts | {"outcome_scale": bank.settings.loyalty.outcome_scale})


def _spoken(bank: Bank, source: str, day: str, first: str) -> ClientCounts:
    """Return the clients by the topic of their last note (complaint) in each half year, from the first wave's on.

    Everybody counts once in a half year, so that its cells add up to the clients who spoke.
    """
    told = bank.table(source)
    rows = told.select("client_id", "topic", day=told[day]).execute()
    rows["topic"] = rows["topic"].astype(object).where(rows["topic"].notna(), OTHER).astype(str)
    rows["half"] = rows["day"].map(_half)
    rows = rows[rows["half"] >= _half(pd.Timestamp(first))].sort_values(["half", "client_id", "day", "topic"])
    rows = rows.drop_duplicates(["half", "client_id"], keep="last")
    named = rows["topic"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:TOPICS]
    rows["topic"] = rows["topic"].where(rows["topic"].isin(named), OTHER)
    return client_counts(rows.assign(household=household_of(bank, rows["client_id"])), ("half", "topic"))


def _half(day: pd.Timestamp) -> str:
    return f"{day.year}-{'01' if day.month <= 6 else '07'}-01"


def _trends(parts: dict[str, Evidence]) -> Trends:
    spoken = [cast(ClientCounts, parts[source]).cells.assign(source=source) for source in SPOKEN if source in parts]
    columns = ["source", "topic", "half", "clients"]
    table = pd.concat(spoken, ignore_index=True)[columns] if spoken else pd.DataFrame(columns=columns)
    return Trends(cast(Estimates, parts["scores"]).rows, table)
