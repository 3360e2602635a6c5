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
from insights.topics.rows import estimates, row

ID = "loyalty.claims"


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
        row(t.slope, "slope", float(t.clients), float(t.n), claim=t.claim) | {"p": t.p_adjusted}
        for t in told
        if isinstance(t.slope, Estimate)
    ]
    lines = [
        row(e, "share", float(e.n), float(e.n_events or 0), claim=name, what=what)
        for name, own in shares.items()
        for what, e in own.items()
        if isinstance(e, Estimate)
    ]
    evidence: dict[str, Evidence] = {
        "tests": estimates(tests, "claim"),
        "shares": estimates(lines, "claim", "what"),
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
