"""A pack put together: pages, findings, what is carried over from the pack before, the index page, and the manifest.

Everything here is a function of executed notebooks, bank and parameters: no clock, no name of the attempt, no path.
"""

import shutil
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from insights.data.settings import Settings
from insights.errors import RunError
from insights.reports import findings as findings_file
from insights.reports.annex import Proof, Rows, from_findings, proofs
from insights.reports.annex.page import NAME as ANNEX
from insights.reports.annex.page import render_annex
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.findings import findings_bytes, findings_of, message_data, message_from
from insights.reports.history import read_pack, write_manifest
from insights.reports.html import Link, ReportContext, cell_exhibits, lead_ids, render_report
from insights.reports.index import AllPacksView, PackEntry, PackView, ReportEntry, render_all_packs, render_pack_index
from insights.reports.nursery import Nursery
from insights.reports.parameters import RunParameters
from insights.reports.split import Part
from insights.reports.stamp import Stamp
from insights.reports.wording import Wording
from insights.reports.wording.labels import REPORTS, code_label
from insights.reports.work import ABOUT_THE_DELIVERY

COMPLETE, FAILED, CARRIED = "complete", "failed", "carried over"


@dataclass(frozen=True)
class About:
    """Which bank on which day: what pages say of an open bank, in a form that goes to other processes."""

    settings: Settings
    as_of: date
    window_from: date | None


@dataclass(frozen=True)
class Run:
    """What all pages of a run share. ``order`` are the names of all reports; the first language is the bank's own.

    ``proofs`` are the published results that the statistics must reproduce, as the tests left them.
    ``rows`` are what became of the rows that came in, as readers may know it.
    """

    bank: About
    parameters: RunParameters
    stamp: Stamp
    languages: tuple[str, ...]
    secret: str
    order: tuple[str, ...]
    proofs: Mapping[str, Proof] = field(default_factory=proofs)
    rows: Rows = field(default_factory=dict)

    def about(self, part: Part | None = None) -> dict[str, Any]:
        """Return the head of a manifest."""
        about = pack_head(self.bank.settings, self.parameters) | {"stamp": self.stamp.data_form()}
        return about | ({"part": {part.column: part.value}} if part else {})


@dataclass(frozen=True)
class Report:
    """One report of a pack: its pages by language, how it ended, why, its findings, and which stand on page one."""

    name: str
    state: str
    files: Mapping[str, str]
    reason: Message | None = None
    findings: tuple[dict[str, Any], ...] = ()
    leads: tuple[str, ...] = ()

    def on_the_index(self) -> list[dict[str, Any]]:
        """Return the findings that the index names: those of its page one."""
        return [finding for finding in self.findings if finding["id"] in self.leads]


def pack_head(settings: Any, parameters: RunParameters) -> dict[str, Any]:
    """Return what is known of a pack before anything has run."""
    return {
        "bank": settings.bank.id,
        "bank_name": settings.bank.name,
        "as_of": parameters.as_of.isoformat(),
        "mode": settings.disclosure.mode,
        "disclosure": settings.disclosure.model_dump(mode="json"),
        "by": parameters.by,
        "split": parameters.split,
        "reports": [],
    }


