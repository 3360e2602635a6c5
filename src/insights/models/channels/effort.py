"""Where one more unit of money brings most: what programmes and sources of clients bring a year for what they cost.

Both are told in the same unit, money of income (of sources: margin) in a year per unit of money spent. They are ranked
by the lower end of the interval: an option of which little is known does not come first by luck.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.managed import INCOME, managed
from insights.models.channels.outcomes import scaled
from insights.models.channels.programmes import NEEDS as OF_PROGRAMMES
from insights.models.channels.programmes import programmes
from insights.models.channels.sources import NEEDS as OF_SOURCES
from insights.models.channels.sources import YEAR, YEARS, Source, sources
from insights.models.value.margins import NEEDS as OF_MONEY
from insights.stats.results import Estimate, NotEstimable

PROGRAMME, SOURCE = "programme", "source"
COSTS = "[channels.costs]"
UNIT = "per unit of cost"
NAN = float("nan")


@dataclass(frozen=True)
class Option:
    """One way to spend effort: its ``cost`` a year (currency) and what it brings a year for each unit of it.

    ``clients`` are those the effect is told of, ``events`` the fewer of two sides (of sources: clients won). ``sizes``
    for dominance. ``given``: what of the money to move goes to it.
    """

    kind: str
    name: str
    cost: float
    brings: Estimate | NotEstimable
    clients: int
    events: int
    sizes: tuple[float, float, float] = (NAN, NAN, NAN)
    given: float = 0.0


def missing_for_effort(bank: Bank) -> tuple[str | tuple[str, ...], ...]:
    """Return what a bank lacks: income, and either costs of its programmes or costs of sources."""
    lacking: tuple[str | tuple[str, ...], ...] = tuple(bank.needs(*OF_MONEY))
    if not _costs(bank) and bank.needs(*OF_SOURCES):
        lacking = (*lacking, (COSTS, "source_costs.amount"))
    return lacking


def effort(bank: Bank) -> tuple[Option, ...]:
    """Return the options with a cost, the best first; check what is missing. Made once per bank."""
    return once(bank, "channel_effort", lambda: allocate(list(_options(bank)), bank.settings.channels.effort))


def _costs(bank: Bank) -> dict[str, float]:
    """Return what programmes cost a year, of those of which effects can be asked."""
    if bank.needs(*OF_PROGRAMMES) or bank.window_from is None:
        return {}
    known = set(programmes(bank))
    return {name: cost for name, cost in bank.settings.channels.costs.items() if name in known}


def _options(bank: Bank) -> Iterator[Option]:
    for name, cost in sorted(_costs(bank).items()):
        told = managed(bank, name).find(INCOME)
        if told is None or not told.held > 0:
            why = told.mean if told is not None and isinstance(told.mean, NotEstimable) else None
            yield Option(PROGRAMME, name, cost, why or NotEstimable("its effect on income cannot be told"), 0, 0)
            continue
        brings = scaled(told.mean, told.held / cost, UNIT)
        yield Option(PROGRAMME, name, cost, brings, told.reached, min(told.reached, told.others))
    if not bank.needs(*OF_SOURCES):
        yield from (of_source(found) for found in sources(bank))


def of_source(found: Source) -> Option:
    """Return a source of clients as an option: the margin of a first year for what a client cost."""
    cost = found.cost.value * found.won / YEARS if isinstance(found.cost, Estimate) else 0.0
    back = found.back
    brings: Estimate | NotEstimable = back if isinstance(back, NotEstimable) else _turned(back)
    return Option(SOURCE, found.source, cost, brings, found.followed, found.won, found.sizes)


def _turned(back: Estimate) -> Estimate:
    """Return money a year per unit of cost from the months in which the cost is earned."""
    value, low, high = (YEAR / v for v in (back.value, back.high, back.low))
    return Estimate(value, low, high, UNIT, back.n, back.n_events)


def allocate(options: Sequence[Option], capacity: float) -> tuple[Option, ...]:
    """Return the options by the lower end of what they bring, and what of ``capacity`` (currency) goes to each.

    Down the list each gets as much again as it costs today, until nothing is left: what it would bring beyond twice its
    size nobody has seen. Nothing goes where the lower end is not above 0. What cannot be told comes last.
    """
    order = sorted(options, key=lambda o: (-_low(o), o.kind, o.name))
    found, left = [], capacity
    for option in order:
        given = min(left, option.cost) if _low(option) > 0 else 0.0
        left -= given
        found.append(replace(option, given=given))
    return tuple(found)


def _low(option: Option) -> float:
    return option.brings.low if isinstance(option.brings, Estimate) else -float("inf")
