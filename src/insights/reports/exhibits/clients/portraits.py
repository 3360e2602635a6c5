"""One card for each segment: what its clients are like beside all clients."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.portraits import NO, YES
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.clients.words import NOTHING, segment_label, segments_basis
from insights.reports.exhibits.rows import count_row
from insights.reports.wording.labels import code_label
from insights.topics.clients.portraits import OTHERS, Portraits
from insights.topics.evidence import Answer

TOP, OUT = 3, 4
"""A card names the most frequent levels, and those in which the segment stands out most."""

ATTRIBUTES = {
    "age": Message("age"),
    "gender": Message("gender"),
    "occupation": Message("occupation"),
    "income_band": Message("income"),
    "household": Message("household at the bank"),
    "interests": Message("interests"),
    "online": Message("app or website"),
    "events": Message("events"),
    "services": Message("services"),
    "channel": Message("channel used most"),
    "topics": Message("topics spoken of"),
    "holds": Message("products held"),
    "lacks": Message("products most peers hold and they do not"),
}
LEVELS = {
    "under_45": Message("under 45"),
    "45_to_54": Message("45 to 54"),
    "55_to_64": Message("55 to 64"),
    "65_to_74": Message("65 to 74"),
    "75_or_more": Message("75 or more"),
}
_YES = {
    "household": (Message("with others of the household"), Message("alone")),
    "online": (Message("used it"), Message("did not use it")),
    "events": (Message("came to one"), Message("came to none")),
    "services": (Message("used one"), Message("used none")),
}


def portraits(answer: Answer, found: Portraits, bank: Bank) -> Exhibit:
    """Name the trait that sets a segment apart most, and give each segment its card."""
    facts = answer.facts
    label = {str(n): segment_label(str(n), bank) for n in facts["names"]}
    domains = facts["attributes"]
    told = found.shares.dropna(subset=["share", "of_all"])
    named = told[told["level"] != OTHERS]
    apart = named[(named["z"] > found.beyond) & (named["share"] > named["of_all"])]
    sentences = []
    if len(label) < 2:
        title = Message("What the clients are like")
    elif len(apart):
        row = apart.loc[(apart["share"] - apart["of_all"]).idxmax()].to_dict()
        values: dict[str, Any] = {"segment": label[str(row["segment"])], "attribute": ATTRIBUTES[str(row["attribute"])]}
        values |= {"level": _level(row, domains, bank), "share": float(row["share"]), "all": float(row["of_all"])}
        title = Message(
            "“{segment}” stands out most in {attribute}: {level}, {share:share} against {all:share} of all clients",
            values,
        )
        alike = [label[s] for s in label if not (apart["segment"] == s).any()]
        if alike:
            sentences.append(
                Message(
                    "In nothing shown here do clients of these segments stand out by more than chance: {names}.",
                    {"names": alike},
                )
            )
    else:
        title = Message("Beyond what the segments are made of, their clients look alike")
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=tuple(_card(s, found, label, domains, bank) for s in label),
        basis=segments_basis(
            bank,
            facts,
            Message(
                "Clients in force on {end:date}; behaviour, channels and topics of twelve months. Shares are of those "
                "of whom it is known; topics, of those with a note.",
                facts,
            ),
        ),
        caveats=(
            Message(
                "“Stands out”: more often than among all other clients by more than chance, allowing for all "
                "comparisons made here."
            ),
            Message("A share tells of many clients together: what one client wants he must be asked."),
        ),
        estimates=tuple(
            count_row(
                "share",
                r["share"],
                unit="share",
                group={"segment": str(r["segment"]), "attribute": str(r["attribute"]), "level": str(r["level"])},
            )
            for r in found.shares.to_dict("records")
        ),
    )


def _card(
    segment: str, found: Portraits, label: dict[str, Any], domains: dict[str, tuple[str, bool]], bank: Bank
) -> Table:
    own = found.shares[found.shares["segment"] == segment]
    rows: list[dict[str, Any]] = []
    money = found.money.set_index("segment").loc[segment]
    if not math.isnan(float(money["assets"])):
        values = {"assets": float(f"{float(money['assets']):.3g}")}
        text = Message("{assets:money} of assets", values)
        if "value" in money and not math.isnan(float(money["value"])):
            values |= {"value": float(f"{float(money['value']):.3g}")}
            text = Message("{assets:money} of assets, {value:money} of margin a year", values)
        rows.append({"what": Message("per client, on average"), "most": text, "out": NOTHING})
    for name in domains:
        part = own[own["attribute"] == name]
        shown = part.dropna(subset=["share", "of_all"]).sort_values(["share", "level"], ascending=[False, True])
        if part.empty:
            continue
        most = [_entry(r, domains, bank) for r in shown[shown["share"] > 0].head(TOP).to_dict("records")]
        alone = shown[shown["level"] != OTHERS]
        out = alone[(alone["z"] > found.beyond) & (alone["share"] > alone["of_all"])].sort_values(
            ["z", "level"], ascending=[False, True]
        )
        stands = [_entry(r, domains, bank) for r in out.head(OUT).to_dict("records")]
        rows.append(
            {
                "what": ATTRIBUTES[name],
                "most": Message("{parts}", {"parts": most}) if most else None,
                "out": Message("{parts}", {"parts": stands}) if stands else NOTHING,
            }
        )
    columns = (
        Column("what", Message("Portrait")),
        Column("most", Message("Most often: share in the segment (of all clients)")),
        Column("out", Message("Where the segment stands out")),
    )
    return Table(columns, tuple(rows), Message("Card: {segment}", {"segment": label[segment]}))


def _entry(row: dict[Any, Any], domains: dict[str, tuple[str, bool]], bank: Bank) -> Message:
    values = {"level": _level(row, domains, bank), "share": float(row["share"]), "all": float(row["of_all"])}
    return Message("{level}: {share:share} ({all:share})", values)


def _level(row: dict[Any, Any], domains: dict[str, tuple[str, bool]], bank: Bank) -> Message | str:
    name, level = str(row["attribute"]), str(row["level"])
    if name in _YES and level in (YES, NO):
        return _YES[name][level == NO]
    if level == OTHERS:
        return Message("others, together")
    if level in LEVELS:
        return LEVELS[level]
    return code_label(domains[name][0], level, bank.settings.labels)
