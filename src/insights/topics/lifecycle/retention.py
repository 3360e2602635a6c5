"""What the retention programme was worth: clients and money kept, by intention to treat, and what could have been seen.

Arms drawn by lot are compared as they were drawn. Money is that of the clients: what those who left had held when the
programme started, and all that is at the bank some months later, each adjusted for the assets before the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.trial import NEEDS, Trial, assets_at, trial
from insights.stats.cox import cox
from insights.stats.effects.arms import ANY, ArmComparison, compare_arms, detectable
from insights.stats.inputs import Floats
from insights.stats.linear import least_squares
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable

ID = "lifecycle.retention"
REFUSED = "lifecycle.no_answer"
HORIZONS = (12, 24)
LARGEST = 0.01
"""Share of clients, the largest before the start, left out of all money: one of them would decide it. Chosen by what
was before the lot, this leaves the comparison fair."""
TREATED, CONTROL, DIFFERENCE, DETECTABLE = "treated", "control", "difference", "detectable"
IN_ARM, ENDED = "in the arm", "ended early"
DIMS = ("measure", "cause", "months", "row")
LEFT, TIME, RATIO, LOST_MONEY, ALL_MONEY, BEFORE = (
    "left",
    "mean_time",
    "hazard_ratio",
    "assets_left",
    "assets_held",
    "assets_before",
)


@dataclass(frozen=True)
class Effect:
    """The effect of the programme.

    ``rows``: measure ("left": share; "mean_time": months with the bank; "hazard_ratio"; "assets_left": assets at the
    start that left with clients, "assets_held" after so many months, "assets_before": all per client in currency),
    cause, months, row ("treated", "control", "difference", "detectable"), value, low, high, unit, n, n_events.
    ``arms``: clients by arm and whether their participation ended early. ``horizon`` is the longest follow-up (months).
    ``clients`` and ``money`` are what the programme kept by then: the difference times the clients treated.
    """

    rows: pd.DataFrame
    arms: pd.DataFrame
    horizon: int
    clients: Estimate | NotEstimable
    money: Estimate | NotEstimable

    def row(self, measure: str, row: str, months: int, cause: str = ANY) -> pd.Series | None:
        """Return one row, or None where it is not there or withheld."""
        r = self.rows
        found = r[(r["measure"] == measure) & (r["row"] == row) & (r["months"] == months) & (r["cause"] == cause)]
        return None if found.empty or pd.isna(found["value"].iloc[0]) else found.iloc[0]


def retention(bank: Bank) -> Answer | NotAvailable:
    """Estimate the effect of the randomised retention programme on leaving, time with the bank, and assets."""
    if missing := missing_for_trial(bank):
        return NotAvailable(ID, missing)
    found = trial(bank)
    facts = {"name": bank.settings.lifecycle.retention_programme, "level": 0.95}
    if isinstance(found, str):
        return refused(ID, found, facts)
    horizon = found.horizon()
    if horizon < min(HORIZONS) / 2:
        return refused(ID, "too_short", facts | {"months": horizon})
    rows = pd.concat(
        [*_leaving(found, horizon, bank.settings.disclosure.min_clients), *_money(bank, found, horizon)],
        ignore_index=True,
    )
    return Answer(
        id=ID,
        kind=ID,
        evidence={"effects": Estimates(rows, DIMS), "arms": ClientCounts(_arms(found), ("arm", "followed"))},
        estimate=lambda evidence: _effect(evidence, horizon),
        facts=facts
        | {
            "largest": LARGEST,
            "main": found.main,
            "months": horizon,
            "by_manager": bool(found.by_manager),
            "clusters": len(set(found.clusters)),
            "start": int(found.rows["start"].min()),
            "last_start": int(found.rows["start"].max()),
        },
    )


def missing_for_trial(bank: Bank) -> tuple[str, ...]:
    """Return what the bank lacks for any question about the programme."""
    missing = list(bank.needs("clients.joined_on", "clients.left_on", *NEEDS))
    missing += [] if bank.window_from else ["[window] complete_from"]
    return tuple(
        missing if bank.settings.lifecycle.retention_programme else [*missing, "[lifecycle] retention_programme"]
    )


def refused(id: str, reason: str, facts: Mapping[str, object]) -> Answer:
    """Return an answer that holds nothing but why there is none: a code that the exhibit puts in words."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), dict(facts) | {"reason": reason})


