"""Columns of the models of leaving: learnt from client-months of the past, and made for any others.

A term is what a reader would call one thing (assets, complaint, region) and may have several columns. Terms of tenure
and season move on by themselves; all others stay as they were known last.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.models.exits.rows import ExitRows, Singles
from insights.stats.coefficients import EVENTS_PER_PARAMETER
from insights.stats.splines import NaturalSpline, natural_spline

YOUNG_MONTHS = 24
"""An effect may differ between the first two years of a relationship and later."""

OTHER = "other"
KNOTS = ((3000, 7), (600, 5), (150, 4), (0, 3))
"""Knots of the spline in tenure, by the number of events that there are at least."""


@dataclass(frozen=True)
class Tenure:
    """A smooth course over log(1 + years of relationship)."""

    spline: NaturalSpline
    name: str = "tenure"
    moves: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"tenure_{k + 1}" for k in range(self.spline.size))

    def values(self, rows: ExitRows, ahead: int) -> npt.NDArray[np.floating]:
        """Return the columns (n, k), ``ahead`` months after those of the rows."""
        months = np.maximum(rows.tenure.astype(np.int64) + ahead, 0)  # whole ones: few values for very many rows
        return self.spline.columns(np.log1p(np.arange(months.max(initial=0) + 1) / 12))[months]


@dataclass(frozen=True)
class Season:
    """The quarter of the calendar year, against the first.

    Not the month: its eleven columns need the events of eight more effects (ten for each), and what they pick up by
    chance goes into every prediction. Whether months of one quarter do differ is tested (``exit_checks``), and the page
    says what came out.
    """

    name: str = "season"
    moves: bool = True
    columns: tuple[str, ...] = ("quarter_2", "quarter_3", "quarter_4")

    def values(self, rows: ExitRows, ahead: int) -> npt.NDArray[np.floating]:
        """Return the columns (n, 3)."""
        quarter = (rows.month + ahead) % 12 // 3
        return np.stack([quarter == k for k in (1, 2, 3)], axis=1).astype(np.float32)


def months_within_quarters(rows: ExitRows) -> npt.NDArray[np.float32]:
    """Return columns (n, 8): the second and the third month of each quarter, against its first."""
    month = rows.month % 12
    return np.stack([month == 3 * q + k for q in range(4) for k in (1, 2)], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Number:
    """A measure, with an indicator where it is missing (``marked``); a missing value stands at ``fill``.

    With ``split`` its effect may differ between the first two years and later, and it has a column for each.
    """

    name: str
    fill: float
    marked: bool = False
    split: bool = False

    @property
    def moves(self) -> bool:
        """Whether the columns change as tenure goes on."""
        return self.split

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        own = (f"{self.name}:early", f"{self.name}:later") if self.split else (self.name,)
        return (*own, f"{self.name}:missing") if self.marked else own

    def values(self, rows: ExitRows, ahead: int) -> npt.NDArray[np.floating]:
        """Return the columns (n, 1 to 3)."""
        raw = rows.numeric[self.name]
        missing = np.isnan(raw)
        filled = np.where(missing, np.float32(self.fill), raw)
        if self.split:
            early = rows.tenure + ahead < YOUNG_MONTHS
            found = [np.where(early, filled, 0), np.where(early, 0, filled)]
        else:
            found = [filled]
        return np.stack([*found, missing] if self.marked else found, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Category:
    """A code: a column for each level but the most frequent; levels with little evidence are merged into one."""

    name: str
    levels: tuple[str, ...]
    reference: str
    merged: tuple[str, ...] = ()
    moves: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"{self.name}={level}" for level in self.levels)

    def values(self, rows: ExitRows, ahead: int) -> npt.NDArray[np.floating]:
        """Return the columns (n, k); a level that was never seen, or is missing, is among the merged ones."""
        labels = rows.levels[self.name]
        own = {level: k for k, level in enumerate(self.levels)}
        other = own.get(OTHER, -1)
        place = np.array([own.get(x, -1 if x == self.reference else other) for x in labels] + [other], dtype=np.int64)
        found = np.zeros((rows.n, len(self.levels)), dtype=np.float32)
        column = place[rows.categories[self.name]]
        some = np.flatnonzero(column >= 0)
        found[some, column[some]] = 1
        return found


@dataclass(frozen=True)
class Fifths:
    """A measure cut at its quintiles, against the middle fifth: its course where no straight line is assumed."""

    name: str
    edges: tuple[float, ...]
    fill: float
    moves: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns; the lowest fifth is 1."""
        return tuple(f"{self.name}:fifth_{k}" for k in (1, 2, 4, 5))

    def values(self, rows: ExitRows, ahead: int) -> npt.NDArray[np.floating]:
        """Return the columns (n, 4)."""
        raw = rows.numeric[self.name]
        fifth = np.searchsorted(self.edges, np.where(np.isnan(raw), self.fill, raw), side="right")
        return np.stack([fifth == k for k in (0, 1, 3, 4)], axis=1).astype(np.float32)


