"""How well scores rank those who have the event by a horizon above those who do not (time-dependent AUC)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.influence import Influenced, Rows, cluster_codes
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.scoring.brier import horizon_place, paired, read_horizons, read_predictions, read_weight
from insights.stats.scoring.weights import AtHorizon, Convention, follow

SOURCE = (
    "Uno, Cai, Tian & Wei (2007); Hung & Chiang (2010); competing risks: Blanche, Dartigues & Jacqmin-Gadda (2013), "
    "Estimating and comparing time-dependent areas under ROC curves for censored event times with competing risks"
)
FEWEST_OF_EACH = 10
Controls = Literal["without the event", "free of any event"]


@dataclass(frozen=True, eq=False)
class AucCurve(Result):
    """AUC by horizon.

    ``table``: months, auc, low, high, se, n, n_events, n_controls, reason; one row per horizon.
    """

    months: Floats = field(default_factory=lambda: np.zeros(0))
    rows: Rows | None = field(default=None, repr=False)
    areas: tuple[Influenced | NotEstimable, ...] = field(default=(), repr=False)
    events: tuple[int, ...] = field(default=(), repr=False)

    def at(self, months: float) -> Estimate | NotEstimable:
        """Return the AUC at one of the horizons; interval on the logit scale."""
        assert self.rows is not None
        i = horizon_place(self.months, months)
        found = self.areas[i]
        return found if isinstance(found, NotEstimable) else found.estimate(self.rows, "share", self.events[i], "logit")

    def difference(self, other: "AucCurve", months: float) -> Estimate | NotEstimable:
        """Return this AUC less the other one at a horizon, both of the same rows, with the paired error."""
        i, j = horizon_place(self.months, months), horizon_place(other.months, months)
        gap = paired(self.rows, other.rows, self.areas[i], other.areas[j])
        assert self.rows is not None
        return gap if isinstance(gap, NotEstimable) else gap.estimate(self.rows, "share", self.events[i])


def dynamic_auc(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    score: npt.ArrayLike,
    horizons: Sequence[float],
    *,
    of: str | None = None,
    controls: Controls = "without the event",
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    convention: Convention = "exact",
    level: float = 0.95,
) -> AucCurve:
    """Return, by horizon, the probability that one who has the event by then scores above one who does not.

    ``score`` is (n), or (n, H) with a column per horizon; only its order matters, and ties count one half. The other
    parameters as in ``brier_score``. Cases had the event ``of`` by the horizon (cumulative). Controls (dynamic), where
    there are several causes: "without the event", all others, those who had another event by then among them, as fits
    a predicted incidence; or "free of any event", only those who have had none. With one cause both are the same.

    Cases and controls whose state is known are weighted by one over the probability of being known. Errors:
    infinitesimal jackknife, that of the censoring weights included. NotEstimable with fewer than 10 cases or controls.
    Assumptions as in ``brier_score``; raises ValueError as it does.
    """
    check_level(level)
    if controls not in ("without the event", "free of any event"):
        raise ValueError(f"controls is {controls!r}; expected 'without the event' or 'free of any event'")
    followed = follow(time, cause, of, strata, convention)
    months, n = read_horizons(horizons), len(followed.time)
    scores = np.asarray(score, dtype=float)
    if scores.ndim == 1:
        scores = np.repeat(scores[:, None], len(months), axis=1)
    scores = read_predictions(scores, n, len(months), "score")
    amount = read_weight(weight, n)
    rows = Rows(n, cluster_codes(cluster, n), level)
    areas: list[Influenced | NotEstimable] = []
    lines, events = [], []
    for i, month in enumerate(months):
        known = followed.at(float(month))
        n_events = int(((followed.time <= month) & (followed.cause == followed.of)).sum())
        line: dict[str, object] = {"months": month, "n": n, "n_events": n_events}
        if isinstance(known, NotEstimable):
            found: Influenced | NotEstimable = known
        else:
            others = known.beyond if controls == "free of any event" else (known.weight > 0) & ~known.event
            line["n_controls"] = int(others.sum())
            found = _area(known, others, scores[:, i], amount)
        told = found if isinstance(found, NotEstimable) else found.estimate(rows, "share", n_events, "logit")
        if isinstance(told, NotEstimable):
            line["reason"] = told.reason
        else:
            line |= {"auc": told.value, "low": told.low, "high": told.high, "se": told.se, "reason": ""}
        areas.append(found)
        events.append(n_events)
        lines.append(line)
    columns = ["months", "auc", "low", "high", "se", "n", "n_events", "n_controls", "reason"]
    return AucCurve(pd.DataFrame(lines, columns=columns), (), SOURCE, months, rows, tuple(areas), tuple(events))


def _area(known: AtHorizon, others: npt.NDArray[np.bool_], score: Floats, amount: Floats) -> Influenced | NotEstimable:
    cases = known.event & (known.weight > 0)
    for number, name in ((int(cases.sum()), "cases"), (int(others.sum()), "controls")):
        if number < FEWEST_OF_EACH:
            return NotEstimable(f"{number} {name} by {known.horizon:g} months are too few; it needs {FEWEST_OF_EACH}")
    weight = known.weight * amount
    _, rank = np.unique(score, return_inverse=True)
    size = int(rank.max()) + 1
    case, control = (np.bincount(rank[some], weight[some], size) for some in (cases, others))
    all_cases, all_controls = float(case.sum()), float(control.sum())
    if all_cases <= 0 or all_controls <= 0:
        return NotEstimable("all cases or all controls have weight 0")
    below = (np.cumsum(control) - control / 2) / all_controls
    above = (all_cases - np.cumsum(case) + case / 2) / all_cases
    area = float(case @ below) / all_cases
    # What one more case or control of that rank adds to the area; the rest comes through the censoring weights.
    terms = np.zeros(len(score))
    terms[cases] = amount[cases] * (below[rank[cases]] - area) / all_cases
    terms[others] = amount[others] * (above[rank[others]] - area) / all_controls
    return Influenced(area, known.weight * terms + known.through_weights(terms))
