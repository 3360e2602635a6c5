"""Whether the segments hold: how many there are, how alike they come again, and why one is not enough."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.segments.names import ALL
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import NOTHING, VARIABLES, segment_label, told
from insights.reports.exhibits.rows import basis, check_row
from insights.reports.exhibits.told import INTERVALS, finding_row
from insights.stats.mixture.choice import CHOSEN, NO_BETTER, SIGNIFICANT, SMALL, STABLE, UNSTABLE, WORSE
from insights.topics.clients.choice import Chosen
from insights.topics.evidence import Answer

_VERDICTS = {
    CHOSEN: Message("chosen"),
    WORSE: Message("not as good, by ICL"),
    SMALL: Message("one is too small"),
    UNSTABLE: Message("do not come again"),
    NO_BETTER: Message("no better than one"),
}


def choice(answer: Answer, found: Chosen, bank: Bank) -> Exhibit:
    """Say how many segments there are and whether they come again."""
    facts, numbers = answer.facts, found.numbers
    names = [str(n) for n in facts["names"]]
    chosen = numbers[numbers["verdict"] == CHOSEN].iloc[0]
    values: dict[str, Any] = {"k": int(chosen["classes"]), "p": found.test.p_value, "least": STABLE}
    own = found.segments.dropna(subset=["jaccard"])
    sentences = []
    if names == [ALL]:
        title = Message("One segment is enough: any other number of them does not hold")
        best = numbers.loc[numbers["bic"].idxmin()]
        if int(best["classes"]) > 1:
            sentences.append(
                Message(
                    "{k:count} groups would describe the clients a little better, but overlap so much, or come again "
                    "so badly, that single clients cannot be sorted into them.",
                    {"k": int(best["classes"])},
                )
            )
    else:
        title = Message("{k:count} segments hold: drawn anew, the clients fall into the same ones", values)
        if len(own):
            values["worst"] = float(own["jaccard"].min())
            sentences.append(
                Message(
                    "The least stable segment comes again with a likeness of {worst:share} (from {least:share} on "
                    "it counts as stable).",
                    values,
                )
            )
        if found.test.p_value is not None:
            sentences.append(
                Message("That there is only one group, of whatever shape, can be ruled out (p {p:p}).", values)
            )
        rand = found.rand[found.rand["what"].str.startswith("quarters")].dropna(subset=["value"])
        if len(rand):
            # "Or more" holds of what is shown only if it is not rounded up.
            values["rand"] = math.floor(float(rand["value"].min()) * 1000) / 1000
            alike = Message(
                "Made of the data of an earlier quarter, they sort today's clients alike (agreement {rand:percent} "
                "or more; 100% is full, 0% is chance).",
                values,
            )
            apart = Message(
                "Made of the data of an earlier quarter, they sort some of today's clients otherwise (agreement down "
                "to {rand:percent}; 100% is full, 0% is chance).",
                values,
            )
            sentences.append(alike if values["rand"] >= STABLE else apart)
    bars = [
        {"label": segment_label(str(r["segment"]), bank), "value": r["jaccard"], "low": r["low"], "high": r["high"]}
        for r in own.to_dict("records")
    ]
    figure = None
    if bars:
        data = {"bars": bars, "kind": "percent", "in_order": True}
        data["x_label"] = Message("Likeness when clients are drawn anew (100%: the same)")
        figure = Figure("bars", data, Message("Stability by segment. {title}.", {"title": title}))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure,
        tables=tuple(_tables(found, bank)),
        basis=basis(
            bank,
            Message(
                "Mixture of classes in {variables}: logarithms of assets, numbers drawn in at 3.5 robust standard "
                "deviations, answers by their order. At most {most:count} classes, none below {least:percent} of the "
                "clients.",
                {
                    "variables": [VARIABLES[v] for v in facts["variables"]],
                    "most": facts["most"],
                    "least": facts["least"],
                },
            ),
            Message(
                "A number of segments counts if it has the least ICL (which charges for overlap), every segment comes "
                "again (mean Jaccard index of {least:share} or more in clients drawn anew) and one class of any shape "
                "with one peak is ruled out (parametric bootstrap, p below {p:number}).",
                {"least": STABLE, "p": SIGNIFICANT},
            ),
        ),
        caveats=(
            Message("Groups that overlap are not told apart: that they exist is not ruled out."),
            Message("Segments sum clients up; most differences between clients lie inside of them."),
        ),
        estimates=tuple(_estimates(found)),
        checks=(check_row(found.test),),
    )


def choice_own(answer: Answer, found: None, bank: Bank) -> Exhibit:
    """Say that the bank brought its own segments."""
    values = {"k": len(answer.facts["names"])}
    return Exhibit(
        id=answer.id,
        title=Message("The {k:count} segments are the bank's own", values),
        sentences=(
            Message("They were not found in the data, so how well they come again is not a question of the data."),
        ),
        basis=basis(bank),
    )


def _tables(found: Chosen, bank: Bank) -> list[Table]:
    columns = (
        Column("classes", Message("Segments"), "count"),
        Column("icl", Message("ICL, above the least"), "count"),
        Column("bic", Message("BIC, above the least"), "count"),
        Column("smallest", Message("Smallest, share of clients"), "percent"),
        Column("jaccard", Message("Least stable (Jaccard)")),
        Column("verdict", Message("Verdict")),
    )
    rows = tuple(
        {c: told(float(r[c])) for c in ("classes", "icl", "bic", "smallest")}
        | {"jaccard": _number(r.get("jaccard")), "verdict": _verdict(r, found)}
        for r in found.numbers.to_dict("records")
    )
    tables = [Table(columns, rows, Message("Numbers of segments compared"))]
    if len(found.segments):
        tables.append(_stability(found, bank))
    return tables


def _stability(found: Chosen, bank: Bank) -> Table:
    """Return each segment with its likeness in clients drawn anew and in earlier data, and the same of all of them."""
    lines: list[dict[str, Any]] = [
        {"what": segment_label(str(r["segment"]), bank), "n": told(float(r["n"])), "value": _range(r, "jaccard")}
        | _past(found.quarters[found.quarters["segment"] == r["segment"]])
        for r in found.segments.to_dict("records")
    ]
    for r in found.rand[found.rand["what"] == "resamples"].to_dict("records"):
        every = {"what": Message("all of them (adjusted Rand index)"), "n": told(float(r["n"]))}
        lines.append(every | {"value": _range(r, "value")} | _past(found.rand[found.rand["what"] != "resamples"]))
    heads = [
        Column("what", Message("Segment")),
        Column("n", Message("Clients"), "count"),
        Column("value", Message("Clients drawn anew (range of 95% of the draws)")),
    ]
    for what in dict.fromkeys(found.quarters["what"]):
        months = {"months": int(str(what).partition("/")[2])}
        heads.append(Column(str(what), Message("Data of {months:months} ago", months)))
    return Table(tuple(heads), tuple(lines), Message("Do they come again? Likeness (Jaccard index) by segment"))


def _past(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(r["what"]): _range(r, "value") for r in rows.to_dict("records")}


def _verdict(row: dict[Any, Any], found: Chosen) -> Message:
    """Return what became of a number of segments; of one segment, that it is ruled out where it is."""
    p = found.test.p_value
    if int(row["classes"]) == 1 and row["verdict"] == WORSE and p is not None and p < SIGNIFICANT:
        return Message("ruled out (p {p:p})", {"p": p})
    return _VERDICTS[str(row["verdict"])]


def _number(value: Any) -> Message:
    return NOTHING if value is None or pd.isna(value) else Message("{value:percent}", {"value": float(value)})


def _range(row: dict[Any, Any], column: str) -> Message | None:
    if pd.isna(row[column]):
        return None
    if pd.isna(row["low"]):
        return Message("{value:percent}", {"value": float(row[column])})
    return Message(INTERVALS["percent"].id, {"value": float(row[column]), "low": row["low"], "high": row["high"]})


def _estimates(found: Chosen) -> list[dict[str, Any]]:
    rows = []
    for r in found.numbers.to_dict("records"):
        for name in ("icl", "bic", "smallest", "jaccard"):
            if name in r and not pd.isna(r[name]):
                group = {"segments": str(int(r["classes"]))}
                head = {"value": r[name], "low": float("nan"), "high": float("nan"), "unit": "number", "n": 0}
                rows.append(_without_n(finding_row(name, head | {"n_events": float("nan")}, group=group)))
    for r in found.segments.to_dict("records"):
        rows.append(finding_row("stability", r | {"value": r["jaccard"]}, group={"segment": str(r["segment"])}))
    for r in [*found.rand.to_dict("records"), *found.noise.to_dict("records")]:
        rows.append(finding_row("agreement" if r["what"] != "noise" else "noise", r, group={"of": str(r["what"])}))
    for r in found.quarters.to_dict("records"):
        rows.append(finding_row("likeness", r, group={"of": str(r["what"]), "segment": str(r["segment"])}))
    return rows


def _without_n(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"n": None, "low": None, "high": None, "level": None}
