"""Services, events and rewards: who uses them, and what users did beside clients like them."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY, TRUST
from insights.models.loyalty.followed import LEFT, MONEY, NEW, SHARE
from insights.models.loyalty.uses import CAME, EARNED, EVENTS, INVITED, REWARDS, SERVICES, SPENT, USED
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.words import frame_label, group_label, survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.loyalty.benefits import ALL, LIKE, USERS, BenefitRows

LEVEL = 0.05
_USES = {
    USED: Message("used a service or benefit"),
    INVITED: Message("were invited to an event"),
    CAME: Message("came to an event"),
    EARNED: Message("earned points"),
    SPENT: Message("spent points"),
}
_PART = {USED: Message("used: {name}"), CAME: Message("came to: {name}")}
GROUPS = {SERVICES: Message("services"), EVENTS: Message("events"), REWARDS: Message("rewards")}
OUTCOMES = {
    LEFT: (Message("left by choice"), "points"),
    MONEY: (Message("net new money, share of the assets"), "points"),
    NEW: (Message("bought a product not held before"), "points"),
    LOYALTY: (Message("stated loyalty, marks"), "number"),
    TRUST: (Message("stated trust, marks"), "number"),
    SHARE: (Message("change of the share of wallet"), "points"),
}
_BEFORE = {
    "loyalty_before": Message("stated loyalty the year before"),
    "answered_before": Message("answered a survey the year before"),
    "risk_tolerance": Message("risk tolerance"),
    "investing_decades": Message("experience in investing"),
}


def benefits(answer: Answer, found: BenefitRows, bank: Bank) -> Exhibit:
    """Say whether users stay longer than clients like them, who they are, and how far that is from an effect."""
    title = _title(answer, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found),
        figure=_figure(answer, found, title, bank),
        tables=(_effects(answer, found, bank), _use(answer, found, bank), *_profile(answer, found)),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer, found),
        refusals=_refusals(answer),
        estimates=tuple(_estimates(found)),
    )


def _label(use: tuple[str, str, str], bank: Bank) -> Message:
    group, what, code = use
    if code == ALL:
        return _USES[what]
    domain = "kind" if group == EVENTS else "service"
    return Message(_PART[what].id, {"name": code_label(domain, code, bank.settings.labels)})


def _row(found: BenefitRows, use: tuple[str, str, str], outcome: str, how: str = LIKE) -> Any:
    return find(found.effects, group=use[0], what=use[1], code=use[2], outcome=outcome, how=how)


def _clear(answer: Answer, found: BenefitRows, outcome: str) -> list[tuple[tuple[str, str, str], float]]:
    """Return the uses that go with an outcome beyond chance, the clearest first, with the difference."""
    rows = found.effects[(found.effects["outcome"] == outcome) & (found.effects["how"] == LIKE)]
    rows = rows[(rows["p"] < LEVEL) & rows["value"].notna()].sort_values("p", kind="stable")
    told = rows[["group", "what", "code", "value"]].to_dict("records")
    return [((str(r["group"]), str(r["what"]), str(r["code"])), float(r["value"])) for r in told]


def _title(answer: Answer, found: BenefitRows, bank: Bank) -> Message:
    clear = _clear(answer, found, LEFT)
    if clear:
        use, value = clear[0]
        values = {"use": _label(use, bank), "d": abs(value)}
        if value < 0:
            return Message("Clients who {use} leave less often than clients like them: by {d:points}", values)
        return Message("Clients who {use} leave more often than clients like them: by {d:points}", values)
    seen = [OUTCOMES[o][0] for o in answer.facts["outcomes"] if o != LEFT and _clear(answer, found, o)]
    if not (found.effects["outcome"] == LEFT).any():
        return Message("Whether services, events and rewards hold clients cannot be told: too few left")
    if seen:
        return Message("Services, events or rewards go with: {names}, but not with who stays", {"names": seen})
    return Message("Services, events and rewards are not seen in who stays: users differ no more than by chance")


def _sentences(answer: Answer, found: BenefitRows) -> tuple[Message, ...]:
    said = []
    shares: list[Message] = []
    differences: list[Message] = []
    for use in (tuple(u) for u in answer.facts["uses"] if u[2] == ALL):
        share = find(found.use, group=use[0], what=use[1], code=ALL, third=ALL)
        if share is not None:
            shares.append(Message("{use}: {share:percent}", {"use": _USES[use[1]], "share": share.value}))
        told = _row(found, use, LEFT)
        if told is not None:
            values: dict[str, Any] = {"use": _USES[use[1]], "difference": cell(told, "points")}
            differences.append(Message("{use}: {difference}", values))
    if shares:
        said.append(Message("Share of the clients in the last year compared who {names}.", {"names": shares}))
    if differences:
        said.append(
            Message(
                "Difference in leaving within the year after, to clients like them who had nothing of the kind: "
                "{names}.",
                {"names": differences},
            )
        )
    for outcome in (o for o in answer.facts["outcomes"] if o != LEFT):
        clear = _clear(answer, found, outcome)
        if clear:
            names = [GROUPS[group] for group in dict.fromkeys(use[0] for use, _ in clear)]
            said.append(
                Message(
                    "Beyond chance, allowing for how many were looked at: {outcome} ({names}).",
                    {"outcome": OUTCOMES[outcome][0], "names": names},
                )
            )
    return tuple(said)


def _figure(answer: Answer, found: BenefitRows, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for use in (tuple(u) for u in answer.facts["uses"]):
        told = _row(found, use, LEFT)
        if told is not None:
            bars.append({"label": _label(use, bank), "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True}
    data["x_label"] = Message("Difference of the share who leave to clients like them (95% interval, not adjusted)")
    alt = Message("Difference in leaving by what clients used, with intervals. {title}.", {"title": title})
    return Figure("bars", data, alt)


def _effects(answer: Answer, found: BenefitRows, bank: Bank) -> Table:
    outcomes = answer.facts["outcomes"]
    rows = []
    for use in (tuple(u) for u in answer.facts["uses"]):
        own = found.effects
        for name, value in zip(("group", "what", "code"), use, strict=True):
            own = own[own[name] == value]
        if own.empty:
            continue
        row: dict[str, Any] = {"use": _label(use, bank)}
        for outcome in outcomes:
            refused = own[own["outcome"] == outcome].empty
            told = _row(found, use, outcome)
            row[outcome] = Message("too few to compare") if refused else cell(told, OUTCOMES[outcome][1])
        users = _row(found, use, LEFT, USERS)
        row["users"] = None if users is None else users.value
        if own[own["outcome"] == LEFT].empty:
            row["users"] = Message("too few to compare")
        rows.append(row)
    columns = [Column("use", Message("Clients who"))]
    columns += [Column("users", Message("Left in the year after"), "percent")]
    columns += [Column(o, OUTCOMES[o][0]) for o in outcomes]
    caption = Message("Difference to clients like them in the year after (95% intervals, not adjusted)")
    return Table(tuple(columns), tuple(rows), caption)


def _use(answer: Answer, found: BenefitRows, bank: Bank) -> Table:
    thirds = [t for t in dict.fromkeys(found.use["third"]) if t != ALL]
    rows = []
    for use in (tuple(u) for u in answer.facts["uses"]):
        row: dict[str, Any] = {"use": _label(use, bank)}
        for third in (ALL, *thirds):
            told = find(found.use, group=use[0], what=use[1], code=use[2], third=third)
            row[third or "all"] = None if told is None else told.value
        rows.append(row)
    columns = [Column("use", Message("Clients who")), Column("all", Message("All"), "percent")]
    columns += [Column(t, group_label(t, bank), "percent") for t in thirds]
    caption = Message("Who uses them: share of the clients in the last year compared, by third of the assets before")
    return Table(tuple(columns), tuple(rows), caption)


def _profile(answer: Answer, found: BenefitRows) -> list[Table]:
    """Return how users differed before the year of use, in standard deviations."""
    uses = [tuple(u) for u in answer.facts["uses"] if u[2] == ALL]
    uses = [u for u in uses if (found.profile["what"] == u[1]).any()]
    if not uses:
        return []
    rows = []
    for variable in dict.fromkeys(found.profile["variable"]):
        row: dict[str, Any] = {"variable": _BEFORE.get(str(variable)) or frame_label(str(variable))}
        for use in uses:
            told = find(found.profile, group=use[0], what=use[1], code=ALL, variable=variable)
            row[use[1]] = None if told is None else told.value
        rows.append(row)
    columns = [Column("variable", Message("Known before the year of use"))]
    columns += [Column(u[1], _USES[u[1]], "number") for u in uses]
    caption = Message(
        "How users differed from the others before, in standard deviations; in the comparison the difference is nil"
    )
    return [Table(tuple(columns), tuple(rows), caption)]


def _basis(answer: Answer, found: BenefitRows, bank: Bank) -> tuple[Message, ...]:
    lines = []
    days = sorted({d for own in answer.facts["days"].values() for d in own})
    values = {"days": [Message("{day:date}", {"day": d}) for d in days], "months": answer.facts["months"]}
    lines.append(
        Message(
            "Clients with the bank for the {months:months} before one of these days, told apart by what they used in "
            "them, and followed for {months:months} after it: {days}.",
            values,
        )
    )
    largest = found.effects[found.effects["how"] == LIKE].sort_values("n", kind="stable").iloc[-1]
    if not math.isnan(float(largest["n"])):
        lines.append(Message("{n:count} clients in the largest comparison.", {"n": int(largest["n"])}))
    lines.append(
        Message(
            "Compared are clients with the same means in all that was known before the year of use, and in the same "
            "year: those who could as well have used it as not count most."
        )
    )
    lines.append(
        Message("Errors by relationship manager.")
        if answer.facts["cluster"] == "manager"
        else Message("Errors by client.")
    )
    lines.append(
        Message(
            "{n:count} differences were looked at; only what stands out allowing for that (Benjamini-Hochberg) is "
            "called a finding.",
            {"n": answer.facts["tests"]},
        )
    )
    return survey_basis(bank, *lines)


def _caveats(answer: Answer, found: BenefitRows) -> tuple[Message, ...]:
    lines = [
        Message(
            "An association: the comparison rests on no lot. Who means to stay may use more, and what the bank does "
            "not record is not held."
        )
    ]
    clear = _clear(answer, found, LEFT)
    if clear:
        use = clear[0][0]
        rows = found.effects[(found.effects["outcome"] == LEFT) & (found.effects["how"] == LIKE)]
        for name, value in zip(("group", "what", "code"), use, strict=True):
            rows = rows[rows[name] == value]
        lines.append(
            Message(
                "To make it no finding, something hidden would have to make both using and leaving (or staying) "
                "{ratio:number} times as likely (E-value of the interval's end).",
                {"ratio": float(rows["hidden"].iloc[0])},
            )
        )
    if answer.facts["invitation"]:
        lines.append(
            Message(
                "Whom to invite is the bank's choice, who comes is the client's: being invited, whether he came or "
                "not, is the fairer comparison."
            )
        )
    if answer.facts["same"]:
        lines.append(
            Message(
                "Points are earned by using services: these are nearly the same clients, so that the reward cannot be "
                "told from the service."
            )
        )
    if LOYALTY in answer.facts["outcomes"]:
        lines.append(
            Message(
                "Stated loyalty is that of those who answered a survey in the year after, not of all who were asked."
            )
        )
    return tuple(lines)


def _refusals(answer: Answer) -> tuple[Message, ...]:
    names = {**GROUPS, **{o: label for o, (label, _) in OUTCOMES.items()}}
    return tuple(
        Message("{outcome}: not available, needs {needs}", {"outcome": names[name], "needs": needs})
        for name, needs in answer.facts["missing"].items()
    )


def _estimates(found: BenefitRows) -> list[dict[str, Any]]:
    lines = []
    for part, keys in ((found.use, ("third",)), (found.effects, ("outcome",)), (found.profile, ("variable",))):
        for row in part.to_dict("records"):
            group = {k: str(row[k]) for k in ("group", "what", "code", *keys) if row[k] != ALL}
            name = {"third": "benefit_use", "outcome": f"benefit_{row.get('how')}"}.get(keys[0], "benefit_profile")
            line = finding_row(name, row, group=group, months=12)
            lines.append(line)
    return lines
