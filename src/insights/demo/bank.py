"""The demo bank in memory: frames straight from the process, without dirt, and what only the process knows."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
import pandas as pd

from insights.demo.clock import Clock
from insights.demo.extracts.render import canonical
from insights.demo.extracts.specs import EXTRACTS
from insights.demo.law import Law
from insights.demo.money.control import GeneralLedger
from insights.demo.money.market import market_rows
from insights.demo.observers import Observation
from insights.demo.people.leaving import REASONS, Risk
from insights.demo.people.managers import manager_rows, programme_rows
from insights.demo.people.prospects import prospect_rows
from insights.demo.people.registry import client_rows
from insights.demo.process import Month, Process
from insights.demo.rows import Rows, length, stack
from insights.demo.truth.details import cohorts

Take = Callable[[str, Rows, int], None]


@dataclass(frozen=True)
class DemoBank:
    """A bank as the process made it.

    ``tables``: canonical name -> frame with canonical columns and codes; ids are plain numbers (-1: none), money is in
    currency units (float64, exact to the cent), ``revenue`` is long. ``person_months``: one row per client at risk and
    month of the window: the covariates as the law reads them (standardised where it says so), ``spell``, ``reason``
    (None: stays). The client bound by contract is not in it: he is not at risk.
    ``latent``: one row per client: type, attitude, the five factors, log wealth on joining, whether he uses website and
    app, whether he would not have joined without his referrer, log of what he holds elsewhere at the end.
    ``manager_effects``: on the log hazard of leaving to a competitor, by rm_id.

    What else an estimator needs, without intake; months count from 0, the first of the window:

    - ``payments``: genuine payments (client_id, months since the client's first, amount); ``payers``: the true law of
      each (rate and dropout of BG/NBD, spend_rate of the gamma), first_month, observed_months (T), alive.
    - ``adoption``: one row per client, month and product at risk of adoption (see ``details.adoption_details``).
    - ``net_new_money``: one row per client who stayed through the month: assets before the month's flows, the flow, his
      manager, and the cohort of the channel programme (month in which it started for him, -1: never).
    - ``loan_months``: one row per loan at risk of default, with ltv and past_due of the month before, the true hazard.
    - ``survey_answers`` and ``manager_panel`` are derived when first asked for.
    """

    law: Law
    tables: dict[str, pd.DataFrame]
    person_months: pd.DataFrame
    latent: pd.DataFrame
    manager_effects: np.ndarray
    window_from: pd.Timestamp
    last_day: pd.Timestamp
    payments: pd.DataFrame = field(default_factory=pd.DataFrame)
    payers: pd.DataFrame = field(default_factory=pd.DataFrame)
    adoption: pd.DataFrame = field(default_factory=pd.DataFrame)
    net_new_money: pd.DataFrame = field(default_factory=pd.DataFrame)
    loan_months: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def survey_answers(self) -> pd.DataFrame:
        """One row per invitation of a wave: month, answered, items (NaN: none), and what lies behind the answers.

        ``log_wealth`` and ``satisfaction`` are those of the month; ``attitude`` and ``factor_1`` to ``factor_5`` true.
        """
        rows = self.tables["surveys"]
        rows = rows[rows["wave"] >= 0].copy()
        rows["month"] = rows["wave"].astype("int64") - 1
        rows["answered"] = rows["answered_on"].notna()
        items = [column for column in rows.columns if column.startswith("item_")]
        rows[items] = rows[items].astype(float).where(rows[items] >= 0)
        moment = self.person_months[["client_id", "month", "log_wealth", "satisfaction"]]
        behind = self.latent[["client_id", "attitude", *(f"factor_{j + 1}" for j in range(5))]]
        made = rows.merge(moment, on=["client_id", "month"], how="left").merge(behind, on="client_id", how="left")
        return made[["client_id", "month", "answered", *moment.columns[2:], *behind.columns[1:], *items]]

    @cached_property
    def manager_panel(self) -> pd.DataFrame:
        """Net new money by ``home_rm``, ``cohort`` and ``month``: before, flow, and rate = flow / before."""
        sums = self.net_new_money.groupby(["home_rm", "cohort", "month"])[["before", "flow"]].sum().reset_index()
        return sums.assign(rate=sums["flow"] / sums["before"])


def simulate(law: Law, clients: int, months: int, seed: int) -> DemoBank:
    """Run the process and return the bank; the same arguments give the same frames.

    ``clients`` are those whose relationship overlaps the window of ``months`` months that ends with October 2026.
    Raises ValueError for fewer than 10 clients, fewer than 6 months, or a negative seed.
    """
    parts: dict[str, list[Rows]] = {}
    risks: list[pd.DataFrame] = []
    details: dict[str, list[Rows]] = {}

    def take(name: str, rows: Rows, t: int) -> None:
        parts.setdefault(name, []).append(rows)

    def watch(month: Month) -> None:
        risks.append(risk_frame(process, month))
        for name, rows in month.details.items():
            details.setdefault(name, []).append(rows)

    process = begin(law, clients, months, seed)
    process.detailed = True
    run(process, take, watch)
    for rows in details["net_new_money"]:
        rows |= cohorts(process.state, process.clock, rows["client_id"])
    return DemoBank(
        law=law,
        tables={name: frame(name, stack(rows)) for name, rows in parts.items()},
        person_months=pd.concat(risks, ignore_index=True),
        latent=latent_frame(process),
        manager_effects=process.managers.effect,
        window_from=pd.Timestamp(process.clock.window_from),
        last_day=pd.Timestamp(process.clock.last_day),
        payments=pd.DataFrame(process.payments.genuine()),
        payers=pd.DataFrame(process.payments.payers()),
        **{name: pd.DataFrame(stack(rows)) for name, rows in details.items()},
    )


def begin(law: Law, clients: int, months: int, seed: int, *, tables: bool = True) -> Process:
    """Return a process ready to run (without ``tables`` only to see who leaves), or raise ValueError."""
    for name, value, least in (("clients", clients, 10), ("months", months, 6), ("seed", seed, 0)):
        if value < least:
            raise ValueError(f"{name} is {value}; expected {least} or more")
    return Process(law, clients, months, seed, tables=tables)


def run(process: Process, take: Take, watch: Callable[[Month], None] | None = None) -> Rows:
    """Run the process; hand every table's rows to ``take`` as they come. Return the general ledger's totals.

    Monthly tables come month by month, the others once at the end.
    """
    ledger, observation = GeneralLedger(process.clock), Observation(process)
    for month in process.run():
        ledger.add(month, int(process.state.present.sum()))
        tables = month.tables | observation.month(month)
        for name, rows in tables.items():
            if length(rows):
                take(name, rows, month.t)
        if watch:
            watch(month)
    law, clock, last = process.law, process.clock, process.clock.total - 1
    clients = client_rows(law, clock, process.people, process.state, process.seed)
    take("clients", clients, last)
    take("managers", manager_rows(process.managers, clock), last)
    take("prospects", prospect_rows(law, clock, clients, process.seed), last)
    take("products", process.shelf.rows(), last)
    take("market", market_rows(process.market, law, clock), last)
    take("programmes", programme_rows(process.managers, law, clock), last)
    take("relationships", process.spells.rows(clients, process.state, clock), last)
    assert process.offers is not None, "the window has passed"
    if (offers := process.offers.rows()) is not None:
        take("offers", offers, last)
    for name, rows in observation.end(clients).items():
        take(name, rows, last)
    return ledger.rows()


def frame(name: str, rows: Rows) -> pd.DataFrame:
    """Return the rows of a table as a frame with canonical names and codes."""
    if name == "revenue":
        kinds = np.array([field.name for field in EXTRACTS[name].fields[2:]], dtype=object)
        return pd.DataFrame({**rows, "kind": kinds[rows["kind"]], "amount": rows["amount"] / 100})
    return pd.DataFrame(dict(canonical(EXTRACTS[name], rows)))


def risk_frame(process: Process, month: Month) -> pd.DataFrame:
    """Return who was at risk in the month with the covariates of the law, without the client bound by contract."""
    risk = {f.name: getattr(month.risk, f.name) for f in fields(Risk)}
    made = pd.DataFrame(risk).rename(columns={"at": "client_id"})
    made["month"] = month.t - process.clock.burn_in
    made["reason"] = np.array([*REASONS, None], dtype=object)[month.reason]
    return made[made["client_id"] != process.dominant]


def latent_frame(process: Process) -> pd.DataFrame:
    """Return what nobody at the bank sees of its clients."""
    people = process.people
    made = {"client_id": np.arange(len(people)), "type": people.kind, "attitude": people.attitude}
    made |= {f"factor_{j + 1}": people.factors[:, j] for j in range(people.factors.shape[1])}
    made |= {"log_wealth_joining": people.log_wealth, "digital": people.digital}
    made |= {"satisfaction_last": process.state.satisfaction}
    made |= {"referral_dependent": process.state.dependent, "log_wealth_elsewhere": process.elsewhere.log}
    return pd.DataFrame(made)


__all__ = ["Clock", "DemoBank", "begin", "run", "simulate"]
