"""An answer foretold from rows that stand in their order: learned from the earlier ones, scored on the later ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from insights.stats.calibration.groups import Calibration, calibration
from insights.stats.calibration.slope import Recalibration, recalibration
from insights.stats.elastic_net import ElasticNet, elastic_net_logit
from insights.stats.inputs import Floats
from insights.stats.resampling import Replicates, ratio_of, replicate_weights
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.scoring.precision import SOURCE, average_precision

REPLICATES = 200
FEWEST_EVENTS = 50
COMMON = 50
"""An indicator needs so many of the earlier rows with it, and without it."""


@dataclass(frozen=True, repr=False)
class InOrder(Result):
    """How well the later rows were foretold.

    ``table``: one row per score (average_precision, precision_top, lift_top) with value, low, high and n.
    ``average_precision``; ``lift``: how many times as often it came true among the ``top`` share with the highest
    probabilities as among all; ``calibrated`` and ``recalibrated``: see there. ``refused`` says of each column that was
    not used why. ``names`` and ``net``: what was learned. ``probability`` of the later rows.
    """

    average_precision: Estimate | NotEstimable = field(kw_only=True)
    lift: Estimate | NotEstimable = field(kw_only=True)
    calibrated: Calibration = field(kw_only=True)
    recalibrated: Recalibration = field(kw_only=True)
    refused: dict[str, str] = field(kw_only=True)
    names: tuple[str, ...] = field(kw_only=True)
    net: ElasticNet = field(kw_only=True)
    probability: Floats = field(kw_only=True)


def foretold_in_order(
    columns: pd.DataFrame,
    came: npt.ArrayLike,
    *,
    earlier: float = 0.7,
    revealed: Mapping[str, str] | None = None,
    never: Mapping[str, float] | None = None,
    top: float = 0.1,
    penalty: float = 30.0,
    seed: str = "in order",
) -> InOrder | NotEstimable:
    """Learn an elastic-net logit from the ``earlier`` share of the rows (n, in their order), and score it on the rest.

    columns (n rows): numbers and texts; came (n): whether it came true. ``revealed`` names columns that are known only
    after something has happened, and what: they would give the answer away, and are refused. ``never`` names numbers
    with a value that stands for "never": it is not that number, but an indicator of its own. Scales and levels are
    those of the earlier rows; a text that is new later, or rare, counts as its most frequent one.

    Intervals: rows drawn with Poisson weights, as if independent, since nothing says which belong together; normal, of
    the lift on the log scale. Calibration takes the predictions as fixed.

    NotEstimable with fewer than 50 that came true, or did not, in either part. Raises ValueError for lengths that
    differ, a share outside 0 to 1, and names of columns that do not exist.
    """
    told, apart = dict(revealed or {}), dict(never or {})
    y = np.asarray(came, dtype=bool)
    if len(columns) != len(y):
        raise ValueError(f"there are {len(columns)} rows and {len(y)} outcomes; expected one of each")
    if not (0 < earlier < 1 and 0 < top < 1):
        raise ValueError(f"the shares are {earlier} and {top}; expected between 0 and 1")
    if unknown := sorted({*told, *apart} - set(columns)):
        raise ValueError(f"there is no column {unknown[0]}; expected names of columns: {', '.join(map(str, columns))}")
    split = int(len(y) * earlier)
    if min(y[:split].sum(), (~y[:split]).sum(), y[split:].sum(), (~y[split:]).sum()) < FEWEST_EVENTS:
        return NotEstimable(f"an answer foretold in order needs {FEWEST_EVENTS} of each outcome in either part")
    used = columns.drop(columns=list(told))
    names, values = _coded(used, split, apart)
    net = elastic_net_logit(values[:split], y[:split], penalty=penalty)
    p = expit(net.intercept + values[split:] @ net.slopes)
    scores = _scores(p, y[split:], top, seed)
    time, cause = np.ones(len(p)), y[split:].astype(np.int64)
    # Who did not say yes was seen to the end: his time lies beyond the horizon.
    time[cause == 0] = 2.0
    lift = scores["lift_top"]
    table = pd.DataFrame([{"score": name} | _row(e) for name, e in scores.items()])
    return InOrder(
        table,
        (),
        SOURCE,
        average_precision=scores["average_precision"],
        lift=lift,
        calibrated=calibration(time, cause, p, 1.0),
        recalibrated=recalibration(time, cause, p, 1.0),
        refused={name: f"known only after {what}" for name, what in told.items()},
        names=names,
        net=net,
        probability=p,
    )


def _row(e: Estimate | NotEstimable) -> dict[str, float]:
    nan = float("nan")
    told = (nan, nan, nan, nan) if isinstance(e, NotEstimable) else (e.value, e.low, e.high, e.n)
    return dict(zip(("value", "low", "high", "n"), told, strict=True))


def _coded(columns: pd.DataFrame, split: int, never: Mapping[str, float]) -> tuple[tuple[str, ...], Floats]:
    """Return names (p) and values (n, p): numbers standardised by the earlier rows, indicators of levels as 0 or 1."""
    made: dict[str, Floats] = {}
    for name in map(str, columns):
        own = columns[name]
        if pd.api.types.is_numeric_dtype(own):
            x = own.to_numpy(dtype=float, na_value=np.nan)
            if name in never:
                made[f"{name}:never"] = np.equal(x, never[name]).astype(float)
                x = np.where(x == never[name], np.nan, x)
            gone = np.isnan(x)
            if name not in never and gone.any():
                made[f"{name}:missing"] = gone.astype(float)
            known = x[:split][~gone[:split]]
            spread = float(known.std()) if len(known) else 0.0
            if spread > 0:
                made[name] = np.where(gone, 0.0, (x - known.mean()) / spread)
        else:
            text = own.astype(str).to_numpy(object)
            levels = pd.Series(text[:split]).value_counts().sort_index().sort_values(ascending=False, kind="stable")
            for level in levels.index[1:]:
                made[f"{name}:{level}"] = (text == level).astype(float)
    kept = {n: v for n, v in made.items() if ":" not in n or min(v[:split].sum(), split - v[:split].sum()) >= COMMON}
    return tuple(kept), np.stack(list(kept.values()), axis=1) if kept else np.empty((len(columns), 0))


def _scores(p: Floats, came: npt.NDArray[np.bool_], top: float, seed: str) -> dict[str, Estimate | NotEstimable]:
    n = len(p)
    row = np.arange(n)
    drawn = replicate_weights(row.astype(str), seed=seed, replicates=range(REPLICATES))
    weights = np.concatenate([np.ones((n, 1)), drawn], axis=1)
    order = np.argsort(-p, kind="stable")
    # The top share of each replicate: rows by probability until their weights reach it.
    reach = np.cumsum(weights[order], axis=0)
    inside = np.diff(np.minimum(reach, top * reach[-1]), axis=0, prepend=0.0)
    precision = (inside * came[order, None]).sum(axis=0) / inside.sum(axis=0)
    overall = (weights * came[:, None]).sum(axis=0) / weights.sum(axis=0)
    area = average_precision(p, came, row, weights)
    areas, tops, all_ = (Replicates(v[:1], v[1:, None], seed, "poisson", n, n) for v in (area, precision, overall))
    return {
        "average_precision": areas.estimate(unit="share", method="normal"),
        "precision_top": tops.estimate(unit="share", method="normal"),
        "lift_top": ratio_of(tops, all_),
    }
