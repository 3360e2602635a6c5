"""Page one of the lifecycle report: who will probably leave, with how much, and why."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.driver_words import apart_label, event_label, feature_label
from insights.reports.exhibits.rows import basis, records
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.lifecycle.outlook import GROUPS

FEATURES_SHOWN = 8
"""Features that the page lists: those that set the tenth at the highest risk apart most."""

_GROUPS = {
    GROUPS[0]: Message("Highest tenth"),
    GROUPS[1]: Message("Next two tenths"),
    GROUPS[2]: Message("All others"),
}

Rows = dict[str, pd.DataFrame]


def outlook(answer: Answer, parts: Rows, bank: Bank) -> Exhibit:
    """Say how many clients, and how much money, will probably leave within twelve months."""
    totals = parts["totals"]
    clients, assets = (find(totals, event="any", measure=m) for m in ("clients", "assets"))
    if clients is None:
        return _nothing(answer, bank)
    title, sentences = _words(answer, parts, clients, assets, bank)
    events = [str(e) for e in totals.loc[totals["measure"] == "clients", "event"] if e not in ("any", "outflow")]
    shown = [e for e in events if find(totals, event=e, measure="clients") is not None]
    bars = [_bar(e, find(totals, event=e, measure="clients"), bank) for e in shown]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "count", "x_label": Message("Clients expected to leave within twelve months")},
            Message("Clients expected to leave, by reason, with intervals. {title}.", {"title": title}),
        ),
        tables=(
            _totals_table(totals, [*shown, "any", "outflow"], bank),
            *_group_tables(parts, event_label(str(answer.facts["main"]), bank)),
        ),
        basis=_basis(answer, clients, bank),
        caveats=_caveats(answer, assets),
        refusals=_withheld(events, shown) + _no_money(answer),
        estimates=tuple(_estimates(answer, parts)),
    )


def _words(
    answer: Answer, parts: Rows, clients: Estimate, assets: Estimate | None, bank: Bank
) -> tuple[Message, tuple[Message, ...]]:
    values: dict[str, Any] = {"n": clients.value, "low": clients.low, "high": clients.high}
    if assets is not None:
        values |= {"money": assets.value, "money_low": assets.low, "money_high": assets.high}
        title = Message(
            "In the next twelve months about {n:count} clients ({low:count} to {high:count}) and {money:money} "
            "({money_low:money} to {money_high:money}) will probably leave",
            values,
        )
    else:
        title = Message(
            "In the next twelve months about {n:count} clients ({low:count} to {high:count}) will probably leave",
            values,
        )
    sentences = [Message("That is {share:percent} of today's clients.", {"share": clients.value / clients.n})]
    main = answer.facts["main"]
    own, gone = (find(parts["totals"], event=main, measure=m) if main else None for m in ("clients", "assets"))
    if own is not None:
        said = {"reason": event_label(main, bank), "n": own.value, "share": own.value / clients.value}
        sentences.append(
            Message(
                "About {n:count} of them ({share:share}), with {money:money}, will go by their own choice "
                "({reason}): they can still be talked to.",
                said | {"money": gone.value},
            )
            if gone is not None
            else Message(
                "About {n:count} of them ({share:share}) will go by their own choice ({reason}): they can still be "
                "talked to.",
                said,
            )
        )
    sentences += _why_words(answer, parts)
    sentences += _kept_words(answer, parts)
    outflow = find(parts["totals"], event="outflow", measure="clients")
    if outflow is not None:
        said = {"n": outflow.value, "low": outflow.low, "high": outflow.high}
        sentences.append(
            Message(
                "Another {n:count} ({low:count} to {high:count}) will take out a large part of their assets and stay "
                "clients for now.",
                said,
            )
        )
    return title, tuple(sentences)


def _why_words(answer: Answer, parts: Rows) -> list[Message]:
    if "groups" not in parts:
        return []
    share, risk = (find(parts["groups"], group=GROUPS[0], measure=m) for m in ("share_of_leavers", "risk"))
    if share is None or risk is None:
        return []
    said = [
        Message(
            "{share:share} of these leavers will come from the tenth of the clients at the highest risk, whose average "
            "risk is {risk:percent}; the restricted lists name them.",
            {"share": share.value, "risk": risk.value},
        )
    ]
    top = [name for name, value in _apart(parts["why"]) if value > 0][:3]
    if top:
        names = [apart_label(name, answer.facts["apart"].get(name)) for name in top]
        said.append(Message("What sets that tenth apart most: {features}.", {"features": names}))
    return said


def _kept_words(answer: Answer, parts: Rows) -> list[Message]:
    """Say what can still be done: what the programme would keep, or that nothing shows what would."""
    if "groups" not in parts:
        return []
    if "kept" not in parts:
        return [Message("No experiment shows what would keep them; the lists say where the danger is.")]
    clients, assets = (find(parts["kept"], measure=m) for m in ("clients", "assets"))
    if clients is None:
        return []
    said: dict[str, Any] = {"programme": answer.facts["programme"]}
    said |= {"n": clients.value, "low": clients.low, "high": clients.high}
    if assets is None:
        return [
            Message(
                "The programme “{programme}”, offered to all who are not in it, would keep about {n:count} of them "
                "({low:count} to {high:count}), if it works as it did in its experiment.",
                said,
            )
        ]
    return [
        Message(
            "The programme “{programme}”, offered to all who are not in it, would keep about {n:count} of them "
            "({low:count} to {high:count}) and {money:money}, if it works as it did in its experiment.",
            said | {"money": assets.value},
        )
    ]


def _apart(why: pd.DataFrame) -> list[tuple[str, float]]:
    """Return the features with what they add for the clients at the highest risk, the largest part first."""
    rows = why[(why["group"] == GROUPS[0]) & (why["feature"] != "average")].dropna(subset=["value"])
    pairs = [(str(r["feature"]), float(r["value"])) for r in records(rows)]
    return sorted(pairs, key=lambda pair: (-abs(pair[1]), pair[0]))


def _bar(event: str, found: Estimate | None, bank: Bank) -> dict[str, Any]:
    values = {} if found is None else {"low": found.low, "high": found.high}
    return {"label": event_label(event, bank), "value": None if found is None else found.value, **values}


def _totals_table(totals: pd.DataFrame, events: list[str], bank: Bank) -> Table:
    rows = []
    for event in events:
        clients, assets = (find(totals, event=event, measure=m) for m in ("clients", "assets"))
        if clients is None and event == "outflow":
            continue
        label = Message("All reasons") if event == "any" else event_label(event, bank)
        amount = Message("not counted here") if event == "outflow" else cell(assets, "money")
        rows.append({"event": label, "clients": _counted(clients), "assets": amount})
    columns = [Column("event", Message("Reason")), Column("clients", Message("Clients expected to leave"))]
    if (totals["measure"] == "assets").any():
        columns.append(Column("assets", Message("Assets expected to leave")))
    return Table(tuple(columns), tuple(rows), Message("Expected within twelve months, with 95% prediction intervals"))


def _counted(found: Estimate | None) -> Message | None:
    if found is None:
        return None
    values = {"value": found.value, "low": found.low, "high": found.high}
    return Message("{value:count} ({low:count} to {high:count})", values)


def _group_tables(parts: Rows, reason: Message | str) -> tuple[Table, ...]:
    if "groups" not in parts:
        return ()
    rows, why = [], []
    for group in GROUPS:
        found = {
            m: find(parts["groups"], group=group, measure=m) for m in ("risk", "share_of_leavers", "share_of_assets")
        }
        if found["risk"] is None:
            continue
        rows.append({"group": _GROUPS[group], **{m: None if e is None else e.value for m, e in found.items()}})
    columns = [
        Column("group", Message("Clients by risk: {reason}", {"reason": reason})),
        Column("risk", Message("Average risk in twelve months"), "percent"),
        Column("share_of_leavers", Message("Share of these leavers"), "share"),
    ]
    if (parts["groups"]["measure"] == "share_of_assets").any():
        columns.append(Column("share_of_assets", Message("Share of their assets"), "share"))
    tables = [Table(tuple(columns), tuple(rows), Message("Where the risk is"))]
    apart = _apart(parts["why"])
    if apart:
        by = parts["why"].pivot(index="feature", columns="group", values="value")
        average = float(by.loc["average"].iloc[0])
        for feature, _ in apart[:FEATURES_SHOWN]:
            why.append({"feature": feature_label(feature), **_of_groups(by.loc[[feature]])})
        rest = [feature for feature, _ in apart[FEATURES_SHOWN:]]
        if rest:
            why.append({"feature": Message("everything else"), **_of_groups(by.loc[rest])})
        why.append({"feature": Message("Distance from the average"), **_of_groups(by.drop(index="average"))})
        heads = [Column(group, _GROUPS[group], "points") for group in GROUPS if group in by]
        caption = Message(
            "What each feature adds to the average risk of {average:percent}, in percentage points",
            {"average": average},
        )
        tables.append(Table((Column("feature", Message("Feature")), *heads), tuple(why), caption))
    return tuple(tables)


def _of_groups(rows: pd.DataFrame) -> dict[str, float | None]:
    return {str(g): None if math.isnan(v) else float(v) for g, v in rows.sum(skipna=False).items()}


def _basis(answer: Answer, clients: Estimate, bank: Bank) -> tuple[Message, ...]:
    said = {"n": clients.n, "events": clients.n_events}
    return basis(
        bank,
        Message("{n:count} clients in force; the risks rest on {events:count} exits.", said),
        Message(
            "The intervals are 95% prediction intervals: they hold the error of the estimated effects, clustered by "
            "relationship manager, and the chance of who leaves."
        )
        if bank.has("clients", "rm_id")
        else Message(
            "The intervals are 95% prediction intervals: they hold the error of the estimated effects and the chance "
            "of who leaves."
        ),
    )


def _caveats(answer: Answer, assets: Estimate | None) -> tuple[Message, ...]:
    lines = [
        Message("Clients who join within the twelve months come on top."),
        Message("What is known of a client stays as it was known last; tenure and season go on."),
        Message("A feature sets clients apart; changing it need not change the risk."),
        Message("Years have differed by more than chance; the intervals are wider for it.")
        if answer.facts["years_differ"]
        else Message("The years observed did not differ by more than chance; a crisis is not in these figures."),
    ]
    if answer.facts["challenger"]:
        lines.append(
            Message(
                "Who is at risk is told by boosted trees, which foresaw past leavers better; how many leave in all, "
                "with its interval, by the hazard regression. What the regression does not explain of a risk is a line "
                "of its own."
            )
        )
    if assets is not None:
        lines.append(Message("Assets are those known last: markets and payments until then are not foreseen."))
        if answer.facts["giants"]:
            lines.append(
                Message(
                    "Clients so large that one or two of them would decide the sum count as clients, and not in the "
                    "money."
                )
            )
    return tuple(lines)


def _withheld(events: list[str], shown: list[str]) -> tuple[Message, ...]:
    hidden = len(events) - len(shown)
    return (
        (Message("{n:count} reasons rest on too few exits to be shown alone; the total has them.", {"n": hidden}),)
        if hidden
        else ()
    )


def _no_money(answer: Answer) -> tuple[Message, ...]:
    if answer.facts["money"]:
        return ()
    return (
        Message(
            "How much money will leave cannot be told: not available: needs {needs}", {"needs": ["balances.amount"]}
        ),
    )


def _estimates(answer: Answer, parts: Rows) -> list[dict[str, Any]]:
    months, found = answer.facts["months"], []
    for row in parts["totals"].to_dict("records"):
        name = "large_outflows" if row["event"] == "outflow" else f"expected_{row['measure']}"
        group = {} if row["event"] in ("any", "outflow") else {"reason": str(row["event"])}
        found.append(finding_row(name, row, group=group, months=months))
    for row in parts["kept"].to_dict("records") if "kept" in parts else ():
        found.append(finding_row(f"kept_by_programme_{row['measure']}", row, group={}, months=months))
    for key, inner in (("groups", "measure"), ("why", "feature")):
        for row in parts[key].to_dict("records") if key in parts else ():
            name = str(row[inner]) if key == "groups" else "contribution"
            group = {"risk": str(row["group"])} | ({"feature": str(row[inner])} if key == "why" else {})
            found.append(finding_row(name, row, group=group, months=months))
    return [_plain(row) for row in found]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row without the ends of an interval that there is none of."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


def _nothing(answer: Answer, bank: Bank) -> Exhibit:
    return Exhibit(
        id=answer.id,
        title=Message("Who will leave cannot be told"),
        refusals=(Message("There are fewer clients in force, or fewer exits before, than may be shown."),),
        basis=basis(bank),
    )
