"""How good the predictions were: made at past dates with what was known then, and held against what happened."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.backtest_words import sentences, title_of
from insights.reports.exhibits.lifecycle.figures import reason_label
from insights.reports.exhibits.rows import basis, count_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer
from insights.topics.lifecycle.backtest import ALL, ANY, ASSETS, CHALLENGER, LEFT, MAIN, OUTFLOW, SEEN, UNSEEN

TOP = 10
MONTHS = 12
SHORTER = {f"{ANY}_{h}m": h for h in (3, 6)}
SHOWN = ("auc", "skill", "slope", "ratio", "lift")


def backtest(answer: Answer, result: dict[str, pd.DataFrame] | NotEstimable, bank: Bank) -> Exhibit:
    """Show how well the risks told at past landmarks foresaw who left, overall, by tenth of risk, and by test."""
    if isinstance(result, NotEstimable):
        return _too_short(answer, bank)
    scores, facts = result["scores"], answer.facts
    counts = {name: _outcomes(result[name]) for name in ("landmarks", "tenths")}
    title = title_of(scores)
    tables = (_by_landmark(counts["landmarks"], scores, facts), _by_tenth(counts["tenths"], scores))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences(counts["tenths"], scores, facts),
        figure=_figure(counts["tenths"], scores, title),
        tables=(*tables, _by_test(scores, facts, bank)),
        basis=basis(bank, *_basis(counts["landmarks"], facts)),
        caveats=_caveats(scores, facts),
        estimates=(*_counts(counts), *_rows(scores)),
    )


def _too_short(answer: Answer, bank: Bank) -> Exhibit:
    return Exhibit(
        id=answer.id,
        title=Message("How good the predictions are cannot be told yet"),
        refusals=(
            Message(
                "The history is too short, or too few clients left: it needs four past dates, each with a year of "
                "features and 50 exits before it and twelve months after it."
            ),
        ),
        basis=basis(bank),
    )


def _outcomes(cells: pd.DataFrame) -> pd.DataFrame:
    """Return one row per landmark or tenth: ``all`` and ``left``, nan where withheld."""
    level = next(c for c in cells.columns if c in ("landmark", "group"))
    wide = cells.pivot_table(index=level, columns="outcome", values="clients", aggfunc="sum", sort=False, dropna=False)
    status = cells["status"] if "status" in cells else pd.Series("shown", cells.index)
    hidden = set(cells.loc[status != "shown", level])
    left = wide[LEFT] if LEFT in wide else pd.Series(0.0, wide.index)
    told = pd.DataFrame({"all": wide.sum(axis=1), "left": left.fillna(0.0)}).astype(float)
    told[told.index.isin(hidden)] = float("nan")
    return told.sort_index()


def _by_landmark(counts: pd.DataFrame, scores: pd.DataFrame, facts: dict[str, Any]) -> Table:
    rows = []
    for day in facts["days"]:
        expected = find(scores, test=day, score="expected", group=0)
        n = counts["all"].get(day)
        rows.append(
            {
                "day": day,
                "clients": n,
                "left": counts["left"].get(day),
                "expected": None if expected is None or n is None else round(expected.value * n),
                "auc": cell(find(scores, test=day, score="auc", group=0), "percent"),
                "skill": cell(find(scores, test=day, score="skill", group=0), "percent"),
                "slope": cell(find(scores, test=day, score="slope", group=0), "number"),
                "lift": cell(find(scores, test=day, score="lift", group=0), "tenths"),
            }
        )
    columns = (
        Column("day", Message("Predicted at the end of"), "month"),
        Column("clients", Message("Clients"), "count"),
        Column("left", Message("Left within a year"), "count"),
        Column("expected", Message("Expected"), "count"),
        *_score_columns(),
        Column("lift", Message("Riskiest tenth: times the average")),
    )
    return Table(
        columns, tuple(rows), Message("Each test: what was predicted on the day, and what happened in the year")
    )


def _by_tenth(counts: pd.DataFrame, scores: pd.DataFrame) -> Table:
    rows = []
    for tenth in reversed(counts.index):
        n, left = counts.loc[tenth, "all"], counts.loc[tenth, "left"]
        expected = find(scores, test=ALL, score="expected", group=tenth)
        rows.append(
            {
                "tenth": _tenth(int(tenth)),
                "clients": None if pd.isna(n) else n,
                "expected": None if expected is None else expected.value,
                "observed": None if pd.isna(left) or not n else left / n,
                "ratio": cell(find(scores, test=ALL, score="ratio", group=tenth), "number"),
                "assets": cell(find(scores, test=ASSETS, score="ratio", group=tenth), "number"),
            }
        )
    columns = [
        Column("tenth", Message("Tenth of risk")),
        Column("clients", Message("Clients"), "count"),
        Column("expected", Message("Expected to leave"), "percent"),
        Column("observed", Message("Left"), "percent"),
        Column("ratio", Message("Observed / expected, by clients")),
    ]
    if (scores["test"] == ASSETS).any():
        columns.append(Column("assets", Message("Observed / expected, by assets")))
    return Table(tuple(columns), tuple(rows), Message("All tests together, by tenth of the risk told on the day"))


def _by_test(scores: pd.DataFrame, facts: dict[str, Any], bank: Bank) -> Table:
    names = {
        ALL: Message("Leaving within 12 months"),
        f"{ANY}_6m": Message("Leaving within 6 months"),
        f"{ANY}_3m": Message("Leaving within 3 months"),
        MAIN: Message(
            "“{reason}” within 12 months", {"reason": reason_label(facts["main"], bank) if facts["main"] else ""}
        ),
        OUTFLOW: Message("Large outflow within 12 months"),
        ASSETS: Message("Leaving within 12 months, weighted by assets"),
        CHALLENGER: Message("Leaving within 12 months, boosted trees"),
        SEEN: Message("Last test, clients of known managers"),
        UNSEEN: Message("Last test, managers unknown to the model"),
    }
    rows = tuple(
        {
            "test": label,
            "auc": cell(find(scores, test=test, score="auc", group=0), "percent"),
            "skill": cell(find(scores, test=test, score="skill", group=0), "percent"),
            "slope": cell(find(scores, test=test, score="slope", group=0), "number"),
            "ratio": cell(find(scores, test=test, score="ratio", group=0), "number"),
        }
        for test, label in names.items()
        if (scores["test"] == test).any()
    )
    columns = (
        Column("test", Message("Prediction")),
        *_score_columns(),
        Column("ratio", Message("Observed / expected")),
    )
    return Table(columns, rows, Message("All tests together, by what was predicted (95% interval)"))


def _score_columns() -> tuple[Column, ...]:
    return (
        Column("auc", Message("Pairs ranked rightly")),
        Column("skill", Message("Error saved")),
        Column("slope", Message("Calibration slope")),
    )


def _figure(counts: pd.DataFrame, scores: pd.DataFrame, title: Message) -> Figure:
    bars = []
    for tenth in reversed(counts.index):
        n, left = counts.loc[tenth, "all"], counts.loc[tenth, "left"]
        told = find(scores, test=ALL, score="observed", group=tenth)
        expected = find(scores, test=ALL, score="expected", group=tenth)
        shown = told is not None and not pd.isna(left) and n > 0
        bars.append(
            {
                "label": _tenth(int(tenth)),
                "value": left / n if shown else None,
                "low": told.low if told is not None and shown else None,
                "high": told.high if told is not None and shown else None,
                "note": "" if expected is None else Message("expected {value:percent}", {"value": expected.value}),
            }
        )
    data = {"bars": bars, "kind": "percent", "x_label": Message("Left within twelve months"), "in_order": True}
    return Figure("bars", data, Message("Bars of the share who left, by tenth of risk. {title}.", {"title": title}))


def _tenth(k: int) -> Message:
    if k == TOP:
        return Message("Riskiest tenth")
    return Message("Safest tenth") if k == 1 else Message("Tenth {k:count}", {"k": TOP + 1 - k})


def _basis(counts: pd.DataFrame, facts: dict[str, Any]) -> tuple[Message, ...]:
    values: dict[str, Any] = {"tests": len(facts["days"]), "step": facts["step"], "n": counts["all"].sum()}
    values["events"] = counts["left"].sum()
    clusters = (
        Message("95% intervals by bootstrap of the relationship managers with all their clients.")
        if facts["by_manager"]
        else Message("95% intervals by bootstrap of the clients.")
    )
    return (
        Message("{tests:count} tests, {step:months} apart; {n:count} predictions, {events:count} exits.", values),
        clusters,
    )


def _caveats(scores: pd.DataFrame, facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [
        Message(
            "Every test uses only what the bank knew on its day, exits known by then among them; a client counts once "
            "in every test he is in."
        ),
        Message(
            "Pairs ranked rightly: how often, of one who left and one who stayed, the one who left had the higher "
            "risk; 50% is a coin. Error saved: squared error below that of telling everybody the rate of the year "
            "before. A slope below 1 says that risks were too far apart, above 1 that they were too close together."
        ),
    ]
    if _years_differ(scores, facts):
        lines.append(
            Message(
                "Years differed by more than chance. The intervals hold the chance of who left in these years, not "
                "what another year will be like: compare the single tests."
            )
        )
    if facts["step"] < MONTHS:
        lines.append(Message("The tests overlap: their years share months. The intervals allow for that."))
    return tuple(lines)


def _years_differ(scores: pd.DataFrame, facts: dict[str, Any]) -> bool:
    """Whether the intervals of observed / expected of two tests lie apart."""
    each = [e for day in facts["days"] if (e := find(scores, test=day, score="ratio", group=0)) is not None]
    return bool(each) and max(e.low for e in each) > min(e.high for e in each)


def _counts(counts: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    rows = []
    for name, level in (("landmarks", "predicted_on"), ("tenths", "tenth")):
        for key, line in counts[name].iterrows():
            group = {level: str(key)}
            rows.append(count_row("clients", float(line["all"]), unit="clients", group=group))
            rows.append(count_row("left_12m", float(line["left"]), unit="clients", group=group))
    return rows


def _rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of the finding: what the tables show, and nothing that they do not."""
    rows = []
    for line in scores.to_dict("records"):
        tenth, score = int(line["group"]), str(line["score"])
        detailed = tenth and (score == "ratio" or (score == "expected" and line["test"] == ALL))
        if detailed or (not tenth and score in (*SHOWN, "capture", "brier_difference")):
            group = {"test": str(line["test"]), **({"tenth": str(tenth)} if tenth else {})}
            rows.append(finding_row(score, line, group=group, months=SHORTER.get(str(line["test"]), MONTHS)))
    return rows
