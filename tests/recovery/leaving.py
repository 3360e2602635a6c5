"""Who leaves, from client-months as the process saw them: the law and the hazard regression of ``stats``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from recovery.harness import Compared

from insights.demo import DemoBank, Law
from insights.demo.bank import begin, risk_frame
from insights.demo.truth.record import marginal
from insights.stats.hazard import INTERCEPT, HazardModel, discrete_hazard
from insights.stats.results import NotEstimable

LATENT = ["satisfaction", "intention"]
"""What a bank does not see; its managers' own effects are the third such thing."""


@dataclass(frozen=True)
class Leavers:
    """Only the client-months at risk of a bank, which cost a third of the bank."""

    law: Law
    person_months: pd.DataFrame


def draw_leavers(law: Law, clients: int, months: int, seed: int) -> Leavers:
    """Run the process without its tables."""
    process = begin(law, clients, months, seed, tables=False)
    rows = [risk_frame(process, month) for month in process.run()]
    return Leavers(law, pd.concat(rows, ignore_index=True))


def columns_of_leaving(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the covariates of leaving to a competitor, named as in the law; satisfaction and intention are seen."""
    years = rows["tenure_months"] / 12
    early = rows["tenure_months"] < 24
    return pd.DataFrame(
        {
            "log_tenure": np.log1p(years),
            "tenure_per_5_years": years / 5,
            "satisfaction": rows["satisfaction"],
            "log_wealth": rows["log_wealth"],
            "complaint_6m": rows["complaint_6m"],
            "retention_programme": rows["retention_programme"],
            "manager_experience": rows["manager_experience"],
            "earlier_large_outflow": rows["earlier_large_outflow"],
            "digital_first_24m": rows["digital"] & early,
            "digital_later": rows["digital"] & ~early,
            "intention": rows["intention"],
        }
    ).astype(float)


def truth_of_leaving(law: Law) -> dict[str, float]:
    """Return the conditional parameters by name of the column."""
    names = columns_of_leaving(pd.DataFrame(columns=NEEDED, dtype=float).astype({"digital": bool})).columns
    return {INTERCEPT: float(np.log(law.leaving.base))} | {name: getattr(law.leaving, name) for name in names}


NEEDED = [
    "tenure_months",
    "satisfaction",
    "log_wealth",
    "complaint_6m",
    "retention_programme",
    "manager_experience",
    "earlier_large_outflow",
    "digital",
    "intention",
]


def leaving(bank: DemoBank | Leavers) -> Mapping[str, Compared]:
    """Managers without an effect of their own: the plain hazard of leaving to a competitor."""
    rows = bank.person_months
    fit = discrete_hazard(columns_of_leaving(rows), rows["reason"] == "competitor")
    return compare(fit, truth_of_leaving(bank.law))


def leaving_within_managers(bank: DemoBank | Leavers) -> Mapping[str, Compared]:
    """Managers with effects of their own: the same with a random intercept for each."""
    rows = bank.person_months
    event = rows["reason"] == "competitor"
    fit = discrete_hazard(columns_of_leaving(rows), event, random_intercept=rows["manager"])
    return compare(fit, truth_of_leaving(bank.law))


def leaving_unseen(bank: DemoBank | Leavers) -> Mapping[str, Compared]:
    """What a bank sees, clustered by manager: the parameters are the marginal ones of the default law."""
    rows, truth = bank.person_months, marginal()
    columns = columns_of_leaving(rows).drop(columns=LATENT)
    fit = discrete_hazard(columns, rows["reason"] == "competitor", cluster=rows["manager"])
    names = {INTERCEPT: "log_base"} | {name: name for name in columns}
    found = compare(fit, {name: truth["parameters"][key] for name, key in names.items()})
    return {name: replace(each, truth_se=truth["errors"][names[name]]) for name, each in found.items()}


def death(bank: DemoBank) -> Mapping[str, Compared]:
    """Gompertz: the log hazard of death is a line in age."""
    rows, law = bank.person_months, bank.law.leaving
    fit = discrete_hazard(pd.DataFrame({"death_slope": rows["age"] - 60}), rows["reason"] == "death")
    return compare(fit, {INTERCEPT: float(np.log(law.death_at_60)), "death_slope": law.death_slope})


def compare(fit: HazardModel | NotEstimable, truth: Mapping[str, float]) -> dict[str, Compared]:
    """Set the coefficients of a fit beside their truth."""
    if isinstance(fit, NotEstimable):
        return {name: Compared(value, fit) for name, value in truth.items()}
    return {name: Compared(value, fit.coefficient(name)) for name, value in truth.items()}