Term = Tenure | Season | Number | Category | Fifths


@dataclass(frozen=True)
class Recipe:
    """The terms of a design, in their order, and why others are not among them (by feature)."""

    terms: tuple[Term, ...]
    left_out: dict[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(name for term in self.terms for name in term.columns)

    def term_of(self, column: str) -> Term:
        """Return the term that a column belongs to."""
        return next(term for term in self.terms if column in term.columns)

    def design(self, rows: ExitRows, ahead: int = 0) -> tuple[tuple[str, ...], Singles]:
        """Return names (p) and values (n, p) of the columns, in single precision.

        ``ahead`` months after those of the rows: tenure and season go on, all else stays.
        """
        parts = [np.asarray(term.values(rows, ahead), dtype=np.float32) for term in self.terms]
        return self.columns, np.concatenate(parts, axis=1) if parts else np.zeros((rows.n, 0), dtype=np.float32)

    def with_splits(self, names: frozenset[str]) -> "Recipe":
        """Return the recipe with the effects of these measures differing between the first two years and later."""
        terms = tuple(
            Number(t.name, t.fill, t.marked, True) if isinstance(t, Number) and t.name in names else t
            for t in self.terms
        )
        return Recipe(terms, self.left_out)


def learn(rows: ExitRows, event: npt.NDArray[np.bool_], order: tuple[str, ...], refused: dict[str, str]) -> Recipe:
    """Learn the terms from rows (n) and their events (n flags), as many as the events allow, in the given order.

    ``order`` names terms: "tenure", "season", features. Ten events are needed for every column. A level, or the rare
    side of a yes or no, takes part if it has events, and at least ten would be expected in it were it like all others;
    other levels are merged. ``refused`` are features that must not be used, with the reason.
    """
    events = int(event.sum())
    room, terms = events // EVENTS_PER_PARAMETER, []
    left_out = dict(refused)
    for name in order:
        if name in refused:
            continue
        term = _term(rows, name, event)
        if isinstance(term, str):
            left_out[name] = term
        elif term is not None and len(term.columns) <= room:
            terms.append(term)
            room -= len(term.columns)
        elif term is not None:
            left_out[name] = "the events allow no further columns"
            room = 0  # What comes later in the order is less important, so it does not slip in.
    return Recipe(tuple(terms), left_out)


Flags = npt.NDArray[np.bool_]


def _term(rows: ExitRows, name: str, event: Flags) -> Term | str | None:
    """Return the term of that name; a text says why there is too little to make it; None if the bank has none."""
    if name == "tenure":
        knots = next(k for least, k in KNOTS if event.sum() >= least)
        return Tenure(natural_spline(np.log1p(np.maximum(rows.tenure.astype(float), 0.0) / 12), knots))
    if name == "season":
        quarter = rows.month % 12 // 3
        told = all(_tells(quarter == k, event) for k in range(4))
        return Season() if told else "not all quarters of the year were observed"
    if name in rows.numeric:
        return _number(rows, name, event)
    return _category(rows, name, event) if name in rows.categories else None


def _number(rows: ExitRows, name: str, event: Flags) -> Number | str:
    values = rows.numeric[name]
    known = ~np.isnan(values)
    if not _tells(known, event):
        return "known for too few client-months"
    told = values[known]
    low, high = float(told.min()), float(told.max())
    if low == high:
        return "the same for everybody"
    flag = is_flag(told)
    if flag and not (_tells(values == 0, event) and _tells(values == 1, event)):
        return "too rare for an effect to be seen"
    fill = float(np.median(told)) if flag else float(told.mean(dtype=np.float64))
    return Number(name, fill, marked=_tells(~known, event))


def is_flag(values: Singles) -> bool:
    """Whether there are no values but 0 and 1; most others are found among the first of them."""
    return all(bool(((part == 0) | (part == 1)).all()) for part in (values[:1000], values))


def _category(rows: ExitRows, name: str, event: Flags) -> Category | str:
    labels, codes = rows.levels[name], rows.categories[name]
    size = np.bincount(codes + 1, minlength=len(labels) + 1)
    enough = [k for k in range(len(labels)) if _tells(codes == k, event)]
    if not enough:
        return "no level has enough client-months"
    reference = max(enough, key=lambda k: (size[k + 1], labels[k]))
    small = tuple(labels[k] for k in range(len(labels)) if k not in enough and size[k + 1])
    kept = tuple(labels[k] for k in enough if k != reference)
    # A rest too small to stand for itself goes with the reference.
    if _tells(~np.isin(codes, enough), event):
        kept = (*kept, OTHER)
    return Category(name, kept, labels[reference], small) if kept else "only one level has enough client-months"


def _tells(some: Flags, event: Flags) -> bool:
    """Whether ten events would be expected among some rows, were they like all, and there are any, and elsewhere."""
    size, hits, events = (int(np.count_nonzero(flags)) for flags in (some, some & event, event))
    return size * events >= EVENTS_PER_PARAMETER * len(event) and hits > 0 and (hits < events or size == len(event))
