"""Page one: how many clients, and how much money, will probably leave in the next twelve months, and why."""

from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.reasons import risk_reasons
from insights.models.exits.risk import in_force
from insights.models.exits.totals import chance, exit_totals
from insights.models.exits.use import risk_factors, risks_in_use
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.lifecycle.keepable import fall_in_proportion, not_in_programme, shown_ratio

MONTHS = 12
TENTH = 0.1
GROUPS = ("highest tenth", "next two tenths", "all others")
"""Clients by their risk of leaving for the main reason: the tenth at the highest risk, the next two, the rest."""

TOTALS = ("event", "measure")
WHY = ("group", "feature")
NO_EVENTS = float("nan")
NO_SIZES = {"largest": NO_EVENTS, "second": NO_EVENTS, "absolute": NO_EVENTS}


def outlook(bank: Bank) -> Answer | NotAvailable:
    """Expect leavers and their assets by reason, say where they are concentrated, and what sets them apart.

    ``totals``: what will happen to the clients in force within twelve months, with prediction intervals. ``groups``:
    clients, average risk of the main reason, and the part of its expected leavers and assets in each group of risk.
    ``why``: what each feature adds to or takes from the average risk in each group, in fractions that add up to the
    distance of the group's risk from the average. ``kept``: how many of the leavers, and of their assets, the retention
    programme would keep if it were offered to all who are not in it; only where its experiment shows that it works.
    Fact ``apart``: whether the tenth at the highest risk has "more" or "less" of a measure than the average client.
    """
    if missing := needs(bank):
        return NotAvailable("lifecycle.outlook", missing)
    hazards, totals, risks = fit_exit_hazards(bank), exit_totals(bank, horizon=MONTHS), risks_in_use(bank)
    main = hazards.main
    money = bool(risks["assets_before"].notna().any())
    table = totals.table if money else totals.table[totals.table["measure"] != "assets"]
    apart: dict[str, str] = {}
    evidence = {"totals": Estimates(_with_dominance(table, risks, totals.counted, bank), TOTALS)}
    if main is not None and len(risks):
        group = _groups(risks[f"{main}_{MONTHS}m"].to_numpy(float))
        groups = _concentration(risks, totals.counted, main, group)
        groups = groups if money else groups[groups["measure"] != "share_of_assets"]
        evidence["groups"] = Estimates(groups, ("group", "measure"))
        evidence["why"] = Estimates(_why(bank, group), WHY)
        apart = _apart(bank, group == 0)
        ratio = shown_ratio(bank)
        if ratio is not None:
            kept = _kept(bank, risks, totals.counted, main, ratio)
            evidence["kept"] = Estimates(kept if money else kept[kept["measure"] != "assets"], ("measure",))
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
            "giants": totals.giants > 0,
            "challenger": risk_factors(bank) is not None,
            "apart": apart,
            "programme": bank.settings.lifecycle.retention_programme,
        },
    )


def needs(bank: Bank) -> tuple[str, ...]:
    """Return what the bank would have to deliver for any model of leaving."""
    missing = bank.needs("clients.joined_on", "clients.left_on")
    return missing if bank.window_from else (*missing, "[window] complete_from")


def _with_dominance(
    table: pd.DataFrame, risks: pd.DataFrame, held: npt.NDArray[np.float64], bank: Bank
) -> pd.DataFrame:
    """Add units, and how much of a sum of money, or of its interval, hangs on its largest and second contributor."""
    currency = bank.settings.bank.currency
    rows = table.assign(unit=[currency if m == "assets" else "clients" for m in table["measure"]])
    sizes = [
        _sizes(held, risks[f"{event}_{MONTHS}m"].to_numpy(float)) if measure == "assets" else dict(NO_SIZES)
        for event, measure in zip(rows["event"], rows["measure"], strict=True)
    ]
    return rows.assign(**{name: [size[name] for size in sizes] for name in NO_SIZES})


