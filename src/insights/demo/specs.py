"""The extracts as the bank's systems deliver them: file, format, and for every column the bank's own name and codes.

``bank.template.toml`` says the same from the reader's side; a test holds the two together.
"""

from dataclasses import dataclass
from typing import Literal

from insights.demo.access import CHECKS
from insights.demo.access import KINDS as ACCESS_KINDS
from insights.demo.behaviour import PLACES
from insights.demo.bookings import CHANNELS, KINDS
from insights.demo.contacts import COMPLAINT_TOPICS, DIRECTIONS, TOPICS
from insights.demo.events import KINDS as EVENT_KINDS
from insights.demo.law import ContactLaw, ProductLaw
from insights.demo.law_service import BehaviourLaw
from insights.demo.leaving import REASONS
from insights.demo.loans import INDUSTRIES
from insights.demo.managers import ARMS, PROGRAMMES
from insights.demo.market import SERIES
from insights.demo.monthly import REVENUE_KINDS
from insights.demo.notes import TOPICS as NOTE_TOPICS
from insights.demo.offers import ANSWERS
from insights.demo.offers import CHANNELS as OFFER_CHANNELS
from insights.demo.payments import LABELS
from insights.demo.products import ELIGIBILITY
from insights.demo.public import CHANNELS as MENTION_CHANNELS
from insights.demo.public import INCIDENTS
from insights.demo.public import ITEMS as ITEMS_OF_BANK
from insights.demo.requests import KINDS as REQUEST_KINDS
from insights.demo.requests import STEPS
from insights.demo.services import PARTNERS, SERVICES
from insights.demo.state import CATEGORIES
from insights.demo.surveys import ITEMS, PULSE, RECOMMEND

Kind = Literal["text", "entity", "record", "date", "moment", "money", "integer", "number", "code", "words", "phone"]
MEASURES = ("assets", "revenue", "clients")


@dataclass(frozen=True)
class Field:
    """One column: canonical name (None: direct identifiers, never mapped), the bank's name, and how it is written.

    ``values`` are the canonical codes in the order of the process's numbers, ``codes`` the bank's own for them.
    """

    name: str
    raw: str
    kind: Kind
    entity: str = ""
    values: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    mapped: bool = True
    optional: bool = False
    """The column is there only if the rows have it (a switch of the law)."""


@dataclass(frozen=True)
class Extract:
    """One file. ``kind`` parquet carries types, the CSVs are text in the given manner."""

    file: str
    fields: tuple[Field, ...]
    kind: Literal["csv", "parquet"] = "csv"
    delimiter: str = ","
    day_format: str = "%Y-%m-%d"
    decimal: str = "."
    local_encoding: bool = False
    """Written in the bank's old encoding (cp1252, or gb18030 in Chinese) instead of UTF-8."""


def _entity(name: str, raw: str, entity: str) -> Field:
    return Field(name, raw, "entity", entity=entity)


def _code(name: str, raw: str, values: tuple[str, ...], codes: tuple[str, ...] = ()) -> Field:
    return Field(name, raw, "code", values=values, codes=codes or values)


FLAG = ("false", "true")
SHELF = tuple(product.code for product in ProductLaw().shelf)
PRODUCT_CATEGORIES = tuple(dict.fromkeys(product.category for product in ProductLaw().shelf))
CLIENT_NR = _entity("client_id", "KUNDEN_NR", "client")
CUSTOMER = _entity("client_id", "customer_no", "client")
LEVELS = ("C1", "C2", "C3", "C4", "C5")


def _german(file: str, *fields: Field, local_encoding: bool = False) -> Extract:
    """Return an extract in the manner of a core banking system from a German-speaking country."""
    return Extract(file, fields, "csv", ";", "%d.%m.%Y", ",", local_encoding)


