"""An exhibit as plain HTML for the data scientist at the screen; reports are made by ``insights.reports.html``."""

from collections.abc import Iterable
from html import escape

from insights.data.settings import Settings
from insights.reports.exhibits.base import Exhibit
from insights.reports.template.views import TableView, exhibit_view
from insights.reports.wording import Wording


def screen_html(exhibit: Exhibit, settings: Settings) -> str:
    """Return title, sentences, figure, tables and notes in the bank's language; every value is escaped."""
    wording = _wording(settings)
    # Ids must differ between the figures of a page, and all exhibits of a notebook are one page.
    view = exhibit_view(exhibit, wording, anchor=f"exhibit-{exhibit.id}".replace(".", "-"), number=1, level=3)
    parts = [f"<h3>{escape(view.title)}</h3>", *_paragraphs(view.sentences)]
    parts += [f"<div>{view.wide}</div>"] if view.wide else []
    parts += [_table(table) for table in view.tables]
    parts += _paragraphs((*view.refusals, *view.caveats, *view.basis))
    return "\n".join(parts)


def title(exhibit: Exhibit, settings: Settings) -> str:
    """Return the title of an exhibit in the bank's language, as text."""
    return _wording(settings).heading(exhibit.title)


def _wording(settings: Settings) -> Wording:
    bank = settings.bank
    return Wording(bank.language, settings.labels, currency=bank.currency, mode=settings.disclosure.mode)


def _paragraphs(texts: Iterable[str]) -> list[str]:
    return [f"<p>{escape(text)}</p>" for text in texts]


def _table(table: TableView) -> str:
    head = "".join(f"<th>{escape(cell.text)}</th>" for cell in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell.text)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return (
        f"<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
