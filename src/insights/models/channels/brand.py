"""The brand by channel: how the bank is spoken of in public, and how clients of each channel see it in the survey."""

from dataclasses import dataclass

import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import TRUST, answers, latest, missing_for_answers
from insights.models.preference import NEEDS as OF_PREFERENCE
from insights.models.preference import Preferred, preference
from insights.stats.ratios import difference_of, ratio_of_sums
from insights.stats.results import Estimate, NotEstimable

MENTIONS = ("mentions.day", "mentions.channel", "mentions.positive", "mentions.neutral", "mentions.negative")
BRAND = "brand"
SCORES = (BRAND, TRUST)
TONE, BEFORE, CHANGE = "tone", "before", "change"
MONTHS = 12
WEEK = 7


@dataclass(frozen=True)
class Seen:
    """One measure of one channel: from ``n`` mentions or clients."""

    channel: str
    measure: str
    found: Estimate | NotEstimable
    n: int


@dataclass(frozen=True)
class Brand:
    """``public``: tone of mentions by channel of the last twelve months and of those before, and the change.

    ``survey``: brand and trust (on the survey's scale) by the channel that clients prefer. ``missing``: what each of
    the two lacks.
    """

    public: tuple[Seen, ...]
    survey: tuple[Seen, ...]
    missing: dict[str, tuple[str, ...]]


def brand(bank: Bank) -> Brand:
    """Return how the brand is seen by channel, made once per bank."""
    return once(bank, "channel_brand", lambda: _made(bank))


def _made(bank: Bank) -> Brand:
    missing = {"mentions": bank.needs(*MENTIONS), "survey": _survey_lacks(bank)}
    public: list[Seen] = []
    survey: list[Seen] = []
    if not missing["mentions"]:
        table = bank.table("mentions")
        rows = table.select("day", "channel", "positive", "neutral", "negative").execute()
        public = tones(rows, pd.Timestamp(bank.as_of), pd.Timestamp(add_months(bank.as_of, -MONTHS)))
    if not missing["survey"]:
        preferred = preference(bank).channel
        if isinstance(preferred, Preferred):
            survey = seen_by(latest(answers(bank)), preferred)
    return Brand(tuple(public), tuple(survey), {k: tuple(map(_name, v)) for k, v in missing.items() if v})


def _name(need: object) -> str:
    """Return what is needed; of several of which one would do, the first."""
    return need if isinstance(need, str) else str(need[0]) if isinstance(need, tuple) else str(need)


def _survey_lacks(bank: Bank) -> tuple[object, ...]:
    lacking = (*missing_for_answers(bank), *bank.needs(*OF_PREFERENCE))
    if not lacking and BRAND not in bank.settings.loyalty.factors:
        return (f"[loyalty.factors] {BRAND}",)
    return lacking


def tones(rows: pd.DataFrame, end: pd.Timestamp, since: pd.Timestamp) -> list[Seen]:
    """Return the tone of mentions by channel: good less bad, as a share of all, ``since`` (excluded) to ``end``.

    rows: day, channel, positive, neutral, negative. The year before is the same time earlier. Mentions of one week are
    not independent: one affair makes many. Errors are by week.
    """
    day = pd.to_datetime(rows["day"])
    good, bad = (rows[name].fillna(0).astype(float) for name in ("positive", "negative"))
    every = good + bad + rows["neutral"].fillna(0).astype(float)
    week = (end - day).dt.days // WEEK
    found = []
    for channel in sorted(rows["channel"].dropna().unique()):
        own = (rows["channel"] == channel) & (every > 0)
        told: dict[str, Estimate | NotEstimable] = {}
        for name, span in (
            (TONE, (day > since) & (day <= end)),
            (BEFORE, (day > since - (end - since)) & (day <= since)),
        ):
            at = own & span
            told[name] = ratio_of_sums((good - bad)[at], every[at], cluster=week[at].to_numpy(), unit="share")
            found.append(Seen(str(channel), name, told[name], int(every[at].sum())))
        now, then = told[TONE], told[BEFORE]
        if isinstance(now, Estimate) and isinstance(then, Estimate):
            found.append(Seen(str(channel), CHANGE, difference_of(now, then), int(every[own].sum())))
    return found


def seen_by(rows: pd.DataFrame, preferred: Preferred) -> list[Seen]:
    """Return brand and trust by the channel that clients prefer, weighted for who answered.

    rows: client_id, weight, and the scores (nan where not answered), one per client.
    """
    channel = rows["client_id"].map(pd.Series(preferred.first, index=preferred.client_id))
    found = []
    for score in (s for s in SCORES if s in rows):
        for name in preferred.names:
            own = rows[((channel == name) & rows[score].notna()).to_numpy()]
            weight = own["weight"].to_numpy(float)
            told = ratio_of_sums(weight * own[score].to_numpy(float), weight, unit="points")
            if len(own):
                found.append(Seen(str(name), score, told, len(own)))
    return found
