"""What the handbook says of loyalty, and whether it holds for this bank's clients."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import missing_for_answers
from insights.models.loyalty.claims import CITED, stated_shares, verdict_on_share
from insights.models.loyalty.claims import claims as tested
from insights.models.loyalty.worth import worth
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.claims"
NAN = float("nan")


@dataclass(frozen=True)
class Claims:
    """``tests``: claim, value, low, high, p (adjusted), n. ``shares``: claim, what ("stated", "nearest"), value, ..."""

    tests: pd.DataFrame
    shares: pd.DataFrame


def claims(bank: Bank) -> Answer | NotAvailable:
    """Hold every cited share and every claim of the handbook against what this bank's clients answered and did."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found = worth(bank)
    if found.why_none:
        return refused(ID, found.why_none)
    told, shares = tested(bank), stated_shares(bank)
    tests = [
        {"claim": t.claim, "value": t.slope.value, "low": t.slope.low, "high": t.slope.high, "p": t.p_adjusted,
         "unit": "slope", "n": float(t.clients), "n_events": float(t.n)}
        for t in told if isinstance(t.slope, Estimate)
    ]  # fmt: skip
    lines = [
        {"claim": name, "what": what, "value": e.value, "low": e.low, "high": e.high, "unit": "share",
         "n": float(e.n), "n_events": float(e.n_events or 0)}
        for name, own in shares.items() for what, e in own.items() if isinstance(e, Estimate)
    ]  # fmt: skip
    columns = ["value", "low", "high", "unit", "n", "n_events"]
    evidence: dict[str, Evidence] = {
        "tests": Estimates(pd.DataFrame(tests, columns=["claim", "p", *columns]), ("claim",)),
        "shares": Estimates(pd.DataFrame(lines, columns=["claim", "what", *columns]), ("claim", "what")),
    }
    facts = {
        "verdicts": {t.claim: t.verdict for t in told},
        "reasons": {t.claim: t.slope.reason for t in told if isinstance(t.slope, NotEstimable)},
        "cited": {name: share for name, (share, _) in CITED.items()},
        "factors": {name: factor for name, (_, factor) in CITED.items()},
        "share_verdicts": {name: verdict_on_share(CITED[name][0], own.get("stated")) for name, own in shares.items()},
        "asked": sorted(bank.settings.loyalty.stated),
        "agree_from": bank.settings.loyalty.agree_from,
        "scale": bank.settings.loyalty.scale,
        "cluster": found.cluster,
    }
    return Answer(ID, ID, evidence, _claims, facts)


def _claims(parts: dict[str, Evidence]) -> Claims:
    return Claims(cast(Estimates, parts["tests"]).rows, cast(Estimates, parts["shares"]).rows)
