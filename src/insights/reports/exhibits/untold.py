"""The title of an exhibit that can only say why it has no answer: it names the question."""

from insights.reports.exhibits.base import Message

_TITLES = {
    "lifecycle.backtest": Message("How good the predictions are cannot be told yet"),
    "lifecycle.censoring": Message("What those lost to view would have done cannot be told"),
    "lifecycle.contacts": Message("Whom to talk to first cannot be told"),
    "lifecycle.conversion": Message("How many prospects join, by source, cannot be told"),
    "lifecycle.exit_notes": Message("What leavers had spoken of cannot be told"),
    "lifecycle.outflows": Message("How much money went in large outflows cannot be told"),
    "lifecycle.outlook": Message("Who will leave cannot be told"),
    "lifecycle.path": Message("How prospects become clients cannot be told"),
    "lifecycle.retention": Message("What a retention programme was worth cannot be told"),
    "lifecycle.retention_gains": Message("Whom a retention programme helps cannot be told"),
    "lifecycle.returns": Message("How many leavers come back cannot be told"),
    "lifecycle.saves": Message("How many stayed after a sign of leaving cannot be told"),
    "lifecycle.taken_along": Message("Whether leavers take their household along cannot be told"),
    "loyalty.response": Message("Who answered cannot be told"),
    "loyalty.level": Message("How loyal clients are cannot be told"),
    "loyalty.measurement": Message("How reliably the factors are measured cannot be told"),
    "loyalty.invariance": Message("Whether groups may be compared cannot be told"),
    "loyalty.importance": Message("Which factors go with loyalty cannot be told"),
    "loyalty.priorities": Message("Where to begin cannot be told"),
    "loyalty.trends": Message("How the marks developed cannot be told"),
    "loyalty.levers": Message("What a lever is worth cannot be told"),
    "loyalty.attitude": Message("Which factors go with stated loyalty cannot be told"),
    "loyalty.behaviour": Message("Whether clients do what they say cannot be told"),
    "loyalty.claims": Message("Whether the handbook's claims hold cannot be told"),
    "loyalty.forecast": Message("Whether one wave foretells the next cannot be told"),
    "loyalty.hypotheses": Message("The factors cannot be tested"),
    "value.activity": Message("What goes with activity cannot be told"),
    "value.change": Message("Why the margin changed cannot be told"),
    "value.concentration": Message("How the value is spread over the clients cannot be told"),
    "value.largest": Message("What hangs on the most valuable clients cannot be told"),
    "value.margin": Message("What the book brought in cannot be told"),
    "value.potential": Message("What comparable clients hold cannot be told"),
    "value.relationship": Message("What referrals are worth cannot be told"),
    "value.renewals": Message("How contracts are renewed cannot be told"),
    "value.resources": Message("Where one more hour pays most cannot be told"),
    "value.streams": Message("What bookings without a contract are worth cannot be told"),
    "value.tier_moves": Message("Who moved between tiers cannot be told"),
    "value.tiers": Message("What clients of each tier bring in cannot be told"),
    "value.worth": Message("What the book is worth cannot be told"),
}


def untold(id: str) -> Message:
    """Return the title of a question without an answer; ``id`` is that of the answer."""
    return _TITLES.get(id.removesuffix("_by"), Message("Cannot be told from the data of this bank"))