def _sizes(held: npt.NDArray[np.float64], risk: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the sum and its two largest parts: of the expected sum or of its variance, whichever is less even."""
    found = dict(NO_SIZES)
    absolute = float(np.abs(held * risk).sum())
    if absolute:
        parts = [np.sort(p)[::-1] / p.sum() for p in (np.abs(held * risk), chance(held, risk)) if p.sum() > 0]
        first, second = (max(float(p[k]) if len(p) > k else 0.0 for p in parts) for k in (0, 1))
        found = {"largest": first * absolute, "second": second * absolute, "absolute": absolute}
    return found


def _groups(risk: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the group of risk of each client (0 the highest); equal risks stay in the order of the clients."""
    place = np.empty(len(risk), dtype=np.int64)
    place[np.argsort(-risk, kind="stable")] = np.arange(len(risk))
    share = (place + 0.5) / len(risk)
    return np.digitize(share, (TENTH, 3 * TENTH))


def _concentration(
    risks: pd.DataFrame, held: npt.NDArray[np.float64], main: str, group: npt.NDArray[np.int64]
) -> pd.DataFrame:
    risk = risks[f"{main}_{MONTHS}m"].to_numpy(float)
    money = risk * held
    lines = []
    for k, name in enumerate(GROUPS):
        own = group == k
        n = int(own.sum())
        if not n:
            continue
        sizes = _sizes(held[own], risk[own])
        for measure, value, kept in (
            ("risk", risk[own].mean(), NO_SIZES),
            ("share_of_leavers", risk[own].sum() / max(risk.sum(), 1e-300), NO_SIZES),
            ("share_of_assets", money[own].sum() / max(money.sum(), 1e-300), sizes),
        ):
            line = {"group": name, "measure": measure, "value": float(value), "unit": "share", "n": n}
            lines.append(line | {"low": NO_EVENTS, "high": NO_EVENTS, "n_events": NO_EVENTS} | kept)
    return pd.DataFrame(lines)


def _kept(bank: Bank, risks: pd.DataFrame, held: npt.NDArray[np.float64], main: str, ratio: Estimate) -> pd.DataFrame:
    """Return what the programme would keep; the interval is that of its effect in the experiment."""
    outside = not_in_programme(bank, risks["client_id"])
    risk = np.where(outside, risks[f"{main}_{MONTHS}m"].to_numpy(float), 0.0)
    fall = [fall_in_proportion(risk, log) for log in (ratio.value, ratio.high, ratio.low)]
    lines = []
    for measure, size, unit in (
        ("clients", np.ones(len(risk)), "clients"),
        ("assets", held, bank.settings.bank.currency),
    ):
        value, low, high = (float(size @ part) for part in fall)
        line = {"measure": measure, "value": value, "low": low, "high": high, "unit": unit}
        sizes = _sizes(held, fall[0]) if measure == "assets" else dict(NO_SIZES)
        lines.append(line | {"n": int(outside.sum()), "n_events": ratio.n_events} | sizes)
    return pd.DataFrame(lines)


def _apart(bank: Bank, chosen: npt.NDArray[np.bool_]) -> dict[str, str]:
    """Return of which measures the chosen clients have more, or less, than all clients on average."""
    rows = in_force(bank)
    found = {}
    for name, values in {"tenure": rows.tenure, **rows.numeric}.items():
        known = ~np.isnan(values)
        if (known & chosen).any():
            own, average = (float(values[k].mean(dtype=np.float64)) for k in (known & chosen, known))
            found[name] = "more" if own > average else "less"
    return found


def _why(bank: Bank, group: npt.NDArray[np.int64]) -> pd.DataFrame:
    reasons = risk_reasons(bank, horizon=MONTHS).drop(columns=["client_id", "risk"])
    lines = []
    for k, name in enumerate(GROUPS):
        own = reasons[group == k]
        for feature, value in own.mean().items() if len(own) else ():
            lines.append({"group": name, "feature": str(feature), "value": float(value), "n": len(own)})
    columns = ["group", "feature", "value", "n"]
    return pd.DataFrame(lines, columns=columns).assign(low=NO_EVENTS, high=NO_EVENTS, n_events=NO_EVENTS, unit="share")
