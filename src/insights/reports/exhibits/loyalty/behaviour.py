"""What clients did in the year after they answered, beside what they had said."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.followed import LEFT, MONEY, NEW, SHARE
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis
from insights.reports.exhibits.rows import check_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.behaviour import DIRECT, GAIN, LEVEL, MEAN, THROUGH, Behaviour

OUTCOMES = {
    LEFT: Message("left by choice"),
    MONEY: Message("net new money, share of the assets"),
    SHARE: Message("change of the share of wallet"),
    NEW: Message("bought a product not held before"),
}
_LABELS = (Message("{factor}, by way of loyalty"), Message("{factor}, on its own"))


def behaviour(answer: Answer, found: Behaviour, bank: Bank) -> Exhibit:
    """Say whether what clients say goes with what they do."""
    title, sentences = _words(answer, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(answer, found, title, bank),
        tables=(_summary(answer, found), *_factors(answer, found, bank)),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer, found),
        refusals=_refusals(answer),
        estimates=tuple(_estimates(found)),
        checks=tuple(check_row(t) for t in answer.facts["restriction"].values()),
    )


def _words(answer: Answer, found: Behaviour, bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    left = find(found.rows, outcome=LEFT, how=GAIN)
    mean = find(found.rows, outcome=LEFT, how=MEAN)
    if left is not None and mean is not None and left.high < 0:
        values: dict[str, Any] = {"d": -left.value, "low": -left.high, "high": -left.low, "mean": mean.value}
        title = Message("Clients one point more loyal leave less often: by {d:points} in the year after", values)
        first = Message(
            "The interval is {low:points} to {high:points}; {mean:percent} of all who answered left by choice within "
            "the year.",
            values,
        )
    elif left is not None and left.low > 0:
        title = Message("Who says he is more loyal leaves more often: look into the survey before using it")
        first = Message("That is the opposite of what stated loyalty should mean.")
    else:
        title = Message("What clients say of their loyalty is not seen in who leaves")
        first = Message("A difference in leaving that the answers foretell cannot be told from chance.")
    said = [first]
    others = [o for o in answer.facts["outcomes"] if o != LEFT]
    seen: list[Message] = []
    unseen: list[Message] = []
    for outcome in others:
        gain = find(found.rows, outcome=outcome, how=GAIN)
        if gain is not None:
            (seen if gain.low > 0 or gain.high < 0 else unseen).append(OUTCOMES[outcome])
    if seen:
        said.append(Message("It also goes with: {names}.", {"names": seen}))
    if unseen:
        said.append(Message("No link beyond chance with: {names}.", {"names": unseen}))
    clear = found.rows[(found.rows["how"] == DIRECT) & (found.rows["p"] < LEVEL)]
    said.append(
        Message(
            "Taken one by one, without the help of stated loyalty, no factor stands out in what clients did: too few "
            "left to tell the factors apart that way."
        )
        if clear.empty
        else Message(
            "Standing out one by one, allowing for how many were looked at: {names}.",
            {"names": [factor_label(str(f), bank) for f in dict.fromkeys(clear["factor"])]},
        )
    )
    return title, tuple(said)


def _figure(answer: Answer, found: Behaviour, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for factor in answer.facts["factors"]:
        for how, label in zip((THROUGH, DIRECT), _LABELS, strict=True):
            told = find(found.rows, outcome=LEFT, factor=factor, how=how)
            if told is not None:
                name = Message(label.id, {"factor": factor_label(factor, bank)})
                bars.append({"label": name, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True}
    data["x_label"] = Message("Change of the share who leave, for one point more (95% interval)")
    return Figure("bars", data, Message("Exits by factor, two ways, with intervals. {title}.", {"title": title}))


def _summary(answer: Answer, found: Behaviour) -> Table:
    rows = []
    for outcome in answer.facts["outcomes"]:
        mean = find(found.rows, outcome=outcome, how=MEAN)
        rows.append(
            {
                "outcome": OUTCOMES[outcome],
                "mean": cell(mean, "points" if outcome == SHARE else "percent"),
                "gain": cell(find(found.rows, outcome=outcome, how=GAIN), "points"),
                "n": None if mean is None else mean.n,
            }
        )
    columns = (
        Column("outcome", Message("In the year after answering")),
        Column("mean", Message("Mean")),
        Column("gain", Message("Change for one point more loyalty")),
        Column("n", Message("Clients"), "count"),
    )
    return Table(columns, tuple(rows), Message("What goes with loyalty, as the factors predict it (95% intervals)"))


def _factors(answer: Answer, found: Behaviour, bank: Bank) -> list[Table]:
    rows = []
    for factor in answer.facts["factors"]:
        row: dict[str, Any] = {"factor": factor_label(factor, bank)}
        for outcome in answer.facts["outcomes"]:
            row[outcome] = cell(find(found.rows, outcome=outcome, factor=factor, how=DIRECT), "points")
        rows.append(row)
    columns = [Column("factor", Message("Factor, one point more"))]
    columns += [Column(o, OUTCOMES[o]) for o in answer.facts["outcomes"]]
    return [
        Table(tuple(columns), tuple(rows), Message("Every factor on its own, percentage points (95% intervals, not "
                                                   "adjusted)"))
    ]  # fmt: skip


def _basis(answer: Answer, found: Behaviour, bank: Bank) -> tuple[Message, ...]:
    lines = []
    mean = find(found.rows, outcome=LEFT, how=MEAN)
    if mean is not None:
        values = {"n": mean.n, "events": mean.n_events, "months": answer.facts["months"]}
        lines.append(
            Message(
                "{n:count} clients followed for {months:months} after an answer; {events:count} left by choice.", values
            )
        )
    lines.append(
        Message("95% intervals from resampling relationship managers.")
        if answer.facts["cluster"] == "manager"
        else Message("95% intervals from resampling clients.")
    )
    lines.append(Message("Clients compared are alike in assets, length of the relationship and age, where known."))
    return survey_basis(bank, *lines)


def _caveats(answer: Answer, found: Behaviour) -> tuple[Message, ...]:
    lines = [
        Message(
            "What clients did comes from the bank's books, not from the same page: a good mood on the day of the "
            "survey cannot make it look better."
        ),
        Message("By way of loyalty: the proportions of the factors come from stated loyalty, the size from exits."),
        Message("It remains an association: what else moves both answers and exits is not ruled out."),
    ]
    if MONEY in answer.facts["outcomes"]:
        lines.append(Message("Net new money of one client counts as at most all of his assets, in either direction."))
    return tuple(lines)


def _refusals(answer: Answer) -> tuple[Message, ...]:
    lines = [
        Message("{outcome}: not available, needs {needs}", {"outcome": OUTCOMES[o], "needs": needs})
        for o, needs in answer.facts["missing"].items()
    ]
    return (*lines, *(why_not(reason) for reason in answer.facts["refused"].values()))


def _estimates(found: Behaviour) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"outcome": str(row["outcome"])} | ({"factor": str(row["factor"])} if row["factor"] else {})
        line = finding_row(f"behaviour_{row['how']}", row, group=group, months=12)
        lines.append(line)
    return lines
