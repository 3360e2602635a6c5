"""What programmes did: the channel programme's roll-out by group-time effects, the randomised one by its arms."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from recovery.harness import Compared
from recovery.leaving import columns_of_leaving, compare

from insights.demo import DemoBank
from insights.demo.law import WealthLaw
from insights.models.channels.outcomes import LARGEST, MONEY
from insights.models.channels.rollout import Panel, measure
from insights.stats.effects import att_gt, two_way_fixed_effects
from insights.stats.hazard import discrete_hazard
from insights.stats.results import Estimate, NotEstimable

FIRST, LAST = 6, 36
"""Months of the panel (0 is the first of the window): half a year before the first start, a year after the last."""

SINCE = (0, 6, 12)
"""Months since the start at which the effect is compared with the law; from 12 on it is constant."""


def rollout_panel(bank: DemoBank) -> dict[str, np.ndarray]:
    """Return the rows of a panel as ``att_gt`` reads them: net new money over assets, by client and month."""
    rows = bank.net_new_money
    rows = rows[rows["month"].between(FIRST, LAST) & (rows["before"] > 0)]
    cohort = rows["cohort"].to_numpy(float)
    return {
        "unit": rows["client_id"].to_numpy(),
        "time": rows["month"].to_numpy(float),
        "outcome": (rows["flow"] / rows["before"]).to_numpy(float),
        "first_treated": np.where(cohort < 0, np.inf, cohort),
        "cluster": rows["home_rm"].to_numpy(),
    }


def rollout_in_money(bank: DemoBank) -> Mapping[str, Compared]:
    """What the report tells: the sum in currency, by quarters, clients counting by what they held before.

    The truth is the law's effect on what each client compared held in each month in which he was seen, and what
    ordinarily comes and goes of the money that the programme brought earlier.
    """
    rows = bank.net_new_money[bank.net_new_money["before"] > 0]
    clients, place = np.unique(rows["client_id"], return_inverse=True)
    quarters = int(rows["month"].max() + 1) // 3
    shape = (len(clients), 3 * quarters)
    flow, before, made = (np.full(shape, np.nan) for _ in range(3))
    inside = (rows["month"] < shape[1]).to_numpy()
    at = place[inside], rows["month"].to_numpy()[inside]
    flow[at], before[at] = rows["flow"].to_numpy()[inside], rows["before"].to_numpy()[inside]
    first = rows.groupby("client_id")
    cohort = first["cohort"].first().reindex(clients).to_numpy(float)
    start = np.where(cohort < 0, np.inf, cohort)
    since = np.arange(shape[1]) - start[:, None]
    made = np.where(since >= 0, effect_of_rollout(bank.law.wealth, since), 0.0) * before
    made += _of_earlier(made, flow, before, np.isfinite(start), min(bank.law.wealth.programme_months) - 1)
    early = before[:, : min(bank.law.wealth.programme_months) - 1]
    late = np.isnan(early).all(axis=1)
    seen = ~np.isnan(before)
    held = np.where(late, before[np.arange(len(clients)), seen.argmax(axis=1)], 0.0)
    held[~late] = np.nanmean(early[~late], axis=1)
    held = np.where(held <= np.quantile(held, 1 - LARGEST), held, np.nan)
    values = flow.reshape(len(clients), quarters, 3).sum(axis=2) / held[:, None]
    home = first["home_rm"].first().reindex(clients).to_numpy(object)
    panel = Panel(np.floor(start / 3), held, home, 3, 0, quarters)
    found = measure(MONEY, values, panel, currency="CHF")
    told = ~np.isnan(values) & (np.arange(quarters) >= panel.start[:, None]) & np.isfinite(panel.start)[:, None]
    base = np.where(np.isfinite(panel.start), panel.start - 1, 0).astype(int)
    told &= ~np.isnan(values[np.arange(len(clients)), base])[:, None]
    truth = float(made.reshape(len(clients), quarters, 3).sum(axis=2)[told].sum())
    return {"worth": Compared(truth, found.whole)}


def _of_earlier(made: np.ndarray, flow: np.ndarray, before: np.ndarray, reached: np.ndarray, first: int) -> np.ndarray:
    """Return what ordinarily comes and goes a month (n, T) of the money that the programme brought in earlier months.

    Such money grows with the market like all that the client holds, and flows at the rate of the months before.
    """
    rate = np.nanmean((flow / before)[reached, :first])
    extra, found = np.zeros(len(made)), np.zeros_like(made)
    for t in range(made.shape[1]):
        found[:, t] = rate * extra
        extra = extra + found[:, t] + np.nan_to_num(made[:, t])
        if t + 1 < made.shape[1]:
            extra = extra * np.nan_to_num(before[:, t + 1] / np.maximum(before[:, t] + flow[:, t], 1.0))
    return found


def effect_of_rollout(law: WealthLaw, since: np.ndarray) -> np.ndarray:
    """Return the law's effect by months since the start (from 0 on)."""
    return law.programme_start + law.programme_per_month * np.minimum(since, law.programme_cap)


