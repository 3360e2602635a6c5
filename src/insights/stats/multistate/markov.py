"""Does the next move depend on more than the present state and month? Tests of the Markov assumption."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.counts import Counts
from insights.stats.inputs import Floats, Ints
from insights.stats.logrank import observed_expected
from insights.stats.multiplicity import holm
from insights.stats.multistate.spells import NOWHERE, Spells, read_spells
from insights.stats.results import NotEstimable, Result, TestResult

SOURCE = (
    "Putter, Fiocco & Geskus (2007), Tutorial in biostatistics: competing risks and multi-state models (entry as a "
    "covariate); Mantel (1966); for other kinds of memory: Titman & Putter (2022), General tests of the Markov property"
)
ENTRY, BEFORE = "month of entry", "state before"
FEWEST_EVENTS = 50
FEWEST_EXPECTED = 10


@dataclass(frozen=True, eq=False)
class MarkovTests(Result):
    """Tests by move.

    ``table``: from, to, test, n, n_events, statistic, df, p_value, p_holm, hazard_ratio_12m, reason; one row per move
    and test. ``hazard_ratio_12m`` (month of entry only) is by how much the hazard multiplies if the state was entered
    12 months later, at the same month now: one Newton step from 1.
    """

    def of(self, origin: str, target: str, test: str = ENTRY) -> TestResult | NotEstimable:
        """Return one of the tests, with the p-value that is not adjusted."""
        row = self.table[(self.table["from"] == origin) & (self.table["to"] == target) & (self.table["test"] == test)]
        if row.empty:
            return NotEstimable(f"nobody was seen to move from {origin} to {target}, or there is no test {test!r}")
        found = row.iloc[0]
        if found["reason"]:
            return NotEstimable(str(found["reason"]))
        null = _null(test, origin, target)
        return TestResult(test, null, float(found["statistic"]), float(found["df"]), float(found["p_value"]))


def markov_test(spells: pd.DataFrame, *, alpha: float = 0.05) -> MarkovTests:
    """Test, for every move, whether its hazard depends on when the state was entered or where the unit came from.

    ``spells`` as in ``state_occupation``, with ``unit``; comparisons are made within each ``group``. If the process is
    Markov, all who are in a state at a month have the same hazard of each move. Two score (log-rank) tests look for
    the usual suspects:

    - month of entry: the hazard rises or falls with the month in which the state was entered, hence with the time spent
      in it (trend; 1 degree of freedom).
    - state before: those who came from different states (or started in this one at month 0) have different hazards
      (k - 1 degrees of freedom; origins with fewer than 10 expected moves are taken together).

    Both are exact under ties (hypergeometric variance) and allow delayed entry; stays that were under way when a unit
    entered observation after month 0 have an unknown beginning and are left out. ``p_holm`` accounts for all tests
    made; ``checks`` tells the smallest, and whether it is ``alpha`` or less. A test has a reason instead of a result
    below 50 moves, or where all at risk are alike. They see only these two kinds of memory: a process that passes may
    still depend on its past in other ways, and with very many units a trifling dependence is significant: look at the
    hazard ratio.

    Raises ValueError as ``state_occupation`` does, and without ``unit``.
    """
    read = read_spells(spells)
    if read.unit is None:
        raise ValueError("the tests follow units from state to state; expected a column unit in the spells")
    began, came = _history(read)
    rows = []
    moved = read.target != NOWHERE
    for h in np.unique(read.origin[moved]):
        own = (read.origin == h) & ~np.isnan(began)
        part, since, before = read.only(own), began[own], came[own]
        assert part.unit is not None
        n = len(np.unique(part.unit))
        for j in np.unique(read.target[(read.origin == h) & moved]):
            done = part.target == j
            for test in (ENTRY, BEFORE):
                found = _trend(part, done, since) if test == ENTRY else _origins(part, done, before)
                if done.sum() < FEWEST_EVENTS:
                    found = _without(f"{int(done.sum())} moves are too few; the test needs {FEWEST_EVENTS}")
                head = {"from": read.states[h], "to": read.states[j], "test": test}
                rows.append(head | {"n": n, "n_events": int(done.sum())} | found)
    columns = ["from", "to", "test", "n", "n_events", "statistic", "df", "p_value", "hazard_ratio_12m", "reason"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(8, "p_holm", holm(table["p_value"].to_numpy(float)))
    return MarkovTests(table, (_smallest(table, alpha),), SOURCE)


def _history(spells: Spells) -> tuple[Floats, Ints]:
    """Return the month in which each stay began (NaN where unknown) and the state before (NOWHERE: none)."""
    assert spells.unit is not None
    n = len(spells.entry)
    joined = np.zeros(n, dtype=bool)
    joined[1:] = (spells.unit[1:] == spells.unit[:-1]) & (spells.entry[1:] == spells.exit[:-1])
    target = np.concatenate([[NOWHERE], spells.target[:-1]])
    arrived, goes_on = joined & (target != NOWHERE), joined & (target == NOWHERE)
    known = arrived | (spells.entry == 0)
    # A stay in several rows began where its first row did.
    first = np.maximum.accumulate(np.where(goes_on, 0, np.arange(n)))
    began = np.where(known[first], spells.entry[first], np.nan)
    before = np.concatenate([[NOWHERE], spells.origin[:-1]])
    return began, np.where(arrived, before, NOWHERE)[first]


def _trend(spells: Spells, done: npt.NDArray[np.bool_], began: Floats) -> dict[str, object]:
    score = information = 0.0
    for g in range(len(spells.groups)):
        own = spells.group == g
        part, x, event = spells.only(own), began[own], done[own]
        if not event.any():
            continue
        weight = np.ones(len(x)) if part.weight is None else part.weight
        axis = np.unique(part.exit[event])
        first = np.searchsorted(axis, part.entry, side="right")
        last = np.searchsorted(axis, part.exit, side="right")
        x = x - np.average(x, weights=weight)  # sums of squares of large months lose digits
        n, sx, sxx = (_at_risk(first, last, weight * x**power, len(axis)) for power in range(3))
        at, own_weight = np.searchsorted(axis, part.exit[event]), weight[event]
        d = np.bincount(at, own_weight, len(axis))
        dx = np.bincount(at, own_weight * x[event], len(axis))
        spread = np.maximum(sxx / n - (sx / n) ** 2, 0.0)
        score += float((dx - d * sx / n).sum())
        information += float((d * spread * np.divide(n - d, n - 1, out=np.zeros_like(n), where=n > 1)).sum())
    if information <= 1e-9:
        return _without("all at risk entered the state in the same month: there is nothing to compare")
    ratio = float(np.exp(np.clip(12 * score / information, -50, 50)))
    return _found(score**2 / information, 1) | {"hazard_ratio_12m": ratio}


def _at_risk(first: Ints, last: Ints, value: Floats, size: int) -> Floats:
    """Return the sum of the values of those at risk at each time, who are so from place first to last (exclusive)."""
    change = np.bincount(first, value, size + 1) - np.bincount(last, value, size + 1)
    return np.asarray(np.cumsum(change)[:size])


def _origins(spells: Spells, done: npt.NDArray[np.bool_], came: Ints) -> dict[str, object]:
    labels = np.unique(came)
    if len(labels) < 2:
        return _without("all came to the state in the same way: there is nothing to compare")
    observed, expected, covariance = _compared(spells, done, came, labels)
    few = expected < FEWEST_EXPECTED
    if few.sum() > 1:
        came = np.where(np.isin(came, labels[few]), labels[few][0], came)
        labels = np.unique(came)
        observed, expected, covariance = _compared(spells, done, came, labels)
    kept = expected >= FEWEST_EXPECTED
    if kept.sum() < 2:
        return _without(f"fewer than two origins have {FEWEST_EXPECTED} expected moves")
    values, vectors = np.linalg.eigh(covariance)
    some = values > 1e-9 * values.max()
    along = vectors[:, some].T @ (observed - expected)
    return _found(float((along**2 / values[some]).sum()), int(some.sum()))


def _compared(spells: Spells, done: npt.NDArray[np.bool_], came: Ints, labels: Ints) -> tuple[Floats, Floats, Floats]:
    """Return observed and expected moves by origin, and their covariance, added up over the groups."""
    k = len(labels)
    observed, expected, covariance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for g in range(len(spells.groups)):
        own = spells.group == g
        if not (done & own).any():
            continue
        part, event, origin = spells.only(own), done[own], came[own]
        weight = np.ones(len(event)) if part.weight is None else part.weight
        axis = np.unique(part.exit[event])
        first, last = (np.searchsorted(axis, t, side="right") for t in (part.entry, part.exit))
        at = np.searchsorted(axis, part.exit)
        counts = []
        for label in labels:
            some = origin == label
            n = _at_risk(first[some], last[some], weight[some], len(axis))
            d = np.bincount(at[some & event], weight[some & event], len(axis)).astype(float)
            counts.append(Counts("", axis, n, d[None], float(weight[some].sum())))
        o, e, c = observed_expected(counts)
        observed, expected, covariance = observed + o, expected + e, covariance + c
    return observed, expected, covariance


def _found(statistic: float, df: int) -> dict[str, object]:
    from scipy.special import chdtrc

    p = float(chdtrc(df, statistic))
    return {"statistic": statistic, "df": float(df), "p_value": p, "hazard_ratio_12m": np.nan, "reason": ""}


def _without(reason: str) -> dict[str, object]:
    nothing = dict.fromkeys(("statistic", "df", "p_value", "hazard_ratio_12m"), np.nan)
    return nothing | {"reason": reason}


def _null(test: str, origin: str, target: str) -> str:
    what = "the month in which the state was entered" if test == ENTRY else "the state before"
    return f"at every month, the hazard of moving from {origin} to {target} does not depend on {what}"


def _smallest(table: pd.DataFrame, alpha: float) -> TestResult:
    name, null = "Markov assumption", "at every month, all who are in a state have the same hazards"
    made = table.dropna(subset=["p_holm"])
    if made.empty:
        return TestResult(name, null, reason="there are too few moves for any test")
    row = made.loc[made["p_holm"].idxmin()]
    why = ""
    if row["p_holm"] <= alpha:
        why = f"the hazard of moving from {row['from']} to {row['to']} depends on the {row['test']}"
    return TestResult(name, null, float(row["statistic"]), float(row["df"]), float(row["p_holm"]), why)