def log_hazard_ratio(found: Trial) -> Estimate | NotEstimable:
    """Return the log hazard ratio of the arms for the main reason (Cox), by cluster."""
    if found.main is None:
        return NotEstimable("nobody left by choice")
    arm = pd.DataFrame({"arm": found.treated.astype(float)})
    event = found.rows["cause"].to_numpy(str) == found.main
    fitted = cox(arm, found.rows["time"], event, cluster=found.clusters)
    return fitted if isinstance(fitted, NotEstimable) else fitted.coefficient("arm")


def _leaving(found: Trial, horizon: int, least: int) -> list[pd.DataFrame]:
    rows = found.rows
    months = sorted({h for h in (*HORIZONS, horizon) if h <= horizon})
    told = compare_arms(rows["time"], rows["cause"], found.treated, months, cluster=found.clusters)
    causes = [ANY, *([found.main] if found.main else [])]
    parts = [_compared(told, LEFT, "incidence", cause, h, found, least) for cause in causes for h in months]
    parts += [_compared(told, TIME, TIME, ANY, h, found, least) for h in months]
    if isinstance(log := log_hazard_ratio(found), Estimate):
        ends = [float(np.exp(v)) for v in (log.value, log.low, log.high)]
        gone = rows["cause"].to_numpy(str) == found.main
        events = _behind(gone, found.treated, least)
        parts.append(_row(RATIO, str(found.main), horizon, DIFFERENCE, ends, "ratio", len(rows), events))
    return parts


def _compared(
    told: ArmComparison, name: str, measure: str, cause: str, months: int, of: Trial, least: int
) -> pd.DataFrame:
    """Return both arms, their difference, and the smallest one that could have been seen.

    Each arm stands with its own clients and exits, so that disclosure control knows on how few it rests.
    """
    t = told.table
    found = t[(t["measure"] == measure) & (t["cause"] == cause) & (t["months"] == months)]
    if found.empty or found["reason"].iloc[0]:
        return _row(name, cause, months, DIFFERENCE, [np.nan] * 3, "share", 0, 0).iloc[:0]
    line = found.iloc[0]
    unit = "share" if measure == "incidence" else "months"
    n = int(line["n"])
    gone = _gone(of, months, cause)
    events = _behind(gone, of.treated, least)
    rows = []
    for arm, side in ((TREATED, of.treated), (CONTROL, ~of.treated)):
        value = [float(line[arm]), np.nan, np.nan]
        rows.append(_row(name, cause, months, arm, value, unit, int(side.sum()), int((gone & side).sum())))
    values = [float(line[c]) for c in (DIFFERENCE, "low", "high")]
    rows.append(_row(name, cause, months, DIFFERENCE, values, unit, n, events))
    if line["se"] > 0:
        seen = [detectable(float(line["se"])), np.nan, np.nan]
        rows.append(_row(name, cause, months, DETECTABLE, seen, unit, n, events))
    return pd.concat(rows, ignore_index=True)


def _behind(gone: npt.NDArray[np.bool_], treated: npt.NDArray[np.bool_], least: int) -> int:
    """Return the exits behind a difference; those of one arm where they are too few to be shown.

    Otherwise the difference and the other arm would tell what the small one is withheld for.
    """
    fewest = min(int((gone & treated).sum()), int((gone & ~treated).sum()))
    return int(gone.sum()) if fewest >= least else fewest


def _gone(found: Trial, months: int, cause: str = ANY) -> npt.NDArray[np.bool_]:
    """Return who (n) had left for the cause within so many months."""
    why, time = found.rows["cause"].to_numpy(str), found.rows["time"].to_numpy(float)
    return np.asarray((why != "" if cause == ANY else why == cause) & (time <= months))


def _money(bank: Bank, found: Trial, horizon: int) -> list[pd.DataFrame]:
    """Return assets per client: before the start, left with clients since, and held so many months later."""
    if bank.needs("balances.amount", "balances.month"):
        return []
    before = assets_at(bank, found, 0)
    if np.isnan(before).all():
        return []
    before = np.where(before <= np.nanquantile(before, 1 - LARGEST), before, np.nan)
    everybody = np.ones(len(before), dtype=bool)
    parts = _adjusted(BEFORE, 0, before, None, found, everybody, bank)
    for months in sorted({h for h in (*HORIZONS, horizon) if h <= horizon}):
        seen = (found.followed >= months) & ~np.isnan(before)
        gone = _gone(found, months)
        parts += _adjusted(LOST_MONEY, months, np.where(seen, before * gone, np.nan), before, found, gone, bank)
        parts += _adjusted(ALL_MONEY, months, assets_at(bank, found, months), before, found, gone, bank)
    return parts


