"""What the loyalty report calls factors, items, segments and what a survey's answers rest on."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.wording.labels import code_label

_FACTORS = {
    "quality": Message("product and service quality"),
    "personal": Message("personalised service"),
    "relation": Message("relationship management"),
    "experience": Message("client experience"),
    "brand": Message("brand image"),
    "loyalty": Message("loyalty"),
}
_GROUPS = {
    "lower third": Message("lower third"),
    "middle third": Message("middle third"),
    "upper third": Message("upper third"),
    "not recorded": Message("not recorded"),
    "no": Message("no"),
    "yes": Message("yes"),
}
_THIRDS = {
    "lower third": Message("lower third by assets"),
    "middle third": Message("middle third by assets"),
    "upper third": Message("upper third by assets"),
}
_FRAME = {
    "log2_assets": Message("assets"),
    "tenure": Message("length of the relationship"),
    "complaint_6m": Message("complaint in the six months before"),
    "manager_decades": Message("experience of the relationship manager"),
    "log2_contacts_6m": Message("contacts"),
    "online_3m": Message("use of the online service"),
    "net_share_3m": Message("recent net new money"),
    "age_decades": Message("age"),
}


def factor_label(name: str, bank: Bank) -> Message | str:
    """Return what a factor, an item or loyalty is called: by the bank, else by this report, else its name."""
    domain = "item" if name.startswith("item_") else "factor"
    if name in bank.settings.labels.get(domain, {}):
        return code_label(domain, name, bank.settings.labels)
    return _FACTORS.get(name, name.removeprefix("item_").replace("_", " "))


def group_label(name: str, bank: Bank) -> Message | str:
    """Return what a segment or a group is called."""
    column = bank.settings.loyalty.segment or ""
    return _GROUPS.get(name) or code_label(column, name, bank.settings.labels)


def segment_label(name: str, bank: Bank) -> Message | str:
    """Return what a segment is called; thirds, which stand in where the bank names no segment, are those by assets."""
    return _THIRDS.get(name) or group_label(name, bank)


def wave_label(wave: str, months: dict[str, str]) -> Message:
    """Return the month of a wave's first invitations, with the bank's own name of the wave where it has one."""
    month = months[wave]
    if wave == month[:7]:
        return Message("{month:month}", {"month": month})
    return Message("{month:month} (wave {wave})", {"month": month, "wave": wave})


def frame_label(name: str) -> Message | str:
    """Return what is known of everybody asked, in words."""
    return _FRAME.get(name, name)


def survey_basis(bank: Bank, *more: Message) -> tuple[Message, ...]:
    """Return what an exhibit of the survey rests on: its own lines, and the as-of date."""
    return (*more, Message("As of {as_of:date}.", {"as_of": bank.as_of.isoformat()}))
