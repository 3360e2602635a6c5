"""Settings of segments: how many there may be, and what is to be done for the clients of each."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from insights.data.settings_sources import Section

Level = Literal["low", "middle", "high"]
StageName = Literal["introduction", "growth", "maturity", "decline", "dormant"]
AGES = ((45, "under_45"), (55, "45_to_54"), (65, "55_to_64"), (75, "65_to_74"), (200, "75_or_more"))
"""Groups of ages: below so many years, and the name of the group."""
_LEVELS = {"age": tuple(name for _, name in AGES), "risk_tolerance": ("C1", "C2", "C3", "C4", "C5")}
"""The groups of an attribute that are not codes of the bank."""


class TreatmentRule(Section):
    """What to do for clients of a kind: for whom all that is named here holds.

    ``segment`` is one of the bank's own segments; ``wealth``, ``risk`` and ``experience`` say where a segment stands
    beside all clients; ``stage`` is the stage of the relationship. A rule without a stage holds for the whole segment.
    ``treatment`` is a code: its words stand under [labels.treatment].
    """

    treatment: Annotated[str, Field(min_length=1, max_length=60)]
    segment: str | None = None
    wealth: Level | None = None
    risk: Level | None = None
    experience: Level | None = None
    stage: StageName | None = None


class GroupRule(Section):
    """What to do for a group of clients by one attribute: ``level`` is a code of the bank, an age group or C1 to C5."""

    treatment: Annotated[str, Field(min_length=1, max_length=60)]
    attribute: Literal["age", "gender", "occupation", "income_band", "risk_tolerance"]
    level: str

    @model_validator(mode="after")
    def _known(self) -> "GroupRule":
        known = _LEVELS.get(self.attribute, (self.level,))
        if self.level not in known:
            raise ValueError(f"{self.attribute} has no group {self.level!r}; expected one of {', '.join(known)}")
        return self


class SegmentsSection(Section):
    """How clients are put into segments, and what is to be done for each.

    Without a ``segment`` column of the bank's own, segments are found from assets, risk tolerance and experience: at
    most ``most`` of them, none with a smaller share of the clients than ``least_share``. Of ``treatments`` the first
    that fits counts, so the special ones stand first. ``groups`` says what is to be done for clients of an age, gender,
    occupation, income or risk tolerance. ``equity`` are the categories of products that count as shares.
    """

    most: Annotated[int, Field(ge=2, le=8)] = 6
    least_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.03
    treatments: tuple[TreatmentRule, ...] = ()
    groups: tuple[GroupRule, ...] = ()
    equity: tuple[str, ...] = ("equities",)

    @model_validator(mode="after")
    def _reached(self) -> "SegmentsSection":
        for k, rule in enumerate(self.treatments):
            own = rule.model_dump(exclude={"treatment"}, exclude_none=True)
            for other in self.treatments[:k]:
                if other.model_dump(exclude={"treatment"}, exclude_none=True).items() <= own.items():
                    raise ValueError(
                        f"treatment {k + 1} ({rule.treatment}) is never reached, because an earlier one "
                        f"({other.treatment}) holds for all its clients. Put the special ones first"
                    )
        named = [(rule.attribute, rule.level) for rule in self.groups]
        for attribute, level in named:
            if named.count((attribute, level)) > 1:
                raise ValueError(f"the group {attribute} {level!r} has two treatments. Leave one of them")
        return self

    def group_treatments(self, attribute: str) -> dict[str, str]:
        """Return the treatment of each group by this attribute that has one."""
        return {rule.level: rule.treatment for rule in self.groups if rule.attribute == attribute}

    def treatment(self, traits: dict[str, str], segment: str, stage: str | None = None) -> str | None:
        """Return the treatment of a segment with these traits, in a stage or (None) as a whole; None without one.

        A rule for a stage says nothing of the whole segment; one for the whole segment holds in each of its stages.
        """
        known = {**traits, "segment": segment, "stage": stage}
        for rule in self.treatments:
            asked = rule.model_dump(exclude={"treatment"}, exclude_none=True)
            if all(known.get(name) == value for name, value in asked.items()):
                return rule.treatment
        return None