def _adjusted(
    measure: str,
    months: int,
    outcome: Floats,
    before: Floats | None,
    found: Trial,
    gone: npt.NDArray[np.bool_],
    bank: Bank,
) -> list[pd.DataFrame]:
    """Return the means of both arms and their difference, adjusted for assets before the start within each arm.

    Lin (2013): the adjustment cannot bias what the lot made fair, and takes away what clients brought with them.
    """
    known = ~np.isnan(outcome) & (~np.isnan(before) if before is not None else True)
    y, arm, cluster = outcome[known], found.treated[known].astype(float), found.clusters[known]
    if not len(y) or min(arm.sum(), (1 - arm).sum()) < 1:
        return []
    columns = {"arm": arm}
    if before is not None:
        middle = before[known] - before[known].mean()
        columns |= {"before": middle, "arm:before": middle * arm}
    fit = least_squares(y, pd.DataFrame(columns), cluster=cluster)
    if isinstance(fit, NotEstimable) or fit.no_interval:
        return []
    told = fit.coefficient("arm")
    assert isinstance(told, Estimate)
    unit, n = bank.settings.bank.currency, len(y)
    gone = gone[known]
    events = _behind(gone, arm == 1, bank.settings.disclosure.min_clients)
    parts = []
    for row, side in ((TREATED, arm == 1), (CONTROL, arm == 0)):
        values = [float(y[side].mean()), np.nan, np.nan]
        own = int((gone & side).sum())
        parts.append(_row(measure, ANY, months, row, values, unit, int(side.sum()), own, y[side]))
    parts.append(_row(measure, ANY, months, DIFFERENCE, [told.value, told.low, told.high], unit, n, events, y))
    if told.se:
        parts.append(_row(measure, ANY, months, DETECTABLE, [detectable(told.se), np.nan, np.nan], unit, n, events, y))
    return parts


def _row(
    measure: str,
    cause: str,
    months: int,
    row: str,
    values: list[float],
    unit: str,
    n: int,
    events: int,
    money: Floats | None = None,
) -> pd.DataFrame:
    sizes = [np.nan] * 3
    if money is not None:
        size = np.sort(np.abs(money))
        sizes = [float(size[-1]), float(size[-2]) if len(size) > 1 else 0.0, float(size.sum())]
    head = dict(zip(DIMS, (measure, cause, months, row), strict=True))
    told = dict(zip(("value", "low", "high"), values, strict=True)) | {"unit": unit, "n": n, "n_events": events}
    return pd.DataFrame([head | told | dict(zip(("largest", "second", "absolute"), sizes, strict=True))])


def _arms(found: Trial) -> pd.DataFrame:
    arm = np.where(found.treated, TREATED, CONTROL)
    state = np.where(found.rows["ended"], ENDED, IN_ARM)
    cells = pd.DataFrame({"arm": arm, "followed": state}).value_counts().rename("clients").reset_index()
    return cells.sort_values(["arm", "followed"], ignore_index=True)


def _effect(evidence: dict[str, Evidence], horizon: int) -> Effect:
    rows, arms = cast(Estimates, evidence["effects"]).rows, cast(ClientCounts, evidence["arms"]).cells
    treated = arms.loc[arms["arm"] == TREATED, "clients"]
    n = float(treated.sum()) if treated.notna().all() else float("nan")
    found = Effect(rows, arms, horizon, NotEstimable(""), NotEstimable(""))
    clients = _kept(found.row(LEFT, DIFFERENCE, horizon), n, "clients")
    money = _kept(found.row(LOST_MONEY, DIFFERENCE, horizon), n, None)
    return Effect(rows, arms, horizon, clients, money)


def _kept(row: pd.Series | None, n: float, unit: str | None) -> Estimate | NotEstimable:
    """Return what was kept: the difference between the arms, turned round, times the clients treated."""
    if row is None or np.isnan(n):
        return NotEstimable("too few left in both arms together, or their money is mostly that of one or two")
    value, low, high = -row["value"] * n, -row["high"] * n, -row["low"] * n
    return Estimate(value, low, high, unit or str(row["unit"]), int(row["n"]), int(row["n_events"]))
