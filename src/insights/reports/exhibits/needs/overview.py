"""Page one: what clients will need next, how good the prediction was, how many suitable offers there are."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.trials import PRECISION, RULES, SAME, SEGMENT
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.needs.words import category_label, need_basis
from insights.reports.exhibits.rows import count_row, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.needs.overview import Overview


def overview(answer: Answer, found: Overview, bank: Bank) -> Exhibit:
    """Say what most clients will buy next, whether the prediction beat simple rules, and how many offers are ready."""
    title = _title(answer, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=need_basis(answer, bank),
        caveats=(
            Message(
                "The ranges allow for chance and for how far the level was off at past dates; a campaign or a market "
                "unlike those of the past is not in them."
            ),
            Message("Who will buy without being asked is among them: a prediction does not say what an offer changes."),
        ),
        refusals=few_refusals(answer, bank),
        estimates=tuple(_estimates(found)),
    )


def few_refusals(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    """Say which kinds of product are not foretold, and which classes nobody may buy by the settings."""
    lines = []
    if answer.facts["few"]:
        names = [category_label(c, bank) for c in answer.facts["few"]]
        lines.append(Message("Too few first purchases to foretell: {names}.", {"names": names}))
    if answer.facts["unnamed"]:
        names = list(answer.facts["unnamed"])
        lines.append(
            Message("Offered to nobody, as [needs.eligibility] does not name their class: {names}.", {"names": names})
        )
    if not answer.facts["declines"]:
        lines.append(Message("Who declined an offer is not delivered: such clients may be asked again."))
    return tuple(lines)


def verdict(scores: pd.DataFrame, used: str) -> Message:
    """Say how many of the offers that managers had time for were bought, beside the simple rules."""
    own = find(scores, measure=PRECISION, way=used, less="")
    if own is None:
        return Message("How many of such offers were bought at past dates cannot be told.")
    values: dict[str, Any] = {"x": own.value, "low": own.low, "high": own.high}
    rivals = [find(scores, measure=PRECISION, way=way, less="") for way in (SEGMENT, SAME)]
    if rivals[0] is None or rivals[1] is None:
        return Message(
            "At past dates {x:percent} ({low:bare_percent} to {high:bare_percent}) of the clients it would have chosen "
            "bought what it named within three months.",
            values,
        )
    values |= {"p": rivals[0].value, "s": rivals[1].value}
    return Message(
        "At past dates {x:percent} ({low:bare_percent} to {high:bare_percent}) of the clients it would have chosen "
        "bought what it named within three months; {p:percent} by the rule “most popular in the segment”, {s:percent} "
        "by “same as last time”.",
        values,
    )


def beaten(scores: pd.DataFrame, used: str) -> tuple[list[str], list[str]]:
    """Return which simple rules the prediction clearly beats, and which it does not."""
    clear: list[str] = []
    other: list[str] = []
    for way in RULES:
        gain = find(scores, measure=PRECISION, way=used, less=way)
        if gain is not None:
            (clear if gain.low > 0 else other).append(way)
    return clear, other


def beating(scores: pd.DataFrame, used: str) -> list[str]:
    """Return which simple rules clearly beat the prediction."""
    gains = {way: find(scores, measure=PRECISION, way=used, less=way) for way in RULES}
    return [way for way, gain in gains.items() if gain is not None and gain.high < 0]


def ranked(found: Overview) -> list[tuple[str, Estimate]]:
    """Return the categories by expected buyers in three months, the most first."""
    own = found.rows[found.rows["measure"] == "buyers_3m"]
    told = [(str(c), e) for c in own["category"] if (e := find(own, category=c)) is not None]
    return sorted(told, key=lambda t: (-t[1].value, t[0]))


def _title(answer: Answer, found: Overview, bank: Bank) -> Message:
    top, n = ranked(found), found.offers["clients"].sum(skipna=False)
    values: dict[str, Any] = {"n": number(n)}
    if not top:
        return Message("What clients will need next cannot be told")
    values |= {"a": category_label(top[0][0], bank), "x": top[0][1].value}
    gains = beaten(found.scores, answer.facts["used"])
    if not gains[1] and len(gains[0]) == len(RULES):
        return Message(
            "Most wanted next: {a}, about {x:count} first purchases in three months; {n:count} suitable offers are "
            "ready, chosen better than by simple rules",
            values,
        )
    if beating(found.scores, answer.facts["used"]):
        return Message(
            "Most wanted next: {a}, about {x:count} first purchases in three months; {n:count} suitable offers are "
            "ready, but a simple rule chose better at past dates",
            values,
        )
    return Message(
        "Most wanted next: {a}, about {x:count} first purchases in three months; {n:count} suitable offers are ready, "
        "but not clearly chosen better than by simple rules",
        values,
    )


def _sentences(answer: Answer, found: Overview, bank: Bank) -> tuple[Message, ...]:
    said = []
    top = ranked(found)[:3]
    if top:
        parts = [
            Message(
                "{c} {x:count} ({low:count} to {high:count})",
                {"c": category_label(c, bank), "x": e.value, "low": e.low, "high": e.high},
            )
            for c, e in top
        ]
        said.append(Message("Clients who will buy for the first time within three months: {parts}.", {"parts": parts}))
    said.append(verdict(found.scores, answer.facts["used"]))
    return tuple(said)


def _figure(found: Overview, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {"label": category_label(c, bank), "value": e.value, "low": e.low, "high": e.high} for c, e in ranked(found)
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "count", "x_label": Message("Clients expected to buy first within three months")}
    return Figure("bars", data, Message("Expected first purchases by kind of product. {title}.", {"title": title}))


def _table(found: Overview, bank: Bank) -> Table:
    rows = []
    ready = {str(r["category"]): r["clients"] for r in found.offers.to_dict("records")}
    for category, three in ranked(found):
        share = find(found.rows, category=category, measure="share_3m")
        n = ready.get(category)
        rows.append(
            {
                "category": category_label(category, bank),
                "eligible": three.n,
                "three": cell(three, "count"),
                "six": cell(find(found.rows, category=category, measure="buyers_6m"), "count"),
                "share": None if share is None else share.value,
                "ready": Message("–") if category not in ready else number(n),
            }
        )
    for category, n in ready.items():
        if category not in {c for c, _ in ranked(found)}:
            rest: dict[str, Any] = dict.fromkeys(("eligible", "three", "six", "share"), Message("–"))
            rows.append({"category": category_label(category, bank), **rest, "ready": number(n)})
    columns = (
        Column("category", Message("Kind of product")),
        Column("eligible", Message("Clients without, whom it suits"), "count"),
        Column("three", Message("Buy within 3 months (95% range)")),
        Column("six", Message("Within 6 months (95% range)")),
        Column("share", Message("Share within 3 months"), "percent"),
        Column("ready", Message("Offers ready"), "count"),
    )
    return Table(columns, tuple(rows), Message("First purchases to come, and offers ready, by kind of product"))


def _estimates(found: Overview) -> list[dict[str, Any]]:
    lines = []
    for r in found.rows.to_dict("records"):
        name, _, months = str(r["measure"]).rpartition("_")
        group = {"category": str(r["category"])}
        lines.append(finding_row(f"first_{name}", r, group=group, months=int(months.removesuffix("m"))))
    lines += score_estimates(found.scores)
    for r in found.offers.to_dict("records"):
        lines.append(count_row("offers", r["clients"], unit="clients", group={"category": str(r["category"])}))
    return lines


def score_estimates(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the scores as rows of a finding."""
    lines = []
    for r in scores.to_dict("records"):
        less = {"less": str(r["less"])} if r["less"] else {}
        lines.append(finding_row(str(r["measure"]), r, group={"way": str(r["way"])} | less, months=3))
    return lines
