"""Who joins and by whom, who comes back, and the spells of every client."""

from dataclasses import dataclass, field

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.clients import REFERRAL, People, draw_sources
from insights.demo.people.leaving import COMPETITOR
from insights.demo.people.managers import NEVER
from insights.demo.rows import NO_DAY, Rows, pick, stack
from insights.demo.state import STAYS, State


def admit(law: Law, clock: Clock, people: People, state: State, t: int, rng: np.random.Generator) -> np.ndarray:
    """Return who joins in month ``t``, with the referrers noted in ``state``.

    Somebody drawn for referral knows one of those who ever became clients (of the delivered bank, once the window is
    open). If that one is still a client, he refers him. If not, a dependent one does not come at all: his place in the
    bank, whose size is given, is taken a month later by somebody else. The others come by another way.
    """
    new = np.flatnonzero(people.joined == t)
    referred = new[people.source[new] == REFERRAL]
    known = np.flatnonzero(state.spell > 0)
    dependent = rng.random(len(referred)) < law.people.referral_dependent
    by = known[rng.integers(0, len(known), len(referred))] if len(known) else np.full(len(referred), -1)
    there = state.present[by] & (by >= 0)
    lost = referred[~there & dependent & (t + 1 < clock.total)]
    people.joined[lost] = t + 1
    people.source[lost] = draw_sources(law, len(lost), rng)
    new = np.setdiff1d(new, lost)
    other = np.setdiff1d(referred[~there], lost)
    people.source[other] = draw_sources(law, len(other), rng, without_referral=True)
    state.referrer[referred[there]] = by[there]
    state.dependent[referred[there]] = dependent[there]
    return new


def begin_spell(state: State, at: np.ndarray, day: np.ndarray, t: int) -> None:
    """Let a relationship with the clients ``at`` begin on ``day`` in month ``t``."""
    state.spell[at] += 1
    state.began[at] = t
    state.began_on[at] = day
    state.joined_on[at] = np.where(state.spell[at] == 1, day, state.joined_on[at])
    state.left_on[at] = NO_DAY
    state.left_month[at] = NEVER
    state.reason[at] = STAYS
    state.present[at] = True


@dataclass
class Spells:
    """The spells of clients who came back, written down when they did."""

    ended: list[Rows] = field(default_factory=list)

    def come_back(self, law: Law, clock: Clock, state: State, t: int, rng: np.random.Generator) -> np.ndarray:
        """Return who comes back in month ``t``, of those who went to a competitor in an earlier month of the window."""
        away = np.flatnonzero((state.reason == COMPETITOR) & (state.left_month < t))
        back = away[rng.random(len(away)) < -np.expm1(-law.leaving.returns)]
        self.ended.append(spell_rows(state, back, clock))
        begin_spell(state, back, clock.day(t, rng.random(len(back))), t)
        return back

    def rows(self, clients: Rows, state: State, clock: Clock) -> Rows:
        """Return the rows of ``relationships``: each spell as it began, and again when its end became known."""
        latest = spell_rows(state, np.arange(len(state.present)), clock)
        latest["left_known_on"] = clients["left_known_on"]
        told = stack([*self.ended, latest])
        closed = pick(told, ~np.isnat(told["left_on"]))
        n = len(told["spell"])
        opened = {**told, "left_on": np.full(n, NO_DAY), "leave_reason": np.full(n, STAYS, np.int8)}
        opened["known_on"], closed["known_on"] = opened["joined_on"], closed["left_known_on"]
        rows = stack([opened, {name: closed[name] for name in opened}])
        del rows["left_known_on"]
        return pick(rows, np.lexsort((rows["known_on"], rows["spell"], rows["client_id"])))


def spell_rows(state: State, at: np.ndarray, clock: Clock) -> Rows:
    """Return the latest spell of the clients ``at``; its end is known on the day it happens."""
    return {
        "client_id": at,
        "spell": state.spell[at].astype(np.int64),
        "joined_on": state.began_on[at],
        "left_on": state.left_on[at],
        "leave_reason": state.reason[at],
        "left_known_on": state.left_on[at],
    }
