"""What the channels report calls channels, programmes, outcomes and times, and why it cannot answer."""

from insights.data.snapshot import Bank
from insights.models.channels.lots import LEFT
from insights.models.channels.managed import ACTIVITY, INCOME
from insights.models.channels.outcomes import MARK, MONEY, SETTLED, WAIT
from insights.models.channels.prospects import OTHER
from insights.models.loyalty.answers import LOYALTY, TRUST
from insights.models.loyalty.changes import BRAND
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.untold import in_words
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate

OUTCOMES = {
    MONEY: Message("net new money"),
    MARK: Message("mark of contacts, 0 to 10"),
    WAIT: Message("minutes clients waited per contact"),
    SETTLED: Message("share of contacts that settled the matter"),
    LEFT: Message("share who left within the time followed"),
    INCOME: Message("income a year, of the assets before"),
    ACTIVITY: Message("share of months with activity"),
    LOYALTY: Message("stated loyalty, in points of its scale"),
    BRAND: Message("how clients see the brand, in points of its scale"),
    TRUST: Message("stated trust, in points of its scale"),
}
_LONG = 120
"""From so many minutes on a time is told in hours."""


def channel_label(code: str, bank: Bank) -> Message | str:
    """Return what a channel is called."""
    return code_label("channel", code, bank.settings.labels)


def programme_label(name: str, bank: Bank) -> Message | str:
    """Return what a programme is called."""
    return code_label("programme", name, bank.settings.labels)


def source_label(source: str, bank: Bank) -> Message | str:
    """Return what a source of clients is called."""
    return (
        Message("not recorded") if source == OTHER else code_label("acquisition_source", source, bank.settings.labels)
    )


def duration(minutes: float) -> Message:
    """Return a time in minutes, or in hours where it is long."""
    if minutes >= _LONG:
        return Message("{v:tenths} hours", {"v": minutes / 60})
    return Message("{v:tenths} minutes", {"v": minutes})


def duration_cell(found: Estimate | None) -> Message | None:
    """Return a time with its interval as one cell; None (shown as withheld) without one."""
    if found is None:
        return None
    size = 60 if found.value >= _LONG else 1
    values = {"v": found.value / size, "low": found.low / size, "high": found.high / size}
    if found.value == found.low == found.high:
        return Message("{v:tenths} min", values)
    if found.high == float("inf"):
        return (
            Message("{v:tenths} h ({low:tenths} or more)", values)
            if size == 60
            else Message("{v:tenths} min ({low:tenths} or more)", values)
        )
    return (
        Message("{v:tenths} h ({low:tenths} to {high:tenths})", values)
        if size == 60
        else Message("{v:tenths} min ({low:tenths} to {high:tenths})", values)
    )


