"""Who leaves this month, and for what reason: competing hazards, each a function of the state before the month.

Within a month the causes run against each other with constant intensities, so the month ends with
1 - exp(-sum of hazards), and the first to strike is the reason. A cause alone would follow a complementary log-log
model; the others take away about the fraction (sum of their hazards) / 2 of its events, well below a percent.
"""

from dataclasses import dataclass

import numpy as np

from insights.demo.law import Law
from insights.demo.people.clients import People
from insights.demo.people.managers import Managers
from insights.demo.state import State

REASONS = ("competitor", "death", "bank", "dormancy", "relocation")
COMPETITOR, DEATH, BANK, DORMANCY, RELOCATION = range(5)


@dataclass(frozen=True)
class Risk:
    """The clients at risk in a month and the covariates of their hazards, as the law reads them."""

    at: np.ndarray
    spell: np.ndarray
    tenure_months: np.ndarray
    age: np.ndarray
    satisfaction: np.ndarray
    log_wealth: np.ndarray
    complaint_6m: np.ndarray
    retention_programme: np.ndarray
    manager: np.ndarray
    manager_experience: np.ndarray
    earlier_large_outflow: np.ndarray
    digital: np.ndarray
    intention: np.ndarray


def observe(law: Law, people: People, state: State, managers: Managers, t: int) -> Risk:
    """Return everybody at risk in month ``t``: present since an earlier month. Standardised where the law says so."""
    p, at = law.leaving, np.flatnonzero(state.present)
    assets = np.maximum(state.assets[at].sum(axis=1), 100) / 100
    rm = state.rm[at]
    experience = (managers.experience(t) - law.managers.experience_mean) / law.managers.experience_sd
    return Risk(
        at=at,
        spell=state.spell[at],
        tenure_months=t - state.began[at],
        age=(t - people.born[at]) / 12,
        satisfaction=state.satisfaction[at],
        log_wealth=(np.log(assets) - p.wealth_centre) / p.wealth_spread,
        complaint_6m=state.last_complaint[at] >= t - p.complaint_memory,
        retention_programme=state.retention[at] <= t,
        manager=rm,
        manager_experience=experience[rm],
        earlier_large_outflow=state.last_outflow[at] >= t - p.outflow_memory,
        digital=people.digital[at],
        intention=state.intention[at],
    )


def hazards(law: Law, risk: Risk, managers: Managers) -> np.ndarray:
    """Return the hazard of every reason for every client at risk, shape (clients, reasons)."""
    p = law.leaving
    years = risk.tenure_months / 12
    competitor = (
        np.log(p.base)
        + p.log_tenure * np.log1p(years)
        + p.tenure_per_5_years * years / 5
        + p.satisfaction * risk.satisfaction
        + p.log_wealth * risk.log_wealth
        + p.complaint_6m * risk.complaint_6m
        + p.retention_programme * risk.retention_programme
        + p.manager_experience * risk.manager_experience
        + p.earlier_large_outflow * risk.earlier_large_outflow
        + risk.digital * np.where(risk.tenure_months < 24, p.digital_first_24m, p.digital_later)
        + p.intention * risk.intention
        + managers.effect[risk.manager]
    )
    death = np.log(p.death_at_60) + p.death_slope * (risk.age - 60)
    bank = np.log(p.bank_base) + p.bank_log_wealth * risk.log_wealth
    dormancy = (
        np.log(p.dormancy_base) + p.dormancy_log_wealth * risk.log_wealth + p.dormancy_per_year_of_age * (risk.age - 60)
    )
    relocation = np.log(p.relocation_base) + p.relocation_satisfaction * risk.satisfaction
    return np.exp(np.stack([competitor, death, bank, dormancy, relocation], axis=1))


def draw_exits(hazard: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the positions of those who leave, the reason of each, and the part of the month passed when they do."""
    total = hazard.sum(axis=1)
    time = rng.standard_exponential(len(total))
    gone = np.flatnonzero(time < total)
    shares = np.cumsum(hazard[gone], axis=1)
    point = rng.random(len(gone)) * shares[:, -1]
    reason = (point[:, None] >= shares[:, :-1]).sum(axis=1).astype(np.int8)
    return gone, reason, time[gone] / total[gone]
