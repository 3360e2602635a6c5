"""Which messages the package can say: ``python -m insights.reports.wording.extract`` prints those without translation.

Messages are found in the source itself: every ``Message("...")`` (also ``say("...")`` in the templates), the prose of
the notebooks, and the labels of tables, columns, codes and rules.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from insights.reports.wording.catalogue import LANGUAGES, catalogue, fields, needs_translation
from insights.reports.wording.labels import label_ids
from insights.reports.wording.markdown import units

PACKAGE = Path(__file__).parents[2]
NOTEBOOKS = PACKAGE.parents[1] / "notebooks"
_SAY = re.compile(r"""\bsay\(\s*"((?:[^"\\]|\\.)*)\"""")


def message_ids() -> dict[str, str]:
    """Return every message id of the package and its notebooks with the place where it is said first."""
    found: dict[str, str] = {}
    for message_id, place in (*_sources(), *_templates(), *_notebooks(), *label_ids()):
        found.setdefault(message_id, place)
    return found


def faults(language: str) -> list[str]:
    """Return what is wrong with a catalogue: sentences without translation, and those whose fields differ."""
    translations = catalogue(language) or {}
    needed = {i: place for i, place in message_ids().items() if needs_translation(i)}
    wrong = [f"not translated ({place}): {i}" for i, place in needed.items() if i not in translations]
    wrong += [f"other fields than its source: {i}" for i, t in translations.items() if fields(i) != fields(t)]
    return wrong


def unused(language: str) -> list[str]:
    """Return the translations of sentences that nothing says any more."""
    said = message_ids()
    return [i for i in catalogue(language) or {} if i not in said]


def _sources() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) == "Message" and node.args:
                for text in _texts(node.args[0]):
                    yield text, f"{path.relative_to(PACKAGE)}:{node.lineno}"


def _name(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts an argument can be: a literal, or either branch of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _templates() -> Iterator[tuple[str, str]]:
    for path in sorted((PACKAGE / "reports" / "template").glob("*.j2")):
        for found in _SAY.finditer(path.read_text(encoding="utf-8")):
            yield found[1], path.name


def _notebooks() -> Iterator[tuple[str, str]]:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                # The first-level heading is the page's own title and is not shown.
                yield from ((text, path.name) for mark, text in units(cell.source) if text and mark != "# ")


if __name__ == "__main__":
    problems = [f"{language}: {fault}" for language in LANGUAGES if language != "en" for fault in faults(language)]
    print("\n".join(problems) or "every message is translated")
    sys.exit(bool(problems))
