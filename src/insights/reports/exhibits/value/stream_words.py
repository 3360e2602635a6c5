"""What the exhibits of streams say alike: names of streams and models, and why there is none."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.streams.fit import BG, EARLY, FEW, LONG, MEAN, NO_FIT, NONE, PARETO, SAME, SHORT, WITH
from insights.models.value.streams.worth import MOST_VAGUE, NOBODY, VAGUE
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.rows import basis
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.value.streams import ACTUAL

FORECASTS = {
    ACTUAL: Message("What came"),
    BG: Message("BG/NBD: may stop after any booking"),
    PARETO: Message("Pareto/NBD: may stop at any time"),
    WITH: Message("BG/NBD, rates by attributes of clients"),
    SAME: Message("Each client as often as before"),
    MEAN: Message("All clients as often as the average"),
}
SHORT_NAMES = {
    ACTUAL: Message("what came"),
    BG: Message("BG/NBD"),
    PARETO: Message("Pareto/NBD"),
    WITH: Message("BG/NBD with attributes"),
    SAME: Message("each as before"),
    MEAN: Message("all as the average"),
}
WHY = {
    NONE: Message("No booking of this kind is on record."),
    EARLY: Message(
        "Nobody's bookings are on record from his first one: it would have to be known since when the "
        "service is offered (opened_on)."
    ),
    SHORT: Message("The bookings on record span less than 6 months; a forecast and its test need that much."),
    LONG: Message("The months set aside for the test are all there is on record."),
    FEW: Message("Fewer than 50 clients booked again before the test began: too few to tell how they differ."),
    NO_FIT: Message("No model of repeat bookings fits: all clients did the same, or nothing tells when they stop."),
    VAGUE: Message("Next to nothing is to come, or it is not known to within a factor of {factor:count}."),
    NOBODY: Message("Nobody who ever made such a booking is still a client."),
}


def stream_label(answer: Answer, bank: Bank) -> Message | str:
    """Return what the bank calls the stream."""
    return code_label("stream", str(answer.facts["stream"]), bank.settings.labels)


def model_name(name: str) -> Message:
    """Return what a model or forecast is called within a sentence."""
    return SHORT_NAMES[name]


def repeats_label(name: str) -> Message:
    """Return a class of clients by their number of repeats."""
    if name == "all":
        return Message("All clients")
    if name.endswith("+"):
        return Message("{n:count} and more", {"n": int(name[:-1])})
    if "-" in name:
        first, last = (int(part) for part in name.split("-"))
        return Message("{first:count} to {last:count}", {"first": first, "last": last})
    return Message("{repeats:count}", {"repeats": int(name)})


def stream_refused(answer: Answer, why: str, bank: Bank) -> Exhibit:
    """Say why nothing can be told of the stream."""
    values: dict[str, Any] = {"stream": stream_label(answer, bank)}
    return Exhibit(
        id=answer.id,
        title=Message("{stream}: what is to come cannot be told", values),
        refusals=(Message(WHY[why].id, {"factor": MOST_VAGUE}),),
        basis=basis(bank),
    )
