"""Services, events and rewards that a programme gave by lot: what the lot did, whoever made use of it.

Everybody counts in the arm that was drawn for him or for his manager, whether he used anything or not (intention to
treat). The lot made the arms alike, so a difference beyond chance is an effect of being offered the programme.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY, TRUST, answers, missing_for_answers
from insights.models.loyalty.benefits import stated_after
from insights.models.loyalty.followed import LEFT, MONEY, MONTHS, NEW, SHARE, follow
from insights.models.loyalty.uses import CAME, EARNED, NEEDS, USED, used_rows, uses_of
from insights.models.trial import NEEDS as OF_TRIALS
from insights.models.trial import Trial, trial
from insights.stats.linear import least_squares
from insights.stats.multiplicity import holm
from insights.stats.results import Estimate, NotEstimable

USE = "use"
"""Whether the client made any use of it: what shows that the lot reached anybody."""
OUTCOMES = (LEFT, MONEY, SHARE, NEW, LOYALTY, TRUST)
FEWEST_LEAVERS = 10
TOO_YOUNG = "too_young"


@dataclass(frozen=True)
class Effect:
    """One outcome of the year after the start: the ``control`` arm's mean, and the difference that the lot made.

    ``clients`` and ``events`` (of those who have it above 0, nan for marks) are those of both arms; ``fewest`` events
    of one arm. ``p`` is by Student's t, ``p_adjusted`` for the number of outcomes (Holm; not of ``USE``).
    """

    outcome: str
    control: float
    found: Estimate | NotEstimable
    clients: int
    events: float
    fewest: float
    p: float = float("nan")
    p_adjusted: float = float("nan")


@dataclass(frozen=True)
class Drawn:
    """A programme by lot: its ``group`` of benefits, who was drawn (``units``), and the effects; or ``why`` none."""

    group: str
    programme: str
    effects: tuple[Effect, ...] = ()
    by_manager: bool = False
    clients: int = 0
    units: int = 0
    treated_units: int = 0
    start: str = ""
    why: str = ""


def drawn(bank: Bank) -> tuple[Drawn, ...]:
    """Return every programme that the settings name under ``[loyalty] drawn``, once per bank."""
    return once(bank, "loyalty_drawn", lambda: tuple(_made(bank, g, p) for g, p in bank.settings.loyalty.drawn.items()))


def missing_for_drawn(bank: Bank) -> tuple[str, ...]:
    """Return what a programme by lot would need beside its name in the settings."""
    return bank.needs(*OF_TRIALS)


def _made(bank: Bank, group: str, name: str) -> Drawn:
    if missing_for_drawn(bank):
        return Drawn(group, name, why="no_rows")
    found = trial(bank, name)
    if isinstance(found, str):
        return Drawn(group, name, why=found)
    seen = pd.to_datetime(found.rows["started_on"]) + pd.DateOffset(months=MONTHS) <= pd.Timestamp(bank.as_of)
    if not seen.any():
        return Drawn(group, name, why=TOO_YOUNG)
    asked = pd.DataFrame({"client_id": found.rows["client_id"], "day": found.rows["started_on"]})[seen]
    rows = asked.join(follow(bank, asked).rows)
    if not missing_for_answers(bank):
        for score in (s for s in (LOYALTY, TRUST) if s in answers(bank).answers):
            rows[score] = stated_after(bank, rows, score)
    if not bank.needs(*NEEDS[group]):
        rows[USE] = used_within_year(bank, group, rows)
    return compare(group, found, rows)


def compare(group: str, found: Trial, rows: pd.DataFrame) -> Drawn:
    """Compare the arms of a trial by ``rows`` (index of those of ``found.rows`` that were followed): its outcomes."""
    at = found.rows.index.get_indexer(rows.index)
    treated, cluster = found.treated[at], found.clusters[at]
    effects = [_effect(rows, o, treated, cluster) for o in (USE, *OUTCOMES) if o in rows and rows[o].notna().any()]
    # What is told of as an effect is one family; that the lot was used is no finding of its own.
    adjusted = iter(holm(np.array([e.p for e in effects if e.outcome != USE])))
    effects = [e if e.outcome == USE else replace(e, p_adjusted=float(next(adjusted))) for e in effects]
    units = found.rows.loc[rows.index].drop_duplicates("unit")
    return Drawn(
        group,
        found.name,
        tuple(effects),
        found.by_manager,
        int(rows.shape[0]),
        len(units),
        int(units["treated"].sum()),
        str(found.rows.loc[rows.index, "started_on"].min()),
    )


def _effect(rows: pd.DataFrame, outcome: str, treated: np.ndarray, cluster: np.ndarray) -> Effect:
    known = rows[outcome].notna().to_numpy()
    y, arm = rows.loc[known, outcome].to_numpy(float), treated[known]
    control = float(y[~arm].mean()) if (~arm).any() else float("nan")
    shares = set(np.unique(y)) <= {0.0, 1.0}
    events, fewest = float("nan"), float("nan")
    if shares:
        events, fewest = float((y > 0).sum()), float(min((y[arm] > 0).sum(), (y[~arm] > 0).sum()))
    if shares and events < FEWEST_LEAVERS:
        few = NotEstimable(f"{int(events)} in both arms together; {FEWEST_LEAVERS} are needed")
        return Effect(outcome, control, few, int(known.sum()), events, fewest)
    if not arm.any() or arm.all():
        return Effect(outcome, control, NotEstimable("one arm only was followed"), int(known.sum()), events, fewest)
    fit = least_squares(y, pd.DataFrame({"arm": arm.astype(float)}), cluster=cluster[known])
    if isinstance(fit, NotEstimable):
        return Effect(outcome, control, fit, int(known.sum()), events, fewest)
    p = float(fit.table.loc[fit.table["name"] == "arm", "p"].iloc[0])
    return Effect(outcome, control, fit.coefficient("arm"), int(known.sum()), events, fewest, p)


def used_within_year(bank: Bank, group: str, rows: pd.DataFrame) -> pd.Series:
    """Return 1 where the client made use of anything of the group within the months after his day, else 0."""
    told = used_rows(bank, group).execute()
    told["at"] = pd.to_datetime(told["at"])
    made = next(own for use, own in uses_of(group, told) if use.what in (USED, CAME, EARNED))
    keys = rows[["client_id", "day"]].assign(row=np.arange(len(rows)), day=pd.to_datetime(rows["day"]))
    both = keys.merge(made[["client_id", "at"]], on="client_id")
    until = both["day"] + pd.DateOffset(months=MONTHS)
    hit = both.loc[(both["at"] >= both["day"]) & (both["at"] <= until), "row"].unique()
    found = np.zeros(len(rows))
    found[hit] = 1.0
    return pd.Series(found, index=rows.index)
