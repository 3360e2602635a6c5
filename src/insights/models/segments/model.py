"""The segment of every client at the end of every month: the bank's own, or the classes that its clients fall into."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.segments.names import levels, segment_codes, standardised
from insights.models.segments.variables import (
    COLUMNS,
    EXPERIENCE,
    NEEDS,
    RISK,
    WEALTH,
    Months,
    Variables,
    attribute_months,
    building_variables,
    present,
)
from insights.stats.inputs import Ints
from insights.stats.mixture import Choice, Mixture, MixtureRows, choose_classes, mixture_rows

Codes = npt.NDArray[np.int8]
OWN, FOUND = "own", "found"
NOBODY = -1
FEWEST = 200
"""With fewer clients nothing can be said of segments."""
SEED = "segments"
TOO_FEW = "too_few"


@dataclass(frozen=True)
class Segments:
    """``code`` (n, T): the place of each client's segment in ``names`` at each month's end, -1 where he has none.

    Clients and months are those of ``client_margins``. ``source`` is "own" (the bank's) or "found". ``names`` are
    codes, the wealthiest first; ``traits`` says of each where it stands by variable ("low", "middle", "high"). ``past``
    is empty, or why only the last column is filled. Of those found: ``choice`` and ``mixture`` (its classes in the
    order of the names), and ``rows``, the complete clients in force that it was made of; ``fitted`` are their places.
    """

    source: str
    names: tuple[str, ...]
    traits: dict[str, dict[str, str]]
    months: Months
    code: Codes = field(repr=False)
    variables: tuple[str, ...]
    past: str
    choice: Choice | None = field(repr=False)
    mixture: Mixture | None = field(repr=False)
    rows: MixtureRows | None = field(repr=False)
    fitted: Ints = field(repr=False)

    @property
    def last(self) -> int:
        """The last column."""
        return self.months.count - 1

    def labels(self, column: int) -> npt.NDArray[np.object_]:
        """Return the name of each client's segment (n) at a month's end, "" for who has none."""
        own = self.code[:, column]
        return np.where(own < 0, "", np.array([*self.names, ""], dtype=object)[own])


def segment_needs(bank: Bank) -> tuple[str, ...]:
    """Return what a bank lacks for any segments: its own, or what they are built from."""
    if bank.has("clients", "segment"):
        return bank.needs(*NEEDS)
    missing = bank.needs(*NEEDS)
    if not any(bank.has("clients", column) for column in COLUMNS.values()):
        missing = (*missing, *(f"clients.{column}" for column in COLUMNS.values()))
    return missing


def client_segments(bank: Bank) -> Segments | str:
    """Return the segments, made once per bank, or ``TOO_FEW``. Check ``segment_needs`` first."""
    return once(bank, "client_segments", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Segments | str:
    variables = building_variables(bank)
    there = present(variables.months)[:, -1]
    if there.sum() < FEWEST:
        return TOO_FEW
    return _own(bank, variables) if bank.has("clients", "segment") else _found(bank, variables)


def _own(bank: Bank, variables: Variables) -> Segments:
    values, past = attribute_months(bank, "segment", variables.months)
    assert values is not None
    known = np.array([isinstance(v, str) for v in values.ravel()]).reshape(values.shape)
    names = sorted(set(values[known]))
    place = {name: k for k, name in enumerate(names)}
    code = np.full(values.shape, NOBODY, dtype=np.int8)
    code[known] = [place[v] for v in values[known]]
    away = _away(variables, code[:, -1].astype(np.int64), len(names))
    order = np.argsort(-away[:, 0], kind="stable")
    rank = np.empty(len(names) + 1, dtype=np.int8)
    rank[order], rank[-1] = np.arange(len(names)), NOBODY
    names = [names[k] for k in order]
    traits = _traits(names, away[order], variables.names)
    nobody = np.empty(0, dtype=np.int64)
    return Segments(
        OWN, tuple(names), traits, variables.months, rank[code], variables.names, past, None, None, None, nobody
    )


def _found(bank: Bank, variables: Variables) -> Segments | str:
    rules = bank.settings.segments
    there = variables.there[:, -1]
    every = _rows(variables, -1, None, there)
    fitted = np.flatnonzero(there)[every.complete]
    if len(fitted) < FEWEST:
        return TOO_FEW
    rows = every.take(every.complete)
    keys = variables.months.client_id[fitted]
    # What is kept on disk follows from the bank alone: the rows are made of the variables again each time.
    choice = once(
        bank,
        "segment_choice",
        lambda: choose_classes(rows, keys, seed=SEED, most=rules.most, least_share=rules.least_share),
        on_disk=True,
    )
    label = np.full(len(there), NOBODY, dtype=np.int64)
    label[fitted] = choice.mixture.assign(rows)
    away = _away(variables, label, choice.mixture.classes)
    order = np.argsort(-away[:, 0], kind="stable")
    mixture = choice.mixture.ordered_by(order)
    names = segment_codes(away[order], variables.names)
    past = "; ".join(variables.refused.values())
    columns = [variables.months.count - 1] if past else range(variables.months.count)
    code = np.full(variables.wealth.shape, NOBODY, dtype=np.int8)
    for column in columns:
        code[:, column] = place_clients(variables, column, mixture, rows)
    traits = _traits(names, away[order], variables.names)
    return Segments(
        FOUND,
        tuple(names),
        traits,
        variables.months,
        code,
        variables.names,
        past,
        _ordered(choice, order),
        mixture,
        rows,
        fitted,
    )


def place_clients(variables: Variables, column: int, mixture: Mixture, like: MixtureRows) -> Codes:
    """Return the segment (n) of each client at a month's end; -1 for who was not there, or of whom too little is known.

    Two of the variables must be known (the one, where there is one only).
    """
    enough = variables.known(column) >= min(2, len(variables.names))
    placed = np.flatnonzero(variables.there[:, column] & enough)
    found = np.full(len(variables.wealth), NOBODY, dtype=np.int8)
    if len(placed):
        found[placed] = mixture.assign(_rows(variables, column, like, placed))
    return found


def complete_rows(variables: Variables, column: int, like: MixtureRows) -> tuple[MixtureRows, Ints]:
    """Return the clients of a month's end of whom everything is known, on the scales of ``like``, and their places."""
    there = np.flatnonzero(variables.there[:, column])
    rows = _rows(variables, column, like, there)
    return rows.take(rows.complete), there[rows.complete]


def _rows(
    variables: Variables, column: int, like: MixtureRows | None, who: Ints | npt.NDArray[np.bool_]
) -> MixtureRows:
    numbers = {WEALTH: np.log(np.maximum(variables.wealth[who, column], 1.0))}
    if variables.experience is not None:
        numbers[EXPERIENCE] = variables.experience[who, column]
    ordered = {} if variables.risk is None else {RISK: variables.risk[who, column]}
    return mixture_rows(numbers, ordered) if like is None else like.others(numbers, ordered)


def _away(variables: Variables, label: Ints, segments: int) -> np.ndarray:
    """Return how far each segment (K) stands from all clients in each variable (v), today."""
    columns = []
    for name in variables.names:
        values = getattr(variables, name)[:, -1]
        columns.append(standardised(np.log(np.maximum(values, 1.0)) if name == WEALTH else values, label, segments))
    return np.stack(columns, axis=1)


def _traits(names: list[str], away: np.ndarray, variables: tuple[str, ...]) -> dict[str, dict[str, str]]:
    return {name: dict(zip(variables, row, strict=True)) for name, row in zip(names, levels(away), strict=True)}


def _ordered(choice: Choice, order: Ints) -> Choice:
    """Return the choice with its stability in the order of the names."""
    from dataclasses import replace

    stability = choice.stability
    if stability is not None:
        moved = stability.moved[:, order][:, :, order]
        stability = replace(stability, jaccard=stability.jaccard[:, order], moved=moved)
    return replace(choice, mixture=choice.mixture.ordered_by(order), stability=stability)
