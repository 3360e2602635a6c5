"""What one point more on a factor is worth: loyalty stated, clients who stay, assets and margin, by segment too."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.loyalty.answers import missing_for_answers
from insights.models.loyalty.attitude import HIGH, LOW, MIDDLE
from insights.models.loyalty.followed import LEFT, MONTHS
from insights.models.loyalty.keeping import Keeping, keeping
from insights.models.loyalty.levels import StatedLevels, stated_levels
from insights.models.loyalty.losses import losses
from insights.models.loyalty.tested import path_tests
from insights.models.loyalty.worth import ALL, Worth, worth
from insights.stats.pathway import IndexPath, relative, same_everywhere
from insights.stats.results import Estimate, NotEstimable, TestResult
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
)
from insights.topics.loyalty.refusals import not_followed, refused
from insights.topics.rows import NAN, row

ID = "loyalty.levers"
POINTS, FEWER, FIRST_TWO, SPREAD, VALUE = "points", "fewer", "first_two", "spread", "value"
LEVELS = (LOW, MIDDLE, HIGH)
"""Of stated loyalty: by how much the share of clients at each changes."""
REST = "all other segments"
DIMS = ("factor", "what", "segment")


@dataclass(frozen=True)
class Levers:
    """What goes with one point more on each factor.

    ``rows``: factor, what ("points" of loyalty; ``LEVELS``: change of the share of clients at it; "fewer": the share of
    exits that goes with it, positive if fewer leave; "first_two": share of resamples in which it is among the two
    strongest; "spread": sd of the factor between clients; "value": lifetime value of the clients kept in a year),
    segment ("" for all), value, low, high, p (adjusted, of "fewer"), n, n_events.
    ``exits``, ``assets``, ``margin``: of those who left by choice last year, by segment, as far as they may be told.
    """

    rows: pd.DataFrame
    exits: pd.DataFrame
    assets: pd.DataFrame | None
    margin: pd.DataFrame | None

    def row(self, factor: str, what: str, segment: str = "") -> Estimate | None:
        """Return one row, or None where it is not there or withheld."""
        r = self.rows
        found = r[(r["factor"] == factor) & (r["what"] == what) & (r["segment"] == segment)]
        if found.empty or pd.isna(found["value"].iloc[0]):
            return None
        line = found.iloc[0]
        events = None if pd.isna(line["n_events"]) else int(line["n_events"])
        value, low, high = (float(line[c]) for c in ("value", "low", "high"))
        return Estimate(value, low, high, str(line["unit"]), int(line["n"]), events)

    def p_value(self, factor: str, segment: str = "") -> float:
        """Return the adjusted p-value of one lever; nan where it is not there or withheld."""
        r = self.rows
        found = r[(r["factor"] == factor) & (r["what"] == FEWER) & (r["segment"] == segment) & r["value"].notna()]
        return NAN if found.empty or "p" not in found else float(found["p"].iloc[0])

    def kept(self, factor: str, measure: str, segment: str = "") -> Estimate | None:
        """Return the clients, assets or margin of last year's leavers that one point would have kept, with interval."""
        fewer = self.row(factor, FEWER, segment)
        base = self.base(measure, segment)
        if fewer is None or base is None:
            return None
        ends = sorted((_digits(fewer.low * base), _digits(fewer.high * base)))
        return Estimate(_digits(fewer.value * base), ends[0], ends[1], measure, fewer.n, fewer.n_events)

    def base(self, measure: str, segment: str = "") -> float | None:
        """Return last year's leavers, or their assets or margin, in all or in one segment; None where not told."""
        table = {"exits": self.exits, "assets": self.assets, "margin": self.margin}[measure]
        if table is None:
            return None
        column = "clients" if measure == "exits" else "amount"
        own = table if not segment else table[table["segment"] == segment]
        return None if own.empty or own[column].isna().any() else float(own[column].sum())

    @property
    def order(self) -> list[str]:
        """The factors by what they are worth, the most first; without behaviour, by the points of loyalty."""
        told = self.rows[self.rows["segment"] == ""]
        for what in (FEWER, POINTS):
            own = told[(told["what"] == what) & told["value"].notna()]
            if len(own):
                return [str(f) for f in own.sort_values(["value", "factor"], ascending=[False, True])["factor"]]
        return []