def make_report(
    run: Run,
    name: str,
    notebook: NotebookNode,
    folder: Path,
    beside: Collection[str],
    part: Part | None,
    nursery: Nursery,
) -> Report:
    """Write the pages of one report, one for each language, and return it. ``beside`` are all reports of the pack.

    Findings and pages come from processes of their own, one beside the other. DisclosureError where the notebook shows
    anything but sealed exhibits; RunError where it shows none. No page is written then.
    """
    pages = {language: _file(name, language, run.languages) for language in run.languages}
    with ThreadPoolExecutor(1 + len(pages)) as pool:
        checked = pool.submit(nursery.call, f"{__name__}:report_findings", run, name, notebook, part)
        texts = {
            language: pool.submit(nursery.call, f"{__name__}:page_text", run, name, notebook, language, beside, part)
            for language in pages
        }
        found, leads = checked.result()
        written = {page: texts[language].result() for language, page in pages.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for page, text in written.items():
        (folder / page).write_text(text, encoding="utf-8")
    findings_file.held(found)
    return Report(name, COMPLETE, pages, findings=tuple(found), leads=tuple(leads))


def report_findings(
    run: Run, name: str, notebook: NotebookNode, part: Part | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the findings of one report, checked, and the ids of those that lead its sections.

    A report whose findings do not hold fails alone.
    """
    shown = exhibits(notebook, run.secret)
    if not shown:
        raise RunError(f"report {name!r} shows no exhibit", todo="show an answer in the notebook, or remove it")
    found = findings_of(name, shown, run.bank, {part.column: part.value} if part else None)
    findings_bytes(found)
    return found, lead_ids(notebook, run.secret)


def page_text(
    run: Run, name: str, notebook: NotebookNode, language: str, beside: Collection[str], part: Part | None
) -> str:
    """Return the page of one report in one language."""
    pages = {other: _file(name, other, run.languages) for other in run.languages}
    return render_report(notebook, language=language, context=_context(run, name, language, pages, beside, part))


def exhibits(notebook: NotebookNode, secret: str) -> list[Exhibit]:
    """Return the exhibits of an executed notebook in their order."""
    code = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return [exhibit for index, cell in code for exhibit in cell_exhibits(cell, index, secret)]


def carry_over(run: Run, current: Path, folder: Path, renewed: Sequence[str]) -> list[Report]:
    """Copy from the current pack the reports that this run does not renew, with their findings, and return them.

    RunError if the current pack is damaged, or was made under other rules of disclosure: pages under two rules beside
    each other can be subtracted from one another.
    """
    try:
        manifest = read_pack(current)
        found = findings_file.read_findings(current / findings_file.FILE)
    except (ValueError, OSError) as error:
        raise RunError(
            f"the other reports of the current pack cannot be carried over: {error}",
            expected="the pack as its run left it",
            todo="run all reports, without --report",
        ) from None
    if manifest["disclosure"] != run.about()["disclosure"]:
        raise RunError(
            "the current pack was made under other rules of disclosure",
            expected="the same [disclosure] for all reports of a pack",
            todo="run all reports, without --report",
        )
    carried = []
    for report in manifest["reports"]:
        if report["name"] in renewed:
            continue
        for page in report["files"].values():
            shutil.copyfile(current / page, folder / page)
        own = tuple(finding for finding in found if finding["report"] == report["name"])
        leads = tuple(report.get("leads", [finding["id"] for finding in own]))
        carried.append(Report(report["name"], CARRIED, report["files"], findings=own, leads=leads))
    return carried


def finish_pack(run: Run, reports: Sequence[Report], folder: Path, *, all_packs: str, part: Part | None = None) -> bool:
    """Write findings, index pages and manifest of a pack, and return whether it is complete."""
    reports = sorted(reports, key=lambda report: run.order.index(report.name) if report.name in run.order else -1)
    complete = all(report.state in (COMPLETE, CARRIED) for report in reports)
    found = [finding for report in reports for finding in report.findings]
    (folder / findings_file.FILE).write_bytes(findings_bytes(found))
    told, beside = from_findings(found), {report.name for report in reports}
    for language in run.languages:
        pages = {other: _file(ANNEX, other, run.languages) for other in run.languages}
        context = _context(run, ANNEX, language, pages, beside, part)
        (folder / pages[language]).write_text(render_annex(told, language=language, context=context), encoding="utf-8")
        view = _view(run, reports, language, all_packs, part)
        page = render_pack_index(view, language)
        (folder / _file("index", language, run.languages)).write_text(page, encoding="utf-8")
    listed = [
        {
            "name": report.name,
            "state": report.state,
            "files": dict(report.files),
            "reason": message_data(report.reason) if report.reason else None,
            "leads": list(report.leads),
        }
        for report in reports
    ]
    write_manifest(folder, run.about(part) | {"complete": complete, "reports": listed})
    return complete


def finish_parts(run: Run, by_part: Mapping[Part, Sequence[Report]], folder: Path) -> bool:
    """Write one pack for each part below ``folder``, and what holds them together; return whether all are complete."""
    complete = True
    entries = {}
    for part, reports in by_part.items():
        (folder / part.slug).mkdir(exist_ok=True)
        whole = finish_pack(run, reports, folder / part.slug, all_packs="../index.html", part=part)
        entries[part] = whole
        complete = complete and whole
    for language in run.languages:
        packs = tuple(
            PackEntry(
                bank_name=_bank_name(run, language, part),
                as_of=run.bank.as_of,
                mode=run.stamp.mode,
                file=f"{part.slug}/{_file('index', language, run.languages)}",
                status=run.stamp.status,
                complete=whole,
            )
            for part, whole in entries.items()
        )
        others = {o: _file("index", o, run.languages) for o in run.languages if o != language}
        page = render_all_packs(AllPacksView(packs, languages=others), language)
        (folder / _file("index", language, run.languages)).write_text(page, encoding="utf-8")
    told = {part.slug: part.value for part in by_part}
    failed = sorted({r.name for reports in by_part.values() for r in reports if r.state == FAILED})
    listed: list[dict[str, Any]] = [{"name": name, "state": FAILED, "files": {}, "reason": None} for name in failed]
    write_manifest(folder, run.about() | {"complete": complete, "parts": told, "reports": listed})
    return complete


def _context(
    run: Run, name: str, language: str, pages: Mapping[str, str], beside: Collection[str], part: Part | None
) -> ReportContext:
    settings = run.bank.settings
    row = [report for report in run.order if report in beside]
    at = row.index(name) if name in row else None

    def neighbour(step: int) -> Link | None:
        index = -1 if at is None else at + step
        if not 0 <= index < len(row):
            return None
        return Link(REPORTS.get(row[index], row[index]), _file(row[index], language, run.languages))

    return ReportContext(
        bank_name=_bank_name(run, language, part),
        report=name,
        as_of=run.bank.as_of,
        currency=settings.bank.currency,
        mode=settings.disclosure.mode,
        secret=run.secret,
        status=run.stamp.status,
        labels=settings.labels,
        stamp=run.stamp.rows(),
        index=_file("index", language, run.languages),
        previous=neighbour(-1),
        next=neighbour(1),
        languages={other: page for other, page in pages.items() if other != language},
        pages={report: _file(report, language, run.languages) for report in row},
        tables=settings.tables,
        proofs=run.proofs,
        # What was delivered after the as-of date changes these rows, and must not change any other report.
        rows=run.rows if name in (*ABOUT_THE_DELIVERY, ANNEX) else {},
        whole_annex=_file(ANNEX, language, run.languages),
        round_to=settings.disclosure.round_to,
        min_clients=settings.disclosure.min_clients,
    )


def _view(run: Run, reports: Sequence[Report], language: str, all_packs: str, part: Part | None) -> PackView:
    settings = run.bank.settings
    return PackView(
        bank_name=_bank_name(run, language, part),
        bank_id=settings.bank.id,
        as_of=run.bank.as_of,
        mode=settings.disclosure.mode,
        reports=tuple(
            ReportEntry(
                name=report.name,
                title=REPORTS.get(report.name, report.name),
                files=report.files,
                findings=tuple(message_from(f["title"]) for f in report.on_the_index()),
                state=report.state,
                reason=report.reason or "",
            )
            for report in reports
        ),
        status=run.stamp.status,
        commentary=_commentary(settings.path.parent, run.stamp.as_of, language),
        stamp=run.stamp.rows(),
        labels=settings.labels,
        currency=settings.bank.currency,
        languages={other: _file("index", other, run.languages) for other in run.languages if other != language},
        all_packs=all_packs,
        annex=_file(ANNEX, language, run.languages),
        round_to=settings.disclosure.round_to,
        min_clients=settings.disclosure.min_clients,
    )


def _bank_name(run: Run, language: str, part: Part | None) -> str:
    """Return the bank's name, with the value that the clients of a part share."""
    settings = run.bank.settings
    if part is None:
        return settings.bank.name
    wording = Wording(language, settings.labels)
    return f"{settings.bank.name} · {wording.heading(code_label(part.column, part.value, settings.labels))}"


def _commentary(folder: Path, as_of: str, language: str) -> str:
    """Return management's own words on this date, in the reader's language where they were written in it."""
    for name in (f"{as_of}.{language}.md", f"{as_of}.md"):
        path = folder / "commentary" / name
        if path.is_file():
            try:
                return path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                raise RunError(f"commentary/{name} is not text in UTF-8", todo="save it again as UTF-8") from None
    return ""


def _file(name: str, language: str, languages: Sequence[str]) -> str:
    """Return the file of a page: the bank's own language has the plain name."""
    return f"{name}.html" if language == languages[0] else f"{name}.{language}.html"
