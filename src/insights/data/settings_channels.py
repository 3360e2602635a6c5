"""Settings of channels: which programmes changed a channel, and what they are judged by."""

from typing import Annotated, Literal

from pydantic import Field

from insights.data.settings_sources import Section


class ChannelsSection(Section):
    """What the channels report asks of changes.

    ``changes`` names the programmes that changed a channel (default: all); the one that began last is told on page one.
    ``primary`` is the outcome by which a change is judged, registered before anybody looked: net new money, the marks
    of contacts, minutes waited, or the share of contacts that settled the matter; p-values of the others are adjusted.
    Contacts of the same client about the same topic within ``repeat_days`` count as one matter. ``digital`` are the
    channels without a person to talk to: from these a matter is handed over to the others. ``visits`` are those in
    which client and bank meet. Control charts of channels give, all together, one false alarm in so many months
    (``false_alarm_months``). ``costs`` says what a programme costs a year, and ``effort`` how much money a year can be
    moved to where it brings most (both in the reporting currency); ``effort_hours`` how many hours of staff a year can
    be moved between channels. ``open_hours`` are the hours in which the bank opens and closes on working days.
    """

    changes: tuple[str, ...] = ()
    primary: Literal["money", "mark", "wait", "settled"] = "money"
    repeat_days: Annotated[int, Field(ge=1, le=366)] = 30
    digital: tuple[str, ...] = ("app", "online", "email", "messaging", "chat", "social")
    visits: tuple[str, ...] = ("meeting", "visit", "branch")
    costs: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    effort: Annotated[float, Field(ge=0)] = 0.0
    effort_hours: Annotated[float, Field(ge=0)] = 0.0
    open_hours: tuple[Annotated[int, Field(ge=0, le=24)], Annotated[int, Field(ge=0, le=24)]] = (8, 18)
    false_alarm_months: Annotated[int, Field(ge=3, le=600)] = 24
