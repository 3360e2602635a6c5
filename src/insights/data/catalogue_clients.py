"""Canonical tables of people: clients, their history and spells, managers, prospects, programmes."""

from insights.data.columns import Column, TableSpec, table

LEAVE_REASONS = {
    "competitor": "left for a competitor",
    "death": "death",
    "bank": "ended by the bank",
    "dormancy": "dormancy",
    "other": "other reason",
    "unknown": "reason unknown",
}

GENDERS = {"female": "female", "male": "male", "other": "other"}


def client_id(required: bool = True, revealed_by: str | None = None) -> Column:
    """Return the column that says which client a row belongs to."""
    return Column(
        "client_id", "id", "client", "The client.", required=required, domain="client", revealed_by=revealed_by
    )


def rm_id(meaning: str, required: bool = False) -> Column:
    """Return the column that names a relationship manager."""
    return Column("rm_id", "id", "relationship manager", meaning, required=required, domain="manager")


def leave_reason(revealed_by: str) -> Column:
    """Return the reason for leaving, known from the given date on."""
    return Column(
        "leave_reason",
        "code",
        "reason for leaving",
        "Why the relationship ended; a bank may add reasons of its own under [labels.leave_reason].",
        codes=LEAVE_REASONS,
        revealed_by=revealed_by,
    )


ATTRIBUTES = (
    Column(
        "birth_year",
        "integer",
        "year of birth",
        "Year in which the client was born.",
        "calendar year",
        low=1880,
        high=2050,
    ),
    Column("gender", "code", "gender", "Gender as the client gave it.", codes=GENDERS),
    Column("region", "code", "region", "Region of the client's home."),
    Column("occupation", "code", "occupation", "Occupation or line of business."),
    Column("income_band", "code", "income band", "Band of the client's yearly income, in the bank's own bands."),
    Column("acquisition_source", "code", "acquisition source", "What first brought the client to the bank."),
    Column("referred_by", "id", "referrer", "The client who recommended the bank to this one.", domain="client"),
    Column("household_id", "id", "household", "Household or family that the client belongs to.", domain="household"),
    rm_id("The manager who looks after the client."),
    Column(
        "risk_tolerance",
        "integer",
        "risk tolerance",
        "Risk the client accepts, C1 to C5.",
        "1 (least) to 5",
        low=1,
        high=5,
    ),
    Column(
        "experience_years",
        "number",
        "investment experience",
        "Time for which the client has invested.",
        "years",
        low=0,
        high=100,
    ),
    Column("segment", "code", "segment", "Segment that the bank itself has put the client into."),
    Column("interests", "text", "interests", "Interests the client spoke of, separated by semicolons."),
    Column(
        "external_wealth", "money", "wealth elsewhere", "Wealth the client holds outside the bank, as he estimates it."
    ),
    Column("kyc_expires_on", "date", "expiry of identity papers", "Day on which the identity papers on file expire."),
    Column(
        "own_*",
        "number",
        "measure of the bank's own",
        "A measure that only this bank has; the measures are declared as items of the table. Candidates for features.",
        "the bank's own",
    ),
)
"""What may change over a relationship, and so may also stand in ``client_history``."""

CLIENTS = table(
    "clients",
    "client",
    ("client_id",),
    "joined_on",
    client_id(),
    Column("joined_on", "date", "joining date", "First day of the relationship.", required=True),
    Column(
        "left_on",
        "date",
        "leaving date",
        "Day the relationship ended; empty while in force.",
        revealed_by="left_known_on",
    ),
    Column(
        "left_known_on",
        "date",
        "leaving known on",
        "Day the bank learned of the end; the leaving date where the bank does not record it.",
        revealed_by="left_known_on",
        falls_back_on="left_on",
    ),
    leave_reason("left_known_on"),
    *ATTRIBUTES,
    blank=("referred_by", "household_id", "own_*"),
)

CLIENT_HISTORY = table(
    "client_history",
    "client and day from which on the attributes hold",
    ("client_id", "valid_from"),
    "valid_from",
    client_id(),
    Column("valid_from", "date", "valid from", "First day on which the attributes of the row hold.", required=True),
    *ATTRIBUTES,
    # Asked now and then: a row that holds for another reason does not say it.
    blank=("referred_by", "household_id", "own_*", "external_wealth"),
)

RELATIONSHIPS = table(
    "relationships",
    "client and spell",
    ("client_id", "spell"),
    "joined_on",
    client_id(),
    Column(
        "spell",
        "integer",
        "spell",
        "Which relationship with the client: 1 for the first, 2 after a return, and so on.",
        required=True,
        low=1,
        high=100,
    ),
    Column("joined_on", "date", "joining date", "First day of the spell.", required=True),
    Column("left_on", "date", "leaving date", "Day the spell ended; empty while in force.", revealed_by="left_on"),
    leave_reason("left_on"),
)

MANAGERS = table(
    "managers",
    "relationship manager",
    ("rm_id",),
    "started_on",
    rm_id("The manager.", required=True),
    Column("started_on", "date", "start at the bank", "Day the manager started at the bank."),
    Column("experience_since", "date", "experience since", "Day the manager's experience in the profession began."),
    Column("branch", "code", "branch", "Branch the manager belongs to."),
    Column(
        "capacity_hours", "number", "capacity", "Working time available for clients.", "hours a month", low=0, high=744
    ),
)

PROSPECTS = table(
    "prospects",
    "prospect",
    ("prospect_id",),
    "aware_on",
    Column("prospect_id", "id", "prospect", "The prospect.", required=True, domain="prospect"),
    Column("aware_on", "date", "awareness date", "Day of the first contact.", required=True),
    Column(
        "considered_on",
        "date",
        "consideration date",
        "Day of the first serious talk or offer.",
        revealed_by="considered_on",
    ),
    Column(
        "decided_on", "date", "decision date", "Day the prospect decided, for or against.", revealed_by="decided_on"
    ),
    Column("acquisition_source", "code", "acquisition source", "What first brought the prospect to the bank."),
    client_id(False, revealed_by="decided_on"),
)

PROGRAMMES = table(
    "programmes",
    "client or manager in a programme",
    ("programme", "client_id", "rm_id", "started_on"),
    "started_on",
    Column("programme", "code", "programme", "Name of the programme.", required=True),
    client_id(False),
    rm_id("The manager in the programme; it applies to the clients he had when it started."),
    Column("started_on", "date", "start date", "Day the programme started for the client or manager.", required=True),
    Column("ended_on", "date", "end date", "Day it ended for the client or manager.", revealed_by="ended_on"),
    Column("arm", "code", "arm", "Arm of the programme, for example treated or control."),
    Column("randomised", "flag", "randomised", "The arm was drawn by lot."),
    one_of=(("client_id", "rm_id"),),
    blank=("client_id", "rm_id"),
)

SPECS: tuple[TableSpec, ...] = (CLIENTS, CLIENT_HISTORY, RELATIONSHIPS, MANAGERS, PROSPECTS, PROGRAMMES)
