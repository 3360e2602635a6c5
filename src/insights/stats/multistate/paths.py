"""The product integral: from counts of transitions to the probability of each state and its error, time by time."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.intervals import EDGE, no_event_bound
from insights.stats.multistate.counts import Transitions
from insights.stats.results import NotEstimable

STRANDED = 0.01
"""A curve ends where more than this share of those who could still move are in states that nobody is observed in."""


@dataclass(frozen=True)
class Paths:
    """One group from month ``start`` on, with the distribution ``initial`` (K) there.

    ``initial_units`` is the number of units that the initial distribution was observed on, infinite where it is given.
    ``counts`` holds the times after the start only. ``moves`` (T, K, K) are the transition matrices I + dA. ``clipped``
    events above the number at risk were left out. Only the first ``shown`` times carry an estimate; ``end`` is the
    month up to which they do, the value at ``end`` itself where ``end_shown``; ``why`` says what happens there.
    ``stranded`` is the largest share of those who could move that was in unobserved states before the end.
    """

    counts: Transitions
    start: float
    asked: float
    initial: Floats
    initial_units: float
    moves: Floats
    occupation: Floats
    clipped: float
    shown: int
    end: float
    end_shown: bool
    why: str
    stranded: float

    @property
    def before(self) -> Floats:
        """Occupation just before each time (T, K)."""
        return np.concatenate([self.initial[None], self.occupation[:-1]])

    @property
    def initial_variance(self) -> Floats:
        """Covariance of the initial distribution (K, K): multinomial where observed, 0 where given."""
        p = self.initial
        return np.asarray((np.diag(p) - np.outer(p, p)) / self.initial_units)

    @cached_property
    def se(self) -> Floats:
        """Standard error of the occupation (T, K).

        The covariance obeys C(t) = M' C(t-) M + sum over states h of p_h(t-)^2 (diag(M_h) - M_h M_h') / Y_h, M the
        matrix of the time and M_h its row h: those at risk in h are spread over the next states like a multinomial.
        """
        per_unit = self.per_unit
        covariance, variance = self.initial_variance, np.zeros(self.occupation.shape)
        for i, move in enumerate(self.moves):
            weighted = per_unit[i][:, None] * move
            covariance = move.T @ (covariance @ move - weighted)
            covariance.reshape(-1)[:: len(covariance) + 1] += per_unit[i] @ move
            variance[i] = covariance.diagonal()
        edge = (self.occupation <= EDGE) | (self.occupation >= 1 - EDGE)
        se = np.where(edge, 0.0, np.sqrt(np.maximum(variance, 0.0)))
        return np.hypot(se, self.blur)

    @cached_property
    def per_unit(self) -> Floats:
        """Squared occupation just before each time per unit at risk (T, K), 0 where nobody is."""
        n = self.counts.at_risk
        return np.divide(self.before**2, n, out=np.zeros_like(n), where=n > 0)

    @cached_property
    def blur(self) -> Floats:
        """Standard deviation of what rounding of the counts adds to the occupation (T, K); an upper estimate.

        An error e in the cumulative number of moves from h to j moves the occupation by at most about e times the
        largest probability per unit at risk in h so far; the pairs are taken as independent, and a pair touches the
        two states it joins.
        """
        n, pairs = self.counts.at_risk, self.counts.pairs
        if not self.counts.blur:
            return np.zeros_like(n)
        share = np.divide(self.before, n, out=np.zeros_like(n), where=n > 0)
        reach = (np.maximum.accumulate(share, axis=0) * self.counts.blur) ** 2
        variance = np.zeros_like(n)
        for origin, target in pairs:
            variance[:, origin] += reach[:, origin]
            variance[:, target] += reach[:, origin]
        return np.asarray(np.sqrt(variance))

    def place(self, month: float) -> int | NotEstimable:
        """Return the index of the last time at or before the month (-1: before the first)."""
        if not month >= self.asked:
            raise ValueError(f"the horizon is {month} months; expected a number >= the start, {self.asked:g}")
        if month < self.start:
            return NotEstimable(f"nobody is at risk before {self.start:g} months")
        if month > self.end or (month == self.end and not self.end_shown):
            return NotEstimable(self.why)
        return int(np.searchsorted(self.counts.times, month, side="right")) - 1

    def steps_before(self, horizon: float) -> int | NotEstimable:
        """Return the number of times before the horizon, if every moment from the start up to it is observed."""
        if not horizon >= self.asked:
            raise ValueError(f"the horizon is {horizon} months; expected a number > the start, {self.asked:g}")
        if horizon == self.asked:
            return NotEstimable("the horizon is the start: there is no time to spend")
        if self.start > self.asked:
            return NotEstimable(f"nobody is at risk before {self.start:g} months: what happened until then is unknown")
        if horizon > self.end:
            return NotEstimable(self.why)
        return int(np.searchsorted(self.counts.times, horizon, side="left"))

    def touching(self, state: int, steps: int) -> int:
        """Return the number of moves into and out of the state in the first steps."""
        pairs = (self.counts.pairs == state).any(axis=1)
        return round(float(self.counts.events[:steps, pairs].sum()))

    def unmoved(self, place: int, level: float) -> float:
        """Return the exact low end of the probability that nothing happens, after nothing did up to that time."""
        n = self.counts.at_risk.sum(axis=1)
        if not len(n):
            return 0.0
        return float(no_event_bound(n[: min(place, len(n) - 1) + 1].min(keepdims=True), level)[0])

    def lengths(self, steps: int, horizon: float, annual_rate: float = 0.0) -> Floats:
        """Return the months from the start to the first time, ..., from the last of the steps to the horizon.

        They are discounted to the start, continuously, at the annual rate.
        """
        edges = np.concatenate([[self.start], self.counts.times[:steps], [horizon]]) - self.start
        if annual_rate:
            force = math.log1p(annual_rate) / 12
            edges = -np.expm1(-force * edges) / force
        return np.asarray(np.diff(edges))

    def ahead(self, steps: int, final: Floats, lengths: Floats | None = None, rate: Floats | None = None) -> Floats:
        """Return (steps + 1, K) what is expected from each time on, by the state one is in after it.

        Row 0 belongs to the start, row i + 1 to time i. ``final`` (K) is what counts at the end; ``rate`` (K) is earned
        over the ``lengths`` (steps + 1) of the times between.
        """
        value = np.empty((steps + 1, len(final)))
        now = final
        for i in range(steps, -1, -1):
            if rate is not None and lengths is not None:
                now = now + lengths[i] * rate
            value[i] = now
            if i:
                now = self.moves[i - 1] @ now
        return value

    def variance(self, value: Floats) -> float:
        """Return the variance of the expectation whose ``ahead`` is given: those of the steps and of the start."""
        steps = len(value) - 1
        moves, after = self.moves[:steps], value[1:]
        mean = np.einsum("thj,tj->th", moves, after)
        spread = np.maximum(np.einsum("thj,tj->th", moves, after**2) - mean**2, 0.0)
        return float((self.per_unit[:steps] * spread).sum() + value[0] @ self.initial_variance @ value[0])


def make_paths(counts: Transitions, initial: Floats, initial_units: float, asked: float) -> Paths:
    """Multiply the transitions after the month ``asked`` into probabilities.

    Counts that went through rounding may show more events than units at risk; the events of a state are then scaled
    down to the number at risk in it.
    """
    start = max(asked, counts.start)
    keep = counts.times > start
    counts = replace(counts, times=counts.times[keep], at_risk=counts.at_risk[keep], events=counts.events[keep])
    moves, clipped = _moves(counts)
    occupation = np.empty_like(counts.at_risk)
    now = initial
    for i, move in enumerate(moves):
        now = now @ move
        occupation[i] = now
    occupation = np.clip(occupation, 0.0, 1.0)
    shown, end, end_shown, why, stranded = _reach(counts, initial, occupation, start)
    ends = (clipped, shown, end, end_shown, why, stranded)
    return Paths(counts, start, asked, initial, initial_units, moves, occupation, *ends)


def _moves(counts: Transitions) -> tuple[Floats, float]:
    n, (t, k) = counts.at_risk, counts.at_risk.shape
    moves = np.zeros((t, k, k))
    origin, target = counts.pairs.T
    moves[:, origin, target] = counts.events
    out = moves.sum(axis=2)
    clipped = float(np.maximum(out - n, 0.0).sum())
    moves /= np.maximum(np.maximum(out, n), np.finfo(float).tiny)[:, :, None]
    stay = 1 - moves.sum(axis=2)
    # Where all leave, nothing stays: not even the dust of the sum.
    moves[:, np.arange(k), np.arange(k)] = np.where((out >= n) & (out > 0), 0.0, stay)
    return moves, clipped


def _reach(
    counts: Transitions, initial: Floats, occupation: Floats, start: float
) -> tuple[int, float, bool, str, float]:
    """Return (shown, end, end_shown, why, stranded).

    The curve ends at the last exit; or where too many of those who could move are in states that nobody is observed
    in; or where all who could move have gone although others are at risk later: the products would then go on from
    accidents of who entered when.
    """
    times, n = counts.times, counts.at_risk
    leaves = np.zeros(n.shape[1], dtype=bool)
    leaves[counts.pairs[:, 0]] = True
    leaves |= n.any(axis=0)
    # A state that one starts in, that nobody is observed in and nobody comes to is not final but unknown.
    unknown = initial > 0
    unknown[counts.pairs[:, 1]] = False
    leaves |= unknown
    before = np.concatenate([initial[None], occupation[:-1]])[:, leaves]
    movable = before.sum(axis=1)
    lost = np.where(n[:, leaves] > 0, 0.0, before).sum(axis=1)
    share = np.divide(lost, movable, out=np.zeros_like(lost), where=movable > EDGE)
    observed = np.flatnonzero(n.sum(axis=1) > 0)
    last = int(observed[-1]) if len(observed) else -1
    empty = np.flatnonzero(share[: last + 1] > STRANDED)
    gone = np.flatnonzero(occupation[: last + 1][:, leaves].sum(axis=1) <= EDGE)
    gap = int(empty[0]) if len(empty) else last + 1
    over = int(gone[0]) if len(gone) else last + 1
    largest = float(share[: min(gap, last + 1)].max(initial=0.0))
    if gap <= min(over, last):
        end = float(times[gap - 1]) if gap else start
        names = [s for s, some in zip(np.array(counts.states)[leaves], n[gap, leaves] > 0, strict=True) if not some]
        why = f"between {end:g} and {times[gap]:g} months nobody is observed in {', '.join(names)}"
        return gap, end, True, f"{why}, where {share[gap]:.0%} of those who could move would be", largest
    if over < last:
        end = float(times[over])
        why = f"all who could move have gone at {end:g} months, though others are at risk later"
        return over, end, False, why, largest
    end = float(times[last]) if last >= 0 else start
    return last + 1, end, True, f"nobody is at risk beyond {end:g} months", largest
