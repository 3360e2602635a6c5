"""All tests of the factors in one list: those registered before anybody looked, and the rest."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY, missing_for_answers
from insights.models.loyalty.attitude import Attitude
from insights.models.loyalty.attitude import attitude as regression
from insights.models.loyalty.followed import LEFT, MONEY, NEW, SHARE
from insights.models.loyalty.tested import VALUE, path_tests
from insights.models.loyalty.worth import Worth, worth
from insights.stats.multiplicity import benjamini_hochberg, holm
from insights.stats.ordinal import OrderedFit
from insights.stats.pathway import IndexPath
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.hypotheses"
REGISTERED_AS = {LOYALTY: "loyalty", LEFT: "exit", MONEY: "money", SHARE: "share", NEW: "repurchase", VALUE: VALUE}
"""What ``[[loyalty.hypotheses]]`` calls each outcome."""
NAN = float("nan")
LEVEL = 0.05


@dataclass(frozen=True)
class Hypotheses:
    """All tests.

    ``rows``: factor, outcome, segment ("" for all), registered, expected ("raises", "lowers" or ""), found, value (p),
    adjusted, n.
    """

    rows: pd.DataFrame


def hypotheses(bank: Bank) -> Answer | NotAvailable:
    """List every test of a factor against stated loyalty and what clients did, adjusted for how many were made."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found = worth(bank)
    if found.why_none:
        return refused(ID, found.why_none)
    expected = {(str(h.factor), str(h.outcome)): str(h.expected) for h in bank.settings.loyalty.hypotheses}
    rows = listed(found, regression(bank), expected)
    if rows.empty:
        return refused(ID, "there is no answer with loyalty and all factors")
    missed = [f"{f}: {o}" for f, o in expected if not rows["registered"].any() or not _has(rows, f, o)]
    evidence: dict[str, Evidence] = {"tests": Estimates(rows, ("factor", "outcome", "segment"))}
    facts = {"registered": len(expected), "missed": missed, "by_signs": regression(bank).by_signs}
    return Answer(ID, ID, evidence, lambda parts: Hypotheses(cast(Estimates, parts["tests"]).rows), facts)


def listed(found: Worth, stated: Attitude, expected: dict[tuple[str, str], str]) -> pd.DataFrame:
    """Return the tests with adjusted p-values: Holm among the registered ones, Benjamini-Hochberg among the others."""
    lines = []
    if isinstance(stated.fit, OrderedFit):
        slopes = stated.fit.table.set_index("name")["estimate"]
        n, answered = float(found.rows["client_id"].nunique()), float(len(found.rows))
        lines += [(f, LOYALTY, float(slopes[f]), p, n, answered) for f, p in stated.p.items()]
    for outcome, path in found.paths.items():
        if isinstance(path, IndexPath):
            own = found.rows[found.rows[outcome].notna()]
            some = float((own[outcome] != 0).groupby(own["client_id"]).any().sum())
            n = float(own["client_id"].nunique())
            told = (path.table[c] for c in ("driver", "direct", "p_direct"))
            lines += [(str(f), outcome, float(slope), float(p), n, some) for f, slope, p in zip(*told, strict=True)]
    rows = pd.DataFrame(lines, columns=["factor", "outcome", "slope", "value", "n", "n_events"])
    keys = list(zip(rows["factor"], rows["outcome"].map(REGISTERED_AS), strict=True))
    rows["expected"] = [expected.get(key, "") for key in keys]
    rows["registered"] = rows["expected"] != ""
    rows["found"] = np.where(rows["slope"] > 0, "raises", "lowers")
    rows["adjusted"] = NAN
    said = rows["outcome"] == LOYALTY
    rest = ~rows["registered"]
    # What clients said is all but certain: in one family it would lend its certainty to what they did.
    for which, adjust in (
        (rows["registered"], holm),
        (rest & said, benjamini_hochberg),
        (rest & ~said, benjamini_hochberg),
    ):
        rows.loc[which, "adjusted"] = adjust(rows.loc[which, "value"].to_numpy(float))
    ways = path_tests(found, expected)
    ways = ways.assign(outcome=VALUE, value=ways["p"], registered=ways["expected"] != "")
    # Fewer exits are more value kept.
    ways["found"] = np.where(ways["slope"] < 0, "raises", "lowers")
    rows = pd.concat([rows.assign(segment=""), ways.drop(columns="p")], ignore_index=True) if len(ways) else rows
    rows = rows if "segment" in rows else rows.assign(segment="")
    rows = rows.sort_values("registered", ascending=False, kind="stable", ignore_index=True)
    return rows.drop(columns="slope").assign(low=NAN, high=NAN, unit="p")


def _has(rows: pd.DataFrame, factor: str, outcome: str) -> bool:
    told = rows[rows["registered"] & (rows["factor"] == factor)]
    return bool((told["outcome"].map(REGISTERED_AS) == outcome).any())
