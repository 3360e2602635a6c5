"""Open prospects: how many will join, what they would bring, and whether earlier chances set them apart."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.prospects import ALL, FIRST, GAIN, MONTHS, NEEDS, OTHER, RATIO, RULE, Scored
from insights.models.channels.prospects import scored as made
from insights.stats.results import NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.rows import SIZES, estimates, line, plain

ID, LIST = "channels.prospects", "prospects"
TRIAL, GROUP, SOURCE = "trial", "group", "source"
LIKELIEST, OTHERS = "likeliest", "others"
FORETOLD, JOINED, JOINING, VALUE, BRINGS = "foretold", "joined", "joining", "value", "brings"


@dataclass(frozen=True)
class ProspectRows:
    """``open``: source, clients (open prospects; nan: withheld). ``rows``: what, of, measure, value, low, high, n.

    What: "trial" (measures of the model), "group" (of: the likeliest fifth, the others; foretold, joined), "source"
    (of: "" for all; joining, value, brings).
    """

    open: pd.DataFrame
    rows: pd.DataFrame


def prospects(bank: Bank) -> Answer | NotAvailable:
    """Tell how many open prospects will join, of which sources, and how good such chances were at past dates."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = made(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence: dict[str, Evidence] = {"open": _open(found), "rows": _evidence(found)}
    facts = {
        "months": MONTHS,
        "dates": [d.isoformat() for d in found.dates],
        "consent": bank.settings.tables["prospects"].consent_column is not None,
        "recipients": sorted(r for r, may in bank.settings.lists.recipients.items() if LIST in may.lists),
        "valued": bool(found.values),
        "why": every.reason if isinstance(every := found.trial[ALL], NotEstimable) else "",
    }
    return Answer(ID, ID, evidence, _rows, facts)


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the list ``prospects``: the open ones, the highest expected value first; none where it cannot be made.

    Columns: rank, prospect_id, acquisition_source, aware_on, considered_on, joins_6m_pct, first_year_margin (of a
    client of his source) and expected_margin (both empty where the bank tells no margins).
    """
    if bank.needs(*NEEDS):
        return {}
    found = made(bank)
    if isinstance(found, NotEstimable):
        return {}
    rows = found.rows
    made_of = {
        "rank": np.arange(1, len(rows) + 1),
        "prospect_id": rows["prospect_id"],
        "acquisition_source": [None if s == OTHER else s for s in rows["source"]],
        "aware_on": rows["aware_on"].dt.date,
        "considered_on": [None if pd.isna(d) else d.date() for d in rows["considered_on"]],
        f"joins_{MONTHS}m_pct": (100 * rows["chance"]).round(1),
        "first_year_margin": rows["value"].round(0),
        "expected_margin": rows["expected"].round(0),
    }
    return {LIST: pd.DataFrame(made_of)}


def _open(found: Scored) -> ClientCounts:
    cells = found.rows.groupby("source", sort=True).size().rename("clients").reset_index()
    return ClientCounts(cells, ("source",))


def _evidence(found: Scored) -> Estimates:
    lines: list[dict[str, Any]] = []
    for measure in (FIRST, RULE, ALL, GAIN, RATIO):
        lines.append(
            {"what": TRIAL, "of": "", "measure": measure} | line(found.trial[measure], found.tried, found.came)
        )
    for g in found.groups:
        head = {"what": GROUP, "of": LIKELIEST if g.likeliest else OTHERS}
        lines.append(head | {"measure": JOINED} | line(g.joined, g.prospects, g.events))
        lines.append(head | {"measure": FORETOLD} | plain(g.foretold, "share", g.prospects, g.events))
    for source, joining in found.joining.items():
        own = found.rows if source == "" else found.rows[found.rows["source"] == source]
        head = {"what": SOURCE, "of": source}
        lines.append(head | {"measure": JOINING} | line(joining, len(own)))
        if found.values:
            value = found.values.get(source, found.values[""])
            # Both tell what clients of the source brought: they are withheld where one or two of these stand out.
            won, sizes = found.won.get(source, found.won[""])
            fewest = min(won, len(own))
            for measure, amount in ((VALUE, value), (BRINGS, float(own["expected"].sum()))):
                lines.append(
                    head | {"measure": measure} | plain(amount, "money", fewest) | dict(zip(SIZES, sizes, strict=True))
                )
    told = [row for row in lines if not np.isnan(row["value"])]
    return estimates(told, "what", "of", "measure", parts_of=("what", "measure"))


def _rows(parts: dict[str, Evidence]) -> ProspectRows:
    return ProspectRows(cast(ClientCounts, parts["open"]).cells, cast(Estimates, parts["rows"]).rows)