def rollout(bank: DemoBank) -> Mapping[str, Compared]:
    """Group-time effects: at three times since the start, and over all treated clients and months."""
    law = bank.law.wealth
    found = att_gt(**rollout_panel(bank))
    names = [f"after {k} months" for k in SINCE]
    truth = dict(zip(names, effect_of_rollout(law, np.array(SINCE)).tolist(), strict=True))
    if isinstance(found, NotEstimable):
        return {name: Compared(value, found) for name, value in (truth | {"overall": np.nan}).items()}
    curve = found.by_event_time(min(SINCE), max(SINCE))
    assert not isinstance(curve, NotEstimable)
    table = curve.table.set_index("event_time")
    told = {name: Compared(truth[name], _estimate(table.loc[float(k)])) for name, k in zip(names, SINCE, strict=True)}
    return told | {"overall": Compared(overall_truth(found.table, law), found.overall())}


def rollout_two_way(bank: DemoBank) -> Mapping[str, Compared]:
    """The usual regression: one constant for each client and month, one effect for all that is treated by now."""
    panel = rollout_panel(bank)
    found = att_gt(**panel)
    assert not isinstance(found, NotEstimable)
    return {"overall": Compared(overall_truth(found.table, bank.law.wealth), two_way_fixed_effects(**panel))}


def overall_truth(table: pd.DataFrame, law: WealthLaw) -> float:
    """Return the law's effect averaged like the overall estimate: cohort-months weighted by the cohort's clients.

    A cohort's clients are those seen in the month before its start, so its months all weigh the same.
    """
    after = table[(table["event_time"] >= 0) & (table["reason"] == "")]
    size = table[table["event_time"] == 0].set_index("cohort")["n_treated"]
    weight = size.reindex(after["cohort"]).to_numpy(float)
    return float(np.average(effect_of_rollout(law, after["event_time"].to_numpy(float)), weights=weight))


def club(bank: DemoBank) -> Mapping[str, Compared]:
    """The programme that does nothing: clients of managers in it by lot, mean rate after its start less that before."""
    rows, start = bank.net_new_money, bank.law.null_programme.month - 1
    served = rows[rows["month"] == start].set_index("client_id")["rm_id"]
    rows = rows[rows["month"].between(FIRST, LAST) & rows["client_id"].isin(served.index) & (rows["before"] > 0)]
    rate = (rows["flow"] / rows["before"]).groupby([rows["client_id"], rows["month"] >= start]).mean().reset_index()
    rate.columns = pd.Index(["client_id", "after", "rate"])
    programmes = bank.tables["programmes"].query("programme == 'investors club'").set_index("rm_id")
    manager = rate["client_id"].map(served)
    treated = manager.map(programmes["arm"]) == "treated"
    found = att_gt(
        rate["client_id"], rate["after"].astype(float), rate["rate"], np.where(treated, 1.0, np.inf), cluster=manager
    )
    return {"effect": Compared(0.0, found if isinstance(found, NotEstimable) else found.overall())}


def retention(bank: DemoBank) -> Mapping[str, Compared]:
    """Those who were drawn for the randomised programme, from its start on: treated against control.

    The covariates are there because the law's effect is conditional on them. Few of the drawn are still in their first
    24 months, so being digital is left out; it moves the effect by less than 0.001.
    """
    programmes = bank.tables["programmes"]
    drawn = programmes[(programmes["programme"] == "retention") & programmes["randomised"]]
    rows = bank.person_months
    since = rows["month"] >= bank.law.retention_programme_month - 1
    rows = rows[since & rows["client_id"].isin(drawn["client_id"])]
    arm = rows["client_id"].map(drawn.set_index("client_id")["arm"] == "treated")
    columns = columns_of_leaving(rows).assign(retention_programme=arm.astype(float))
    columns = columns.drop(columns=["digital_first_24m", "digital_later"])
    truth = {"retention_programme": bank.law.leaving.retention_programme}
    return compare(discrete_hazard(columns, rows["reason"] == "competitor"), truth)


def _estimate(row: pd.Series) -> Estimate:
    value, low, high, se = (float(row[c]) for c in ("effect", "low", "high", "se"))
    return Estimate(value, low, high, "share of assets a month", int(row["n_treated"]), se=se)
