"""Exits alone, drawn by the process's own hazards: clients who are average in everything but their manager.

A whole bank has too few exits by manager, and costs too much, to show what managers do to standard errors.
"""

import dataclasses
from dataclasses import fields

import numpy as np
import pandas as pd

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.leaving import COMPETITOR, Risk, draw_exits, hazards
from insights.demo.people.managers import draw_managers
from insights.demo.streams import stream

MONTHS = 48


def draw_exits_by_manager(seed: int, clients: int = 12_000, law: Law | None = None) -> pd.DataFrame:
    """Return one row per manager and month: manager, experience (standardised), at_risk, left (to a competitor).

    Clients are spread over managers at random and keep theirs; nobody joins. All other covariates of the law are 0, and
    so are its terms in tenure (tenure is not counted).
    """
    law = law or Law()
    clock = Clock(MONTHS, law.burn_in_months)
    managers = draw_managers(law, clock, seed)
    rng = stream(seed, "exits by manager")
    served = rng.integers(0, law.managers.count, clients)
    zero = {f.name: np.zeros(clients) for f in fields(Risk)}
    rows = []
    for t in range(clock.burn_in, clock.total):
        experience = (managers.experience(t) - law.managers.experience_mean) / law.managers.experience_sd
        n = len(served)
        risk = Risk(
            **{name: values[:n] for name, values in zero.items()}
            | {"at": np.arange(n), "manager": served, "manager_experience": experience[served]}
            | {"age": np.full(n, 60.0), "digital": np.zeros(n, bool), "tenure_months": np.zeros(n, np.int64)}
        )
        gone, reason, _ = draw_exits(hazards(law, risk, managers), rng)
        count = law.managers.count
        left = np.bincount(served[gone[reason == COMPETITOR]], minlength=count)
        at_risk = np.bincount(served, minlength=count)
        rows.append(pd.DataFrame({"manager": range(count), "experience": experience, "at_risk": at_risk, "left": left}))
        served = np.delete(served, gone)
    return pd.concat(rows, ignore_index=True)


def without_manager_effects(law: Law) -> Law:
    """Return the law with managers who differ by experience only."""
    return dataclasses.replace(law, managers=dataclasses.replace(law.managers, effect_sd=0.0))
