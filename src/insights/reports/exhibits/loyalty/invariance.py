"""Which comparisons of the factors are allowed: a plain verdict for segments, languages and waves."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import segment_label, survey_basis
from insights.reports.exhibits.told import finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.invariance import COMPARED, LANGUAGE, SEGMENT, WAVE, Comparisons

_BY = {SEGMENT: Message("segments"), LANGUAGE: Message("languages"), WAVE: Message("waves")}
_VERDICTS = {
    "scalar": Message("means and relations may be compared"),
    "metric": Message("relations may be compared, means may not"),
    "configural": Message("neither means nor relations may be compared"),
    "none": Message("nothing may be compared: the assumed structure does not hold"),
}
_LEVELS = {
    "configural": Message("the same structure"),
    "metric": Message("items count alike (same loadings)"),
    "scalar": Message("and start alike (same intercepts)"),
}


def invariance(answer: Answer, found: Comparisons, bank: Bank) -> Exhibit:
    """Say between which groups the factors may be compared, and why."""
    means = [_BY[by] for by in COMPARED if found.levels.get(by) == "scalar"]
    bad = [_BY[by] for by in COMPARED if by in found.levels and found.levels[by] != "scalar"]
    if bad:
        title = Message("Means of the factors must not be compared between {bad}", {"bad": bad})
    elif means:
        title = Message("Means of the factors may be compared between {means}", {"means": means})
    else:
        title = Message("Whether groups may be compared cannot be told")
    sentences = [
        Message(
            "A difference between groups is one of opinion only if the items mean the same to all of them; this was "
            "tested before any group is compared."
        )
    ]
    if bad and means:
        sentences.append(Message("Between {means} they may.", {"means": means}))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=tuple(t for t in (_verdicts(answer, found, bank), _steps(found)) if t is not None),
        basis=survey_basis(
            bank,
            Message(
                "Factor models of the groups together, with loadings and then intercepts held equal. A step "
                "holds where "
                "CFI falls by no more than 0.01 and RMSEA rises by no more than 0.015."
            ),
            Message("Waves: the last {n:count}.", {"n": answer.facts["waves"]}),
        ),
        caveats=(
            Message(
                "With thousands of answers a test finds differences that do not matter; the size of the misfit decides."
            ),
        ),
        refusals=tuple(
            Message("{name}: {why}", {"name": _BY[by], "why": why_not(reason)})
            for by, reason in answer.facts["reasons"].items()
        ),
        estimates=tuple(_rows(found)),
    )


def _verdicts(answer: Answer, found: Comparisons, bank: Bank) -> Table | None:
    rows = []
    for by, level in found.levels.items():
        names: list[Any] = list(answer.facts["groups"][by])
        if by == SEGMENT:
            names = [segment_label(n, bank) for n in names]
        left = answer.facts["left_out"].get(by, []) if by == LANGUAGE else []
        shown: Any = names
        if left:
            shown = Message("{names} (too few answers: {left})", {"names": names, "left": left})
        rows.append({"by": _BY[by], "groups": shown, "verdict": _VERDICTS[level]})
    if not rows:
        return None
    columns = (
        Column("by", Message("Comparison between")),
        Column("groups", Message("Groups")),
        Column("verdict", Message("Verdict")),
    )
    return Table(columns, tuple(rows), Message("What may be compared"))


def _steps(found: Comparisons) -> Table | None:
    lines = []
    for (by, level), own in found.rows.groupby(["by", "level"], sort=False):
        told = {r["measure"]: r["value"] for r in own.to_dict("records")}
        row: dict[str, Any] = {"by": _BY[str(by)], "level": _LEVELS[str(level)]}
        for measure, kind in (("cfi", "number"), ("rmsea", "number"), ("cfi_lost", "number"), ("p_value", "p")):
            value = told.get(measure, math.nan)
            first = level == "configural" and measure in ("cfi_lost", "p_value")
            row[measure] = Message("–") if first or math.isnan(value) else Message(f"{{v:{kind}}}", {"v": value})
        row["holds"] = Message("yes") if told.get("holds", 0) > 0 else Message("no")
        lines.append(row)
    if not lines:
        return None
    columns = (
        Column("by", Message("Comparison between")),
        Column("level", Message("Step")),
        Column("cfi", Message("CFI")),
        Column("rmsea", Message("RMSEA")),
        Column("cfi_lost", Message("CFI lost")),
        Column("p_value", Message("p of the step")),
        Column("holds", Message("Holds")),
    )
    return Table(columns, tuple(lines), Message("Step by step"))


def _rows(found: Comparisons) -> list[dict[str, Any]]:
    lines = []
    for r in found.rows.to_dict("records"):
        own = finding_row(f"invariance_{r['measure']}", r, group={"by": str(r["by"]), "level": str(r["level"])})
        if math.isnan(float(r["value"])) and r.get("status", "shown") == "shown":
            continue  # the first step is held against nothing
        lines.append(own)
    return lines
