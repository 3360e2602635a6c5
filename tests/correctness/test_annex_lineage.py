"""What the annex says of data and seeds is what the code does: held against the syntax trees of topics and models.

The annex reads the tables off the text of the source; here the same is told by what Python makes of it.
"""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

import pytest

import insights
from insights.data.reads import tables_read
from insights.data.tables import TABLES
from insights.reports.annex.lineage import READS
from insights.reports.annex.seeds import SEEDS

ROOT = Path(insights.__file__).parent
WHOLE = ("quality", "summary")


def module(name: str) -> Path | None:
    path = ROOT.parent.joinpath(*name.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.is_file():
            return found
    return None


@dataclass(frozen=True)
class Module:
    """What a file says: the modules that it imports, the tables that it names, the seeds that it draws with."""

    imports: frozenset[str]
    tables: frozenset[str]
    seeds: frozenset[str]


@functools.cache
def read(path: Path) -> Module:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return Module(imported(nodes), tables(path, nodes), seeds(nodes))


def imported(nodes: list[ast.AST]) -> frozenset[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("insights."):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@functools.cache
def behind(report: str) -> tuple[Module, ...]:
    """Return what a topic and all models and data rooms that it imports, however far away, say."""
    todo, found = list((ROOT / "topics" / report).rglob("*.py")), {}
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found[path] = read(path)
        rooms = {ROOT / "models", ROOT / "data", ROOT / "topics" / report}
        todo += [m for name in found[path].imports if (m := module(name)) and rooms & set(m.parents)]
    return tuple(found.values())


def named(node: ast.AST) -> str:
    """Return the table that a string names, as ``"contacts"`` or ``"contacts.topic"``; "" where it names none."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return ""
    table, dot, column = node.value.partition(".")
    return table if table in TABLES and (not dot or TABLES[table].column(column) is not None) else ""


def tables(path: Path, nodes: list[ast.AST]) -> frozenset[str]:
    """Return the tables that a file reads; in the data room only those that it asks a bank for."""
    calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    asked = [n.args[0] for n in calls if n.args and n.func.attr in ("table", "has")]  # type: ignore[attr-defined]
    return frozenset(t for n in (asked if ROOT / "data" in path.parents else nodes) if (t := named(n)))


def seeds(nodes: list[ast.AST]) -> frozenset[str]:
    """Return the seeds that a file names: constants called SEED, and texts or numbers given as ``seed``."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Assign):
            names = [t for target in node.targets for t in ast.walk(target) if isinstance(t, ast.Name)]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            pairs = zip(names, values, strict=False)
            found |= {str(v.value) for n, v in pairs if n.id == "SEED" and isinstance(v, ast.Constant)}
        if isinstance(node, ast.keyword) and node.arg == "seed" and isinstance(node.value, ast.Constant):
            found.add(str(node.value.value))
    return frozenset(found)


def test_a_report_reads_the_tables_that_its_annex_names() -> None:
    for report in READS:
        read_by = {t for one in behind(report) for t in one.tables}
        assert report in WHOLE or read_by == set(tables_read(report)), report
        assert READS[report] == tables_read(report)
    # Some that are known: who reads what, and that nobody reads what he has no use for.
    assert {"loans", "bank_positions"} <= set(READS["risk"])
    assert "loans" not in READS["lifecycle"]
    assert "prospects" in READS["lifecycle"]
    assert all(READS[report] == tuple(TABLES) for report in WHOLE)


def test_every_report_has_its_lineage() -> None:
    assert set(READS) == {p.name for p in (ROOT / "topics").iterdir() if (p / "__init__.py").is_file()}


@pytest.mark.parametrize("report", list(SEEDS))
def test_the_seeds_of_a_report_are_those_that_its_annex_names(report: str) -> None:
    found = {s for one in behind(report) for s in one.seeds}
    assert found == set(SEEDS[report]), "write into reports/annex/seeds.py the seeds that the report uses now"
