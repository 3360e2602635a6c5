"""Predictions made at past landmarks beside what happened: the trials of the hazards, and of their challenger."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.challenger import challenger_risks, levelled
from insights.models.exits.hazards import OUTFLOW, fit_exit_hazards
from insights.models.exits.outcomes import FOLLOWED, LANDMARKS, Landmarks, landmarks, outcomes, usual_risk
from insights.models.exits.risk import ANY, HORIZONS, exit_risks
from insights.models.exits.rows import exit_rows
from insights.stats.calibration import risk_groups
from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.resampled import ResampledScores, resampled_scores

LEFT = "left"
HAZARDS, CHALLENGER = "hazards", "challenger"
FEWEST_MANAGERS = 20


@dataclass(frozen=True)
class Trials:
    """One row per client and landmark, the earliest landmark first.

    ``frame``: ``landmark`` (place in ``landmarks.days``), ``client`` and ``manager`` (codes; manager at the landmark,
    -1 not known), ``cluster`` (what is drawn together: the clients of a manager, as they were when the trials began, or
    each client where managers are too few), ``assets`` (currency, nan), ``any_<h>m`` and ``usual_<h>m`` (the risk to
    leave, and the rate of the year before), ``main_12m``, ``usual_main_12m``, ``outflow_12m``, ``usual_outflow_12m``,
    ``challenger_12m`` (brought to the total of ``any_12m`` at the landmark; nan where there is none), ``time`` and
    ``cause`` (see ``Outcomes``), ``outflow_time``, ``outflow_cause``. ``main`` is the main reason at the last landmark.
    ``by_manager`` says what the clusters are.
    """

    landmarks: Landmarks
    frame: pd.DataFrame = field(repr=False)
    main: str | None
    by_manager: bool

    @property
    def tenth(self) -> npt.NDArray[np.int64]:
        """The tenth of risk of each row among those of its landmark, 10 the highest; equal risks are together."""
        found = np.zeros(len(self.frame), dtype=np.int64)
        landmark, risk = self.frame["landmark"].to_numpy(), self.frame["any_12m"].to_numpy(float)
        for k in np.unique(landmark):
            found[landmark == k] = risk_groups(risk[landmark == k], 10)
        return found

    def scores(
        self, risk: str, months: int, *, of: str = ANY, usual: str | None = None, rows: pd.Series | None = None,
        cluster: str = "cluster", by_assets: bool = False,
    ) -> ResampledScores | NotEstimable:  # fmt: skip
        """Score one column of risks, of all rows or some, within landmarks; see ``resampled_scores``.

        ``of`` is a reason, "any" or "outflow"; ``usual`` the column of the null model (default: that of ``of``).
        """
        frame = self.frame if rows is None else self.frame[rows]
        if by_assets:
            frame = frame[frame["assets"] > 0]
        if frame.empty:
            return NotEstimable("there is no prediction to score")
        time, cause = ("outflow_time", "outflow_cause") if of == OUTFLOW else ("time", "cause")
        events = frame[cause].to_numpy(str)
        if of == ANY:
            events = np.where(events == "", "", LEFT)
        return resampled_scores(
            frame[time],
            events,
            frame[risk],
            months,
            of=LEFT if of == ANY else of,
            cluster=frame[cluster],
            null=frame[usual or f"usual_{months}m"],
            amount=frame["assets"] if by_assets else None,
            within=frame["landmark"],
            seed="backtest",
        )


@dataclass(frozen=True)
class Choice:
    """Which model is used, and the difference of the Brier scores, challenger less hazards (below 0: it is better)."""

    model: str
    difference: Estimate | NotEstimable


def exit_trials(bank: Bank) -> Trials | NotEstimable:
    """Return all predictions that past landmarks allow, beside what happened. Computed once."""
    return once(bank, ("exit_trials",), lambda: _tried(bank), on_disk=True)


def chosen_model(bank: Bank) -> Choice:
    """Return which model is used: the challenger only if its Brier score out of time is lower, interval and all.

    At 12 months, over all landmarks at which there was a challenger (at least 4); the difference is paired, its 95 %
    interval that of a bootstrap of the clients. Computed once.
    """
    return once(bank, ("chosen_model",), lambda: _chosen(bank), on_disk=True)


def held_out_risks(bank: Bank, landmark: date, horizon: int = FOLLOWED) -> Floats | NotEstimable:
    """Return each client's risk to leave (n, in the order of ``in_force``) from a fit that has not seen his manager.

    Managers are put into two halves in turn; the clients of one get their risks from the fit to the other half. nan for
    clients whose manager is not known. NotEstimable with fewer than 20 managers.
    """
    rows = exit_rows(bank)
    seen = sorted({rows.managers[k] for k in np.unique(rows.manager) if k >= 0})
    if len(seen) < FEWEST_MANAGERS:
        return NotEstimable(f"{len(seen)} managers are too few to hold half of them out: {FEWEST_MANAGERS} are needed")
    found: Floats | None = None
    for half in (frozenset(seen[::2]), frozenset(seen[1::2])):
        risks = exit_risks(bank, landmark, HORIZONS, without_managers=half)
        found = np.full(len(risks), np.nan) if found is None else found
        own = risks["manager"].isin(half).to_numpy()
        found[own] = risks[f"{ANY}_{horizon}m"].to_numpy(float)[own]
    assert found is not None
    return found


def _tried(bank: Bank) -> Trials | NotEstimable:
    marks = landmarks(bank)
    if isinstance(marks, NotEstimable):
        return marks
    main = fit_exit_hazards(bank, marks.days[-1], inference=False).main
    frame = pd.concat([_at(bank, k, day, main) for k, day in enumerate(marks.days)], ignore_index=True)
    client = frame["client"].to_numpy(np.int64)
    codes, start, place = np.unique(client, return_index=True, return_inverse=True)
    first = frame["manager"].to_numpy(np.int64)[start]
    by_manager = len(np.unique(first[first >= 0])) >= FEWEST_MANAGERS
    # A client whose manager is not known is a cluster of his own, with a name that is no manager's.
    frame["cluster"] = np.where(first >= 0, first, -1 - codes)[place] if by_manager else client
    return Trials(marks, frame, main, by_manager)


def _at(bank: Bank, place: int, day: date, main: str | None) -> pd.DataFrame:
    risks, happened = exit_risks(bank, day), outcomes(bank, day)
    told = challenger_risks(bank, day)
    n = len(risks)
    columns: dict[str, object] = {
        "landmark": np.full(n, place),
        "client": happened.client,
        "manager": happened.manager,
        "assets": risks["assets_before"].to_numpy(float),
        "time": happened.time,
        "cause": happened.cause,
        "outflow_time": happened.outflow_time,
        "outflow_cause": happened.outflow_cause,
        "outflow_12m": risks[f"{OUTFLOW}_{FOLLOWED}m"].to_numpy(float),
        "usual_outflow_12m": usual_risk(bank, day, FOLLOWED, OUTFLOW),
        "challenger_12m": np.full(n, np.nan)
        if isinstance(told, NotEstimable)
        else levelled(told, float(risks[f"{ANY}_{FOLLOWED}m"].sum())),
    }
    for h in HORIZONS:
        columns |= {f"any_{h}m": _inside(risks[f"{ANY}_{h}m"]), f"usual_{h}m": usual_risk(bank, day, h)}
    if main is not None:
        # A reason for which nobody had left by then had no risk.
        risk = risks.get(f"{main}_{FOLLOWED}m", pd.Series(0.0, risks.index))
        columns |= {"main_12m": _inside(risk), "usual_main_12m": usual_risk(bank, day, FOLLOWED, main)}
    return pd.DataFrame(columns)


def _inside(risk: pd.Series) -> Floats:
    return np.clip(risk.to_numpy(float), 0.0, 1.0)


def _chosen(bank: Bank) -> Choice:
    trials = exit_trials(bank)
    if isinstance(trials, NotEstimable):
        return Choice(HAZARDS, trials)
    rows = trials.frame["challenger_12m"].notna()
    if (found := int(trials.frame.loc[rows, "landmark"].nunique())) < LANDMARKS:
        return Choice(
            HAZARDS,
            NotEstimable(f"at {found} landmarks there were leavers enough for a challenger: {LANDMARKS} are needed"),
        )
    mine, theirs = (trials.scores(r, FOLLOWED, rows=rows, cluster="client") for r in ("challenger_12m", "any_12m"))
    if isinstance(mine, NotEstimable) or isinstance(theirs, NotEstimable):
        return Choice(HAZARDS, mine if isinstance(mine, NotEstimable) else theirs)  # type: ignore[arg-type]
    gap = mine.less(theirs, "brier")
    better = isinstance(gap, Estimate) and gap.high < 0
    return Choice(CHALLENGER if better else HAZARDS, gap)
