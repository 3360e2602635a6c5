"""Extracts of people: clients, their history and spells, managers, prospects, programmes."""

from insights.demo.extracts.extract import CLIENT_NR, CUSTOMER, FLAG, Extract, Field, code, entity, german
from insights.demo.people.leaving import REASONS
from insights.demo.people.managers import ARMS, PROGRAMMES

LEVELS = ("C1", "C2", "C3", "C4", "C5")

PEOPLE: dict[str, Extract] = {
    "clients": german(
        "kundenstamm.csv",
        CLIENT_NR,
        Field("family", "NAME", "words", entity="family", mapped=False),
        Field("given", "VORNAME", "words", entity="given", mapped=False),
        Field("phone", "TELEFON", "phone", mapped=False),
        Field("joined_on", "EROEFFNET_AM", "date"),
        Field("left_on", "SALDIERT_AM", "date"),
        Field("left_known_on", "SALDIERUNG_GEMELDET_AM", "date"),
        code("leave_reason", "SALDIERUNGSGRUND", REASONS, ("K", "T", "B", "N", "W")),
        Field("birth_year", "GEBURTSJAHR", "integer"),
        code("gender", "GESCHLECHT", ("male", "female"), ("M", "W")),
        Field("region", "REGION", "words", entity="region"),
        Field("occupation", "BERUF", "words", entity="occupation"),
        Field("income_band", "EINKOMMEN", "words", entity="income_band"),
        Field("acquisition_source", "HERKUNFT", "words", entity="source"),
        entity("referred_by", "EMPFOHLEN_VON", "client"),
        entity("household_id", "HAUSHALT_NR", "household"),
        entity("rm_id", "BERATER_NR", "manager"),
        code("risk_tolerance", "RISIKOPROFIL", ("0", "1", "2", "3", "4", "5"), ("C0", *LEVELS)),
        Field("experience_years", "ERFAHRUNG_JAHRE", "integer"),
        Field("interests", "INTERESSEN", "words", entity="interests"),
        Field("external_wealth", "FREMDVERMOEGEN", "money"),
        Field("kyc_expires_on", "AUSWEIS_GUELTIG_BIS", "date"),
    ),
    "client_history": german(
        "kundenhistorie.csv",
        CLIENT_NR,
        Field("valid_from", "GUELTIG_AB", "date"),
        entity("rm_id", "BERATER_NR", "manager"),
        Field("region", "REGION", "words", entity="region"),
        code("risk_tolerance", "RISIKOPROFIL", ("0", "1", "2", "3", "4", "5"), ("C0", *LEVELS)),
        Field("external_wealth", "FREMDVERMOEGEN", "money"),
    ),
    "relationships": german(
        "beziehungen.csv",
        CLIENT_NR,
        Field("spell", "LFD_NR", "integer"),
        Field("joined_on", "EROEFFNET_AM", "date"),
        Field("left_on", "SALDIERT_AM", "date"),
        code("leave_reason", "SALDIERUNGSGRUND", REASONS, ("K", "T", "B", "N", "W")),
        Field("known_on", "ERFASST_AM", "date"),
    ),
    "managers": german(
        "berater.csv",
        entity("rm_id", "BERATER_NR", "manager"),
        Field("started_on", "EINTRITT", "date"),
        Field("experience_since", "IM_BERUF_SEIT", "date"),
        Field("branch", "STANDORT", "words", entity="region"),
        Field("capacity_hours", "STUNDEN_PRO_MONAT", "integer"),
    ),
    "prospects": german(
        "interessenten.csv",
        entity("prospect_id", "INTERESSENT_NR", "prospect"),
        Field("family", "NAME", "words", entity="family", mapped=False),
        Field("phone", "TELEFON", "phone", mapped=False),
        Field("aware_on", "ERSTKONTAKT", "date"),
        Field("considered_on", "ERSTGESPRAECH", "date"),
        Field("decided_on", "ENTSCHEID", "date"),
        Field("acquisition_source", "HERKUNFT", "words", entity="source"),
        CLIENT_NR,
        code("consent", "EINWILLIGUNG", ("no", "yes"), ("N", "J")),
        local_encoding=True,
    ),
    "programmes": Extract(
        "programmes.csv",
        (
            code("programme", "programme", PROGRAMMES),
            CUSTOMER,
            entity("rm_id", "manager_no", "manager"),
            Field("started_on", "start", "date"),
            Field("ended_on", "end", "date"),
            code("arm", "arm", ARMS),
            code("randomised", "by_lot", FLAG, ("N", "Y")),
        ),
    ),
}
