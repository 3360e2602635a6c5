"""Canonical tables of service: what the bank and the client do with each other, and what goes wrong."""

from insights.data.catalogue_clients import client_id, rm_id
from insights.data.catalogue_money import product
from insights.data.columns import Column, TableSpec, table

DIRECTIONS = {"inbound": "from the client", "outbound": "from the bank"}
ANSWERS = {"accepted": "accepted", "declined": "declined", "none": "no answer"}
PLACES = {"web": "website", "app": "app", "branch": "branch"}


def day(name: str, label: str, meaning: str) -> Column:
    """Return the date that a row cannot do without."""
    return Column(name, "date", label, meaning, required=True)


def later(name: str, label: str, meaning: str) -> Column:
    """Return a date that lies after the row's own and is not known before it has come."""
    return Column(name, "date", label, meaning, revealed_by=name)


def cost(meaning: str) -> Column:
    """Return what something cost the bank."""
    return Column("cost", "money", "cost", meaning, low=0)


def minutes(name: str, label: str, meaning: str) -> Column:
    """Return a duration; a year is more than any wait."""
    return Column(name, "number", label, meaning, "minutes", low=0, high=525_600)


CONTACTS = table(
    "contacts",
    "contact",
    (),
    "contacted_on",
    client_id(),
    day("contacted_on", "contact date", "Day of the contact."),
    Column("channel", "code", "channel", "Channel of the contact.", required=True),
    Column("contacted_at", "timestamp", "contact time", "When the contact began or the message was sent."),
    Column("delivered_at", "timestamp", "delivery time", "When the message was delivered.", revealed_by="delivered_at"),
    Column("opened_at", "timestamp", "opening time", "When the message was opened.", revealed_by="opened_at"),
    Column("direction", "code", "direction", "Who contacted whom.", codes=DIRECTIONS),
    Column("topic", "code", "topic", "What it was about."),
    minutes("wait_minutes", "waiting time", "Time until somebody answered."),
    minutes("handling_minutes", "handling time", "Working time that the contact took."),
    Column("resolved", "flag", "resolved", "The matter was settled in this contact."),
    Column(
        "satisfaction",
        "number",
        "satisfaction",
        "The client's mark for the contact.",
        "0 (worst) to 10",
        low=0,
        high=10,
    ),
    cost("Cost of the contact to the bank."),
    event=True,
    blank=("wait_minutes", "handling_minutes", "satisfaction"),
)

NOTES = table(
    "notes",
    "coded visit or interview note",
    (),
    "noted_on",
    client_id(),
    day("noted_on", "note date", "Day of the visit or interview."),
    Column("topic", "code", "topic", "Topic that the note was coded as.", required=True),
    Column("sentiment", "number", "sentiment", "Tone of what the client said.", "-1 (bad) to 1 (good)", low=-1, high=1),
    event=True,
)

COMPLAINTS = table(
    "complaints",
    "complaint",
    (),
    "filed_on",
    client_id(),
    day("filed_on", "filing date", "Day the complaint came in."),
    Column("topic", "code", "topic", "What it was about."),
    Column("severity", "integer", "severity", "How grave the complaint is.", "1 (slight) to 5", low=1, high=5),
    later("settled_on", "settlement date", "Day the complaint was settled."),
    event=True,
)

SURVEYS = table(
    "surveys",
    "invitation to a survey",
    (),
    "invited_on",
    client_id(),
    day("invited_on", "invitation date", "Day of the invitation."),
    Column("wave", "code", "wave", "Wave of the survey."),
    later("answered_on", "answer date", "Day of the answer; empty if there was none."),
    Column(
        "item_*",
        "number",
        "survey item",
        "Answer to one item; the items are declared as [tables.surveys] items.",
        "scale of the item, at most 0 to 100",
        low=0,
        high=100,
        revealed_by="answered_on",
    ),
    Column("language", "code", "language", "Language of the questionnaire."),
    event=True,
    blank=("item_*",),
)

