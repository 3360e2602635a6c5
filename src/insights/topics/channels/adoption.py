"""Who took up a channel of his own accord, beside his like: money and marks, and whether it may be called an effect."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.adoption import NEEDS
from insights.models.channels.adoption import adoption as compared
from insights.stats.effects import OverlapComparison
from insights.stats.results import NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import NAN, estimates, line, plain

ID = "channels.adoption"
PLAIN, FAIR, PLACEBO = "plain", "fair", "placebo"
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class AdoptionRows:
    """``rows``: channel, outcome, measure ("plain", "fair", "placebo"), value, low, high, n, p (adjusted), unseen.

    ``unseen``: the E-value of the near end of the interval. ``balance``: channel, trait, measure ("before", "after"
    weighting), value (sd).
    """

    rows: pd.DataFrame
    balance: pd.DataFrame


def adoption(bank: Bank) -> Answer | NotAvailable:
    """Tell what goes with taking up a channel without a person, like with like, and a year before anybody had."""
    if missing := (*bank.needs(*NEEDS), *(() if bank.window_from else ("[window] complete_from",))):
        return NotAvailable(ID, missing)
    found = compared(bank)
    told = [f for f in found if isinstance(f.found, OverlapComparison)]
    if not told:
        return refused(ID, found[0].found.reason if found and isinstance(found[0].found, NotEstimable) else "no_years")
    lines: list[dict[str, Any]] = []
    balance: list[dict[str, Any]] = []
    for f in told:
        one = cast(OverlapComparison, f.found)
        head: dict[str, Any] = {"channel": f.channel, "outcome": f.outcome}
        size = f.adopters + f.others, min(f.adopters, f.others)
        more = {"p": f.p_adjusted, "unseen": one.e_value()[1]}
        lines.append(head | {"measure": PLAIN} | line(one.unadjusted, *size) | {"p": NAN, "unseen": NAN})
        lines.append(head | {"measure": FAIR} | line(one.effect, *size) | more)
        lines.append(head | {"measure": PLACEBO} | line(f.placebo, *size) | {"p": NAN, "unseen": NAN})
        if f.outcome == told[0].outcome and f.channel == told[0].channel:
            for r in one.table.to_dict("records"):
                for measure, column in ((BEFORE, "difference"), (AFTER, "difference_weighted")):
                    value = round(float(r[column]), 2) + 0.0
                    line_of = {"channel": f.channel, "trait": str(r["variable"]), "measure": measure}
                    balance.append(line_of | plain(value, "sd", *size))
    evidence: dict[str, Evidence] = {
        "rows": estimates([r for r in lines if not np.isnan(r["value"])], "channel", "outcome", "measure"),
        "balance": estimates(balance, "channel", "trait", "measure"),
    }
    facts = {
        "channels": list(dict.fromkeys(f.channel for f in told)),
        "outcomes": list(dict.fromkeys(f.outcome for f in told)),
        "untold": [(f.channel, f.outcome, f.found.reason) for f in found if isinstance(f.found, NotEstimable)],
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> AdoptionRows:
    return AdoptionRows(*(cast(Estimates, parts[name]).rows for name in ("rows", "balance")))
