"""Every answered survey with its items, its factor scores and its weight: made once, and shared by all of loyalty."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.groups import group_columns, group_of
from insights.models.loyalty.invitations import NEEDS, NOT_KNOWN, read_invitations, thirds
from insights.models.loyalty.weights import frame_weights
from insights.stats.coding import code_items
from insights.stats.reliability import scale_scores
from insights.stats.results import NotEstimable
from insights.stats.survey import ResponseWeights

LOYALTY = "loyalty"
"""Name of the outcome's score."""
TRUST, RESPONSIBILITY = "trust", "responsibility"
"""Names of the scores that are asked beside factors and outcome, where the bank asks."""


@dataclass(frozen=True)
class SurveyAnswers:
    """The survey.

    ``invitations``: one row per invitation (see ``read_invitations``), with ``segment``; items are coded: high is good,
    on the factors' common scale or the outcome's, NaN where not answered. ``answers``: the answered ones, with a score
    for every factor that can be used, ``loyalty``, and ``trust`` and ``responsibility`` where asked (NaN where too few
    of the items are answered) and ``weight`` (mean 1), in the same order; the index is that of ``invitations``.
    ``straight`` (both) says who gave every item the same mark. ``factors`` are the usable items of each usable
    factor, ``outcome`` those of loyalty; ``refused`` says of items, factors and ``loyalty`` why they are not used.
    ``outside`` counts answers outside their scale. ``weights`` are the response weights, or why there are none (then
    every answer weighs 1). ``segments`` are the names of the segments in their order.
    """

    invitations: pd.DataFrame
    answers: pd.DataFrame
    factors: dict[str, tuple[str, ...]]
    outcome: tuple[str, ...]
    refused: dict[str, str]
    outside: dict[str, int]
    weights: ResponseWeights | NotEstimable = field(repr=False)
    segments: tuple[str, ...]

    def items(self, factor: str) -> pd.DataFrame:
        """Return the coded items (n answers, k) of a factor, or of ``loyalty``."""
        return self.answers[list(self.outcome if factor == LOYALTY else self.factors[factor])]


FEWEST_CLUSTERS = 20
FEWEST_MARKS = 6
"""So many items of one mark are a straight line; fewer may well be meant."""


def clusters(rows: pd.DataFrame) -> tuple[pd.Series, str]:
    """Return the cluster of each row, and whether it is the "manager" or, with too few of them, the "client".

    A client without a manager is a cluster of his own.
    """
    if "manager" in rows and rows["manager"].nunique() >= FEWEST_CLUSTERS:
        return rows["manager"].fillna(rows["client_id"]), "manager"
    return rows["client_id"], "client"


def wave_months(rows: pd.DataFrame) -> dict[str, str]:
    """Return the first day of invitation (ISO) of every wave, in the order of the waves."""
    first = rows.groupby("wave")["invited_on"].min().sort_values(kind="stable")
    return {str(wave): day.date().isoformat() for wave, day in first.items()}


def latest(survey: SurveyAnswers) -> pd.DataFrame:
    """Return the last answer of every client: rows that are independent of each other."""
    return survey.answers.drop_duplicates("client_id", keep="last")


def missing_for_answers(bank: Bank) -> tuple[str, ...]:
    """Return what the bank would have to deliver or state for a question about its survey."""
    missing = list(bank.needs(*NEEDS))
    if not bank.settings.loyalty.factors:
        missing.append("[loyalty.factors]")
    if not bank.settings.loyalty.outcome:
        missing.append("[loyalty] outcome")
    return tuple(missing)


def answers(bank: Bank) -> SurveyAnswers:
    """Return the survey as known by the as-of date, made once per bank; ask ``missing_for_answers`` first."""
    return once(bank, "survey_answers", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> SurveyAnswers:
    rules = bank.settings.loyalty
    beside = rules.beside
    rows = read_invitations(bank, rules.items, tuple(i for own in beside.values() for i in own))
    rows["straight"] = _straight(rows[[i for own in rules.factors.values() for i in own]])
    refused: dict[str, str] = {}
    outside: dict[str, int] = {}
    told = rows["answered"].to_numpy(bool)
    given = pd.Series(False, index=rows.index)  # something, if only to items that cannot be used
    of_factors = rules.items[: -len(rules.outcome)]
    for items, scale, counts in (
        (of_factors, rules.scale, True),
        (rules.outcome, rules.outcome_scale, True),
        (tuple(i for own in beside.values() for i in own), rules.scale, False),
    ):
        if not items:
            continue
        coded = code_items(
            rows.loc[told, list(items)],
            {i: rules.scale_of(i) for i in items},
            common=scale,
            reversed_items=rules.reversed,
            not_applicable=rules.not_applicable,
        )
        if counts:
            given |= rows[list(coded.refused)].notna().any(axis=1)
        rows[list(items)] = coded.values.reindex(rows.index)
        refused |= coded.refused
        outside |= coded.outside
    rows["answered"] = told & (given | rows[list(rules.items)].notna().any(axis=1)).to_numpy()
    rows["segment"] = _segments(bank, rows)
    factors = {name: tuple(i for i in items if i not in refused) for name, items in rules.factors.items()}
    for name, own in {**factors, LOYALTY: tuple(i for i in rules.outcome if i not in refused)}.items():
        if not own:
            items = rules.outcome if name == LOYALTY else rules.factors[name]
            refused[name] = refused.get(items[0], f"nobody answered {items[0]}")
    factors = {name: own for name, own in factors.items() if own}
    outcome = tuple(i for i in rules.outcome if i not in refused)
    weights = frame_weights(rows)
    answered = rows[rows["answered"]].copy()
    asked = {name: tuple(i for i in own if i not in refused) for name, own in beside.items()}
    scored = {**factors, LOYALTY: outcome, **asked}
    for name, own in ((name, own) for name, own in scored.items() if own):
        answered[name] = scale_scores(answered[list(own)], rules.min_share)
    if not outcome:
        answered[LOYALTY] = np.nan
    answered["weight"] = weights.weights[rows["answered"]] if isinstance(weights, ResponseWeights) else 1.0
    named = [s for s in dict.fromkeys(sorted(rows["segment"])) if s != NOT_KNOWN]
    return SurveyAnswers(rows, answered, factors, outcome, refused, outside, weights, tuple(named))


def _straight(marks: pd.DataFrame) -> pd.Series:
    """Return whether all answered items have the same mark as delivered (1.0, 0.0); NaN with fewer than six answers.

    Reversed items are looked at as they were answered: who agrees with everything contradicts himself in them.
    """
    answered = marks.notna().sum(axis=1)
    same = (marks.max(axis=1) == marks.min(axis=1)).astype(float)
    return same.where(answered >= FEWEST_MARKS)


def _segments(bank: Bank, rows: pd.DataFrame) -> pd.Series:
    """Return the segment of each invitation: a column of clients as it stands today, or the third of the assets."""
    name = bank.settings.loyalty.segment
    if name is None:
        return thirds(rows["log2_assets"]) if "log2_assets" in rows else pd.Series(NOT_KNOWN, index=rows.index)
    if name not in group_columns(bank):
        return pd.Series(NOT_KNOWN, index=rows.index)
    clients = bank.table("clients")
    told = clients.select("client_id", group=group_of(bank, name)).execute().set_index("client_id")["group"]
    return rows["client_id"].map(told).fillna(NOT_KNOWN).astype(str)
