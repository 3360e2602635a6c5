"""A measure of one value of a division, with what it rests on: the shape in which offers and requests are told."""

from dataclasses import dataclass

from insights.stats.results import Estimate, NotEstimable


@dataclass(frozen=True)
class Measured:
    """``measure`` of ``value`` of ``division``, from ``clients``; ``events`` are the requests or answers counted."""

    division: str
    value: str
    measure: str
    found: Estimate | NotEstimable
    clients: int
    events: int
