"""Multistate curves: the probability of each state by month, and the time spent in it (Aalen-Johansen)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.stats.inputs import Band, Floats, check_level
from insights.stats.intervals import mean_time, normal_quantile
from insights.stats.multistate.bands import occupation_band, share_interval
from insights.stats.multistate.checks import check_paths
from insights.stats.multistate.counts import Transitions, count_transitions, read_transitions
from insights.stats.multistate.initial import Initial, at_landmark, initial_shares, observed_shares
from insights.stats.multistate.paths import Paths, make_paths
from insights.stats.multistate.robust import robust_error
from insights.stats.multistate.spells import Spells, read_spells
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = (
    "Aalen & Johansen (1978); Andersen, Borgan, Gill & Keiding (1993), ch. IV.4; occupation without the Markov "
    "assumption: Datta & Satten (2001); robust errors: Glidden (2002)"
)

ROUNDING = 1e-9
"""A standard error below this share of the time is none: sums of products leave a trace where nothing varies."""


@dataclass(frozen=True, eq=False)
class StateOccupation(Result):
    """Probability of each state by group and month.

    ``table``: group, time (months), state, at_risk, occupation, low, high, se; one row per time and state. A curve
    that the data do not carry on ends: the rows after it have no values, and ``checks`` says so. ``transitions``:
    group, from, to, events, the number of moves after the start.
    """

    level: float = 0.95
    states: tuple[str, ...] = ()
    transitions: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    paths: Mapping[str, Paths] = field(default_factory=dict, repr=False)
    counts: tuple[Transitions, ...] = field(default=(), repr=False)
    spells: Spells | None = field(default=None, repr=False)

    def at(
        self, months: Iterable[float], state: str, group: str = "", *, robust: bool = False
    ) -> list[Estimate | NotEstimable]:
        """Return the probability of being in the state at each of the months.

        ``n`` counts the units of the group, ``n_events`` the moves into and out of the state up to that month.
        ``robust``: with the error described in ``state_occupation``, by ``cluster`` or else by ``unit``; NotEstimable
        where the curve was made from counts or there are fewer than 20 of them. NotEstimable beyond the end of the
        curve. Raises ValueError for an unknown state and for months before the start.
        """
        k = self._known(state)
        paths = self.paths.get(group)
        if not paths:
            return [_nobody(group) for _ in months]
        band = occupation_band(paths, k, self.level)
        return [self._at(month, paths, k, band, robust) for month in months]

    def expected_time(
        self, state: str, horizon: float, group: str = "", *, robust: bool = False
    ) -> Estimate | NotEstimable:
        """Return the mean number of months spent in the state from the start up to the month ``horizon``.

        The times in all states add up to the horizon less the start. Interval: normal, cut at 0 and that sum; where
        nobody moves, exact. NotEstimable beyond the end of the curve. Raises ValueError for an unknown state.
        """
        k = self._known(state)
        paths = self.paths.get(group)
        rate = np.eye(len(self.states))[k]
        found = self._expected(paths, rate, horizon, 0.0, robust, group)
        if isinstance(found, NotEstimable):
            return found
        value, se, steps = found
        assert paths is not None
        length = horizon - paths.start
        value = min(max(value, 0.0), length)
        se = 0.0 if se <= ROUNDING * length else se
        low, high = mean_time(value, se, length, self.level)
        done = paths.touching(k, steps)
        if se == 0:
            room = length * (1 - paths.unmoved(steps, self.level))
            low, high = max(0.0, value - room), min(length, value + room)
        return Estimate(value, low, high, "months", round(paths.counts.units), done, self.level, se)

    def expected_reward(
        self,
        rewards: Mapping[str, float],
        horizon: float,
        group: str = "",
        *,
        reward_se: Mapping[str, float] | None = None,
        annual_discount_rate: float = 0.0,
        unit: str = "",
        robust: bool = False,
    ) -> Estimate | NotEstimable:
        """Return what a unit earns from the start up to the month ``horizon``, if a month in a state earns its reward.

        ``rewards`` are per month, in any ``unit``; states that are left out earn 0. It is the sum of rewards times
        expected months, each month discounted continuously to the start at ``annual_discount_rate``. ``reward_se`` are
        the standard errors of the rewards, taken as independent of each other and of the moves; without them the
        rewards are taken as known. Interval: normal. It assumes that what a month earns depends on the state alone.
        Raises ValueError for an unknown state and for a rate of -1 or less.
        """
        rate, rate_se = np.zeros((2, len(self.states)))
        for values, into in ((rewards, rate), (reward_se or {}, rate_se)):
            for state, value in values.items():
                into[self._known(state)] = value
        if not annual_discount_rate > -1:
            raise ValueError(f"the annual discount rate is {annual_discount_rate}; expected a number above -1")
        paths = self.paths.get(group)
        found = self._expected(paths, rate, horizon, annual_discount_rate, robust, group)
        if isinstance(found, NotEstimable):
            return found
        value, se, steps = found
        assert paths is not None
        if rate_se.any():
            occupation = np.concatenate([paths.initial[None], paths.occupation[:steps]])
            times = paths.lengths(steps, horizon, annual_discount_rate) @ occupation
            se = math.hypot(se, float(np.sqrt(((times * rate_se) ** 2).sum())))
        half, done = normal_quantile(self.level) * se, round(float(paths.counts.events[:steps].sum()))
        return Estimate(value, value - half, value + half, unit, round(paths.counts.units), done, self.level, se)

    def given(self, initial: Initial, start: float = 0.0) -> "StateOccupation":
        """Return the curves of those who are in the initial state (or distribution) at the month ``start``.

        They use all transitions after the start, whoever makes them, and so rest on the Markov assumption, which
        ``markov_test`` tests; ``state_occupation`` with ``landmark`` does without it.
        """
        return _curves(self.counts, self.states, initial, start, self.level, self.spells)

    def _expected(
        self, paths: Paths | None, rate: Floats, horizon: float, annual_rate: float, robust: bool, group: str
    ) -> tuple[float, float, int] | NotEstimable:
        """Return the expected sum, its standard error and the number of steps that it rests on."""
        if not paths:
            return _nobody(group)
        steps = paths.steps_before(horizon)
        if isinstance(steps, NotEstimable):
            return steps
        lengths = paths.lengths(steps, horizon, annual_rate)
        ahead = paths.ahead(steps, np.zeros(len(rate)), lengths, rate)
        value = float(paths.initial @ ahead[0])
        se = self._error(paths, ahead, robust)
        if isinstance(se, NotEstimable):
            return se
        if paths.counts.blur:
            se = math.hypot(se, float(np.abs(rate) @ (paths.blur[:steps].T @ lengths[1:])))
        return value, se, steps

    def _error(self, paths: Paths, ahead: Floats, robust: bool) -> float | NotEstimable:
        if not robust:
            return math.sqrt(max(paths.variance(ahead), 0.0))  # rounding may leave a little below zero
        if self.spells is None:
            return NotEstimable("robust errors need the spells of each unit; the curve was made from counts")
        return robust_error(paths, self.spells, ahead)

    def _at(self, month: float, paths: Paths, k: int, band: Band, robust: bool) -> Estimate | NotEstimable:
        place = paths.place(month)
        if isinstance(place, NotEstimable):
            return place
        n, done = round(paths.counts.units), paths.touching(k, place + 1)
        if place < 0:
            value = float(paths.initial[k])
            se = math.sqrt(paths.initial_variance[k, k])
            bound = paths.unmoved(0, self.level) if month > paths.start else 1.0
            low, high = share_interval(value, se, 1 - bound, self.level)
            return Estimate(value, low, high, "share", n, done, self.level, se)
        value, low, high, se = (float(v[place]) for v in band)
        if robust:
            found = self._error(paths, paths.ahead(place + 1, np.eye(len(self.states))[k]), robust)
            if isinstance(found, NotEstimable):
                return found
            se = math.hypot(found, float(paths.blur[place, k]))
            room = 1 - paths.unmoved(place, self.level)
            low, high = share_interval(value, se, room, self.level)
        return Estimate(value, low, high, "share", n, done, self.level, se)

    def _known(self, state: str) -> int:
        if state not in self.states:
            raise ValueError(f"no state is called {state!r}; expected one of {', '.join(self.states) or '(none)'}")
        return self.states.index(state)


def state_occupation(
    spells: pd.DataFrame,
    *,
    initial: Initial | None = None,
    start: float = 0.0,
    landmark: bool = False,
    states: Sequence[str] | None = None,
    level: float = 0.95,
) -> StateOccupation:
    """Estimate the probability of each state from spells.

    ``spells`` has one row per stay of a unit in a state: ``from`` the state, ``to`` the state it moved to at ``exit``
    ("" or missing: observation ended), ``entry`` and ``exit`` in months on one clock (at risk while entry < t <= exit).
    Optional columns: ``unit`` (who it is: spells that contradict each other are refused, and robust errors become
    possible; without it every spell counts as a unit), ``group`` (one set of curves each), ``weight`` (frequencies >=
    0), ``cluster`` (within which units depend on each other, for robust errors). ``states`` gives the order of the
    states; otherwise it is alphabetical.

    ``initial`` is the state at the month ``start``, or the share of each state there; without it, it is the share of
    each state among those observed just after the start, with their sampling error. ``landmark``: use only the units
    that are observed in the initial state at the start, which does without the Markov assumption.

    Ties are exact: whatever happens in a month happens to the risk sets of that month; nothing is jittered.
    Standard error: those at risk in a state at a time spread over the next states like a multinomial (Greenwood's
    form); with one state to leave it is that of Kaplan-Meier and of the incidence. The robust error is the
    infinitesimal jackknife by unit or cluster: it holds also where the process is not Markov, and where units depend
    on each other within clusters. Interval: log(-log) for states that one can only leave or only enter, logit
    otherwise; exact binomial at 0 and 1. Expected times: the same variances carried to the area.

    Assumptions, and what breaks them
    ---------------------------------
    - Independent censoring and entry: those who drop out of observation in a state would have gone on like those who
      stay in it. Broken when observation ends because of what is about to happen.
    - From the distribution at the origin of the clock, the occupation needs no Markov assumption, but the error that
      is not robust does. From a later start or another initial state, the curve itself needs it (see ``markov_test``),
      unless ``landmark``.
    - Frequency weights: the standard errors are wrong for sampling weights.

    Raises ValueError for columns that lack, values that are missing or negative, entries not before the exit, spells of
    a unit that overlap or do not connect, moves from a state to itself, and shares that do not add up to 1.
    """
    check_level(level)
    read = read_spells(spells, states)
    if landmark:
        read = at_landmark(read, initial, start)
    return _curves(tuple(count_transitions(read)), read.states, initial, start, level, read)


def state_occupation_from_counts(
    counts: pd.DataFrame,
    *,
    initial: Initial,
    start: float = 0.0,
    states: Sequence[str] | None = None,
    level: float = 0.95,
    units: dict[str, float] | None = None,
    blur: float = 0.0,
) -> StateOccupation:
    """Estimate the probability of each state from counts as ``transition_table`` makes them.

    The initial state or distribution must be given, and is taken as known. ``units`` (group: number ever at risk) fills
    ``n`` of the estimates; without it that is the largest number at risk at once. Rounded counts are taken as they
    are, except that events beyond the number at risk in a state are scaled down to it (``checks`` says by how many);
    ``blur``, the standard deviation of what rounding adds to a cumulative number of events, widens the intervals.
    Assumptions as in ``state_occupation``; raises ValueError as ``read_transitions`` does.
    """
    check_level(level)
    read = read_transitions(counts, states=states, units=units, blur=blur)
    names = read[0].states if read else tuple(states or ())
    return _curves(tuple(read), names, initial, start, level, None)


def _curves(
    counts: tuple[Transitions, ...],
    states: tuple[str, ...],
    initial: Initial | None,
    start: float,
    level: float,
    spells: Spells | None,
) -> StateOccupation:
    if not start >= 0:
        raise ValueError(f"the start is {start} months; expected a number >= 0")
    known = None if initial is None else initial_shares(initial, states)
    paths, columns = {}, ["group", "time", "state", "at_risk", "occupation", "low", "high", "se"]
    frames, moves = [], []
    for c in counts:
        shares, n = (known, math.inf) if known is not None else observed_shares(spells, c, start)
        if shares is None:
            continue
        made = paths[c.group] = make_paths(c, shares, n, start)
        bands = [occupation_band(made, k, level) for k in range(len(states))]
        values = [np.stack(column, axis=1).ravel() for column in zip(*bands, strict=True)]
        t, k = len(made.counts.times), len(states)
        labels = np.tile(np.array(states, dtype=object), t)
        cells = (np.repeat(made.counts.times, k), labels, made.counts.at_risk.ravel(), *values)
        frames.append(pd.DataFrame({"group": c.group} | dict(zip(columns[1:], cells, strict=True))))
        names = np.array(states, dtype=object)[c.pairs]
        events = made.counts.events.sum(axis=0)
        moves.append(pd.DataFrame({"group": c.group, "from": names[:, 0], "to": names[:, 1], "events": events}))
    table, moved = _joined(frames, columns), _joined(moves, ["group", "from", "to", "events"])
    if (table["at_risk"] == table["at_risk"].round()).all():
        table["at_risk"] = table["at_risk"].astype("int64")
    checks = check_paths(list(paths.values()))
    return StateOccupation(table, checks, SOURCE, level, states, moved, paths, counts, spells)


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _nobody(group: str) -> NotEstimable:
    return NotEstimable(f"nobody is at risk in group {group!r}" if group else "nobody is at risk")
