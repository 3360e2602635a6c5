"""The parts of a validator's annex, each as an exhibit without a number: from the models to the seeds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from insights.data.settings_sources import TableSource
from insights.reports.annex.lineage import CAME, DATABASE, QUERY, Rows, delivered, origin
from insights.reports.annex.models import Model, Number, in_use, read
from insights.reports.annex.proof_words import FROM, STATES, WHAT
from insights.reports.annex.proofs import ENTRIES, FAILED, PASSED, Proof
from insights.reports.annex.seeds import SEEDS
from insights.reports.annex.tests import Tests, null_message, reason_message, registered
from insights.reports.annex.told import Told
from insights.reports.annex.words import ASSUMES, BENCHMARK, BESIDE, BREAKS, DATA, DID, NAMES, NEVER, PURPOSE
from insights.reports.exhibits.base import Column, Exhibit, Message, Paragraph, Table
from insights.reports.exhibits.quality.words import ENDING_LABELS
from insights.reports.exhibits.rows import number
from insights.reports.exhibits.told import INTERVALS
from insights.reports.wording.labels import code_label, table_label
from insights.topics.quality import ENDINGS

Labels = Mapping[str, Mapping[str, Mapping[str, str]]]
NO_ROWS: Rows = {}
NO_LABELS: Labels = {}


def annex(
    report: str,
    told: Sequence[Told],
    tables: Mapping[str, TableSource],
    proofs: Mapping[str, Proof],
    rows: Rows = NO_ROWS,
    labels: Labels = NO_LABELS,
) -> tuple[Exhibit, ...]:
    """Return the annex of one report from what it told: the same for a page and for the annex of the whole pack."""
    return (
        models(report, told),
        lineage(report, tables, rows, labels),
        tests(report, told),
        untold(report, told),
        acceptance((report,), proofs),
        seeds(report),
    )


def models(report: str, told: Sequence[Told]) -> Exhibit:
    """Tell for each model in use its purpose and prohibited use, assumptions with their tests, benchmark and limits."""
    used = list(in_use(told, report))
    if not used:
        said = Message("No model stands behind this report: it counts and compares what was delivered.")
        return _part(report, "models", Message("Models and methods"), sentences=(said,))
    paragraphs = tuple(_model(model, told) for model in used)
    return _part(report, "models", Message("Models and methods"), paragraphs=paragraphs)


def _model(model: Model, told: Sequence[Told]) -> Paragraph:
    name = model.name
    tested = [t for t in registered(one for one in told if _examines(model, one)) if t.made]
    said = [
        Message("For: {what}.", {"what": PURPOSE[name]}),
        Message("Not for: {what}.", {"what": NEVER[name]}),
        Message("Rests on: {what}.", {"what": DATA[name]}),
        Message("Assumes: {what}.", {"what": ASSUMES[name]}),
        Message("Tests of what it assumes: {told}.", {"told": [_outcome(t) for t in tested]})
        if tested
        else Message("Tests of what it assumes: none with a p-value in this pack."),
        Message("Benchmark: {what}.", {"what": BENCHMARK[name]}),
    ]
    did = [_number(told, n, DID) for n in model.did]
    beside = [_number(told, n, BESIDE) for n in model.beside]
    found = [m for m in (*did, *beside) if m is not None]
    said.append(
        Message("Measured: {told}.", {"told": found})
        if found
        else Message("Measured: nothing out of time in this pack.")
    )
    said.append(Message("Breaks with: {what}.", {"what": BREAKS[name]}))
    return Paragraph(NAMES[name], model.report, tuple(said))


def _examines(model: Model, one: Told) -> bool:
    return any(one.id == t or one.id.startswith(f"{t}.") for t in model.tests)


def _outcome(tests: Tests) -> Message:
    values: dict[str, Any] = {"null": null_message(tests.null), "n": tests.made, "k": tests.rejected}
    if tests.made == 1 and tests.p_values:
        return Message("“{null}” (p {p:p})", values | {"p": tests.p_values[0]})
    if not tests.p_values:
        return Message("“{null}” (does not hold)", values) if tests.faults else Message("“{null}” (holds)", values)
    return Message("“{null}” ({k:count} of {n:count} against it)", values)


def _number(told: Sequence[Told], number: Number, words: Mapping[tuple[str, str], Message]) -> Message | None:
    row = read(told, number)
    if row is None:
        return None
    way = next((v for _, v in number.group if (number.name, v) in words), "")
    values = {k: row[k] for k in ("value", "low", "high")}
    interval = row["low"] is not None and row["high"] is not None
    written = Message(INTERVALS[number.kind].id if interval else f"{{value:{number.kind}}}", values)
    return Message(words[number.name, way].id, {"told": written})


def lineage(
    report: str, tables: Mapping[str, TableSource], rows: Rows = NO_ROWS, labels: Labels = NO_LABELS
) -> Exhibit:
    """Tell which tables the report reads, from which extract each comes, on what basis, and what became of its rows."""
    own = delivered(report, tables)
    columns = (
        Column("table", Message("Table")),
        Column("from", Message("Extract")),
        Column("basis", Message("Legal basis")),
        Column("purpose", Message("Purpose")),
        Column("months", Message("Kept, months"), "count"),
    )
    lines = tuple(_source(name, source, labels) for name, source in own)
    said = [
        Message(
            "Extracts are checked, repaired or set aside row by row, put into these tables, and read as they were "
            "known at the end of the as-of date."
        )
    ]
    found = [Table(columns, lines)]
    if counted := [name for name, _ in own if name in rows]:
        said.append(
            Message(
                "Rows in = kept + merged + set aside + withheld, for every table; why rows were set aside stands in "
                "the report “Data quality”."
            )
        )
        found.append(_rows(counted, rows))
    elif own:
        said.append(
            Message(
                "What became of the rows of each extract stands in the report “Data quality”: it depends on when the "
                "extract was delivered, and this report does not."
            )
        )
    return _part(report, "lineage", Message("Where the data come from"), sentences=tuple(said), tables=tuple(found))


def _rows(names: Iterable[str], rows: Rows) -> Table:
    """Return what became of the rows of some tables; a number that is withheld takes the sum with it."""
    columns = (
        Column("table", Message("Table")),
        Column(CAME, Message("Rows in"), "count"),
        *(Column(ending, ENDING_LABELS[ending], "count") for ending in ENDINGS),
    )
    lines = tuple(
        {"table": table_label(name)} | {what: number(rows[name].get(what, 0.0)) for what in (CAME, *ENDINGS)}
        for name in names
    )
    return Table(columns, lines, Message("Rows of the extracts and what became of them"))


def reads(report: str, tables: Mapping[str, TableSource]) -> Exhibit:
    """Tell which tables the report reads, where the sources of all tables stand elsewhere on the page."""
    names = [Message(name.replace("_", " ")) for name, _ in delivered(report, tables)]
    said = Message("It reads the tables {names}.", {"names": names}) if names else Message("It reads no table.")
    return _part(report, "lineage", Message("Where the data come from"), sentences=(said,))


def _source(name: str, source: TableSource, labels: Labels) -> dict[str, Any]:
    came = origin(source)
    words = {QUERY: Message("a query over extracts"), DATABASE: Message("a database")}
    return {
        "table": table_label(name),
        "from": words.get(came, came),
        "basis": code_label("legal_basis", source.legal_basis, labels),
        "purpose": code_label("purpose", source.purpose, labels),
        "months": "" if source.retention_months is None else source.retention_months,
    }


def tests(report: str, told: Sequence[Told]) -> Exhibit:
    """Tell every test that the report registers: made and rejected, or not made and why."""
    found = registered(told)
    title = Message("Tests, registered and executed")
    if not found:
        return _part(report, "tests", title, sentences=(Message("This report registers no statistical test."),))
    values = {"n": sum(t.registered for t in found), "made": sum(t.made for t in found)}
    values |= {"k": sum(t.rejected for t in found)}
    columns = (
        Column("exhibit", Message("Exhibit")),
        Column("null", Message("Null hypothesis")),
        Column("registered", Message("Registered"), "count"),
        Column("made", Message("Executed"), "count"),
        Column("rejected", Message("Rejected at 5%"), "count"),
        Column("p", Message("Smallest p"), "p"),
        Column("why", Message("What was found, or why not executed")),
    )
    said = Message(
        "Tests registered: {n:count}; executed: {made:count}; against their null hypothesis at 5%, each for itself: "
        "{k:count}. Of twenty tests of what is true one comes out so by chance.",
        values,
    )
    rows = tuple(map(_tested, found))
    shown = columns if any(row["why"] for row in rows) else columns[:-1]
    return _part(report, "tests", title, sentences=(said,), tables=(Table(shown, rows),))


def _tested(tests: Tests) -> dict[str, Any]:
    reasons = list(dict.fromkeys([*tests.faults, *tests.reasons]))
    why = [reason_message(r) for r in reasons if r]
    return {
        "exhibit": tests.title,
        "null": null_message(tests.null),
        "registered": tests.registered,
        "made": tests.made,
        "rejected": tests.rejected,
        "p": min(tests.p_values) if tests.p_values else Message("–"),
        "why": Message("{told}", {"told": why}) if why else "",
    }


def untold(report: str, told: Sequence[Told]) -> Exhibit:
    """Tell what the report could not say, with the reason."""
    title = Message("Refusals")
    rows = tuple({"exhibit": one.title, "why": why} for one in told for why in one.refusals)
    if not rows:
        return _part(report, "untold", title, sentences=(Message("Nothing that was asked had to be refused."),))
    columns = (Column("exhibit", Message("Exhibit")), Column("why", Message("Why it is not told")))
    return _part(report, "untold", title, tables=(Table(columns, rows),))


def acceptance(reports: Iterable[str], proofs: Mapping[str, Proof]) -> Exhibit:
    """Tell which published results the statistics of some reports must reproduce, and whether they do on this code."""
    names = list(reports)
    title = Message("Published results that the statistics must reproduce")
    entries = [e for e, used in ENTRIES.items() if set(used) & set(names) and e in proofs]
    if not entries:
        said = Message("No published result concerns the statistics of this report.")
        return _part("-".join(names), "acceptance", title, sentences=(said,))
    states = [proofs[e].state for e in entries]
    values = {"n": len(entries), "ok": states.count(PASSED), "bad": states.count(FAILED)}
    values |= {"open": len(entries) - values["ok"] - values["bad"]}
    columns = (
        Column("what", Message("What")),
        Column("from", Message("Published or computed by")),
        Column("tests", Message("Tests"), "count"),
        Column("state", Message("Outcome on this code")),
    )
    rows = tuple(
        {"what": WHAT[e], "from": FROM[e], "tests": proofs[e].tests, "state": STATES[proofs[e].state]} for e in entries
    )
    said = Message(
        "Of {n:count} results {ok:count} are reproduced, {bad:count} are not, and {open:count} were not tested on "
        "exactly this code; the project's tests write down what they find.",
        values,
    )
    return _part("-".join(names), "acceptance", title, sentences=(said,), tables=(Table(columns, rows),))


def seeds(report: str) -> Exhibit:
    """Tell the seeds that random numbers of the report come from, and where the fingerprints stand."""
    own = SEEDS.get(report, ())
    drawn = (
        Message("Random numbers come from these seeds, fixed in the code: {names}.", {"names": list(own)})
        if own
        else Message("No random number is drawn for this report.")
    )
    stamp = Message("Fingerprints of data, settings and code, and package versions, stand in the stamp at the end.")
    return _part(report, "seeds", Message("Seeds and fingerprints"), sentences=(drawn, stamp))


def _part(report: str, name: str, title: Message, **more: Any) -> Exhibit:
    return Exhibit(f"annex.{report}.{name}", title, **more)
