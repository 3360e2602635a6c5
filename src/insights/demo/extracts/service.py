"""Extracts of service: what the bank and its clients do with each other, and what goes wrong."""

from insights.demo.extracts.extract import CUSTOMER, FLAG, Extract, Field, code, entity
from insights.demo.extracts.money import SHELF
from insights.demo.law import ContactLaw
from insights.demo.law.service import BehaviourLaw
from insights.demo.money.offers import ANSWERS
from insights.demo.money.offers import CHANNELS as OFFER_CHANNELS
from insights.demo.service.access import CHECKS
from insights.demo.service.access import KINDS as ACCESS_KINDS
from insights.demo.service.behaviour import PLACES
from insights.demo.service.contacts import COMPLAINT_TOPICS, DIRECTIONS, TOPICS
from insights.demo.service.events import KINDS as EVENT_KINDS
from insights.demo.service.notes import TOPICS as NOTE_TOPICS
from insights.demo.service.public import CHANNELS as MENTION_CHANNELS
from insights.demo.service.public import INCIDENTS
from insights.demo.service.requests import KINDS as REQUEST_KINDS
from insights.demo.service.requests import STEPS
from insights.demo.service.services import PARTNERS, SERVICES
from insights.demo.service.surveys import ITEMS, PULSE, RECOMMEND

SERVICE: dict[str, Extract] = {
    "contacts": Extract(
        "crm_contacts.csv",
        (
            Field("contacts_id", "contact_no", "record", entity="C"),
            CUSTOMER,
            Field("contacted_on", "date", "date"),
            code("channel", "channel", ContactLaw().channels),
            Field("contacted_at", "began_at", "moment"),
            Field("delivered_at", "delivered_at", "moment"),
            Field("opened_at", "opened_at", "moment"),
            code("direction", "direction", DIRECTIONS, ("I", "O")),
            code("topic", "topic", TOPICS),
            Field("wait_minutes", "wait_min", "number"),
            Field("handling_minutes", "handling_min", "number"),
            code("resolved", "resolved", FLAG, ("N", "Y")),
            Field("satisfaction", "mark", "integer"),
            Field("cost", "cost", "money"),
        ),
    ),
    "complaints": Extract(
        "crm_complaints.csv",
        (
            Field("complaints_id", "complaint_no", "record", entity="R"),
            CUSTOMER,
            Field("filed_on", "filed", "date"),
            code("topic", "topic", COMPLAINT_TOPICS),
            Field("severity", "severity", "integer"),
            Field("settled_on", "settled", "date"),
        ),
    ),
    "notes": Extract(
        "crm_notes.csv",
        (
            Field("notes_id", "note_no", "record", entity="N"),
            CUSTOMER,
            Field("noted_on", "date", "date"),
            code("topic", "topic", NOTE_TOPICS),
            Field("sentiment", "tone", "number"),
        ),
    ),
    "surveys": Extract(
        "survey.csv",
        (
            Field("surveys_id", "invitation", "record", entity="S"),
            CUSTOMER,
            Field("invited_on", "invited", "date"),
            Field("wave", "wave", "integer"),
            Field("answered_on", "answered", "date"),
            Field("language", "language", "words", entity="language"),
            *(Field(item, item, "integer") for item in (*ITEMS, RECOMMEND)),
            Field(PULSE, PULSE, "number", optional=True),
        ),
    ),
    "offers": Extract(
        "campaigns.csv",
        (
            Field("offers_id", "offer_no", "record", entity="F"),
            CUSTOMER,
            Field("offered_on", "offered", "date"),
            code("product_id", "product", SHELF),
            code("channel", "channel", OFFER_CHANNELS),
            Field("campaign", "campaign", "text"),
            Field("limited_until", "limited_until", "date"),
            Field("answered_on", "answered", "date"),
            code("answer", "answer", ANSWERS, ("Y", "N", "-")),
            Field("cost", "cost", "money"),
        ),
    ),
    "events": Extract(
        "events.csv",
        (
            Field("events_id", "invitation", "record", entity="E"),
            CUSTOMER,
            Field("held_on", "date", "date"),
            code("kind", "event", EVENT_KINDS),
            code("attended", "came", FLAG, ("N", "Y")),
            Field("cost", "cost", "money"),
        ),
    ),
    "behaviour": Extract(
        "online.parquet",
        (
            CUSTOMER,
            Field("day", "day", "date"),
            code("place", "place", PLACES),
            code("action", "action", BehaviourLaw().actions),
            Field("count", "times", "integer"),
        ),
        kind="parquet",
    ),
    "services": Extract(
        "services.csv",
        (
            Field("services_id", "use_no", "record", entity="U"),
            CUSTOMER,
            Field("used_on", "date", "date"),
            code("service", "service", SERVICES),
            code("partner", "partner", PARTNERS),
            Field("points", "points", "number"),
        ),
    ),
    "requests": Extract(
        "requests.csv",
        (
            Field("request_id", "request_no", "text"),
            code("kind", "kind", REQUEST_KINDS),
            code("step", "step", STEPS),
            Field("opened_on", "opened", "date"),
            Field("closed_on", "closed", "date"),
            code("abandoned", "given_up", FLAG, ("N", "Y")),
            CUSTOMER,
            code("self_service", "online", FLAG, ("N", "Y")),
        ),
    ),
    "access": Extract(
        "access_log.csv",
        (
            Field("access_id", "entry_no", "record", entity="A"),
            Field("accessed_on", "date", "date"),
            entity("rm_id", "manager_no", "manager"),
            CUSTOMER,
            code("kind", "what", ACCESS_KINDS),
            code("identity_check", "identity_check", CHECKS),
        ),
    ),
    "mentions": Extract(
        "mentions.csv",
        (
            Field("day", "day", "date"),
            code("channel", "channel", MENTION_CHANNELS),
            Field("positive", "good", "integer"),
            Field("neutral", "neutral", "integer"),
            Field("negative", "bad", "integer"),
        ),
    ),
    "incidents": Extract(
        "incidents.csv",
        (
            Field("incidents_id", "incident_no", "record", entity="O"),
            Field("occurred_on", "happened", "date"),
            code("kind", "kind", INCIDENTS),
            CUSTOMER,
            entity("rm_id", "manager_no", "manager"),
            Field("loss", "loss", "money"),
            Field("reported_on", "reported", "date"),
        ),
    ),
}
