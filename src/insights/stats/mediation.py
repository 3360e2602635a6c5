"""How much of what goes with an exposure passes through a mediator, and how much hidden confounding would undo it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.moments import Moments
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = "Baron & Kenny (1986); MacKinnon, Lockwood & Williams (2004) for the bootstrap; Imai, Keele & Yamamoto (2010)"
CORRELATIONS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
TOTAL, DIRECT, INDIRECT, SHARE = "total", "direct", "indirect", "share"
TO_MEDIATOR, TO_OUTCOME = "to mediator", "mediator to outcome"


@dataclass(frozen=True, eq=False)
class Mediation(Result):
    """``table``: path, value, low, high, reason (why there is no interval), n.

    ``total`` is the slope of the outcome on the exposure, ``direct`` that with the mediator beside it, ``indirect``
    their difference (``to mediator`` times ``mediator to outcome``), ``share`` the indirect part of the total.
    ``sensitivity``: correlation, indirect, low, high: the indirect path if the errors of mediator and outcome were so
    correlated by something hidden. ``breaking`` is the correlation at which nothing would be left of it.
    """

    sensitivity: pd.DataFrame = field(repr=False, kw_only=True)
    breaking: Estimate | NotEstimable = field(kw_only=True)

    def path(self, name: str) -> Estimate | NotEstimable:
        """Return one path. Raises ValueError for a name that is not in the table."""
        found = self.table[self.table["path"] == name]
        if found.empty:
            raise ValueError(f"no path is called {name!r}; expected one of {', '.join(self.table['path'])}")
        row = found.iloc[0]
        if row["reason"]:
            return NotEstimable(str(row["reason"]))
        value, low, high = (float(row[c]) for c in ("value", "low", "high"))
        return Estimate(value, low, high, "outcome", int(row["n"]))


def mediation(
    moments: Moments,
    exposure: str,
    mediator: str,
    outcome: str,
    controls: Sequence[str] = (),
    *,
    correlations: Sequence[float] = CORRELATIONS,
    level: float = 0.95,
) -> Mediation | NotEstimable:
    """Split the slope of an outcome on an exposure into what passes through a mediator and the rest (linear paths).

    Percentile intervals of the moments' replicates, by cluster. An outcome of 0 and 1 makes slopes differences of
    probabilities. The sensitivity analysis asks what the indirect path would be if something unobserved moved mediator
    and outcome together: as a correlation of the errors of both equations.

    Assumes linear paths without interaction; given the controls, nothing unobserved moves exposure and outcome,
    exposure and mediator, or (what the sensitivity analysis is about) mediator and outcome. Error in measuring the
    mediator makes its path too small. NotEstimable where exposure, mediator and controls cannot be told apart.
    """
    if not all(-1 < rho < 1 for rho in correlations):
        raise ValueError(f"correlations are {list(correlations)}; expected numbers between -1 and 1")
    freed = moments.freed([exposure, mediator, outcome], controls)
    if not np.isfinite(freed[0]).all() or (np.diagonal(freed[0]) <= 1e-12).any():
        return NotEstimable(f"{exposure}, {mediator} and the controls cannot be told apart")
    xx, xm, xy = freed[:, 0, 0], freed[:, 0, 1], freed[:, 0, 2]
    mm, my, yy = freed[:, 1, 1], freed[:, 1, 2], freed[:, 2, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        a, total = xm / xx, xy / xx
        m_rest, joint, y_rest = mm - xm * a, my - xm * total, yy - xy * total  # freed of the exposure
        b = joint / m_rest
        indirect = a * b
        rho = joint / np.sqrt(m_rest * y_rest)
    if not np.isfinite(indirect[0]) or m_rest[0] <= 1e-9 * mm[0]:
        return NotEstimable(f"{mediator} says the same as {exposure}")
    paths = {TOTAL: total, DIRECT: total - indirect, INDIRECT: indirect, TO_MEDIATOR: a, TO_OUTCOME: b}
    lines = [_line(name, moments, values, level) for name, values in paths.items()]
    clear = lines[0][2] > 0 or lines[0][3] < 0
    share = _line(SHARE, moments, indirect / total, level)
    if not clear:
        share = (SHARE, float("nan"), float("nan"), float("nan"), "the total is not clear of 0", moments.n)
    table = pd.DataFrame([*lines, share], columns=["path", "value", "low", "high", "reason", "n"])
    rows = [(r, *_hidden(r, a, rho, m_rest, y_rest, level)) for r in correlations]
    sensitivity = pd.DataFrame(rows, columns=["correlation", "indirect", "low", "high"])
    return Mediation(
        table,
        source=SOURCE,
        sensitivity=sensitivity,
        breaking=moments.replicates(rho[:, None]).estimate(unit="correlation", level=level),
    )


def _line(name: str, moments: Moments, values: Floats, level: float) -> tuple[str, float, float, float, str, int]:
    found = moments.replicates(values[:, None]).estimate(level=level)
    if isinstance(found, NotEstimable):
        return name, float(values[0]), float("nan"), float("nan"), found.reason, moments.n
    return name, found.value, found.low, found.high, "", moments.n


def _hidden(
    correlation: float, a: Floats, rho: Floats, m_rest: Floats, y_rest: Floats, level: float
) -> tuple[float, float, float]:
    """Return the indirect path (value, low, high) at an error correlation: Imai, Keele & Yamamoto (2010), theorem 4."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = rho - correlation * np.sqrt((1 - rho**2) / (1 - correlation**2))
        found = a * np.sqrt(y_rest / m_rest) * pull
    ends: npt.NDArray[np.float64] = np.nanquantile(found[1:], [(1 - level) / 2, (1 + level) / 2])
    return float(found[0]), float(ends[0]), float(ends[1])
