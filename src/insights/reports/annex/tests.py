"""The tests that a report registers: made and rejected, or not made and why, by exhibit and null hypothesis.

A finding lists its tests as checks; where it makes one for each of many rows, their p-values are numbers of its own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from insights.reports.annex.told import Told
from insights.reports.exhibits.base import Message

REJECTED = 0.05


@dataclass
class Tests:
    """The tests of one null hypothesis in one exhibit.

    ``p_values`` of those that were made; ``faults`` of checks that look for a fault and found one, ``sound`` how many
    found none; ``reasons`` why others could not be made.
    """

    finding: str
    title: Message
    null: str
    p_values: list[float] = field(default_factory=list)
    sound: int = 0
    faults: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def made(self) -> int:
        """How many were made."""
        return len(self.p_values) + self.sound + len(self.faults)

    @property
    def registered(self) -> int:
        """How many there are."""
        return self.made + len(self.reasons)

    @property
    def rejected(self) -> int:
        """How many were rejected at 5 %, each for itself, or found a fault."""
        return sum(p < REJECTED for p in self.p_values) + len(self.faults)


def registered(told: Iterable[Told]) -> list[Tests]:
    """Return the tests of some findings, in the order in which they stand."""
    found: dict[tuple[str, str], Tests] = {}
    for one in told:
        for null, p, statistic, reason in _of(one):
            own = found.setdefault((one.id, null), Tests(one.id, one.title, null))
            if p is not None:
                own.p_values.append(p)
            elif statistic is None:
                own.reasons.append(reason)
            elif reason:
                own.faults.append(reason)
            else:
                own.sound += 1
    return list(found.values())


def _of(one: Told) -> Iterator[tuple[str, float | None, float | None, str]]:
    for check in one.checks:
        yield str(check["null"]), check["p_value"], check["statistic"], str(check["reason"])
    for row in one.estimates:
        if (null := OF_ROWS.get(str(row["name"]))) and row["value"] is not None:
            yield null, float(row["value"]), None, ""


OF_ROWS = {
    "p_change_with_tenure": "the effect does not change with time",
    "p_months_within_quarters": "given the columns of the model, the hazard does not change with the added ones",
    "p_independence": "how often a unit buys and when it stops are unrelated",
    "p_effect": "the factor does not go with the outcome",
    "p_nominal": "the column moves all thresholds alike",
    "p_brant": "the column moves all thresholds alike",
    "p_value": "the claim is not true of this bank's clients",
    "invariance_p_value": "the measurement is the same in all groups",
    "stage_p": "at every month, all who are in a state have the same hazards",
}
"""Null hypotheses of p-values that a finding tells as numbers, by the name of the number."""

NULLS = (
    Message("the effect does not change with time"),
    Message("given the columns of the model, the hazard does not change with the added ones"),
    Message("how often a unit buys and when it stops are unrelated"),
    Message("the factor does not go with the outcome"),
    Message("the column moves all thresholds alike"),
    Message("the claim is not true of this bank's clients"),
    Message("the measurement is the same in all groups"),
    Message("at every month, all who are in a state have the same hazards"),
    Message("all groups have the same value"),
    Message("all groups have the same share"),
    Message("both groups have the same chance of it"),
    Message("before the start, the outcomes of treated and controls move in parallel"),
    Message("every driver moves the outcome by way of the index alone"),
    Message("one more on every driver goes with the same change in every part"),
    Message("every category came as often as was expected"),
    Message("there is one class: each number has one peak, of any shape"),
    Message("before the largest risk set, no event happens among fewer than 10 at risk"),
    Message("somebody is at risk from month 0 on in every group"),
    Message("somebody is at risk at every moment up to the last exit of each group"),
    Message("at no time are there more events than units at risk"),
    Message("at every month, all groups have the same hazard"),
    Message("in every month, those at risk stand for all who would be left without losses"),
    Message("no weight is so large that it had to be cut"),
    Message("whatever the lost did, the incidence by the last horizon is much the same"),
    Message("every day the limit is exceeded with the chance it was made for"),
    Message("an exceedance is as likely the day after one as on any other day"),
    Message("what is estimated is the same at both times"),
    Message("the measure is the same as in the last pack"),
)
_NULLS = {message.id: message for message in NULLS}

REASONS = (
    Message("no event happens before the largest risk set"),
    Message("only {n} at risk at {month} months: one event there moves everything after it"),
    Message("only {n} at risk at {month} months in group {group}: one event there moves everything after it"),
    Message(
        "nobody is at risk before {month} months: the curve is conditional on getting that far, and not to be compared "
        "with curves that start earlier"
    ),
    Message(
        "nobody is at risk before {month} months in group {group}: the curve is conditional on getting that far, and "
        "not to be compared with curves that start earlier"
    ),
    Message("{n} of {all} curves end early: {why}"),
    Message("{n} of {all} curves end early in group {group}: {why}"),
    Message("{n} events more than units at risk were left out; rounded counts do this"),
    Message("{share} of the months at risk had their weight cut"),
    Message("at {month} months they stand for {share} of them: the model does not fit"),
    Message("no month has {n} rows at risk"),
    Message("there is no incidence by the last horizon"),
    Message("between {low} and {high} by {month} months"),
    Message("fewer than two groups have somebody at risk"),
    Message("there is no event"),
    Message("no two groups are at risk when an event happens"),
    Message("{n} exceedances do not tell whether they cluster"),
    Message("the only exceedance with a day after it is missing"),
    Message("there is no day"),
    Message("a group is too small, or too few or too many have it"),
    Message("there are not two groups to compare"),
    Message("nobody in either group has it"),
    Message("one driver is its own index"),
    Message("there are not two parts to compare"),
    Message("no cohort has two periods before its start"),
    Message("the clusters are too few for {n} effects before the start"),
    Message("the clusters are too few for a test of {n} shares"),
    Message("some category neither came nor was expected"),
    Message("the change has no interval"),
)
"""What tests say of themselves: a field stands for what was found."""


def null_message(null: str) -> Message | str:
    """Return a null hypothesis as a message; one that is not known stays as the test words it."""
    return _NULLS.get(null, null)


def reason_message(reason: str) -> Message | str:
    """Return a reason as a message with what was found; one that is not known stays as the test words it."""
    for pattern, message in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return Message(message.id, found.groupdict())
    return reason


def _pattern(message: Message) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", message.id)
    return re.compile("".join(re.escape(p) if k % 2 == 0 else f"(?P<{p}>[^:;]+?)" for k, p in enumerate(parts)))


_PATTERNS = [(_pattern(message), message) for message in REASONS]
