"""Which comparisons of the factors are allowed: between segments, languages and waves."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import answers, latest, missing_for_answers
from insights.models.loyalty.invitations import NOT_KNOWN
from insights.stats.factors import measurement_invariance
from insights.stats.factors.moments import FEWEST_PER_GROUP
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.invariance"
SEGMENT, LANGUAGE, WAVE = "segment", "language", "wave"
COMPARED = (SEGMENT, LANGUAGE, WAVE)
WAVES = 4
"""So many of the latest waves are held against each other."""

NAN = float("nan")


@dataclass(frozen=True)
class Comparisons:
    """``rows``: by, level (configural, metric, scalar), measure (cfi, rmsea, cfi_lost, p_value, holds), value, n.

    ``levels``: the highest level that holds by comparison ("none" without any), of those that could be tested.
    """

    rows: pd.DataFrame
    levels: dict[str, str]


def invariance(bank: Bank) -> Answer | NotAvailable:
    """Test whether the factors mean the same to segments, languages and waves, and may be compared between them."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    factors = {name: own for name, own in survey.factors.items() if len(own) > 1}
    if survey.answers.empty or not factors:
        return refused(ID, "nobody answered" if survey.answers.empty else "no factor has two items")
    items = sum(map(len, factors.values()))
    lines: list[dict[str, object]] = []
    reasons: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    left_out: dict[str, list[str]] = {}
    for by in COMPARED:
        if by not in survey.answers or survey.answers[by].isna().all():
            reasons[by] = "not delivered"
            continue
        rows = survey.answers if by == WAVE else latest(survey)
        rows = rows[rows[by].notna() & (rows[by] != NOT_KNOWN)]
        if by == WAVE:
            rows = rows[rows["wave_number"] > rows["wave_number"].max() - WAVES]
        whole = rows[[i for own in factors.values() for i in own]].notna().all(axis=1)
        sizes = rows.loc[whole, by].astype(str).value_counts()
        enough = sizes[sizes >= max(FEWEST_PER_GROUP, 5 * items)].index
        names = [g for g in dict.fromkeys(rows[by].astype(str)) if g in enough]
        left_out[by] = sorted(set(rows[by].astype(str)) - set(names))
        rows = rows[rows[by].astype(str).isin(names)]
        found = (
            measurement_invariance(rows, factors, rows[by].astype(str), cluster=rows["client_id"])
            if len(names) > 1
            else NotEstimable("fewer than two groups have enough answers")
        )
        if isinstance(found, NotEstimable):
            reasons[by] = found.reason
            continue
        groups[by] = names if by == WAVE else sorted(names)
        clients = float(rows["client_id"].nunique())
        for row in found.table.to_dict("records"):
            for measure in ("cfi", "rmsea", "cfi_lost", "p_value", "holds"):
                value = float(row[measure]) if row[measure] is not None else NAN
                lines.append({"by": by, "level": str(row["level"]), "measure": measure, "value": value, "n": clients})
    columns = ["by", "level", "measure", "value", "n"]
    table = pd.DataFrame(lines, columns=columns).assign(low=NAN, high=NAN, unit="index", n_events=NAN)
    evidence: dict[str, Evidence] = {"levels": Estimates(table, ("by", "level", "measure"))}
    facts = {"groups": groups, "left_out": left_out, "reasons": reasons, "waves": WAVES}
    return Answer(ID, ID, evidence, _comparisons, facts)


def _comparisons(parts: dict[str, Evidence]) -> Comparisons:
    rows = cast(Estimates, parts["levels"]).rows
    levels = {}
    for by in dict.fromkeys(rows["by"]):
        holds = rows[(rows["by"] == by) & (rows["measure"] == "holds")]
        if holds["value"].isna().any():
            continue
        held = holds.loc[holds["value"] > 0, "level"].to_list()
        levels[str(by)] = str(held[-1]) if held else "none"
    return Comparisons(rows, levels)
