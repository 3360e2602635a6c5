"""The exact score test of proportional hazards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.stats.cox import CoxModel
from insights.stats.cox.rows import CoxRows, risk_sets
from insights.stats.cox.sums import cumulative, leave_less_come, make_ties, over_risk_sets, sums
from insights.stats.inputs import Floats
from insights.stats.results import Result, TestResult

GLOBAL = "GLOBAL"
SOURCE = "Grambsch & Therneau (1994); the exact score test: Therneau, survival package for R from version 3.0"
NULL = "the effect does not change with time"

Transform = str | Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class ProportionalHazardsTest(Result):
    """``table``: term, chi2, df, p; one row per term and, last, the term "GLOBAL". ``checks`` are the same tests."""

    transform: str = "km"


def proportional_hazards_test(
    model: CoxModel, transform: Transform = "km", terms: Mapping[str, Sequence[str]] | None = None
) -> ProportionalHazardsTest:
    """Test whether effects change with time: score test of adding column times g(time) to the model, for each term.

    Parameters, for a model as ``cox`` returns it
    ---------------------------------------------
    transform : g: "km" (share with an event before the time), "identity", "log" (needs exits above 0), "rank" (of the
        exit), or a function of an array of times.
    terms : columns that are tested together, by name, such as the indicators of one factor; columns that no term
        names are tested one by one.

    The statistic is chi-squared with as many degrees of freedom as the term has columns. The variance is that of the
    model, computed at every event time and not, as in the older approximation, taken as constant over time; clusters
    are not allowed for. It has power against effects that rise or fall with g. With many events small departures are
    significant: look at how large they are.

    Raises ValueError for an unknown transform, terms that name no column or one twice, times that have no logarithm.
    """
    rows = model._fit.rows
    groups = _terms(model.names, terms)
    place = rows.sets.at
    values = _of_time(rows, transform)
    values = values - np.average(values, weights=np.bincount(place, minlength=len(values)))
    order = make_ties(rows.sets, model._fit.ties)
    at = model._fit.found.at
    plain, first, second = (sums(rows, order, at, values**k) for k in range(3))
    bread = np.linalg.inv(plain.information)
    # Score and variance of the added columns once the coefficients have been fitted.
    score = first.score - first.information @ bread @ plain.score
    variance = second.information - first.information @ bread @ first.information
    from scipy.special import chdtrc  # slow to import

    records = []
    for name, columns in groups.items():
        # A term's own columns are added and no other.
        part, within = score[columns], variance[np.ix_(columns, columns)]
        chi2 = float(part @ np.linalg.solve(within, part))
        records.append((name, chi2, len(columns), float(chdtrc(len(columns), chi2))))
    name = transform if isinstance(transform, str) else "function"
    checks = tuple(
        TestResult(f"proportional hazards: {term}", NULL, chi2, float(df), p) for term, chi2, df, p in records
    )
    return ProportionalHazardsTest(pd.DataFrame(records, columns=["term", "chi2", "df", "p"]), checks, SOURCE, name)


def _terms(names: tuple[str, ...], terms: Mapping[str, Sequence[str]] | None) -> dict[str, list[int]]:
    given = [column for columns in (terms or {}).values() for column in columns]
    unknown = sorted(set(given) - set(names))
    if unknown or len(set(given)) < len(given):
        what = f"{', '.join(unknown)}, not columns of the model" if unknown else "a column twice"
        raise ValueError(f"the terms name {what}; expected each of {', '.join(names)} at most once")
    found = {term: [names.index(column) for column in columns] for term, columns in (terms or {}).items()}
    found |= {name: [k] for k, name in enumerate(names) if name not in given}
    return found | {GLOBAL: list(range(len(names)))}


def _of_time(rows: CoxRows, transform: Transform) -> Floats:
    """Return g at each event time (T)."""
    times = rows.sets.times
    if callable(transform):
        return np.asarray(transform(times), dtype=float)
    if transform == "identity":
        return times
    if transform == "log":
        if times.min() <= 0:
            raise ValueError("some events are at month 0, which has no logarithm; expected another transform")
        return np.log(times)
    if transform == "rank":
        ended = np.sort(rows.exit)
        return (np.searchsorted(ended, times, side="left") + np.searchsorted(ended, times, side="right") + 1) / 2
    if transform == "km":
        return _share_before(rows)
    raise ValueError(f"the transform is {transform!r}; expected km, identity, log, rank or a function")


def _share_before(rows: CoxRows) -> Floats:
    """Return 1 less the survival of all strata and weights together just before each event time (T)."""
    sets = risk_sets(rows.exit, rows.sets.event, rows.entry, None)
    at_risk = over_risk_sets(sets, leave_less_come(sets, np.ones(rows.n)))
    with np.errstate(divide="ignore"):
        before = np.exp(cumulative(np.log1p(-sets.tied / at_risk)))[:-1]
    return np.asarray(1 - before[np.searchsorted(sets.times, rows.sets.times)])
