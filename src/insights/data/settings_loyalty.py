"""Settings of loyalty: which items measure which factor, on what scale, and which items state loyalty itself."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from insights.data.settings_errors import unknown_name, where
from insights.data.settings_sources import Section

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Item = Annotated[str, Field(pattern=r"^item_\w+$")]
Scale = tuple[float, float]
Cited = Literal[
    "quality",
    "personalisation",
    "relationship",
    "experience",
    "brand",
    "innovation",
    "personal_service",
    "communication",
    "solved_in_time",
]
"""The shares of clients that the handbook cites, each with a question of its own."""
Benefit = Literal["services", "events", "rewards"]
PLACE = ("loyalty",)


class Hypothesis(Section):
    """A claim that was written down before anybody looked: a factor raises or lowers an outcome."""

    factor: Name
    outcome: Literal["loyalty", "exit", "money", "share", "repurchase", "value"] = "loyalty"
    expected: Literal["raises", "lowers"] = "raises"


class Change(Section):
    """What the bank changed because of what clients said.

    ``topics`` are those of complaints and notes, and factors of the survey, that led to it. ``programme`` names the
    programme that says whom the change reached, and when.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    topics: Annotated[tuple[str, ...], Field(min_length=1)]
    programme: str


class LoyaltySection(Section):
    """How the survey is read.

    ``factors`` names the items of each factor, in the order in which they are shown; ``outcome`` the items that state
    loyalty. ``scale`` is the lowest and highest mark of the factors' items and ``outcome_scale`` that of the outcome;
    ``scales`` names items with a scale of their own, which are put on the common one. ``reversed`` items are worded so
    that a high mark is bad. ``not_applicable`` are codes that say "does not apply" wherever they lie outside an item's
    scale (a 0 on marks from 1 to 5). A score needs ``min_share`` of the items of its factor. ``segment`` is the column
    of clients by which groups are compared (without it: thirds of the assets); the answers are also weighted to the
    book by the columns of ``margins``. ``hypotheses`` are the claims that were registered before anybody looked.
    ``stated`` names the items that ask the questions behind the handbook's cited shares, word for word; a mark from
    ``agree_from`` of the scale on (0 its lowest, 1 its highest mark) agrees. What factors and items are called stands
    under [labels.factor.<name>] and [labels.item.<name>]. ``trust`` and ``responsibility`` are items about trust in the
    bank and its social responsibility, where it asks. ``drawn`` names the programme that gave services, events or
    rewards by lot. ``changes`` are what feedback led to.
    """

    factors: dict[Name, Annotated[tuple[Item, ...], Field(min_length=1)]] = Field(default_factory=dict)
    outcome: tuple[Item, ...] = ()
    scale: Scale | None = None
    outcome_scale: Scale | None = None
    scales: dict[Item, Scale] = Field(default_factory=dict)
    reversed: tuple[Item, ...] = ()
    not_applicable: tuple[float, ...] = ()
    min_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    segment: str | None = None
    margins: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    stated: dict[Cited, Item] = Field(default_factory=dict)
    trust: tuple[Item, ...] = ()
    responsibility: tuple[Item, ...] = ()
    drawn: dict[Benefit, str] = Field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    agree_from: Annotated[float, Field(gt=0, le=1)] = 0.75

    @property
    def items(self) -> tuple[str, ...]:
        """All items of factors and outcome, in their order."""
        return tuple(i for items in (*self.factors.values(), self.outcome) for i in items)

    @property
    def beside(self) -> dict[str, tuple[Item, ...]]:
        """The items that are asked beside factors and outcome, by what they measure."""
        return {name: own for name, own in (("trust", self.trust), ("responsibility", self.responsibility)) if own}

    def scale_of(self, item: str) -> Scale | None:
        """Return the lowest and highest mark of an item; None where it is not stated."""
        return self.scales.get(item) or (self.outcome_scale if item in self.outcome else self.scale)

    @model_validator(mode="after")
    def _agrees(self) -> "LoyaltySection":
        every = [*self.items, *self.trust, *self.responsibility]
        if twice := sorted({i for i in every if every.count(i) > 1}):
            raise ValueError(f"{', '.join(twice)} stands twice; an item measures one thing")
        if reserved := sorted({"loyalty", "trust", "responsibility", "weight", "wave", "segment"} & set(self.factors)):
            raise ValueError(f"a factor cannot be called {reserved[0]!r}, which means something else here")
        for own in (self.scale, self.outcome_scale, *self.scales.values()):
            if own is not None and not own[0] < own[1]:
                raise ValueError(f"the scale [{own[0]:g}, {own[1]:g}] has its lowest mark not below its highest")
        stated = [s for s in map(self.scale_of, self.items) if s is not None]
        for code in self.not_applicable:
            if stated and len(stated) == len(self.items) and all(low <= code <= high for low, high in stated):
                raise ValueError(f"not_applicable {code:g} is a mark on every scale, so it would never be left out")
        return self


def check_loyalty(section: LoyaltySection, delivered: Collection[str], file: str) -> None:
    """Raise SettingsError for an item that the surveys do not deliver, or a hypothesis about no factor."""
    beside = (*section.trust, *section.responsibility)
    for name in (*section.items, *beside, *section.scales, *section.reversed, *section.stated.values()):
        if name not in delivered:
            raise unknown_name(f"item {name!r}", where(PLACE, file), name, delivered)
    for claim in section.hypotheses:
        if claim.factor not in section.factors:
            place = where([*PLACE, "hypotheses"], file)
            raise unknown_name(f"factor {claim.factor!r}", place, claim.factor, section.factors)
