"""What goes with taking up a channel: like with like, with what speaks against calling it an effect."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.adoption import ASSETS, FLOWS, HAD_MARK, MARKED, OFTEN, TENURE
from insights.models.channels.outcomes import MARK, MONEY
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.channels.words import OUTCOMES, channel_label, why_not
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, cell_of, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.adoption import AFTER, BEFORE, FAIR, PLACEBO, PLAIN, AdoptionRows
from insights.topics.evidence import Answer

LEVEL = 0.05
_KINDS = {MONEY: "percent", MARK: "number"}
_TRAITS = {
    ASSETS: Message("assets of the year before"),
    FLOWS: Message("net new money of the year before"),
    TENURE: Message("years with the bank"),
    OFTEN: Message("contacts in the year before"),
    MARKED: Message("mark of contacts in the year before"),
    HAD_MARK: Message("gave a mark in the year before"),
}
NOTHING, OTHER_BEFORE, NOT_TESTED, SPEAKS = "nothing", "other_before", "not_tested", "speaks"
_READINGS = {
    NOTHING: Message("none told from chance"),
    OTHER_BEFORE: Message("association: they differed before anybody had taken it up"),
    NOT_TESTED: Message("association: no year before to test it"),
    SPEAKS: Message("nothing recorded speaks against an effect"),
}

_TITLES = {
    SPEAKS: Message(
        "Who took up {name} differs from his like by {told} in {what}: nothing recorded speaks against an effect"
    ),
    NOT_TESTED: Message("Who took up {name} differs from his like by {told} in {what}: an association, no more"),
    OTHER_BEFORE: Message("Who took up {name} differs by {told} in {what}, but did so before: an association, no more"),
}


def adoption(answer: Answer, found: AdoptionRows, bank: Bank) -> Exhibit:
    """Say what goes with taking up a channel, and whether it may be called an effect."""
    return Exhibit(
        id=answer.id,
        title=_title(answer, found, bank),
        sentences=_sentences(answer, found, bank),
        tables=tuple(t for t in (_table(answer, found, bank), _balance(found, bank)) if t.rows),
        basis=dated(
            bank,
            Message(
                "Clients with the bank for all of three years who had not used the channel in the first: those who "
                "used it in the second beside those who did not, by the third. Overlap weights make what is recorded "
                "of them the same on both sides. Intervals by client; p adjusted for all lines (Holm)."
            ),
            Message(
                "A year before: the same comparison for the first year, before anybody had taken it up. No channel can "
                "have moved that; where it differs, those who took it up are others."
            ),
        ),
        caveats=(
            Message("Clients chose for themselves: what is not recorded may differ. Those who left are not in it."),
        ),
        refusals=tuple(
            Message(
                "{name}, {what}: {why}",
                {"name": channel_label(channel, bank), "what": OUTCOMES[outcome], "why": why_not(reason)},
            )
            for channel, outcome, reason in answer.facts["untold"]
        ),
        estimates=tuple(_estimates(found)),
    )


def _find(found: AdoptionRows, channel: str, outcome: str, measure: str) -> Estimate | None:
    return find(found.rows, channel=channel, outcome=outcome, measure=measure)


def reading(found: AdoptionRows, channel: str, outcome: str) -> str | None:
    """Return what may be said of one channel and outcome: a code; None where nothing is told."""
    rows = found.rows
    own = rows[(rows["channel"] == channel) & (rows["outcome"] == outcome) & (rows["measure"] == FAIR)]
    if _find(found, channel, outcome, FAIR) is None:
        return None
    placebo = _find(found, channel, outcome, PLACEBO)
    if not float(own["p"].iloc[0]) < LEVEL:
        return NOTHING
    if placebo is None:
        return NOT_TESTED
    return OTHER_BEFORE if placebo.low > 0 or placebo.high < 0 else SPEAKS


def _title(answer: Answer, found: AdoptionRows, bank: Bank) -> Message:
    every = [
        (c, o, code)
        for c in answer.facts["channels"]
        for o in answer.facts["outcomes"]
        if (code := reading(found, c, o)) is not None
    ]
    if not every:
        return Message("What goes with taking up a channel cannot be told")
    for wanted in (SPEAKS, NOT_TESTED, OTHER_BEFORE):
        for channel, outcome, code in every:
            if code == wanted:
                told = cell(_find(found, channel, outcome, FAIR), _KINDS[outcome])
                values = {"name": channel_label(channel, bank), "told": told, "what": OUTCOMES[outcome]}
                return Message(_TITLES[code].id, values)
    return Message("No difference is told between clients who took up a channel without a person and clients like them")


def _sentences(answer: Answer, found: AdoptionRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    for channel in answer.facts["channels"]:
        plain, fair = (_find(found, channel, MONEY, m) for m in (PLAIN, FAIR))
        if plain is None or fair is None:
            continue
        if not fair.low <= plain.value <= fair.high:
            values = {
                "name": channel_label(channel, bank),
                "plain": cell(plain, "percent"),
                "fair": cell(fair, "percent"),
            }
            said.append(
                Message(
                    "{name}: as it looks, those who took it up bring {plain} of assets more in a year; among their "
                    "like it is {fair}.",
                    values,
                )
            )
    return tuple(said)


def _table(answer: Answer, found: AdoptionRows, bank: Bank) -> Table:
    rows = []
    for channel in answer.facts["channels"]:
        for outcome in answer.facts["outcomes"]:
            code = reading(found, channel, outcome)
            if code is None:
                continue
            row: dict[str, Any] = {"name": channel_label(channel, bank), "what": OUTCOMES[outcome]}
            for measure in (PLAIN, FAIR, PLACEBO):
                where = {"channel": channel, "outcome": outcome, "measure": measure}
                row[measure] = cell_of(found.rows, _KINDS[outcome], **where)
            r = found.rows
            own = r[(r["channel"] == channel) & (r["outcome"] == outcome) & (r["measure"] == FAIR)].iloc[0]
            row["unseen"] = Message("{times:tenths}", {"times": float(own["unseen"])})
            rows.append(row | {"reading": _READINGS[code]})
    columns = (
        Column("name", Message("Took up")),
        Column("what", Message("Outcome")),
        Column(PLAIN, Message("As it looks")),
        Column(FAIR, Message("Like with like")),
        Column(PLACEBO, Message("A year before")),
        Column("unseen", Message("E-value")),
        Column("reading", Message("Reading")),
    )
    return Table(
        columns,
        tuple(rows),
        Message(
            "Those who took up a channel less their like (95% intervals). E-value: how many times as often something "
            "unseen would have to go with both to explain it; 1: nothing to explain"
        ),
    )


def _balance(found: AdoptionRows, bank: Bank) -> Table:
    rows = []
    for trait in dict.fromkeys(found.balance["trait"]):
        row: dict[str, Any] = {"trait": _TRAITS.get(str(trait), str(trait))}
        for measure in (BEFORE, AFTER):
            row[measure] = cell_of(found.balance, "number", trait=trait, measure=measure)
        rows.append(row)
    name = channel_label(str(found.balance["channel"].iloc[0]), bank) if len(found.balance) else ""
    columns = (
        Column("trait", Message("What was recorded")),
        Column(BEFORE, Message("Difference before weighting, sd")),
        Column(AFTER, Message("After it")),
    )
    return Table(columns, tuple(rows), Message("How alike the two sides are: {name}", {"name": name}))


def _estimates(found: AdoptionRows) -> list[dict[str, Any]]:
    return [
        finding_row(f"adoption_{r['measure']}", r, group={"channel": str(r["channel"]), "outcome": str(r["outcome"])})
        for r in found.rows.to_dict("records")
    ]
