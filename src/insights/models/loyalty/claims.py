"""The handbook's claims about loyalty held against this bank's clients: shares it cites, and sentences it states."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY, RESPONSIBILITY, TRUST, answers
from insights.models.loyalty.followed import LEFT, MONEY, MONTHS
from insights.models.loyalty.worth import Worth, worth
from insights.models.value.margins import MARGIN, client_margins
from insights.stats.moments import Moments, moments
from insights.stats.multiplicity import benjamini_hochberg
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable

CITED = {
    "quality": (0.88, "quality"),
    "personalisation": (0.80, "personal"),
    "relationship": (0.70, "relation"),
    "experience": (0.76, "experience"),
    "brand": (0.76, "brand"),
    "innovation": (0.75, None),
    "personal_service": (0.85, "personal"),
    "communication": (0.70, None),
    "solved_in_time": (0.85, None),
}
"""The share that the handbook cites, and the factor whose marks come nearest to its question, by claim."""

NEAR = 0.05
"""A share within so much of the cited one, with all of its interval, agrees with it."""

CLAIMS = {
    "quality_exits": ("quality", LEFT, -1),
    "personal_satisfaction": ("personal", "mark_after", 1),
    "relation_loyalty": ("relation", LOYALTY, 1),
    "brand_clients": ("brand", "referred", 1),
    "responsibility_trust": (RESPONSIBILITY, TRUST, 1),
    "loyal_margin": (LOYALTY, "margin_after", 1),
    "loyal_steady": (LOYALTY, "unsteady", -1),
}
"""The claims without a number: what goes with what, and in which direction."""

NO_FACTOR, NOT_ASKED, NO_OUTCOME, TOO_FEW = "no_factor", "not_asked", "no_outcome", "too_few"
TRIM = 0.01
PER = 10_000.0
"""Margins are told per so much of assets."""


@dataclass(frozen=True)
class Tested:
    """One claim: the slope of the outcome on the factor (controls held, other factors not), or why there is none."""

    claim: str
    slope: Estimate | NotEstimable
    expected: int
    n: int
    clients: int
    p: float = float("nan")
    p_adjusted: float = float("nan")

    @property
    def verdict(self) -> str:
        """Return "agrees", "differs" or "unknown": by the p-value that allows for how many claims were tested."""
        if isinstance(self.slope, NotEstimable) or not self.p_adjusted < 0.05:
            return "unknown"
        return "agrees" if np.sign(self.slope.value) == self.expected else "differs"


def claims(bank: Bank) -> list[Tested]:
    """Test every claim without a number, once per bank; ask ``missing_for_answers`` first."""
    return once(bank, "survey_claims", lambda: test_claims(worth(bank), outcomes_after(bank, worth(bank))))


def test_claims(found: Worth, after: pd.DataFrame) -> list[Tested]:
    """Test the claims on the answers; ``after`` has further outcomes of these rows, nan where not known."""
    rows = found.rows.join(after)
    if MONEY in rows:
        rows["unsteady"] = (rows[MONEY] - rows[MONEY].median()).abs()
    told = [_tested(name, *claim, rows, found) for name, claim in CLAIMS.items()]
    adjusted = benjamini_hochberg(np.array([t.p for t in told]))
    return [
        Tested(t.claim, t.slope, t.expected, t.n, t.clients, t.p, float(p)) for t, p in zip(told, adjusted, strict=True)
    ]


test_claims.__test__ = False  # type: ignore[attr-defined]


def _tested(name: str, factor: str, outcome: str, expected: int, rows: pd.DataFrame, found: Worth) -> Tested:
    if not {factor, outcome} & {RESPONSIBILITY, TRUST} <= set(rows.columns):
        return Tested(name, NotEstimable(NOT_ASKED), expected, 0, 0)
    if factor not in rows:
        return Tested(name, NotEstimable(NO_FACTOR), expected, 0, 0)
    if outcome not in rows or rows[outcome].notna().sum() == 0:
        return Tested(name, NotEstimable(NO_OUTCOME), expected, 0, 0)
    own = rows[rows[outcome].notna() & rows[factor].notna()]
    n, clients = len(own), int(own["client_id"].nunique())
    columns = [factor, *found.controls, outcome]
    errors = {factor: found.errors.loc[own.index, factor].to_numpy(float)} if factor in found.errors else {}
    made = moments(own[columns], own["cluster"], errors=errors, weight=own["weight"], seed="survey")
    if not isinstance(made, Moments):
        return Tested(name, NotEstimable(TOO_FEW), expected, n, clients)
    slope = made.replicates(made.slopes(outcome, columns[:-1])[:, :1]).estimate()
    if isinstance(slope, NotEstimable) or not slope.se:
        return Tested(name, NotEstimable(TOO_FEW), expected, n, clients)
    from scipy.special import ndtr  # half a second that those who only draw curves need not wait

    return Tested(name, slope, expected, n, clients, float(2 * ndtr(-abs(slope.value / slope.se))))


def outcomes_after(bank: Bank, found: Worth) -> pd.DataFrame:
    """Return what else followed the answers that were followed for a year: index of ``Worth.rows``.

    ``mark_after``: mean mark of the contacts of the year after (0 to 10). ``referred``: 1 if a client whom he referred
    joined in that year. ``margin_after``: margin of the twelve months after the month of the answer, per 10,000 of
    the assets before it, the lowest and highest 1 % cut to the next.
    """
    rows = found.rows
    seen = (rows["answered_on"] + pd.DateOffset(months=MONTHS)) <= pd.Timestamp(bank.as_of)
    own = rows[seen]
    after = pd.DataFrame(index=own.index)
    if own.empty:
        return after
    asked = pd.DataFrame({"client_id": own["client_id"], "day": own["answered_on"].dt.date})
    asked["row"] = np.arange(len(asked), dtype=np.int64)
    table = ibis.memtable(asked)
    until = (table.day + ibis.interval(months=MONTHS)).cast("date")
    if not bank.needs("contacts.satisfaction", "contacts.contacted_on"):
        marks = bank.table("contacts").select("client_id", "contacted_on", "satisfaction")
        both = table.mutate(until=until).inner_join(marks, "client_id")
        both = both.filter((both.contacted_on > both.day) & (both.contacted_on <= both.until))
        means = both.group_by("row").agg(value=both.satisfaction.mean()).execute().set_index("row")["value"]
        after["mark_after"] = means.reindex(asked["row"]).to_numpy(float)
    if not bank.needs("clients.referred_by"):
        won = bank.table("clients")
        won = won.filter(won.referred_by.notnull()).select(client_id="referred_by", joined_on="joined_on")
        both = table.mutate(until=until).inner_join(won, "client_id")
        both = both.filter((both.joined_on > both.day) & (both.joined_on <= both.until))
        counts = both.group_by("row").agg(value=both.count()).execute().set_index("row")["value"]
        after["referred"] = (counts.reindex(asked["row"]).fillna(0) > 0).to_numpy(float)
    margin = _margins(bank, own)
    if margin is not None:
        after["margin_after"] = margin
    return after


def _margins(bank: Bank, own: pd.DataFrame) -> pd.Series | None:
    margins = client_margins(bank)
    if margins is None or margins.basis != MARGIN or "log2_assets" not in own:
        return None
    months = margins.months
    total = np.concatenate([np.zeros((len(months.client_id), 1)), np.cumsum(margins.margin, axis=1)], axis=1)
    at = pd.Index(months.client_id).get_indexer(pd.Index(own["client_id"]))
    day = own["answered_on"]
    column = ((day.dt.year - months.opens.year) * 12 + day.dt.month - months.opens.month).to_numpy()
    fits = (at >= 0) & (column >= 0) & (column + MONTHS < months.count)
    sums = np.full(len(own), np.nan)
    sums[fits] = total[at[fits], column[fits] + MONTHS + 1] - total[at[fits], column[fits] + 1]
    share = pd.Series(PER * sums / 2.0 ** own["log2_assets"].to_numpy(float), index=own.index)
    low, high = share.quantile([TRIM, 1 - TRIM])
    return share.clip(low, high)


def stated_shares(bank: Bank) -> dict[str, dict[str, Estimate | NotEstimable]]:
    """Return by cited claim the share who agree where the bank asked ("stated"), and who mark its factor high."""
    rules = bank.settings.loyalty
    given = answers(bank).answers
    found: dict[str, dict[str, Estimate | NotEstimable]] = {}
    for name, (_, factor) in CITED.items():
        found[name] = {}
        if name in rules.stated:
            found[name]["stated"] = _share(_item(bank, rules.stated[name], given), given, rules.agree_from)
        if factor in given and rules.scale is not None:
            low, high = rules.scale
            found[name]["nearest"] = _share((given[factor] - low) / (high - low), given, rules.agree_from)
    return found


def _item(bank: Bank, item: str, given: pd.DataFrame) -> pd.Series:
    """Return a survey item on 0 to 1 for every answer, nan where there is none."""
    scale = bank.settings.loyalty.scale_of(item) or (0.0, 1.0)
    surveys = bank.table("surveys")
    told = surveys.select("client_id", "invited_on", item).execute()
    told["invited_on"] = pd.to_datetime(told["invited_on"])
    told = told.drop_duplicates(["client_id", "invited_on"], keep="last").set_index(["client_id", "invited_on"])[item]
    keys = pd.MultiIndex.from_frame(given[["client_id", "invited_on"]])
    values = (told.reindex(keys).to_numpy(float) - scale[0]) / (scale[1] - scale[0])
    return pd.Series(values, index=given.index)


def _share(values: pd.Series, given: pd.DataFrame, agree_from: float) -> Estimate | NotEstimable:
    known = values.notna() & (values >= 0) & (values <= 1)
    if known.sum() < 50:
        return NotEstimable(f"{int(known.sum())} answers; 50 are needed")
    agrees = (values[known] >= agree_from - 1e-9).astype(float)
    weight = given.loc[known, "weight"]
    who = given.loc[known, "client_id"]
    events = int(who[agrees > 0].nunique())
    return ratio_of_sums(agrees * weight, weight, cluster=who, unit="share", n_events=events)


def verdict_on_share(cited: float, found: Estimate | NotEstimable | None) -> str:
    """Return "agrees" if all of the interval is near the cited share, "differs" if it leaves it out, or "unknown"."""
    if not isinstance(found, Estimate):
        return "unknown"
    if max(abs(found.low - cited), abs(found.high - cited)) <= NEAR:
        return "agrees"
    return "differs" if cited < found.low or cited > found.high else "unknown"
