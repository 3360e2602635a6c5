"""Who gets offers: the share of clients with an offer, by age, gender and region, none of which the scores know."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.needs.offers import next_offers
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import Trials, trials
from insights.models.portraits import group_attributes
from insights.stats.proportions import proportion, same_shares
from insights.stats.results import Estimate, TestResult
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, client_counts
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
    need = rows_of(bank, ID)
    if not isinstance(need, NeedRows):
        return need
    force = need.months.in_force & (need.months.joined <= need.last)
    everybody = need.months.client_id[force]
    groups = {a.name: (a.domain, a.rows) for a in group_attributes(bank, everybody) if a.name in PROTECTED}
    if bank.has("clients", "region"):
        region = bank.table("clients").select("client_id", level="region").execute().dropna()
        groups["region"] = ("region", region[region["client_id"].isin(set(everybody))])
    if not groups:
        return NotAvailable(ID, (NEEDED,))
    offered = set(next_offers(bank, need)["client_id"])
    evidence: dict[str, Evidence] = {}
    for name in (p for p in PROTECTED if p in groups):
        own = groups[name][1]
        what = np.where(own["client_id"].isin(offered), OFFERED, NONE)
        home = household_of(bank, own["client_id"])
        rows = pd.DataFrame({"level": own["level"].astype(str), "what": what, "household": home})
        evidence[name] = client_counts(rows, ("level", "what"), rest=OTHERS)
    domains = {name: groups[name][0] for name in evidence}
    facts = need_facts(bank, need, cast(Trials, trials(bank))) | {"attributes": domains}
    facts["lacking"] = [n for p, n in zip(PROTECTED, NEEDED, strict=True) if p not in domains]
    return Answer(ID, ID, evidence, _rates, facts)


def _rates(parts: dict[str, Evidence]) -> Fairness:
    rates: dict[tuple[str, str], Estimate | None] = {}
    tests = {}
    for name, part in parts.items():
        wide = cast(ClientCounts, part).cells.pivot(index="level", columns="what", values="clients")
        for level, own in wide.reindex(columns=[OFFERED, NONE], fill_value=0.0).iterrows():
            total = float(own.sum(skipna=False))
            rates[name, str(level)] = proportion(float(own[OFFERED]), total) if total > 0 else None
        told = [e for (n, _), e in rates.items() if n == name and e is not None]
        if len(told) > 1:
            events = [float(e.n_events or 0) for e in told]
            tests[name] = same_shares(events, [float(e.n) for e in told], name=name)
    return Fairness(rates, tests)