def levers(bank: Bank) -> Answer | NotAvailable:
    """Tell what goes with one point more on each factor, from stated loyalty to clients and money kept."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found = worth(bank)
    if unknown := not_followed(ID, found):
        return unknown
    path = found.paths[LEFT]
    if isinstance(path, NotEstimable):
        return refused(ID, path.reason)
    told = keeping(bank)
    expected = {(str(h.factor), str(h.outcome)): str(h.expected) for h in bank.settings.loyalty.hypotheses}
    said = stated_levels(bank)
    rows = _rows(found, path)
    tests = path_tests(found, expected)
    tests = tests.assign(p=tests["adjusted"], what=FEWER)
    rows = rows.merge(tests[[*DIMS, "p"]], on=list(DIMS), how="left")
    if isinstance(told, Keeping):
        rows = pd.concat([rows, _values(found, told, bank.settings.bank.currency)], ignore_index=True)
    rows = pd.concat([rows, _stated(found, said)], ignore_index=True)
    evidence: dict[str, Evidence] = {"levers": Estimates(rows, DIMS)}
    gone = losses(bank).rows
    gone = gone[gone["left"]]
    gone = gone.assign(household=household_of(bank, gone["client_id"]))
    evidence["exits"] = client_counts(gone, ("segment",), REST)
    for measure in ("assets", "margin"):
        if gone[measure].notna().any():
            evidence[measure] = money_sums(gone, ("segment",), measure, REST, everybody=True)
    low, high = bank.settings.loyalty.scale or (NAN, NAN)
    facts = {
        "months": MONTHS,
        "scale": (low, high),
        "outcome_scale": bank.settings.loyalty.outcome_scale,
        "ranges": said.ranges,
        "cluster": found.cluster,
        "corrected": not found.uncorrected,
        "answers": len(found.rows),
        "restriction": path.checks[0],
        "segments_differ": _segments_differ(found),
        "refused_segments": {s: p.reason for s, p in found.by_segment.items() if isinstance(p, NotEstimable)},
        "segments": [s for s, p in found.by_segment.items() if isinstance(p, IndexPath)],
        "gain": path.gain,
        "years": told.years if isinstance(told, Keeping) else None,
        "rate": told.rate if isinstance(told, Keeping) else None,
        "measure": told.measure if isinstance(told, Keeping) else None,
        "no_value": told.reason if isinstance(told, NotEstimable) else "",
    }
    return Answer(ID, ID, evidence, _levers, facts)


def _rows(found: Worth, path: IndexPath) -> pd.DataFrame:
    rows = []
    n = float(found.rows["client_id"].nunique())
    followed, gone = float(found.clients[ALL]), float(found.events[ALL])
    change = relative(path, found.rates[ALL])
    often = dict(zip(path.leading["driver"], path.leading["first_two"].astype(float), strict=True))
    spread = _spread(found)
    for j, factor in enumerate(found.factors):
        rows.append(row(path.on_index.estimate(j), "points", n, NAN, factor=factor, what=POINTS, segment=""))
        rows.append(row(_turned(change.estimate(j)), "share", followed, gone, factor=factor, what=FEWER, segment=""))
        rows.append(row(often[factor], "share", n, NAN, factor=factor, what=FIRST_TWO, segment=""))
        rows.append(row(spread[factor], "points", n, NAN, factor=factor, what=SPREAD, segment=""))
        for segment, own in found.by_segment.items():
            if isinstance(own, IndexPath):
                there = relative(own, found.rates[segment]).estimate(j)
                size = float(found.clients[segment]), float(found.events[segment])
                rows.append(row(_turned(there), "share", *size, factor=factor, what=FEWER, segment=segment))
    return pd.DataFrame(rows)


def _stated(found: Worth, said: StatedLevels) -> pd.DataFrame:
    """Return the changes of the shares of clients by what they say, of everybody and by segment."""
    rows = []
    for (segment, level), change in said.changes.items():
        size = float(said.clients[segment]), float(said.there[segment, level])
        for j, factor in enumerate(found.factors):
            rows.append(row(change.estimate(j), "share", *size, factor=factor, what=level, segment=segment))
    return pd.DataFrame(rows)


def _values(found: Worth, told: Keeping, unit: str) -> pd.DataFrame:
    """Return the lifetime value of those kept, of everybody and by segment, with what its protection needs."""
    rows = []
    parts = {"": (found.paths[LEFT], ALL), **{s: (p, s) for s, p in found.by_segment.items()}}
    for segment, (path, key) in parts.items():
        if not isinstance(path, IndexPath) or segment not in told.curves:
            continue
        change = relative(path, found.rates[key])
        fewer = replace(change, value=-change.value, values=-change.values)
        sizes = dict(zip(("largest", "second", "absolute"), told.sizes[segment], strict=True))
        for j, factor in enumerate(found.factors):
            worth_it = told.worth(fewer, j, segment, unit)
            size = float(told.clients[segment]), float(found.events[key])
            rows.append(row(worth_it, unit, *size, factor=factor, what=VALUE, segment=segment) | sizes)
    return pd.DataFrame(rows)


def _turned(found: Estimate | NotEstimable) -> Estimate | NotEstimable:
    if isinstance(found, NotEstimable):
        return found
    return Estimate(-found.value, -found.high, -found.low, found.unit, found.n, found.n_events, found.level, found.se)


def _spread(found: Worth) -> dict[str, float]:
    """Return the sd of what each factor measures between clients, free of error where that is known."""
    weight = found.rows["weight"].to_numpy(float)
    result = {}
    for factor in found.factors:
        score = found.rows[factor].to_numpy(float)
        variance = float(np.average((score - np.average(score, weights=weight)) ** 2, weights=weight))
        noise = float(np.average(found.errors[factor], weights=weight)) if factor in found.errors else 0.0
        result[factor] = float(np.sqrt(max(variance - noise, 0.0)))
    return result


def _segments_differ(found: Worth) -> TestResult | None:
    told = [relative(p, found.rates[s]) for s, p in found.by_segment.items() if isinstance(p, IndexPath)]
    return same_everywhere(told) if len(told) > 1 else None


def _digits(value: float) -> float:
    """Return a product of two numbers of three digits with three digits."""
    return float(f"{value:.3g}")


def _levers(parts: dict[str, Evidence]) -> Levers:
    money = [cast(MoneySums, parts[m]).cells if m in parts else None for m in ("assets", "margin")]
    return Levers(cast(Estimates, parts["levers"]).rows, cast(ClientCounts, parts["exits"]).cells, *money)
