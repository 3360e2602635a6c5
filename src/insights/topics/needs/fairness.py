"""Who gets offers: the share of clients with an offer, by age, gender and region, none of which the scores know."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.offers import next_offers
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import Trials, trials
from insights.models.portraits import group_attributes
from insights.stats.proportions import proportion, same_shares
from insights.stats.results import Estimate, TestResult
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable
from insights.topics.needs.shared import need_facts, rows_of

ID = "needs.fairness"
PROTECTED = ("age", "gender", "region")
OTHERS = "other_levels"
OFFERED, NONE = "offered", "none"
NEEDED = ("clients.birth_year", "clients.gender", "clients.region")


@dataclass(frozen=True)
class Fairness:
    """``rates`` by (attribute, level): share of clients with an offer, None where withheld; ``tests`` by attribute."""

    rates: dict[tuple[str, str], Estimate | None]
    tests: dict[str, TestResult]


def fairness(bank: Bank) -> Answer | NotAvailable:
    """Count who gets an offer by age, gender and region; groups too small to be told are put together."""
    rows = rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    force = rows.months.in_force & (rows.months.joined <= rows.last)
    everybody = rows.months.client_id[force]
    groups = {a.name: (a.domain, a.rows) for a in group_attributes(bank, everybody) if a.name in PROTECTED}
    if bank.has("clients", "region"):
        region = bank.table("clients").select("client_id", level="region").execute().dropna()
        groups["region"] = ("region", region[region["client_id"].isin(set(everybody))])
    if not groups:
        return NotAvailable(ID, (NEEDED,))
    offered = set(next_offers(bank, rows)["client_id"])
    rules = bank.settings.disclosure
    least = rules.min_clients if rules.mode == "bank" else 1
    evidence: dict[str, Evidence] = {}
    for name in (p for p in PROTECTED if p in groups):
        own = groups[name][1]
        what = np.where(own["client_id"].isin(offered), OFFERED, NONE)
        cells = pd.crosstab(own["level"].astype(str), what).reindex(columns=[OFFERED, NONE], fill_value=0)
        few = (cells < least).any(axis=1)
        cells = cells.groupby(np.where(few, OTHERS, cells.index.to_numpy(object))).sum()
        cells.index.name = "level"
        long = cells.reset_index().melt("level", var_name="what", value_name="clients")
        evidence[name] = ClientCounts(long.sort_values(["level", "what"], kind="stable"), ("level", "what"))
    domains = {name: groups[name][0] for name in evidence}
    facts = need_facts(bank, rows, cast(Trials, trials(bank))) | {"attributes": domains}
    facts["lacking"] = [n for p, n in zip(PROTECTED, NEEDED, strict=True) if p not in domains]
    return Answer(ID, ID, evidence, _rates, facts)


def _rates(parts: dict[str, Evidence]) -> Fairness:
    rates: dict[tuple[str, str], Estimate | None] = {}
    tests = {}
    for name, part in parts.items():
        wide = cast(ClientCounts, part).cells.pivot(index="level", columns="what", values="clients")
        for level, own in wide.reindex(columns=[OFFERED, NONE]).iterrows():
            total = float(own.sum(skipna=False))
            rates[name, str(level)] = proportion(float(own[OFFERED]), total) if total > 0 else None
        told = [e for (n, _), e in rates.items() if n == name and e is not None]
        if len(told) > 1:
            events = [float(e.n_events or 0) for e in told]
            tests[name] = same_shares(events, [float(e.n) for e in told], name=name)
    return Fairness(rates, tests)
