"""Page one: how many clients, and how much money, will probably leave in the next twelve months, and why."""

from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.exit_hazards import fit_exit_hazards
from insights.models.exit_reasons import risk_reasons
from insights.models.exit_risk import exit_risks
from insights.models.exit_totals import exit_totals
from insights.topics.evidence import Answer, Estimates, NotAvailable

MONTHS = 12
TENTH = 0.1
GROUPS = ("highest tenth", "next two tenths", "all others")
"""Clients by their risk of leaving for the main reason: the tenth at the highest risk, the next two, the rest."""

TOTALS = ("event", "measure")
WHY = ("group", "feature")
NO_EVENTS = float("nan")


def outlook(bank: Bank) -> Answer | NotAvailable:
    """Expect leavers and their assets by reason, say where they are concentrated, and what sets them apart.

    ``totals``: what will happen to the clients in force within twelve months, with prediction intervals. ``groups``:
    clients, average risk of the main reason, and the part of its expected leavers and assets in each group of risk.
    ``why``: what each feature adds to or takes from the average risk in each group, in fractions that add up to the
    distance of the group's risk from the average.
    """
    if missing := needs(bank):
        return NotAvailable("lifecycle.outlook", missing)
    hazards, totals, risks = fit_exit_hazards(bank), exit_totals(bank, horizon=MONTHS), exit_risks(bank)
    main = hazards.main
    money = bool(risks["assets_before"].notna().any())
    table = totals.table if money else totals.table[totals.table["measure"] != "assets"]
    evidence = {"totals": Estimates(_with_dominance(table, risks, bank), TOTALS)}
    if main is not None and len(risks):
        group = _groups(risks[f"{main}_{MONTHS}m"].to_numpy(float))
        groups = _concentration(risks, main, group)
        groups = groups if money else groups[groups["measure"] != "share_of_assets"]
        evidence["groups"] = Estimates(groups, ("group", "measure"))
        evidence["why"] = Estimates(_why(bank, group), WHY)
    return Answer(
        id="lifecycle.outlook",
        kind="lifecycle.outlook",
        evidence=dict(evidence),
        estimate=lambda parts: {name: cast(Estimates, part).rows for name, part in parts.items()},
        facts={
            "main": main,
            "months": MONTHS,
            "until": add_months(bank.as_of, MONTHS),
            "level": totals.level,
            "not_by_choice": bank.settings.lifecycle.not_by_choice,
            "years_differ": bool(totals.yearly_sd),
            "money": money,
        },
    )


def needs(bank: Bank) -> tuple[str, ...]:
    """Return what the bank would have to deliver for any model of leaving."""
    missing = bank.needs("clients.joined_on", "clients.left_on")
    return missing if bank.window_from else (*missing, "[window] complete_from")


def _with_dominance(table: pd.DataFrame, risks: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Add units, and how much of a sum of money hangs on its largest and second contributor."""
    currency = bank.settings.bank.currency
    rows = table.assign(unit=[currency if m == "assets" else "clients" for m in table["measure"]])
    held = np.nan_to_num(risks["assets_before"].to_numpy(float))
    sizes = {"largest": [], "second": [], "absolute": []}  # type: dict[str, list[float]]
    for event, measure in zip(rows["event"], rows["measure"], strict=True):
        parts = np.abs(held * risks[f"{event}_{MONTHS}m"].to_numpy(float)) if measure == "assets" else np.zeros(0)
        top = np.sort(parts)[-2:]
        sizes["largest"].append(float(top[-1]) if len(top) else NO_EVENTS)
        sizes["second"].append(float(top[0]) if len(top) > 1 else NO_EVENTS)
        sizes["absolute"].append(float(parts.sum()) if len(top) else NO_EVENTS)
    return rows.assign(**sizes)


def _groups(risk: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the group of risk of each client (0 the highest); equal risks stay in the order of the clients."""
    place = np.empty(len(risk), dtype=np.int64)
    place[np.argsort(-risk, kind="stable")] = np.arange(len(risk))
    share = (place + 0.5) / len(risk)
    return np.digitize(share, (TENTH, 3 * TENTH))


def _concentration(risks: pd.DataFrame, main: str, group: npt.NDArray[np.int64]) -> pd.DataFrame:
    risk = risks[f"{main}_{MONTHS}m"].to_numpy(float)
    money = risk * np.nan_to_num(risks["assets_before"].to_numpy(float))
    lines = []
    for k, name in enumerate(GROUPS):
        own = group == k
        n = int(own.sum())
        if not n:
            continue
        top = np.sort(np.abs(money[own]))[-2:]
        plain = {"largest": NO_EVENTS, "second": NO_EVENTS, "absolute": NO_EVENTS}
        sizes = {"largest": top[-1], "second": top[0] if n > 1 else NO_EVENTS, "absolute": np.abs(money[own]).sum()}
        for measure, value, kept in (
            ("risk", risk[own].mean(), plain),
            ("share_of_leavers", risk[own].sum() / max(risk.sum(), 1e-300), plain),
            ("share_of_assets", money[own].sum() / max(money.sum(), 1e-300), sizes),
        ):
            line = {"group": name, "measure": measure, "value": float(value), "unit": "share", "n": n}
            lines.append(line | {"low": NO_EVENTS, "high": NO_EVENTS, "n_events": NO_EVENTS} | kept)
    return pd.DataFrame(lines)


def _why(bank: Bank, group: npt.NDArray[np.int64]) -> pd.DataFrame:
    reasons = risk_reasons(bank, horizon=MONTHS).drop(columns=["client_id", "risk"])
    lines = []
    for k, name in enumerate(GROUPS):
        own = reasons[group == k]
        for feature, value in own.mean().items() if len(own) else ():
            lines.append({"group": name, "feature": str(feature), "value": float(value), "n": len(own)})
    columns = ["group", "feature", "value", "n"]
    return pd.DataFrame(lines, columns=columns).assign(low=NO_EVENTS, high=NO_EVENTS, n_events=NO_EVENTS, unit="share")
