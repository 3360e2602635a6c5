"""The three descriptions of the environment agree, and notebooks are stripped as the repository promises."""

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def direct_requirements() -> list[Requirement]:
    project = PROJECT["project"]
    return [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]


def locked() -> list[tuple[Requirement, list[str]]]:
    """Return every pin of the lock with its hashes."""
    joined = LOCK.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(Requirement(line.split("--hash")[0].strip()), re.findall(r"--hash=(\S+)", line)) for line in lines]


def pins(name: str) -> list[Version]:
    """Return the versions that the lock pins for a package (more than one when they differ by Python version)."""
    return [
        Version(next(iter(pin.specifier)).version)
        for pin, _ in locked()
        if canonicalize_name(pin.name) == canonicalize_name(name)
    ]


@pytest.mark.parametrize("wanted", direct_requirements(), ids=str)
def test_every_direct_dependency_is_in_the_lock_within_its_bounds(wanted: Requirement) -> None:
    found = pins(wanted.name)
    assert found, f"{wanted.name} is in pyproject.toml but not in requirements.lock: make lock"
    assert all(wanted.specifier.contains(version) for version in found)


def test_every_pin_is_exact_and_hashed() -> None:
    for pin, hashes in locked():
        assert [clause.operator for clause in pin.specifier] == ["=="], pin.name
        assert hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), pin.name


def test_the_lock_names_no_address_and_no_path() -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|-i |(^|\s)[./~]|@", LOCK, flags=re.MULTILINE)


def test_the_pairs_that_break_each_other_are_bounded_and_the_lock_keeps_the_bounds() -> None:
    bounds = {wanted.name: wanted.specifier for wanted in direct_requirements()}
    assert not bounds["lifelines"].contains("0.30.0")
    assert not bounds["pandas"].contains("3.0.0")
    assert not bounds["sqlglot"].contains("30.18.0")
    assert min(pins("lifelines")) >= Version("0.30.3")
    assert max(pins("pandas")) < Version("3")
    assert max(pins("sqlglot")) < Version("30.18")


def test_conda_installs_the_same_lock_on_a_python_that_the_package_allows() -> None:
    environment: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    by_pip = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    python = next(entry for entry in plain if entry.startswith("python"))
    assert environment["name"] == PROJECT["project"]["name"]
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(python.split("=")[-1])
    assert "pip" in plain
    assert by_pip == [["-r requirements.lock"]]


def test_this_environment_is_the_locked_one() -> None:
    applicable = [pin for pin, _ in locked() if pin.marker is None or pin.marker.evaluate()]
    installed = {canonicalize_name(found.name): found.version for found in distributions()}
    wrong = {
        pin.name: installed.get(canonicalize_name(pin.name))
        for pin in applicable
        if not pin.specifier.contains(installed.get(canonicalize_name(pin.name), "0"))
    }
    assert not wrong, f"not as locked: {wrong}"


def test_every_topic_with_a_notebook_is_held_independent_of_the_others() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    held = {module for contract in contracts if contract["type"] == "independence" for module in contract["modules"]}
    reports = {path.stem.partition("_")[2] for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert reports
    assert held >= {f"insights.topics.{report}" for report in reports}


def test_stripping_keeps_what_nbval_compares_and_drops_the_traces_of_a_run(tmp_path: Path) -> None:
    if not (ROOT / ".venv/bin/nbstripout").exists():
        pytest.skip("no .venv in this checkout: scripts/strip-notebooks.sh runs the nbstripout of .venv")
    book = nbformat.v4.new_notebook(metadata={"papermill": {"parameters": {"raw": "a/private/path"}}})
    output = nbformat.v4.new_output("stream", text="shown")
    for source, tags in (("1", []), ("# NBVAL_CHECK_OUTPUT\n2", ["keep_output"])):
        cell = nbformat.v4.new_code_cell(source, outputs=[output], execution_count=7)
        cell.metadata.update(tags=tags, papermill={"duration": 1.5}, execution={"iopub.execute_input": "today"})
        book.cells.append(cell)
    path = tmp_path / "book.ipynb"
    nbformat.write(book, path)
    strip = [str(ROOT / "scripts/strip-notebooks.sh"), str(path)]
    assert subprocess.run([*strip, "--verify"], capture_output=True).returncode != 0
    subprocess.run(strip, check=True)

    stripped = nbformat.read(path, as_version=4)
    assert [len(cell.outputs) for cell in stripped.cells] == [0, 1]
    assert stripped.cells[1].execution_count is not None, "nbval compares no output without its execution count"
    assert "papermill" not in stripped.metadata
    assert all(set(cell.metadata) <= {"tags"} for cell in stripped.cells)
    assert subprocess.run([*strip, "--verify"], capture_output=True).returncode == 0


def test_committed_notebooks_keep_outputs_only_where_nbval_compares_them() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                compared = "NBVAL_CHECK_OUTPUT" in cell.source
                assert bool(cell.outputs) == compared, f"{path.name}: {cell.source.splitlines()[0]}"
                assert ("keep_output" in cell.metadata.get("tags", [])) == compared, path.name
                assert cell.execution_count is not None or not compared, f"{path.name}: not run"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
@pytest.mark.parametrize("target", ["report", "test", "test-long", "lab", "bench", "lock", "clean"])
def test_every_make_target_that_runs_anything_builds_the_environment(target: str, tmp_path: Path) -> None:
    """In a copy of the files that make looks at there is no environment yet, so every target must begin with one."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    plan = subprocess.run(
        ["make", "-n", "-C", str(tmp_path), target], capture_output=True, text=True, check=True
    ).stdout
    assert ("-m venv" in plan) == (target != "clean")
