"""The next best offers: how many of each kind suit whom, and the restricted list that names the clients."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.needs.allocation import missing_rule
from insights.models.needs.feedback import taken_in
from insights.models.needs.offers import next_offers
from insights.models.needs.rows import NeedRows, missing, need_rows
from insights.models.needs.trials import Trials, score_of, trials
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    NotAvailable,
    client_counts,
    with_households,
)
from insights.topics.needs.allocation import allocation_list
from insights.topics.needs.shared import every_cell, need_facts, rows_of
from insights.topics.rows import estimates, plain

ID = "needs.offers"
REST = "other_categories"
FEEDBACK, YES, NO = "feedback", "yes", "no"
OUTCOMES = ("held", "wealth_or_risk", "declined", "suits")


@dataclass(frozen=True)
class Offers:
    """``offers``: category, clients. ``filter``: category, what (``OUTCOMES``), clients. ``chance``: mean, 3 months.

    ``feedback`` by source (see ``taken_in``): clients of whom there is something, nan where withheld.
    """

    offers: pd.DataFrame
    filter: pd.DataFrame
    chance: pd.DataFrame
    feedback: dict[str, float]


def offers(bank: Bank) -> Answer | NotAvailable:
    """Tell how many clients each kind of product may be offered to, why not to the others, and what is offered."""
    rows = rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    made = next_offers(bank, rows)
    chance = []
    for category, own in made.groupby("category"):
        chance.append(plain(own["buys_3m"].mean(), "share", len(own), category=str(category)))
    evidence: dict[str, Evidence] = {
        "offers": by_category(made.assign(household=household_of(bank, made["client_id"]))),
        "filter": _filtered(bank, rows),
        "chance": estimates(chance, "category"),
    }
    there = rows.months.in_force & (rows.months.joined <= rows.last)
    home = household_of(bank, rows.months.client_id[there])
    for source, some in taken_in(rows):
        what = np.where(some[there], YES, NO).astype(object)
        told = pd.DataFrame({"source": source, "there": what, "household": home})
        evidence[f"{FEEDBACK}/{source}"] = every_cell(told, "source", "there")
    return Answer(ID, ID, evidence, _offers, need_facts(bank, rows, cast(Trials, trials(bank))))


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the lists ``offers`` (see ``next_offers``) and ``allocations``; empty where they cannot be made."""
    if missing(bank):
        return {}
    rows = need_rows(bank)
    if rows is None:
        return {}
    found = {} if missing_rule(bank) else {"allocations": allocation_list(bank, rows)}
    if isinstance(trials(bank), Trials):
        made = next_offers(bank, rows)
        percent = {f"{c}_pct": (100 * made[c]).round(2) for c in ("buys_3m", "buys_6m")}
        found["offers"] = made.drop(columns=["buys_3m", "buys_6m"]).assign(**percent)
    return found


def by_category(made: pd.DataFrame) -> ClientCounts:
    """Return the clients by category of their offer; small ones together."""
    return client_counts(made, ("category",), rest=REST)


def _filtered(bank: Bank, rows: NeedRows) -> ClientCounts:
    """Return the clients in force by category and by the first rule that forbids an offer, "suits" where none does."""
    column = rows.last
    there = rows.months.in_force & (rows.months.joined <= column)
    held, suits, declined = rows.held(column), rows.suits(column), rows.declined[:, :, column]
    what = np.where(held, 0, np.where(~suits, 1, np.where(declined, 2, 3)))[there]
    told = np.asarray(~np.isnan(score_of(bank, rows)).all(axis=0))
    lines, apart = [], []
    home, names = household_of(bank, rows.months.client_id[there]), np.array(OUTCOMES, dtype=object)
    for k, category in enumerate(rows.products.categories):
        if told[k]:
            count = np.bincount(what[:, k], minlength=len(OUTCOMES))
            lines += [
                {"category": category, "what": o, "clients": int(n)} for o, n in zip(OUTCOMES, count, strict=True)
            ]
            apart.append(pd.DataFrame({"category": category, "what": names[what[:, k]], "household": home}))
    cells = pd.DataFrame(lines, columns=["category", "what", "clients"])
    every = pd.concat(apart, ignore_index=True) if apart else cells.drop(columns="clients")
    return with_households(cells, every, ("category", "what"))


def _offers(parts: dict[str, Evidence]) -> Offers:
    told = [cast(ClientCounts, parts[name]).cells for name in ("offers", "filter")]
    feedback = {}
    for name, part in parts.items():
        if name.startswith(FEEDBACK):
            own = cast(ClientCounts, part).cells.set_index("there")["clients"]
            feedback[name.partition("/")[2]] = float(own.get(YES, 0.0))
    return Offers(told[0], told[1], cast(Estimates, parts["chance"]).rows, feedback)
