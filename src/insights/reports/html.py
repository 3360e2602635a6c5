"""From an executed notebook to one page of one language: what passed disclosure control, and nothing else.

A code cell of a report may show exhibits under a valid seal. Anything else it shows fails the report, because it did
not pass the door; the text of the notebook is translated and escaped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from markupsafe import Markup
from nbformat import NotebookNode

from insights.data.settings_sources import TableSource
from insights.errors import DisclosureError
from insights.reports.annex import Proof, Rows, annex, from_exhibits
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.publish import EXHIBIT_MIME, verify
from insights.reports.template import anchor, render
from insights.reports.template.views import ExhibitView, exhibit_view
from insights.reports.wording import Wording
from insights.reports.wording.labels import REPORTS
from insights.reports.wording.markdown import prose, units


@dataclass(frozen=True)
class Link:
    """A way to another page of the same pack: ``file`` is a relative path."""

    label: Message | str
    file: str


@dataclass(frozen=True)
class ReportContext:
    """What a page says about itself besides its exhibits.

    ``status`` is "draft" or the name of whoever approved the report; ``mode`` is "bank" or "public_data"; ``stamp`` are
    rows of (label, value); ``secret`` is that of the run, under which exhibits are sealed; ``languages`` maps the other
    languages of this report to their files, and ``pages`` all reports of the pack to theirs in this language. For the
    annex: ``tables`` are the sources of the bank's tables, ``proofs`` the published results, ``rows`` what became of
    rows that came in, and ``whole_annex`` is the page with the annexes of all reports.
    """

    bank_name: str
    report: str
    as_of: date
    currency: str
    mode: str
    secret: str
    status: str = "draft"
    labels: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    stamp: tuple[tuple[Message | str, Message | str], ...] = ()
    index: str = "index.html"
    previous: Link | None = None
    next: Link | None = None
    languages: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, TableSource] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)
    whole_annex: str = ""
    round_to: int = 5
    min_clients: int = 10


_SECTION = re.compile(r"^## ", re.MULTILINE)


def render_report(notebook: NotebookNode, *, language: str, context: ReportContext) -> str:
    """Return the report as one HTML page without any address outside it.

    DisclosureError, naming the cell, where the notebook shows anything but exhibits under a valid seal.
    """
    wording = Wording(language, context.labels, currency=context.currency, mode=context.mode)
    return page(_without_empty_sections(blocks(notebook, wording, context.secret)), wording, context)


@dataclass(frozen=True)
class Block:
    """A piece of the page in its order: a heading of a section, prose, or an exhibit."""

    anchor: str = ""
    heading: str = ""
    level: int = 2
    prose: Markup | None = None
    exhibit: ExhibitView | None = None
    source: Exhibit | None = None


def blocks(notebook: NotebookNode, wording: Wording, secret: str) -> list[Block]:
    """Return what the notebook shows, in its order and with headings that never skip a level."""
    taken: set[str] = {"summary", "contents", "annex", "stamp"}
    found: list[Block] = []
    depth = 1  # of the headings so far: the report's title is the one of level 1
    number = 0
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            for block in _prose_blocks(cell.source, wording, taken, depth):
                depth = block.level if block.heading else depth
                found.append(block)
        elif cell.cell_type == "code":
            for exhibit in cell_exhibits(cell, index, secret):
                number += 1
                view = exhibit_view(
                    exhibit, wording, anchor=anchor(exhibit.id, taken), number=number, level=min(depth + 1, 3)
                )
                found.append(Block(exhibit=view, source=exhibit))
    return found


def cell_exhibits(cell: NotebookNode, index: int, secret: str) -> list[Exhibit]:
    """Return the exhibits a code cell shows; DisclosureError, naming the cell, where it shows anything else."""
    exhibits = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if output.get("output_type") not in ("display_data", "execute_result") or EXHIBIT_MIME not in data:
            kind = output.get("name") or output.get("output_type")
            raise DisclosureError(
                f"cell {index} of the notebook shows something that did not pass disclosure control ({kind})",
                expected="exhibits only, made by show(...)",
                todo="show the result with insights.show, or remove the output",
            )
        try:
            exhibits.append(verify(data[EXHIBIT_MIME], secret))
        except DisclosureError as error:
            raise DisclosureError(
                f"cell {index} of the notebook: {error.found}", expected=error.expected, todo=error.todo
            ) from error
    return exhibits


def page(found: list[Block], wording: Wording, context: ReportContext) -> str:
    """Return the page around its blocks: title, summary, contents, blocks, stamp, footer."""
    title = wording.text(REPORTS.get(context.report, context.report))
    exhibits = [b.exhibit for b in found if b.exhibit]
    leads = _leads(found)
    as_of = Message("As of {as_of:date}", {"as_of": context.as_of.isoformat()})
    return render(
        "report.html.j2",
        wording,
        running=(
            f"{wording.text(context.bank_name)} · {title}",
            as_of,
            status_line(context.status, context.mode, wording),
        ),
        title=title,
        context=context,
        pages=context.pages,
        as_of=wording.text(as_of),
        status=wording.text(status_message(context.status)),
        blocks=found,
        annex=_annex([b.source for b in found if b.source], wording, context),
        findings=leads,
        refused=(refused := [e for e in exhibits if not e.told]),
        untold=_by_title(refused),
        sections=[b for b in found if b.heading and b.level == 2],
        stamp=[(wording.heading(label), wording.text(value)) for label, value in context.stamp],
        notes=disclosure_notes(context.mode, wording, context.round_to, context.min_clients),
        public=context.mode == "public_data",
    )


def _annex(shown: list[Exhibit], wording: Wording, context: ReportContext) -> list[ExhibitView]:
    """Return the annex for validators, made from what the page shows."""
    parts = annex(context.report, from_exhibits(shown), context.tables, context.proofs, context.rows, context.labels)
    taken: set[str] = set()
    return [exhibit_view(part, wording, anchor=anchor(part.id, taken), number=0, level=3) for part in parts]


def _without_empty_sections(found: list[Block]) -> list[Block]:
    """Leave out sections in which nothing is shown (exhibits by groups, where none were asked for)."""
    starts = [i for i, b in enumerate(found) if b.heading and b.level == 2]
    kept = found[: starts[0]] if starts else found
    for start, end in pairwise([*starts, len(found)]):
        section = found[start:end]
        kept += section if any(b.exhibit for b in section) else []
    return kept


def _leads(found: list[Block]) -> list[ExhibitView]:
    """Return the exhibits that a reader with two minutes needs: the first of each section that finds something.

    A report without sections has all of them.
    """
    leads: list[ExhibitView] = []
    if not any(block.heading and block.level == 2 for block in found):
        return [b.exhibit for b in found if b.exhibit and b.exhibit.told]
    wanted = True
    for block in found:
        wanted |= bool(block.heading) and block.level == 2
        if wanted and block.exhibit and block.source and block.source.told and not block.source.guide:
            leads.append(block.exhibit)
            wanted = False
    return leads


def lead_ids(notebook: NotebookNode, secret: str) -> list[str]:
    """Return the ids of the exhibits that stand on page one (see ``_leads``), without drawing anything."""
    leads: list[str] = []
    wanted = sectioned = any(c.cell_type == "markdown" and _SECTION.search(c.source) for c in notebook.cells)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            wanted |= bool(_SECTION.search(cell.source))
        elif cell.cell_type == "code":
            for exhibit in cell_exhibits(cell, index, secret):
                if exhibit.told and not (sectioned and exhibit.guide) and (wanted or not sectioned):
                    leads.append(exhibit.id)
                    wanted = False
    return leads


def _by_title(exhibits: list[ExhibitView]) -> list[list[ExhibitView]]:
    """Return the exhibits in groups of one title: where little is delivered the same line would come many times."""
    groups: dict[str, list[ExhibitView]] = {}
    for exhibit in exhibits:
        groups.setdefault(exhibit.title, []).append(exhibit)
    return list(groups.values())


def status_message(status: str) -> Message:
    """Return whether a report is a draft, or by whom it was approved."""
    return Message("Draft") if status == "draft" else Message("Approved by {name}", {"name": status})


def status_line(status: str, mode: str, wording: Wording) -> str:
    """Return the line at the foot of every printed page."""
    parts = [wording.text(status_message(status))]
    if mode == "public_data":
        parts.append(wording.text(Message("public data: exact figures, no disclosure control")))
    return " · ".join(parts)


def disclosure_notes(mode: str, wording: Wording, round_to: int, min_clients: int) -> list[str]:
    """Return how the numbers of the page were protected."""
    values = {"base": round_to, "least": min_clients, "mark": wording.mark}
    if mode == "public_data":
        notes = [
            Message("These are public data: all figures are exact and no disclosure control was applied."),
            Message("“{mark}” stands where the data give no value.", values),
        ]
    else:
        notes = [
            Message("Counts are rounded to multiples of {base:count}, and shares are computed from them.", values),
            Message(
                "Money is rounded so that no single client stands out, each sum on its own: the same total may differ "
                "a little from one exhibit to another."
            ),
            Message(
                "“{mark}” stands where fewer than {least:count} clients, or mainly one or two of them, are behind a "
                "figure, or where the figure would give away another one. A household counts as one client for this.",
                values,
            ),
        ]
    return [wording.text(note) for note in notes]


def _prose_blocks(source: str, wording: Wording, taken: set[str], depth: int) -> list[Block]:
    """Return headings and prose of one cell; a first-level heading is the page's own title and is left out."""
    found: list[Block] = []
    lines: list[str] = []

    def flush() -> None:
        if any(lines):
            found.append(Block(prose=prose("\n".join(lines))))
        lines.clear()

    for mark, text in units(source):
        if not mark.startswith("#"):
            lines.append(f"{mark}{wording.translate(text)}" if text else "")
            continue
        flush()
        wanted = len(mark.strip())
        if wanted > 1:
            depth = min(wanted, depth + 1, 3)
            found.append(Block(anchor=anchor(text, taken), heading=wording.text(wording.translate(text)), level=depth))
    flush()
    return found
