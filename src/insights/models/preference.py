"""Which channel a client prefers and at what time of day he gets in touch: for whoever wants to reach him.

Both are read off the contacts that clients began, for there the client chose. With few of them a client is drawn
towards what all clients do, as far as their differences say.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable
from insights.stats.shrunken_shares import ShrunkenShares, shrunken_shares

NEEDS = ("contacts.channel", "contacts.contacted_on", "contacts.direction")
CHANNEL, TIME = "channel", "time"
TIMES = {"morning": (0, 11), "midday": (11, 14), "afternoon": (14, 17), "evening": (17, 24)}
"""Times of the day by the hours in which they begin and end."""
MONTHS, TRIAL_MONTHS = 24, 6
"""Contacts of so many months tell what a client prefers; the last ones show how well that would have been told."""

Strings = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Preferred:
    """What clients (n) prefer of one thing: ``names`` (K), ``client_id`` (n), sorted, ``shares`` (n, K).

    ``first`` (n) is the name with the largest share; ``known`` (n) how many contacts it rests on. ``common`` (K): the
    share of each name in the contacts of all of them.
    """

    names: tuple[str, ...]
    common: npt.NDArray[np.float64]
    client_id: Strings = field(repr=False)
    shares: npt.NDArray[np.float64] = field(repr=False)
    known: npt.NDArray[np.int64] = field(repr=False)
    concentration: float

    @property
    def most(self) -> int:
        """The place of the name that most contacts have."""
        return int(self.common.argmax())

    @property
    def first(self) -> Strings:
        """The name that each client (n) prefers."""
        return np.array(self.names, dtype=object)[self.shares.argmax(axis=1)]


@dataclass(frozen=True)
class Trial:
    """How well a client's next contact was told by what he did before, and by what most clients do.

    ``own`` and ``common``: shares of first later contacts that were told right; ``gain``: the difference. ``told`` is
    the mean share that the model gave to what it told: as large as ``own`` if it knows what it does not know.
    """

    own: Estimate | NotEstimable
    common: Estimate | NotEstimable
    gain: Estimate | NotEstimable
    told: float
    clients: int
    hits: int


@dataclass(frozen=True)
class Preference:
    """``channel`` and ``time`` of day today (NotEstimable: too little is known), each with its ``trials`` by name."""

    channel: Preferred | NotEstimable
    time: Preferred | NotEstimable
    trials: dict[str, Trial]

    def tells(self, what: str) -> bool:
        """Return whether what a client did before told his next contact better than what most do, beyond chance."""
        trial = self.trials.get(what)
        return trial is not None and isinstance(trial.gain, Estimate) and trial.gain.low > 0


def preference(bank: Bank) -> Preference:
    """Return what clients prefer, from the contacts they began in two years, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_preference", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Preference:
    every = contacts(bank)
    return prefer(every.since(MONTHS + TRIAL_MONTHS), every.last)


def prefer(rows: pd.DataFrame, last: int) -> Preference:
    """Return what clients prefer at the end of month ``last``; rows as of ``contacts``."""
    rows = rows[rows["direction"] == "inbound"]
    hour = rows["hour"].to_numpy(float)
    time = np.full(len(rows), None, dtype=object)
    for name, (begins, ends) in TIMES.items():
        time[(hour >= begins) & (hour < ends)] = name
    rows = rows.assign(time=time)
    now = rows[rows["month"] > last - MONTHS]
    cut = last - TRIAL_MONTHS
    before, later = rows[rows["month"] <= cut], rows[rows["month"] > cut]
    found: dict[str, Preferred | NotEstimable] = {what: preferred(now, what) for what in (CHANNEL, TIME)}
    trials = {}
    for what in (CHANNEL, TIME):
        then = preferred(before, what)
        if isinstance(then, Preferred):
            trials[what] = tried(then, later, what)
    return Preference(found[CHANNEL], found[TIME], trials)


def preferred(rows: pd.DataFrame, what: str) -> Preferred | NotEstimable:
    """Return what clients prefer by the column ``what`` of their contacts (client_id, day)."""
    told = rows[rows[what].notna()]
    if told.empty:
        return NotEstimable("no contact that a client began is recorded with it")
    client, names = (pd.Categorical(told[column].astype(object)) for column in ("client_id", what))
    shape = len(client.categories), len(names.categories)
    # Counted by place: a cross table of the library looks at each of its many cells on its own.
    cells = client.codes.astype(np.int64) * shape[1] + names.codes
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    made = shrunken_shares(counts.astype(float))
    if not isinstance(made, ShrunkenShares):
        return made
    order = tuple(str(n) for n in names.categories)
    known = counts.sum(axis=1)
    return Preferred(order, made.common, client.categories.to_numpy(object), made.shares, known, made.concentration)


def tried(then: Preferred, later: pd.DataFrame, what: str) -> Trial:
    """Hold what was preferred against the first later contact of each client of whom something was known."""
    first = later[later[what].notna()].sort_values(["client_id", "day"], kind="stable").drop_duplicates("client_id")
    place = pd.Index(then.client_id).get_indexer(pd.Index(first["client_id"]))
    first, place = first[place >= 0], place[place >= 0]
    came = first[what].to_numpy(object)
    own = (then.first[place] == came).astype(float)
    common = (came == then.names[then.most]).astype(float)
    one = np.ones(len(came))
    hit, most_hit, gain = (ratio_of_sums(values, one, unit="share") for values in (own, common, own - common))
    told = float(then.shares[place].max(axis=1).mean()) if len(place) else float("nan")
    return Trial(hit, most_hit, gain, told, len(came), int(min(own.sum(), len(own) - own.sum())))
