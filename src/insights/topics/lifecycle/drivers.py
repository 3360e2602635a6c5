"""What moves the risk of leaving and of a large outflow, and whether these effects stand."""

from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.checks import ExitChecks, exit_checks
from insights.models.exits.fit import CauseHazard
from insights.models.exits.hazards import OUTFLOW, ExitHazards, fit_exit_hazards
from insights.models.outflows import NEEDS
from insights.stats.hazard import HazardModel
from insights.stats.multiplicity import holm
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, Facts, NotAvailable
from insights.topics.lifecycle.outlook import needs

RATIO = "hazard ratio"
CLEAR = 0.05
NAN = float("nan")


def drivers(bank: Bank) -> Answer | NotAvailable:
    """Estimate what multiplies the monthly risk of leaving for the main reason, all else in the model equal."""
    return _ratios(bank, "lifecycle.drivers", None)


def outflow_drivers(bank: Bank) -> Answer | NotAvailable:
    """Estimate what multiplies the monthly risk of a large outflow, all else in the model equal."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable("lifecycle.outflow_drivers", missing)
    return _ratios(bank, "lifecycle.outflow_drivers", OUTFLOW)


def driver_checks(bank: Bank) -> Answer | NotAvailable:
    """Hold the effects on leaving for the main reason against other lags, Cox's model, and one manager less.

    ``lags``: the ratio of every column with features 1, 3 and 6 months old. ``cox``: that of Cox's model. ``change``:
    p-value of the test that the effect stays the same over the relationship, adjusted for the number of tests.
    ``influence``: by what factor a ratio changes at most when one manager's clients are left out (fact ``refitted``:
    how many managers the model was fitted without). ``form``: ratios of the fifths of assets against the middle fifth,
    and what the straight line of the model says instead. ``season``: p-value of the test that months of one quarter do
    not differ.
    """
    if missing := needs(bank):
        return NotAvailable("lifecycle.driver_checks", missing)
    hazards, checks = fit_exit_hazards(bank), exit_checks(bank)
    found = _fit_of(hazards, None)
    evidence: dict[str, Evidence] = {}
    if isinstance(checks, ExitChecks) and found is not None:
        evidence = _checks(found, checks)
    refusal = checks.reason if isinstance(checks, NotEstimable) else ""
    facts: dict[str, Any] = {"main": hazards.main, "lag": hazards.lag, "refusal": _why_not(found) if refusal else None}
    if isinstance(checks, ExitChecks) and isinstance(checks.influence, pd.DataFrame):
        facts["refitted"] = int(checks.influence["refitted"].iloc[0])
    return Answer("lifecycle.driver_checks", "lifecycle.driver_checks", evidence, _rows, facts)


def features(bank: Bank) -> Answer | NotAvailable:
    """List what the model of leaving uses, what it leaves out, and what is refused as known too late."""
    if missing := needs(bank):
        return NotAvailable("lifecycle.features", missing)
    hazards = fit_exit_hazards(bank)
    found = _fit_of(hazards, None)
    used = [] if found is None else [term.name for term in found.recipe.terms]
    left_out = dict(hazards.refused) | ({} if found is None else found.recipe.left_out)
    lines = [(name, "used", "") for name in used]
    lines += [(name, "refused" if name in hazards.refused else "left out", why) for name, why in left_out.items()]
    table = pd.DataFrame(lines, columns=["feature", "use", "reason"])
    facts = {"main": hazards.main, "lag": hazards.lag}
    return Answer("lifecycle.features", "lifecycle.features", {"features": Facts(table)}, _tables, facts)


def _ratios(bank: Bank, finding: str, event: str | None) -> Answer | NotAvailable:
    if missing := needs(bank):
        return NotAvailable(finding, missing)
    hazards = fit_exit_hazards(bank)
    found = _fit_of(hazards, event)
    evidence: dict[str, Evidence] = {}
    if found is not None and isinstance(found.model, HazardModel):
        evidence = {"ratios": Estimates(_ratio_rows(found), ("column",)), "model": Estimates(_size(found), ("what",))}
    facts = {
        "event": OUTFLOW if event == OUTFLOW else hazards.main,
        "lag": hazards.lag,
        "splits": () if found is None else found.splits,
        "clusters": tuple(found.model.clusters) if found is not None and isinstance(found.model, HazardModel) else (),
        "no_interval": found.model.no_interval if found is not None and isinstance(found.model, HazardModel) else "",
        "sampled": found is not None and found.weighted,
        "refusal": _why_not(found),
        "share": bank.settings.lifecycle.outflow_share,
    }
    return Answer(finding, "lifecycle.drivers", evidence, _rows, facts)


def _fit_of(hazards: ExitHazards, event: str | None) -> CauseHazard | None:
    if event == OUTFLOW:
        return hazards.outflow
    return hazards.models[hazards.main] if hazards.main is not None else None


def _why_not(found: CauseHazard | None) -> str | None:
    """Return "nobody" or "too few" where there is no regression, None where there is one."""
    if found is None:
        return "nobody"
    return None if isinstance(found.model, HazardModel) else "too few"


def _ratio_rows(found: CauseHazard) -> pd.DataFrame:
    assert isinstance(found.model, HazardModel)
    table = found.model.table.iloc[1:].rename(columns={"name": "column"})
    rows = table.merge(found.support, on="column")
    values = {name: np.exp(rows[own].to_numpy(float)) for name, own in _ENDS}
    told = rows[["column", "n", "n_events", "p"]].assign(**values, unit=RATIO)
    # The columns of the course over tenure mean nothing one by one.
    told = told[~told["column"].str.startswith("tenure_")].reset_index(drop=True)
    clear = holm(told["p"].to_numpy(float)) < CLEAR  # nan, where there is no interval, is not clear
    return told.drop(columns="p").assign(clear=clear)


_ENDS = (("value", "estimate"), ("low", "low"), ("high", "high"))


def _size(found: CauseHazard) -> pd.DataFrame:
    assert isinstance(found.model, HazardModel)
    clients = float(found.support["n"].max()) if len(found.support) else NAN
    per_column = found.model.n_events / len(found.model.names)
    lines = [("events_per_column", per_column, "events"), ("columns", float(len(found.model.names)), "columns")]
    rows = pd.DataFrame(lines, columns=["what", "value", "unit"])
    return rows.assign(low=NAN, high=NAN, n=clients, n_events=float(found.events))


def _checks(found: CauseHazard, checks: ExitChecks) -> dict[str, Evidence]:
    support = found.support.set_index("column")
    base = float(support["n"].max())

    def rows(table: pd.DataFrame, columns: tuple[str, ...], *, ratio: bool = True, unit: str = RATIO) -> pd.DataFrame:
        own = table[[*columns, *(c for c in ("value", "low", "high") if c in table)]].copy()
        for end in ("value", "low", "high"):
            values = own[end].to_numpy(float) if end in own else np.full(len(own), NAN)
            own[end] = np.exp(values) if ratio else values
        # Columns that another fit has and this one lacks (another spline, another split) have no support of their own.
        backed = support.reindex(own["column"]) if "column" in own else None
        n = backed["n"].fillna(0).to_numpy(float) if backed is not None else np.full(len(own), base / 5)
        events = backed["n_events"].fillna(0).to_numpy(float) if backed is not None else np.full(len(own), NAN)
        return own.assign(n=n, n_events=events, unit=unit)

    named = {"estimate": "value"}
    lags = checks.lags.rename(columns=named)
    lags = lags[~lags["column"].str.startswith("tenure_")].assign(lag=lambda t: t["lag"].astype(str))
    evidence: dict[str, Evidence] = {"lags": Estimates(rows(lags, ("column", "lag")), ("column", "lag"))}
    if isinstance(checks.cox, pd.DataFrame):
        plain = support.index
        cox = checks.cox.rename(columns=named)
        evidence["cox"] = Estimates(rows(cox[cox["column"].isin(plain)], ("column",)), ("column",))
        change = checks.cox[["column"]].assign(value=checks.cox["p_change"])
        for name in found.splits:
            support.loc[name] = support.loc[[f"{name}:early", f"{name}:later"]].max()
        if change["value"].notna().any():
            evidence["change"] = Estimates(rows(change, ("column",), ratio=False, unit="p"), ("column",))
    if isinstance(checks.influence, pd.DataFrame):
        moved = checks.influence.rename(columns={"change": "value"})
        moved = moved[~moved["column"].str.startswith("tenure_")]
        evidence["influence"] = Estimates(rows(moved, ("column",), unit="factor"), ("column",))
    if isinstance(checks.form, pd.DataFrame):
        form = checks.form.rename(columns=named).assign(fifth=lambda t: t["fifth"].astype(str))
        line = form[["fifth"]].assign(value=checks.form["line"])
        evidence["form"] = Estimates(rows(form, ("fifth",)), ("fifth",))
        evidence["line"] = Estimates(rows(line, ("fifth",)), ("fifth",))
    if checks.season is not None and checks.season.p_value is not None:
        told = pd.DataFrame(
            {"what": ["months_within_quarters"], "value": checks.season.p_value, "low": NAN, "high": NAN}
        )
        evidence["season"] = Estimates(told.assign(n=base, n_events=float(found.events), unit="p"), ("what",))
    return evidence


def _rows(parts: dict[str, Evidence]) -> dict[str, Any]:
    return {name: cast(Estimates, part).rows for name, part in parts.items()}


def _tables(parts: dict[str, Evidence]) -> dict[str, Any]:
    return {name: cast(Facts, part).table for name, part in parts.items()}