EXTRACTS: dict[str, Extract] = {
    "clients": _german(
        "kundenstamm.csv",
        CLIENT_NR,
        Field("family", "NAME", "words", entity="family", mapped=False),
        Field("given", "VORNAME", "words", entity="given", mapped=False),
        Field("phone", "TELEFON", "phone", mapped=False),
        Field("joined_on", "EROEFFNET_AM", "date"),
        Field("left_on", "SALDIERT_AM", "date"),
        Field("left_known_on", "SALDIERUNG_GEMELDET_AM", "date"),
        _code("leave_reason", "SALDIERUNGSGRUND", REASONS, ("K", "T", "B", "N", "W")),
        Field("birth_year", "GEBURTSJAHR", "integer"),
        _code("gender", "GESCHLECHT", ("male", "female"), ("M", "W")),
        Field("region", "REGION", "words", entity="region"),
        Field("occupation", "BERUF", "words", entity="occupation"),
        Field("income_band", "EINKOMMEN", "words", entity="income_band"),
        Field("acquisition_source", "HERKUNFT", "words", entity="source"),
        _entity("referred_by", "EMPFOHLEN_VON", "client"),
        _entity("household_id", "HAUSHALT_NR", "household"),
        _entity("rm_id", "BERATER_NR", "manager"),
        _code("risk_tolerance", "RISIKOPROFIL", ("0", "1", "2", "3", "4", "5"), ("C0", *LEVELS)),
        Field("experience_years", "ERFAHRUNG_JAHRE", "integer"),
        Field("interests", "INTERESSEN", "words", entity="interests"),
        Field("external_wealth", "FREMDVERMOEGEN", "money"),
        Field("kyc_expires_on", "AUSWEIS_GUELTIG_BIS", "date"),
    ),
    "client_history": _german(
        "kundenhistorie.csv",
        CLIENT_NR,
        Field("valid_from", "GUELTIG_AB", "date"),
        _entity("rm_id", "BERATER_NR", "manager"),
        Field("region", "REGION", "words", entity="region"),
        _code("risk_tolerance", "RISIKOPROFIL", ("0", "1", "2", "3", "4", "5"), ("C0", *LEVELS)),
    ),
    "relationships": _german(
        "beziehungen.csv",
        CLIENT_NR,
        Field("spell", "LFD_NR", "integer"),
        Field("joined_on", "EROEFFNET_AM", "date"),
        Field("left_on", "SALDIERT_AM", "date"),
        _code("leave_reason", "SALDIERUNGSGRUND", REASONS, ("K", "T", "B", "N", "W")),
        Field("known_on", "ERFASST_AM", "date"),
    ),
    "managers": _german(
        "berater.csv",
        _entity("rm_id", "BERATER_NR", "manager"),
        Field("started_on", "EINTRITT", "date"),
        Field("experience_since", "IM_BERUF_SEIT", "date"),
        Field("branch", "STANDORT", "words", entity="region"),
        Field("capacity_hours", "STUNDEN_PRO_MONAT", "integer"),
    ),
    "prospects": _german(
        "interessenten.csv",
        _entity("prospect_id", "INTERESSENT_NR", "prospect"),
        Field("family", "NAME", "words", entity="family", mapped=False),
        Field("phone", "TELEFON", "phone", mapped=False),
        Field("aware_on", "ERSTKONTAKT", "date"),
        Field("considered_on", "ERSTGESPRAECH", "date"),
        Field("decided_on", "ENTSCHEID", "date"),
        Field("acquisition_source", "HERKUNFT", "words", entity="source"),
        CLIENT_NR,
        _code("consent", "EINWILLIGUNG", ("no", "yes"), ("N", "J")),
        local_encoding=True,
    ),
    "balances": Extract(
        "balances.parquet",
        (
            CUSTOMER,
            Field("month", "month_end", "date"),
            _code("category", "asset_class", CATEGORIES),
            Field("amount", "market_value", "money"),
            Field("market_change", "performance", "money"),
        ),
        kind="parquet",
    ),
    "holdings": Extract(
        "holdings.parquet",
        (
            CUSTOMER,
            Field("month", "month_end", "date"),
            _code("product_id", "product", SHELF),
            Field("amount", "market_value", "money"),
        ),
        kind="parquet",
    ),
    "transactions": _german(
        "buchungen.csv",
        Field("transactions_id", "BUCHUNGS_NR", "record", entity="B"),
        CLIENT_NR,
        Field("booked_on", "BUCHUNGSTAG", "date"),
        Field("known_on", "ERFASST_AM", "date"),
        _code("kind", "BUCHUNGSART", KINDS, ("110", "120", "130", "210", "220", "300", "410", "420", "510")),
        Field("amount", "BETRAG", "money"),
        _code("category", "VERMOEGENSKLASSE", CATEGORIES, ("LIQ", "FDS", "MAN")),
        _code("product_id", "PRODUKT", SHELF),
        _code("channel", "KANAL", CHANNELS),
        _entity("counterparty", "GEGENPARTEI", "counterparty"),
        _code("label", "PRUEFUNG", LABELS, ("BETRUG", "OK")),
        Field("labelled_on", "GEPRUEFT_AM", "date"),
    ),
    "revenue": Extract(
        "profitability.csv",
        (
            CUSTOMER,
            Field("month", "month", "date"),
            *(Field(kind, raw, "money") for kind, raw in zip(REVENUE_KINDS, ("fees", "margin", "cost"), strict=True)),
        ),
    ),
    "products": Extract(
        "products.csv",
        (
            _code("product_id", "product", SHELF),
            _code("category", "category", PRODUCT_CATEGORIES),
            Field("risk_rating", "risk_class", "integer"),
            _code("eligibility", "eligible", ELIGIBILITY),
            Field("liquidity_days", "days_to_cash", "integer"),
            _code("green", "sustainable", FLAG, ("N", "Y")),
        ),
    ),
    "contacts": Extract(
        "crm_contacts.csv",
        (
            Field("contacts_id", "contact_no", "record", entity="C"),
            CUSTOMER,
            Field("contacted_on", "date", "date"),
            _code("channel", "channel", ContactLaw().channels),
            Field("contacted_at", "began_at", "moment"),
            Field("delivered_at", "delivered_at", "moment"),
            Field("opened_at", "opened_at", "moment"),
            _code("direction", "direction", DIRECTIONS, ("I", "O")),
            _code("topic", "topic", TOPICS),
            Field("wait_minutes", "wait_min", "number"),
            Field("handling_minutes", "handling_min", "number"),
            _code("resolved", "resolved", FLAG, ("N", "Y")),
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
            _code("topic", "topic", COMPLAINT_TOPICS),
            Field("severity", "severity", "integer"),
            Field("settled_on", "settled", "date"),
        ),
    ),
    "programmes": Extract(
        "programmes.csv",
        (
            _code("programme", "programme", PROGRAMMES),
            CUSTOMER,
            _entity("rm_id", "manager_no", "manager"),
            Field("started_on", "start", "date"),
            Field("ended_on", "end", "date"),
            _code("arm", "arm", ARMS),
            _code("randomised", "by_lot", FLAG, ("N", "Y")),
        ),
    ),
    "notes": Extract(
        "crm_notes.csv",
        (
            Field("notes_id", "note_no", "record", entity="N"),
            CUSTOMER,
            Field("noted_on", "date", "date"),
            _code("topic", "topic", NOTE_TOPICS),
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
            _code("product_id", "product", SHELF),
            _code("channel", "channel", OFFER_CHANNELS),
            Field("campaign", "campaign", "integer"),
            Field("limited_until", "limited_until", "date"),
            Field("answered_on", "answered", "date"),
            _code("answer", "answer", ANSWERS, ("Y", "N", "-")),
            Field("cost", "cost", "money"),
        ),
    ),
    "events": Extract(
        "events.csv",
        (
            Field("events_id", "invitation", "record", entity="E"),
            CUSTOMER,
            Field("held_on", "date", "date"),
            _code("kind", "event", EVENT_KINDS),
            _code("attended", "came", FLAG, ("N", "Y")),
            Field("cost", "cost", "money"),
        ),
    ),
    "behaviour": Extract(
        "online.parquet",
        (
            CUSTOMER,
            Field("day", "day", "date"),
            _code("place", "place", PLACES),
            _code("action", "action", BehaviourLaw().actions),
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
            _code("service", "service", SERVICES),
            _code("partner", "partner", PARTNERS),
            Field("points", "points", "number"),
        ),
    ),
    "requests": Extract(
        "requests.csv",
        (
            Field("request_id", "request_no", "text"),
            _code("kind", "kind", REQUEST_KINDS),
            _code("step", "step", STEPS),
            Field("opened_on", "opened", "date"),
            Field("closed_on", "closed", "date"),
            _code("abandoned", "given_up", FLAG, ("N", "Y")),
            CUSTOMER,
            _code("self_service", "online", FLAG, ("N", "Y")),
        ),
    ),
    "access": Extract(
        "access_log.csv",
        (
            Field("access_id", "entry_no", "record", entity="A"),
            Field("accessed_on", "date", "date"),
            _entity("rm_id", "manager_no", "manager"),
            CUSTOMER,
            _code("kind", "what", ACCESS_KINDS),
            _code("identity_check", "identity_check", CHECKS),
        ),
    ),
    "loans": Extract(
        "loans.csv",
        (
            CUSTOMER,
            Field("month", "month", "date"),
            Field("drawn", "drawn", "money"),
            Field("limit", "credit_line", "money"),
            Field("collateral_value", "collateral", "money"),
            Field("guarantee_value", "guarantees", "money"),
            Field("insured_value", "insured", "money"),
            Field("days_past_due", "days_late", "integer"),
            Field("defaulted_on", "default", "date"),
            _code("industry", "industry", INDUSTRIES),
        ),
    ),
    "bank_positions": Extract(
        "balance_sheet.csv",
        (
            Field("month", "month", "date"),
            _code("item", "item", ITEMS_OF_BANK),
            Field("amount", "amount", "money"),
        ),
    ),
    "source_costs": Extract(
        "marketing.csv",
        (
            Field("month", "month", "date"),
            Field("acquisition_source", "source", "words", entity="source"),
            Field("amount", "spent", "money"),
        ),
    ),
    "mentions": Extract(
        "mentions.csv",
        (
            Field("day", "day", "date"),
            _code("channel", "channel", MENTION_CHANNELS),
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
            _code("kind", "kind", INCIDENTS),
            CUSTOMER,
            _entity("rm_id", "manager_no", "manager"),
            Field("loss", "loss", "money"),
            Field("reported_on", "reported", "date"),
        ),
    ),
    "market": Extract(
        "market.csv",
        (
            Field("month", "month", "date"),
            _code("series", "series", SERIES),
            Field("value", "value", "number"),
            Field("published_on", "published", "date"),
        ),
    ),
    "control_totals": Extract(
        "general_ledger.csv",
        (
            Field("month", "month", "date"),
            _code("measure", "measure", MEASURES),
            Field("amount", "amount", "money"),
        ),
    ),
}
"""Canonical table -> its extract, in the order in which they are made."""
