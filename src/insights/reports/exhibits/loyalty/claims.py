"""The handbook's shares and claims beside this bank's clients: agrees, differs, cannot be told."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.claims import NEAR, NO_FACTOR, NO_OUTCOME, NOT_ASKED, TOO_FEW
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.claims import Claims

_VERDICTS = {"agrees": Message("agrees"), "differs": Message("differs"), "unknown": Message("cannot be told")}

_CLAIMS = {
    "quality_exits": Message("Better quality lowers attrition"),
    "personal_satisfaction": Message("Personalisation raises satisfaction"),
    "relation_loyalty": Message("Relationship management raises loyalty"),
    "brand_clients": Message("The brand brings clients"),
    "responsibility_trust": Message("Social responsibility raises trust"),
    "loyal_margin": Message("Loyal clients bring more profit"),
    "loyal_steady": Message("Loyal clients bring steadier growth"),
}

_COMPARED = {
    "quality_exits": Message("share who left by choice in the year after, for one point more"),
    "personal_satisfaction": Message("mark of contacts in the year after, for one point more"),
    "relation_loyalty": Message("stated loyalty, for one point more"),
    "brand_clients": Message("share who brought a client in the year after, for one point more"),
    "responsibility_trust": Message("stated trust, for one point more on social responsibility"),
    "loyal_margin": Message("margin of the year after per 10,000 of assets, for one point more loyalty"),
    "loyal_steady": Message("how far net new money strays from the usual, for one point more loyalty"),
}

_KINDS = dict.fromkeys(("personal_satisfaction", "relation_loyalty", "responsibility_trust", "loyal_margin"), "number")

_REASONS = {
    NO_FACTOR: Message("the survey has no such factor"),
    NOT_ASKED: Message("the bank's survey does not ask about it"),
    NO_OUTCOME: Message("what would show it is not delivered"),
    TOO_FEW: Message("too few answers or groups of clients"),
}

_SHARES = {
    "quality": (Message("would continue because of product or service quality"), "J.D. Power"),
    "personalisation": (
        Message("personalisation is the key deciding factor of loyalty"),
        "Global Private Banking Report",
    ),
    "relationship": (Message("relationship management is key to raising loyalty"), "Gartner"),
    "experience": (Message("the experience makes them more willing to continue"), "Customer Experience Trends Report"),
    "brand": (Message("the brand is important in choosing a bank"), "Global Brand Report"),
    "innovation": (Message("product innovation is key to raising loyalty"), "Global Private Banking Report"),
    "personal_service": (Message("personalised service can raise their loyalty"), "Global Private Banking Report"),
    "communication": (Message("communication can raise their loyalty"), "Global Private Banking Report"),
    "solved_in_time": (Message("problems solved in time are key to raising loyalty"), "Global Private Banking Report"),
}


def claims(answer: Answer, found: Claims, bank: Bank) -> Exhibit:
    """Count what agrees, and list every claim and share with its verdict."""
    verdicts = [*answer.facts["verdicts"].values(), *answer.facts["share_verdicts"].values()]
    counted = {v: verdicts.count(v) for v in _VERDICTS} | {"all": len(verdicts)}
    return Exhibit(
        id=answer.id,
        title=Message(
            "Of {all:count} statements of the handbook {agrees:count} agree with this bank's clients, {differs:count} "
            "differ, {unknown:count} cannot be told",
            counted,
        ),
        sentences=_sentences(answer),
        tables=(_tests(answer, found), _shares(answer, found, bank)),
        basis=_basis(answer, bank),
        caveats=_caveats(answer),
        estimates=tuple(_estimates(found)),
    )


def _sentences(answer: Answer) -> tuple[Message, ...]:
    said = []
    for verdict, message in zip(("agrees", "differs"), _SAID, strict=True):
        names = [_CLAIMS[c] for c, v in answer.facts["verdicts"].items() if v == verdict]
        if names:
            said.append(Message(message.id, {"names": names}))
    if not answer.facts["asked"]:
        said.append(
            Message(
                "The survey asks none of the questions behind the cited shares, so none of these can be told: a share "
                "of clients who say something is not a weight in a regression."
            )
        )
    return tuple(said)


_SAID = (Message("Agrees: {names}."), Message("Differs: {names}."))


def _tests(answer: Answer, found: Claims) -> Table:
    rows = []
    for claim, verdict in answer.facts["verdicts"].items():
        told = find(found.tests, claim=claim)
        row: dict[str, Any] = {"claim": _CLAIMS[claim], "verdict": _VERDICTS[verdict]}
        row["compared"] = _COMPARED[claim]
        reason = answer.facts["reasons"].get(claim)
        row["slope"] = _REASONS[reason] if reason else cell(told, _KINDS.get(claim, "points"))
        own = found.tests[found.tests["claim"] == claim]
        row["p"] = Message("not estimable") if told is None else Message("{p:p}", {"p": float(own["p"].iloc[0])})
        rows.append(row)
    columns = (
        Column("claim", Message("Claim")),
        Column("verdict", Message("Here")),
        Column("compared", Message("What was compared")),
        Column("slope", Message("Found (95% interval)")),
        Column("p", Message("p, adjusted")),
    )
    return Table(columns, tuple(rows), Message("Claims without a number, tested"))


def _shares(answer: Answer, found: Claims, bank: Bank) -> Table:
    rows = []
    for name, share in answer.facts["cited"].items():
        said, source = _SHARES[name]
        factor = answer.facts["factors"][name]
        stated = find(found.shares, claim=name, what="stated")
        near = find(found.shares, claim=name, what="nearest")
        row: dict[str, Any] = {"said": said, "source": source, "cited": share}
        row["verdict"] = _VERDICTS[answer.facts["share_verdicts"][name]]
        asked = name in answer.facts["asked"]
        row["stated"] = cell(stated, "percent") if asked else Message("not asked")
        row["near"] = Message("nothing near it is asked")
        if factor is not None and near is not None:
            values = {"factor": factor_label(factor, bank), "s": near.value, "l": near.low, "h": near.high}
            row["near"] = Message("mark {factor} high: {s:percent} ({l:bare_percent} to {h:bare_percent})", values)
        rows.append(row)
    columns = (
        Column("said", Message("What clients say, in the handbook")),
        Column("source", Message("Source it names")),
        Column("cited", Message("Share cited"), "share"),
        Column("stated", Message("Asked here: share who agree")),
        Column("verdict", Message("Here")),
        Column("near", Message("Nearest to it here (not the same question)")),
    )
    return Table(columns, tuple(rows), Message("Shares that the handbook cites, each with its own question"))


def _basis(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message("A claim holds or fails only beyond chance, allowing for how many were tested (Benjamini-Hochberg)."),
        Message(
            "A share agrees if all of its interval lies within {near:points} of the cited one, and differs if its "
            "interval leaves that out.",
            {"near": NEAR},
        ),
    ]
    if answer.facts["scale"] is not None:
        low, high = answer.facts["scale"]
        values = {"mark": low + answer.facts["agree_from"] * (high - low), "high": high}
        lines.append(Message("A high mark is {mark:number} or more of {high:number}.", values))
    return survey_basis(bank, *lines)


def _caveats(answer: Answer) -> tuple[Message, ...]:
    return (
        Message(
            "“Raises” and “lowers” are the handbook's words. What is tested is whether clients with a higher mark "
            "differ; other factors are not held, and nobody's mark was raised by lot."
        ),
        Message("The cited studies were made elsewhere, of other clients; their questions and samples are not known."),
    )


def _estimates(found: Claims) -> list[dict[str, Any]]:
    lines = [finding_row("claim_slope", r, group={"claim": str(r["claim"])}) for r in found.tests.to_dict("records")]
    lines += [
        finding_row(f"share_{r['what']}", r, group={"claim": str(r["claim"])}) for r in found.shares.to_dict("records")
    ]
    return lines