_KNOWN: tuple[tuple[str, Message], ...] = (
    (r"no_rows", Message("Nobody is recorded in the programme.")),
    (r"too_early", Message("The programme began before the bank's records do: there is no before to compare with.")),
    (r"not_yet", Message("The programme has not begun with anybody.")),
    (r"too_young", Message("Fewer than twelve months have passed since it was drawn by lot, or one arm is empty.")),
    (r"too_few_matters", Message("Too few clients were in contact long enough ago to see what came back.")),
    (r"too_few_waits", Message("Too few clients asked for something in the last twelve months.")),
    (r"too_few_months", Message("No channel has enough contacts in each of eighteen months.")),
    (r"too_few_clients", Message("Nobody in force today was a client a year ago.")),
    (r"its effect on income cannot be told", Message("Its effect on income cannot be told.")),
    (
        r"the margin of the first year is not told from nothing",
        Message("The margin of a client's first year is not told from nothing."),
    ),
    (r"cost or margin cannot be told", Message("What a client cost, or his first year's margin, cannot be told.")),
    (
        r"(the lot hardly moved who took part|everybody took part|too few clusters for an F).*",
        Message("The lot hardly moved who took part: a ratio to so small a difference tells nothing."),
    ),
    (
        r"who took part is not recorded",
        Message("Who took part is not recorded: needs the programme under [loyalty.drawn], and what it gave."),
    ),
    (
        r"\d+ reached and \d+ others answered before and after.*|the survey does not ask for loyalty",
        Message("Too few of both sides answered the survey in the year before and in the year after."),
    ),
    (r"fewer than 50 clients can be compared", Message("Too few clients answered before and after.")),
    (r"no_years", Message("Fewer than three years are known, or nobody took up such a channel.")),
    (r"no year before anybody took it up is known", Message("No year before anybody took it up is known.")),
    (r"no_digital", Message("No contact came by a channel without a person, or too few clients were in contact.")),
    (r"strata that both groups have cover.*", Message("The two have too few topics in common.")),
    (
        r"\d+ clusters in one of the groups.*|a denominator adds up to 0|one",
        Message("Too few clients, or one channel only."),
    ),
    (r"no prospect was known.*|nothing was known", Message("No prospect was known half a year ago.")),
    (r"no prospect is open", Message("No prospect is open.")),
    (r"no earlier date has enough prospects.*", Message("No earlier date has enough prospects before it.")),
    (
        r"\d+(\.\d+)? (events|rows without event).*",
        Message("Too few prospects joined, or nearly all did: no chance can be told."),
    ),
    (r"too_few_mentions", Message("Too few mentions and answers.")),
    (r"too_few_requests", Message("Too few clients made a request in the last two years.")),
    (r"no_yield", Message("No source has both costs and clients won in the same months.")),
    (r"too_few_offers", Message("Too few clients were made an offer that is over by now.")),
    (r"no_steps", Message("Every programme was drawn by lot: none came in steps.")),
    (
        r"nobody whom the programme reached.*|no unit's treatment starts.*",
        Message("Nobody whom the programme reached was with the bank, and seen, before it began."),
    ),
    (
        r"every unit is treated in the end.*|all units are treated from the same period.*",
        Message("The programme reached everybody: nobody shows what would have come without it."),
    ),
    (
        r"no comparison can be made for all of them.*|no comparison can be made.*(a propensity of|too few alike).*",
        Message("Not every group of those reached has enough clients like it among the others."),
    ),
    (
        r"no comparison can be made.*clusters; 5 each are needed",
        Message(
            "Fewer than five relationship managers on one side of every comparison: one manager's own course would "
            "pass for the effect."
        ),
    ),
    (
        r"no comparison can be made.*no overlap.*",
        Message("Those reached and the others have nothing in common: there is nobody like them to compare with."),
    ),
    (
        r"no comparison can be made.*",
        Message("Fewer than ten clients on one side of every comparison were seen before and after."),
    ),
    (r"\d+ period\(s\) with an outcome.*", Message("It is known for one period only: a change needs two.")),
    (r"the outcome of all units moved alike.*", Message("It moved alike for everybody: there is no error to be told.")),
    (r"no campaign used both channels.*", Message("No campaign used both channels often enough.")),
    (r"the smaller group has \d+ units.*", Message("Too few offers came by one of the two.")),
    (
        r"no overlap: the covariates tell the groups apart.*",
        Message("What is recorded of clients tells already which channel they got: nobody could have had either."),
    ),
    (r"too few left in both arms together", Message("Too few left in both arms together.")),
    (r"\d+ channels have \d+ marks; two are needed", Message("Fewer than two channels have enough marks.")),
    (
        r"\d+ units.*",
        Message("Too few clients gave marks more than once: nobody's own marks can be compared across channels."),
    ),
    (r"a column does not move within units.*", Message("No client was served in more than one channel.")),
    (r"\d+ rows are too few.*", Message("Too few clients are known for this outcome.")),
    (r"everybody has the same outcome", Message("It is the same for everybody.")),
)


def why_not(reason: str) -> Message:
    """Return the reason in a reader's words; one that is not known here is told as the statistic gives it."""
    return in_words(reason, _KNOWN)
