"""Everything that the notebooks show of a bank, without kernels: what an attacker has who reads a whole pack."""

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.codec import from_json
from insights.reports.publish import publish
from insights.reports.template.views import exhibit_view
from insights.reports.wording import Wording
from insights.topics.evidence import Answer, NotAvailable

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SETTING_UP = ("from insights", "bank = open_bank")


def questions(report: str) -> Iterator[str]:
    """Yield the code of a report's notebook, cell by cell, without its parameters and the opening of the bank."""
    (path,) = NOTEBOOKS.glob(f"*_{report}.ipynb")
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", ()):
            yield "".join(line for line in cell["source"] if not line.startswith(SETTING_UP))


def answers(bank: Bank, report: str, by: str | None = None, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the answers that the report's notebook shows, by id, but not those that these functions give."""
    found: dict[str, Answer | NotAvailable] = {}
    topic = importlib.import_module(f"insights.topics.{report}")
    asked = {name: getattr(topic, name) for name in dir(topic)} | {name: lambda *_: () for name in without}

    def show(answer: Any, bank: Bank) -> None:
        if answer:
            found[answer.id] = answer

    names = {"bank": bank, "by": by, "show": show, "headline": lambda *_: None, report: SimpleNamespace(**asked)}
    names["remembered"] = lambda _: ()
    for code in questions(report):
        exec(code, names)  # our own notebooks
    return found


def exhibits(answers: Iterable[Answer | NotAvailable], bank: Bank) -> dict[str, Exhibit]:
    """Return what a reader is shown, by id."""
    return {answer.id: from_json(publish(answer, bank).exhibit) for answer in answers}


def texts(exhibit: Exhibit, bank: Bank) -> list[str]:
    """Return every text of the exhibit as its page has it: the text of figures, alternatives and tables included."""
    settings = bank.settings
    wording = Wording("en", settings.labels, currency=settings.bank.currency, mode=settings.disclosure.mode)
    view: Any = exhibit_view(exhibit, wording, anchor="here", number=1, level=2)
    drawn = [part for part in (view.wide, view.narrow) if part]
    told = [text for part in drawn for text in re.findall(r">([^<>]+)<", part)]
    told += [text for part in drawn for text in re.findall(r'(?:aria-label|alt|title)="([^"]*)"', part)]
    for table in view.tables:
        told += [table.caption, *(cell.text for cell in table.head), *(c.text for row in table.rows for c in row)]
    return [t for t in (*told, view.title, *view.sentences, *view.refusals, *view.caveats, *view.basis) if t.strip()]
