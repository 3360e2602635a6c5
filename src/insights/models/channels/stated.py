"""What programmes did to what clients say of the bank, and how much of the money they brought runs through loyalty.

Whoever answered the survey in the year before and in the year after a start is set beside those whom nothing had
reached by a year later: both by how far their answers moved. In the same clients the money that came is split into
what goes with loyalty that moved and the rest.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.outcomes import Outcome, Through, held_before
from insights.models.loyalty.answers import LOYALTY, TRUST, answers, missing_for_answers
from insights.models.loyalty.changes import BRAND, Reached, moved, reached_by, stacked, within_years
from insights.models.months import SpellMonths, spell_months
from insights.stats.mediation import INDIRECT, SHARE, TOTAL, Mediation, mediation
from insights.stats.moments import Moments, moments
from insights.stats.paired import normal_p
from insights.stats.results import Estimate, NotEstimable, TestResult

MONTHS = 12
SCORES = (LOYALTY, BRAND, TRUST)
"""Scores of the survey that are outcomes of programmes, those of them that the bank asks."""
FEWEST_REACHED = 50
CUT = 1.0
NULL = "a year earlier, the answers of those reached and of the others moved alike"


@dataclass(frozen=True)
class Stated:
    """Outcomes stated in the survey (not adjusted yet), and how the money runs through loyalty."""

    outcomes: tuple[Outcome, ...]
    through: Through


def stated(bank: Bank, name: str) -> Stated | None:
    """Return what a programme did to stated loyalty, brand and trust, once per bank; None without survey or start."""
    return once(bank, ("programme_stated", name), lambda: _made(bank, name))


def _made(bank: Bank, name: str) -> Stated | None:
    if missing_for_answers(bank):
        return None
    told = answers(bank).answers
    scores = [s for s in SCORES if s in told and told[s].notna().any()]
    found = reached_by(bank, name)
    if found is None or not scores or bank.window_from is None:
        return None
    days = followed_days(found, pd.Timestamp(bank.window_from), pd.Timestamp(bank.as_of))
    rows = stacked(bank, found, days) if days else pd.DataFrame({"client_id": [], "reached": []})
    if rows.empty or not rows["reached"].any() or rows["reached"].all():
        return None
    rows = rows.assign(row=np.arange(len(rows)))
    for score in scores:
        own = told[["client_id", "answered_on", score]].dropna().set_axis(["client_id", "at", "value"], axis=1)
        for when, first in (("after", 0), ("before", -1), ("ago", -2)):
            rows[f"{score}:{when}"] = within_years(rows, own, first, "mean")
    for when, values in money_around(spell_months(bank), rows).items():
        rows[f"money:{when}"] = values
    outcomes = tuple(outcome_of(rows, score) for score in scores)
    through = split(rows) if LOYALTY in scores else _never("the survey does not ask for loyalty")
    return Stated(outcomes, through)


def followed_days(found: Reached, opens: pd.Timestamp, end: pd.Timestamp) -> list[pd.Timestamp]:
    """Return the days on which it started that have a year before and after them between ``opens`` and ``end``."""
    first, last = opens + pd.DateOffset(months=MONTHS), end - pd.DateOffset(months=MONTHS)
    starts = [pd.Timestamp(d) for d in sorted(found.rows["started_on"].dropna().unique())]
    return [d for d in starts if first <= d <= last]


def outcome_of(rows: pd.DataFrame, score: str) -> Outcome:
    """Return a score as an outcome; the test of a year earlier stands in the place of that of parallel movement."""
    told = moved(rows, score)
    before = told.earlier
    test = None
    if isinstance(before, Estimate) and before.se:
        p = float(normal_p([before.value], [before.se])[0])
        test = TestResult("answers a year earlier", NULL, before.value / before.se, None, p)
    return Outcome(score, told.found, p=told.p, reached=told.reached, others=told.others, before=test)


def money_around(months: SpellMonths, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return net new money (n) of the year after and before each row's day, over what was held in the year before.

    ``rows``: client_id, day. nan where nothing was held or a year is not seen whole; cut to -1 and 1.
    """
    place = pd.Series(np.arange(len(months.spells)), index=months.spells["client_id"])
    day = pd.to_datetime(rows["day"])
    column = ((day.dt.year - months.opens.year) * 12 + day.dt.month - months.opens.month).to_numpy()
    found = {when: np.full(len(rows), np.nan) for when in ("after", "before")}
    at = np.full(len(rows), -1)
    for k in np.unique(column):
        here = (months.first <= k) & (months.last >= k)
        own = place[here]
        own = own[~own.index.duplicated()]
        mine = column == k
        at[mine] = own.reindex(rows.loc[mine, "client_id"]).fillna(-1).to_numpy(np.int64)
        held = held_before(months, int(k))
        for when, first in (("after", int(k)), ("before", int(k) - MONTHS)):
            if first < 0 or first + MONTHS > months.months:
                continue
            flows = np.nan_to_num(months.flows[:, first : first + MONTHS]).astype(float).sum(axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.where(held > 0, flows / held, np.nan)
            found[when][mine] = np.where(at[mine] >= 0, np.clip(share[at[mine]], -CUT, CUT), np.nan)
    return found


def split(rows: pd.DataFrame) -> Through:
    """Split the effect on money (``money:after`` less ``money:before``) by the loyalty that moved; see ``Through``.

    ``rows``: reached, day, cluster, and before and after of loyalty and money. Given the days, assumes that nothing
    else moves loyalty and money together; error in the marks makes the part through loyalty too small.
    """
    names = [f"{what}:{when}" for what in (LOYALTY, "money") for when in ("before", "after")]
    own = rows.dropna(subset=names)
    reached = own["reached"].astype(float)
    sizes = len(own), int(reached.sum())
    if min(sizes[1], sizes[0] - sizes[1]) < FEWEST_REACHED:
        few = f"{sizes[1]} reached and {sizes[0] - sizes[1]} others answered before and after; {FEWEST_REACHED} each"
        return _never(f"{few} are needed", sizes)
    columns = pd.DataFrame(
        {
            "reached": reached,
            "loyalty": own[f"{LOYALTY}:after"] - own[f"{LOYALTY}:before"],
            "money": own["money:after"] - own["money:before"],
        }
    )
    days = pd.get_dummies(own["day"].astype(str), dtype=float, prefix="day").iloc[:, 1:]
    found: Moments | Mediation | NotEstimable
    found = moments(pd.concat([columns, days], axis=1), own["cluster"], seed="through loyalty")
    if isinstance(found, Moments):
        found = mediation(found, "reached", "loyalty", "money", tuple(days.columns))
    if isinstance(found, NotEstimable):
        return _never(found.reason, sizes)
    return Through(found.path(TOTAL), found.path(INDIRECT), found.path(SHARE), *sizes)


def _never(reason: str, sizes: tuple[int, int] = (0, 0)) -> Through:
    why = NotEstimable(reason)
    return Through(why, why, why, *sizes)
