"""Defaults held against what was foretold a year before: all together, and by grade of the chance foretold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.defaults import FEWEST, YEAR, Defaults, defaults
from insights.models.risk.loans import Loans, loans
from insights.stats.calibration.groups import Calibration, calibration
from insights.stats.proportions import rate
from insights.stats.results import Estimate, NotEstimable, TestResult

YEARS = 3
"""Years looked back on, each with what was learned by its beginning."""
GRADES, PER_GRADE = 5, 12
"""At most so many grades, and one for so many defaults."""
LEVEL = "as many loans defaulted as were foretold"


@dataclass(frozen=True)
class Tested:
    """Defaults of the last ``years`` years beside those foretold at the beginning of each.

    ``ratio``: observed by expected, ``level``: the exact test of it. ``grades``: by grade of the chance foretold (1 has
    the lowest), with the test that each grade is as foretold; one grade where all loans have the same chance.
    """

    __test__ = False  # the field's word for it; pytest must not collect it

    ratio: Estimate
    level: TestResult
    grades: Calibration = field(repr=False)
    years: int


def observed_expected(bank: Bank) -> Tested | NotEstimable:
    """Return how the last years' defaults stand to those foretold with what was known then; made once per bank."""
    found = loans(bank)
    backs = [YEAR * k for k in range(1, YEARS + 1)]
    return once(
        bank, "risk_observed_expected", lambda: held_against(found, {back: defaults(bank, back) for back in backs})
    )


def held_against(found: Loans, then: Mapping[int, Defaults | NotEstimable]) -> Tested | NotEstimable:
    """Hold the loans that performed so many months ago against the year that followed, for each of these dates.

    ``then``: what was learned up to each date, by how many months it lies before the last one. The years must not
    overlap. A loan that was repaid on the way is at risk as long as it ran. NotEstimable where nothing could be
    foretold a year ago, and with fewer than ten defaults in all.
    """
    told = {back: was for back, was in then.items() if isinstance(was, Defaults)}
    if not told:
        nothing = next(was for _, was in sorted(then.items()) if isinstance(was, NotEstimable))
        return NotEstimable(nothing.reason)
    years = [_year(found, found.last - back, was) for back, was in sorted(told.items())]
    rows = pd.concat(years, ignore_index=True)
    seen, p = rows["seen"].to_numpy(bool), rows["chance"].to_numpy(float)
    events = int(seen.sum())
    if events < FEWEST:
        return NotEstimable(f"{events} defaults in the years tested; {FEWEST} are needed")
    expected = float((1 - (1 - p) ** rows["part"].to_numpy(float)).sum())
    one = rate(events, expected, unit="ratio")
    ratio = Estimate(one.value, one.low, one.high, "ratio", len(rows), events)
    groups = int(np.clip(events // PER_GRADE, 2, GRADES))
    grades = calibration(rows["time"].to_numpy(float), seen.astype(np.int64), p, float(YEAR), groups=groups)
    return Tested(ratio, _level(events, expected), grades, len(told))


def _year(found: Loans, start: int, was: Defaults) -> pd.DataFrame:
    """Return chance, seen (default within a year), part (of the year at risk), time (months) of the loans at a date."""
    rows = found.rows[(found.rows["month"] == start) & found.rows["performing"] & (found.rows["drawn"] > 0)]
    during = found.rows[found.rows["performing"] & found.rows["month"].between(start, start + YEAR)]
    months = during.groupby("client_id").size().reindex(rows["client_id"]).to_numpy(float)
    after = rows["default"].to_numpy(float) - start
    seen = (after > 0) & (after <= YEAR)
    gone = np.where(months > YEAR, YEAR + 1.0, months - 0.5)
    return pd.DataFrame(
        {
            "chance": was.within_year(rows),
            "seen": seen,
            "part": np.where(seen, 1.0, np.minimum(months, YEAR) / YEAR),
            "time": np.where(seen, after, gone),
        }
    )


def _level(events: int, expected: float) -> TestResult:
    """Return the exact test (Poisson, twice the smaller tail) that as many came as were foretold."""
    from scipy.special import pdtr, pdtrc  # half a second that those who test nothing need not wait

    tail = min(float(pdtr(events, expected)), float(pdtrc(events - 1, expected)))
    return TestResult("defaults beside the forecast", LEVEL, events / expected, None, min(1.0, 2 * tail))
