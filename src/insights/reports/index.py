"""The index of one pack of reports, and the index of all packs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from insights.reports.exhibits.base import Message
from insights.reports.html import disclosure_notes, status_line, status_message
from insights.reports.template import render
from insights.reports.wording import Wording
from insights.reports.wording.labels import REPORTS
from insights.reports.wording.markdown import prose

STATES = {
    "complete": Message("complete"),
    "failed": Message("failed"),
    "carried over": Message("carried over from an earlier run"),
    "incomplete": Message("incomplete"),
}


@dataclass(frozen=True)
class ReportEntry:
    """One report of a pack: its files by language, the titles of its exhibits, and how it ended.

    ``state`` is "complete", "failed" or "carried over"; ``reason`` says why it failed or where it comes from.
    """

    name: str
    title: Message | str
    files: Mapping[str, str]
    findings: tuple[Message, ...] = ()
    state: str = "complete"
    reason: Message | str = ""


@dataclass(frozen=True)
class PackView:
    """A pack: all reports of one bank as of one date. ``commentary`` is Markdown in management's own words."""

    bank_name: str
    bank_id: str
    as_of: date
    mode: str
    reports: tuple[ReportEntry, ...]
    status: str = "draft"
    commentary: str = ""
    stamp: tuple[tuple[Message | str, Message | str], ...] = ()
    labels: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    currency: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)
    all_packs: str = "../index.html"
    annex: str = ""
    round_to: int = 5
    min_clients: int = 10

    @property
    def complete(self) -> bool:
        """Whether no report is missing."""
        return all(r.state in ("complete", "carried over") for r in self.reports)


@dataclass(frozen=True)
class PackEntry:
    """One pack in the index of all packs; ``file`` is the path of its index page from there."""

    bank_name: str
    as_of: date
    mode: str
    file: str
    status: str = "draft"
    complete: bool = True


@dataclass(frozen=True)
class FailedAttempt:
    """A run that made no complete pack: which reports failed, and where what did finish can be read."""

    bank_name: str
    as_of: date
    attempt: str
    reports: tuple[str, ...] = ()
    reason: Message | str = ""
    file: str = ""


@dataclass(frozen=True)
class AllPacksView:
    """Everything in the reports folder; ``packs`` and ``failures`` are shown in the order given."""

    packs: tuple[PackEntry, ...]
    failures: tuple[FailedAttempt, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)


def render_pack_index(pack: PackView, language: str) -> str:
    """Return the index page of a pack in one language."""
    wording = Wording(language, pack.labels, currency=pack.currency, mode=pack.mode)
    as_of = Message("As of {as_of:date}", {"as_of": pack.as_of.isoformat()})
    state = Message("complete") if pack.complete else Message("incomplete")
    return render(
        "pack.html.j2",
        wording,
        running=(pack.bank_name, as_of, status_line(pack.status, pack.mode, wording)),
        pack=pack,
        facts=[wording.text(as_of), wording.text(status_message(pack.status)), wording.heading(state)],
        reports=[_entry(r, wording) for r in pack.reports],
        commentary=prose(pack.commentary) if pack.commentary.strip() else None,
        stamp=[(wording.heading(label), wording.text(value)) for label, value in pack.stamp],
        notes=disclosure_notes(pack.mode, wording, pack.round_to, pack.min_clients),
        public=pack.mode == "public_data",
    )


def render_all_packs(view: AllPacksView, language: str) -> str:
    """Return the index page of all packs in one language."""
    wording = Wording(language)
    title = Message("Client insights: all reports")
    return render(
        "packs.html.j2",
        wording,
        running=(title, "", ""),
        title=wording.text(title),
        view=view,
        status=lambda entry: wording.text(status_message(entry.status)),
        date=wording.formats.day,
        names=lambda reports: wording.formats.listed([wording.text(REPORTS.get(r, r)) for r in reports]),
    )


def _entry(report: ReportEntry, wording: Wording) -> dict[str, object]:
    """Return a report as the index prints it: its page in the reader's language, or else the first there is."""
    file = report.files.get(wording.language) or next(iter(report.files.values()), "")
    return {
        "title": wording.heading(report.title),
        "file": file,
        "findings": [wording.heading(f) for f in report.findings],
        "state": wording.heading(STATES.get(report.state, report.state)),
        "good": report.state in ("complete", "carried over"),
        "plain": report.state == "complete",
        "reason": wording.text(report.reason),
        "others": {code: f for code, f in report.files.items() if f != file},
    }
