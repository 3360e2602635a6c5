"""What the annex says of data and seeds is what the code does: read off the source of each topic and its models."""

import ast
from pathlib import Path

import pytest

import insights
from insights.data.tables import TABLES
from insights.reports.annex.seeds import SEEDS
from insights.topics.summary.reads import READS

ROOT = Path(insights.__file__).parent
WHOLE = ("quality", "summary")


def module(name: str) -> Path | None:
    path = ROOT.parent.joinpath(*name.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.is_file():
            return found
    return None


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("insights."):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def behind(report: str) -> dict[Path, ast.Module]:
    """Return the source of a topic and of all models and data rooms that it imports, however far away."""
    todo, found = list((ROOT / "topics" / report).rglob("*.py")), {}
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found[path] = tree = ast.parse(path.read_text(encoding="utf-8"))
        rooms = {ROOT / "models", ROOT / "data", ROOT / "topics" / report}
        todo += [m for name in imported(tree) if (m := module(name)) and rooms & set(m.parents)]
    return found


def named(node: ast.AST) -> str:
    """Return the table that a string names, as ``"contacts"`` or ``"contacts.topic"``; "" where it names none."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return ""
    table, dot, column = node.value.partition(".")
    return table if table in TABLES and (not dot or TABLES[table].column(column) is not None) else ""


def tables(path: Path, tree: ast.Module) -> set[str]:
    """Return the tables that a file reads; in the data room only those that it asks a bank for."""
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    asked = [n.args[0] for n in nodes if n.args and n.func.attr in ("table", "has")]  # type: ignore[attr-defined]
    return {t for n in (asked if ROOT / "data" in path.parents else ast.walk(tree)) if (t := named(n))}


@pytest.mark.parametrize("report", [name for name in READS if name not in WHOLE])
def test_a_report_reads_the_tables_that_its_annex_names(report: str) -> None:
    read = {t for path, tree in behind(report).items() for t in tables(path, tree)}
    assert read == set(READS[report]), "write into topics/summary/reads.py what the report reads now"


def test_every_report_has_its_lineage() -> None:
    assert set(READS) == {p.name for p in (ROOT / "topics").iterdir() if (p / "__init__.py").is_file()}


def seeds(tree: ast.Module) -> set[str]:
    """Return the seeds that a file names: constants called SEED, and texts or numbers given as ``seed``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = [t for target in node.targets for t in ast.walk(target) if isinstance(t, ast.Name)]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            pairs = zip(names, values, strict=False)
            found |= {str(v.value) for n, v in pairs if n.id == "SEED" and isinstance(v, ast.Constant)}
        if isinstance(node, ast.keyword) and node.arg == "seed" and isinstance(node.value, ast.Constant):
            found.add(str(node.value.value))
    return found


@pytest.mark.parametrize("report", list(SEEDS))
def test_the_seeds_of_a_report_are_those_that_its_annex_names(report: str) -> None:
    found = {s for tree in behind(report).values() for s in seeds(tree)}
    assert found == set(SEEDS[report]), "write into reports/annex/seeds.py the seeds that the report uses now"
