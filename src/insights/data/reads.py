"""Which canonical tables a topic and the models behind it read: read off their source, so that no list can go stale.

A module reads a table whose name it holds as a text (``"contacts"``), or that of one of its columns
(``"contacts.topic"``); in this room, which speaks of all tables, only one that it asks a bank for (``bank.table(...)``,
``bank.has(...)``). What a topic reads is what it names and what the modules of models and data that it imports name,
however far away.
"""

import functools
import re
from pathlib import Path

from insights.data.tables import TABLES

ROOT = Path(__file__).parents[1]
TEXT = re.compile(rf'"({"|".join(TABLES)})(?:\.([a-z_]+))?"')
ASKED = re.compile(r'\.(?:table|has)\(\s*"([a-z_]+)"')
IMPORT = re.compile(r"^\s*from insights\.([\w.]+) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
NAME = re.compile(r"\w+")


@functools.cache
def tables_read(topic: str) -> tuple[str, ...]:
    """Return the tables that a topic reads where the bank delivers them, in the order of ``TABLES``.

    A topic that goes through all tables, whatever they are (``quality``, ``summary``), reads all.
    """
    rooms = (ROOT / "models", ROOT / "data", ROOT / "topics" / topic)
    todo = sorted((ROOT / "topics" / topic).rglob("*.py"))
    seen: set[Path] = set()
    found: set[str] = set()
    every = False
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        told, imports, goes_through = _module(path)
        found |= told
        every |= goes_through and ROOT / "topics" in path.parents
        todo += [other for other in imports if other not in seen and any(room in other.parents for room in rooms)]
    return tuple(name for name in TABLES if every or name in found)


@functools.cache
def _module(path: Path) -> tuple[frozenset[str], tuple[Path, ...], bool]:
    """Return the tables that a file names, the files of this package that it imports, and whether it reads all."""
    source = path.read_text(encoding="utf-8")
    if ROOT / "data" in path.parents:
        named = {m[1] for m in ASKED.finditer(source) if m[1] in TABLES}
    else:
        named = {m[1] for m in TEXT.finditer(source) if _is_table(m[1], m[2])}
    return frozenset(named), tuple(_imports(source)), "tables_present" in source


def _is_table(table: str, column: str | None) -> bool:
    return column is None or TABLES[table].column(column) is not None


def _imports(source: str) -> list[Path]:
    found = []
    for m in IMPORT.finditer(source):
        inner = m[2].partition("#")[0] if not m[2].startswith("(") else m[2]
        names = (m[1], *(f"{m[1]}.{part}" for part in NAME.findall(inner)))
        found += [path for path in map(_file, names) if path]
    return found


@functools.cache
def _file(module: str) -> Path | None:
    """Return the file of a module of this package; None for a name that is no module."""
    place = ROOT.joinpath(*module.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)
