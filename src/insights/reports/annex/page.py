"""The annexes of all reports of a pack, one after the other, as a page of its own."""

from collections.abc import Iterator, Mapping, Sequence

from insights.data.settings_sources import TableSource
from insights.reports.annex.lineage import Rows
from insights.reports.annex.parts import (
    NO_LABELS,
    NO_ROWS,
    Labels,
    acceptance,
    lineage,
    models,
    reads,
    seeds,
    tests,
    untold,
)
from insights.reports.annex.proofs import Proof
from insights.reports.annex.tests import registered
from insights.reports.annex.told import Told
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.html import ReportContext, disclosure_notes, status_line, status_message
from insights.reports.template import anchor, render
from insights.reports.template.views import exhibit_view
from insights.reports.wording import Wording
from insights.reports.wording.labels import REPORTS

NAME = "annex"
TITLE = Message("Annex for validators")


def render_annex(told: Sequence[Told], *, language: str, context: ReportContext) -> str:
    """Return the page with the annexes of all reports whose findings are given, in the order of these."""
    wording = Wording(language, context.labels, currency=context.currency, mode=context.mode)
    taken = {"contents", "stamp"}
    sections = []
    for heading, parts in gathered(told, context.tables, context.proofs, context.rows, context.labels):
        views = [exhibit_view(p, wording, anchor=anchor(p.id, taken), number=0, level=3) for p in parts]
        sections.append((anchor(parts[0].id.rpartition(".")[0], taken), wording.heading(heading), views))
    as_of = Message("As of {as_of:date}", {"as_of": context.as_of.isoformat()})
    return render(
        "annex.html.j2",
        wording,
        running=(
            f"{wording.text(context.bank_name)} · {wording.text(TITLE)}",
            as_of,
            status_line(context.status, context.mode, wording),
        ),
        title=wording.text(TITLE),
        context=context,
        pages=context.pages,
        as_of=wording.text(as_of),
        status=wording.text(status_message(context.status)),
        sections=sections,
        stamp=[(wording.heading(label), wording.text(value)) for label, value in context.stamp],
        notes=disclosure_notes(context.mode, wording, context.round_to, context.min_clients),
        public=context.mode == "public_data",
    )


def gathered(
    told: Sequence[Told],
    tables: Mapping[str, TableSource],
    proofs: Mapping[str, Proof],
    rows: Rows = NO_ROWS,
    labels: Labels = NO_LABELS,
) -> Iterator[tuple[Message | str, tuple[Exhibit, ...]]]:
    """Yield the parts of the annex with their headings: an overview, then one for each report of the pack."""
    reports = list(dict.fromkeys(one.report for one in told))
    by_report = {report: [one for one in told if one.report == report] for report in reports}
    yield (
        Message("All reports"),
        (_overview(by_report), lineage(NAME, tables, rows, labels), acceptance(reports, proofs)),
    )
    for report, own in by_report.items():
        parts = (models(report, own), reads(report, tables), tests(report, own), untold(report, own), seeds(report))
        yield REPORTS.get(report, report), parts


def _overview(by_report: Mapping[str, Sequence[Told]]) -> Exhibit:
    columns = (
        Column("report", Message("Report")),
        Column("questions", Message("Questions"), "count"),
        Column("answered", Message("Answered"), "count"),
        Column("registered", Message("Tests registered"), "count"),
        Column("made", Message("Executed"), "count"),
        Column("rejected", Message("Rejected at 5%"), "count"),
    )
    rows = []
    for report, own in by_report.items():
        found = registered(own)
        rows.append(
            {"report": REPORTS.get(report, report), "questions": len(own)}
            | {"answered": sum(not one.untold for one in own), "registered": sum(t.registered for t in found)}
            | {"made": sum(t.made for t in found), "rejected": sum(t.rejected for t in found)}
        )
    said = Message("Where rejections matter the report says so beside the finding.")
    title = Message("Questions and tests by report")
    return Exhibit(f"{NAME}.all.overview", title, sentences=(said,), tables=(Table(columns, tuple(rows)),))
