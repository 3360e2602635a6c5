"""Groups of clients by age, gender, occupation, income and risk tolerance: size, money, and leaving."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.portraits import group_attributes
from insights.models.segments.variables import last_day, present
from insights.models.value.book import client_book
from insights.models.value.margins import MARGIN, client_margins
from insights.stats.proportions import proportion, same_shares
from insights.stats.results import Estimate, TestResult
from insights.topics.clients.portraits import OTHERS, tellable_levels
from insights.topics.clients.segments import LEFT, STAYED, YEAR
from insights.topics.evidence import Answer, ClientCounts, Evidence, MoneySums, NotAvailable, client_counts, money_sums

ID = "clients.groups"


@dataclass(frozen=True)
class Groups:
    """Clients by group.

    ``table``: attribute, level, clients, assets and value (each per client, currency; nan where withheld). ``leaving``
    by (attribute, level): the share that left in twelve months (None where withheld).
    ``tests`` by attribute: whether its groups differ in that by more than chance.
    """

    table: pd.DataFrame
    leaving: dict[tuple[str, str], Estimate | None]
    tests: dict[str, TestResult]


def groups(bank: Bank) -> Answer | NotAvailable:
    """Count the clients of each group, with what they hold and bring in, and how many leave.

    A group with too few clients, leavers or stayers to be told is put together with others.
    """
    margins, book = client_margins(bank), client_book(bank)
    if margins is None or book is None:
        return NotAvailable(ID, ("balances.amount", "revenue.amount"))
    months = margins.months
    told = group_attributes(bank, months.client_id)
    if not told:
        return NotAvailable(ID, ("clients.birth_year", "clients.gender", "clients.occupation", "clients.income_band"))
    last = months.count - 1
    then = pd.Series("", index=months.client_id, dtype=object)
    # Who left is told only where leavers are completely recorded: without that, nobody would seem to leave.
    year = last >= YEAR and bank.window_from is not None
    if year:
        there = present(months)[:, last - YEAR]
        then[there] = np.where(months.left[there] <= last, LEFT, STAYED)
    rules = bank.settings.disclosure
    least = rules.min_clients if rules.mode == "bank" else 1
    evidence: dict[str, Evidence] = {}
    for attribute in told:
        rows = attribute.rows.assign(segment=then.reindex(attribute.rows["client_id"]).to_numpy(object))
        force = attribute.rows[attribute.rows["client_id"].isin(set(book["client_id"]))]
        past = rows[rows["segment"] != ""]
        kept = list(force["level"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index)
        for part in (force.assign(segment="all"), past):
            kept = tellable_levels(part, [k for k in kept if (part["level"] == k).any()], least) if len(part) else kept
        name = attribute.name
        force, past = (r.assign(level=r["level"].where(r["level"].isin(kept), OTHERS)) for r in (force, past))
        force, past = (r.assign(household=household_of(bank, r["client_id"])) for r in (force, past))
        evidence[f"clients/{name}"] = client_counts(force, ("level",))
        money = book.merge(force[["client_id", "level"]], on="client_id")
        evidence[f"assets/{name}"] = money_sums(money, ("level",), "assets")
        if margins.basis == MARGIN:
            evidence[f"value/{name}"] = money_sums(money, ("level",), "value")
        if len(past):
            left = past.rename(columns={"segment": "what"})
            evidence[f"left/{name}"] = client_counts(left, ("level", "what"))
    names = tuple(a.name for a in told)
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _groups(evidence, names),
        facts={
            "attributes": {a.name: a.domain for a in told},
            "treatments": {a.name: bank.settings.segments.group_treatments(a.name) for a in told},
            "margin": margins.basis == MARGIN,
            "end": last_day(months, last),
            "year": last_day(months, last - YEAR) if year else None,
        },
    )


def _groups(evidence: dict[str, Evidence], names: tuple[str, ...]) -> Groups:
    rows = []
    leaving: dict[tuple[str, str], Estimate | None] = {}
    tests = {}
    for name in names:
        counts = cast(ClientCounts, evidence[f"clients/{name}"]).cells
        sums = {
            what: cast(MoneySums, evidence[f"{what}/{name}"]).cells.set_index("level")["amount"]
            for what in ("assets", "value")
            if f"{what}/{name}" in evidence
        }
        for level, n in zip(counts["level"], counts["clients"].astype(float), strict=True):
            row = {"attribute": name, "level": str(level), "clients": float(n)}
            rows.append(row | {what: float(s.get(level, np.nan)) / n if n > 0 else np.nan for what, s in sums.items()})
        if f"left/{name}" in evidence:
            left = cast(ClientCounts, evidence[f"left/{name}"]).cells.pivot(
                index="level", columns="what", values="clients"
            )
            left = left.reindex(columns=[LEFT, STAYED], fill_value=0.0)
            for level, own in left.iterrows():
                total = float(own.sum(skipna=False))
                leaving[(name, str(level))] = proportion(float(own[LEFT]), total) if total > 0 else None
            told = [e for (n, _), e in leaving.items() if n == name and e is not None]
            tests[name] = same_shares([float(e.n_events or 0) for e in told], [float(e.n) for e in told], name=name)
    return Groups(pd.DataFrame(rows), leaving, tests)
