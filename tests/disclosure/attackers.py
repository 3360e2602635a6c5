"""What an attacker does with published tables, and made-up clients to try it on."""

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from insights.data.settings import DisclosureSection
from insights.stats.counts import risk_table
from insights.topics.evidence import ClientCounts, RiskCounts

RULES = DisclosureSection()
CAUSES = ("bank", "competitor", "death", "dormancy")


def table(values: object) -> ClientCounts:
    """Return a table of clients with dimensions d0, d1, ... from an array of counts."""
    array = np.asarray(values)
    dims = tuple(f"d{k}" for k in range(array.ndim))
    places = list(np.ndindex(array.shape))
    cells = pd.DataFrame([[f"{d}{i}" for d, i in zip(dims, p, strict=True)] for p in places], columns=list(dims))
    return ClientCounts(cells.assign(clients=array.ravel()), dims)


def margin_bounds(exact: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", hidden: list[bool]) -> list[float]:
    """Return for each hidden cell how far apart the bounds are that the shown cells and all margins allow.

    The attacker knows more than is ever published: shown cells and margins before rounding.
    """
    flat = exact.ravel()
    equations, totals = [], []
    for axis in range(exact.ndim):
        for place in np.ndindex(*(n for k, n in enumerate(exact.shape) if k != axis)):
            mask = np.zeros(exact.shape)
            mask[(*place[:axis], slice(None), *place[axis:])] = 1
            equations.append(mask.ravel())
            totals.append(float((mask * exact).sum()))
    known = [(None, None) if h else (float(v), float(v)) for v, h in zip(flat, hidden, strict=True)]
    bounds = [(0.0, None) if low is None else (low, high) for low, high in known]
    widths = []
    for cell in np.flatnonzero(hidden):
        aim = np.zeros(len(flat))
        aim[cell] = 1
        low, high = (
            linprog(sign * aim, A_eq=np.array(equations), b_eq=totals, bounds=bounds, method="highs")
            for sign in (1, -1)
        )
        assert low.status == high.status == 0
        widths.append(float(-high.fun - low.fun))
    return widths


def clients(
    n: int, seed: int, *, shares: dict[str, float], hazards: tuple[float, ...] = (0.001, 0.012, 0.002, 0.0005)
) -> pd.DataFrame:
    """Make up n clients, observed for 60 months: entry, exit (months of tenure), cause ("" in force), group."""
    rng = np.random.default_rng(seed)
    joined, rates = rng.integers(-240, 60, n), np.array(hazards)
    life = np.ceil(rng.exponential(1 / rates.sum(), n))
    life[rng.random(n) < 0.005] = 0.5
    entry, seen = np.maximum(0, -joined), 60 - joined
    cause = rng.choice(CAUSES, n, p=rates / rates.sum())
    frame = pd.DataFrame(
        {
            "entry": entry.astype(float),
            "exit": np.minimum(life, seen),
            "cause": np.where(life <= seen, cause, ""),
            "group": rng.choice(list(shares), n, p=list(shares.values())),
        }
    )
    return frame[frame["exit"] > frame["entry"]].reset_index(drop=True)


def risk_counts(frame: pd.DataFrame, *, by: bool = True) -> RiskCounts:
    """Return the evidence of curves for the clients, by group or for all of them."""
    group = frame["group"] if by else pd.Series("", index=frame.index)
    counts = risk_table(frame["exit"], frame["cause"], entry=frame["entry"], group=group)
    units = group.value_counts().sort_index().rename_axis("group").rename("units").reset_index()
    return RiskCounts(counts, units)


def cumulative(evidence: RiskCounts, *, by: str | None = None) -> pd.DataFrame:
    """Return the cumulative exits by time (rows) and cause or group (columns) that a reader adds up."""
    keys = ["time"] if by is None else ["time", by]
    steps = evidence.counts.groupby(keys)["events"].sum()
    return (steps.to_frame() if by is None else steps.unstack(by)).sort_index().fillna(0).cumsum()
