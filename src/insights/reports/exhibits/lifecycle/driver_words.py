"""What a manager calls the features of the models of leaving, and one step of each."""

from insights.data.snapshot import Bank
from insights.models.attributes import OWN
from insights.models.exits.fit import MANAGER
from insights.models.exits.reasons import UNEXPLAINED
from insights.models.features import PROGRAMME
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.lifecycle.figures import reason_label
from insights.reports.wording.labels import code_label, column_label

_FEATURES = {
    "tenure": Message("length of the relationship"),
    "season": Message("season"),
    "log2_assets": Message("assets"),
    "complaint_6m": Message("complaints"),
    "satisfaction": Message("satisfaction"),
    "recommendation": Message("willingness to recommend"),
    "outflow_12m": Message("earlier large outflow"),
    "net_share_3m": Message("recent net new money"),
    "online_3m": Message("use of the online service"),
    "log2_contacts_6m": Message("contacts"),
    "age_decades": Message("age"),
    "manager_decades": Message("experience of the relationship manager"),
    "risk_tolerance": Message("risk tolerance"),
    "investing_decades": Message("investment experience"),
    MANAGER: Message("the relationship manager"),
    UNEXPLAINED: Message("combinations that only the second model sees"),
}

_STEPS = {
    "quarter_2": Message("April to June, against January to March"),
    "quarter_3": Message("July to September, against January to March"),
    "quarter_4": Message("October to December, against January to March"),
    "log2_assets": Message("Twice the assets"),
    "complaint_6m": Message("A complaint in the last six months"),
    "satisfaction": Message("One point more in satisfaction"),
    "recommendation": Message("One point more in willingness to recommend"),
    "outflow_12m": Message("A large outflow in the last twelve months"),
    "net_share_3m": Message("Net new money of all his assets in three months, against none"),
    "online_3m": Message("Uses the online service"),
    "log2_contacts_6m": Message("Twice the contacts in six months"),
    "age_decades": Message("Ten years older"),
    "manager_decades": Message("Relationship manager with ten years more experience"),
    "risk_tolerance": Message("One step more risk tolerance"),
    "investing_decades": Message("Ten years more investment experience"),
}

_APART = {
    ("tenure", "less"): Message("a short relationship"),
    ("tenure", "more"): Message("a long relationship"),
    ("log2_assets", "less"): Message("fewer assets"),
    ("log2_assets", "more"): Message("more assets"),
    ("complaint_6m", "more"): Message("a recent complaint"),
    ("complaint_6m", "less"): Message("no recent complaint"),
    ("satisfaction", "less"): Message("lower satisfaction"),
    ("satisfaction", "more"): Message("higher satisfaction"),
    ("recommendation", "less"): Message("little willingness to recommend the bank"),
    ("recommendation", "more"): Message("much willingness to recommend the bank"),
    ("outflow_12m", "more"): Message("a large outflow before"),
    ("outflow_12m", "less"): Message("no large outflow before"),
    ("net_share_3m", "less"): Message("money moved out lately"),
    ("net_share_3m", "more"): Message("money brought in lately"),
    ("online_3m", "more"): Message("use of the online service"),
    ("online_3m", "less"): Message("no use of the online service"),
    ("log2_contacts_6m", "less"): Message("few contacts"),
    ("log2_contacts_6m", "more"): Message("many contacts"),
    ("age_decades", "less"): Message("lower age"),
    ("age_decades", "more"): Message("higher age"),
    ("manager_decades", "less"): Message("a less experienced relationship manager"),
    ("manager_decades", "more"): Message("a more experienced relationship manager"),
    ("risk_tolerance", "less"): Message("lower risk tolerance"),
    ("risk_tolerance", "more"): Message("higher risk tolerance"),
    ("investing_decades", "less"): Message("less investment experience"),
    ("investing_decades", "more"): Message("more investment experience"),
}


def apart_label(name: str, direction: str | None) -> Message | str:
    """Return what sets clients apart by a feature, of which they have "more" or "less" than others."""
    if name == MANAGER:
        return Message("a relationship manager whose clients leave more often")
    if name.startswith(PROGRAMME) and direction is not None:
        values = {"name": name.removeprefix(PROGRAMME)}
        if direction == "less":
            return Message("not being in the programme “{name}”", values)
        return Message("being in the programme “{name}”", values)
    return _APART.get((name, str(direction))) or feature_label(name)


def feature_label(name: str) -> Message | str:
    """Return a feature in words."""
    if name in _FEATURES:
        return _FEATURES[name]
    if name.startswith(PROGRAMME):
        return Message("programme “{name}”", {"name": name.removeprefix(PROGRAMME)})
    if name.startswith(OWN):
        return name.removeprefix(OWN)  # The bank's own word for it.
    return column_label("clients", name)


def step_label(column: str, bank: Bank) -> Message | str:
    """Return what one step of a column of the model is: the thing whose ratio is told."""
    name, _, part = column.partition(":")
    if part == "missing":
        return Message("Not known: {feature}", {"feature": feature_label(name)})
    if part == "early":
        return Message("{step}, in the first two years", {"step": step_label(name, bank)})
    if part == "later":
        return Message("{step}, after the first two years", {"step": step_label(name, bank)})
    if "=" in column:
        name, _, level = column.partition("=")
        shown = Message("other or not known") if level == "other" else code_label(name, level, bank.settings.labels)
        return Message("{column}: {level}", {"column": feature_label(name), "level": shown})
    if column.startswith(PROGRAMME):
        return Message("In the programme “{name}”", {"name": column.removeprefix(PROGRAMME)})
    return _STEPS.get(column, column)


def event_label(event: str, bank: Bank) -> Message | str:
    """Return an event of the models in words."""
    if event == "outflow":
        return Message("large outflow")
    return Message("any reason") if event == "any" else reason_label(event, bank)


def refusal(why: str | None, event: Message | str) -> Message:
    """Say why there is no regression of an event."""
    if why == "nobody":
        return Message("Nobody left by choice in the time observed: nothing tells what goes with it.")
    return Message(
        "Too few events of “{event}” for a regression: 50 are needed, and ten for every column.", {"event": event}
    )