OFFERS = table(
    "offers",
    "offer made to a client",
    (),
    "offered_on",
    client_id(),
    day("offered_on", "offer date", "Day of the offer."),
    product(required=True),
    Column("channel", "code", "channel", "Channel of the offer."),
    Column("campaign", "code", "campaign", "Campaign that the offer belongs to."),
    Column("limited_until", "date", "limited until", "Last day of a limited offer."),
    later("answered_on", "answer date", "Day of the answer."),
    Column("answer", "code", "answer", "The client's answer.", codes=ANSWERS, revealed_by="answered_on"),
    cost("Cost of the offer to the bank."),
    event=True,
    blank=("campaign", "limited_until"),
)

EVENTS = table(
    "events",
    "invitation to an event, course or care contact",
    (),
    "held_on",
    client_id(),
    day("held_on", "event date", "Day of the event."),
    Column("kind", "code", "kind of event", "Kind of event, in the bank's own words.", required=True),
    Column("attended", "flag", "attended", "The client took part."),
    cost("Cost of the client's place."),
    event=True,
)

SERVICES = table(
    "services",
    "use of a value-added service or partner benefit",
    (),
    "used_on",
    client_id(),
    day("used_on", "date of use", "Day of use."),
    Column("service", "code", "service", "The service or benefit.", required=True),
    Column("partner", "code", "partner", "The partner who provides it."),
    Column("points", "number", "points", "Points earned (positive) or spent (negative).", "points", low=-1e9, high=1e9),
    event=True,
    blank=("partner", "points"),
)

BEHAVIOUR = table(
    "behaviour",
    "client, day, place and action",
    ("client_id", "day", "place", "action"),
    "day",
    client_id(),
    day("day", "day", "The day."),
    Column("place", "code", "place", "Where it was seen.", required=True, codes=PLACES),
    Column("action", "code", "action", "What the client did.", required=True),
    Column("count", "integer", "times", "How often on that day.", "times", low=0, high=1_000_000),
)

REQUESTS = table(
    "requests",
    "step of a request or account opening",
    ("request_id", "step", "opened_on"),
    "opened_on",
    Column("request_id", "id", "request", "The request.", required=True, domain="request"),
    Column("kind", "code", "kind of request", "Kind of request.", required=True),
    Column("step", "code", "step", "Step of the request.", required=True),
    day("opened_on", "opening date", "Day the step was opened."),
    later("closed_on", "closing date", "Day the step was closed or given up."),
    Column("abandoned", "flag", "abandoned", "The client gave up at this step.", revealed_by="closed_on"),
    client_id(False),
    Column("self_service", "flag", "self-service", "The step was done without staff."),
    blank=("client_id",),
)

ACCESS = table(
    "access",
    "staff access to a client's data",
    (),
    "accessed_on",
    day("accessed_on", "access date", "Day of the access."),
    rm_id("The member of staff.", required=True),
    client_id(),
    Column("kind", "code", "kind of access", "What was looked at or changed."),
    Column("identity_check", "code", "identity check", "Outcome of the check of the client's identity."),
    event=True,
)

INCIDENTS = table(
    "incidents",
    "operational incident",
    (),
    "occurred_on",
    day("occurred_on", "date of the incident", "Day on which it happened."),
    Column("kind", "code", "kind of incident", "Kind of incident.", required=True),
    client_id(False),
    rm_id("The member of staff involved."),
    Column("loss", "money", "loss", "Loss to the bank, as a positive amount; a later recovery is negative."),
    Column("reported_on", "date", "report date", "Day on which it was reported."),
    event=True,
    known="reported_on",
    blank=("client_id", "rm_id"),
)

MENTIONS = table(
    "mentions",
    "day and channel",
    ("day", "channel"),
    "day",
    day("day", "day", "The day."),
    Column("channel", "code", "channel", "Where the bank was spoken of.", required=True),
    *(
        Column(tone, "integer", f"{tone} mentions", f"Number of {tone} mentions.", "mentions", low=0, high=1e9)
        for tone in ("positive", "neutral", "negative")
    ),
)

SPECS: tuple[TableSpec, ...] = (
    CONTACTS,
    NOTES,
    COMPLAINTS,
    SURVEYS,
    OFFERS,
    EVENTS,
    SERVICES,
    BEHAVIOUR,
    REQUESTS,
    ACCESS,
    INCIDENTS,
    MENTIONS,
)
