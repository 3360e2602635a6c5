"""Attempts and packs: what is linked is complete, what is not says so, and what is damaged is named."""

import json
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from insights.errors import RunError
from insights.reports.history import Attempt, link, new_attempt, packs, read_pack, unfinished, write_manifest
from insights.reports.listing import history_lines, refresh_index

ABOUT: dict[str, Any] = {"bank": "demo", "bank_name": "Demo <b>Bank</b>", "as_of": "2026-10-31", "mode": "bank"}
REPORT = {"name": "quality", "state": "complete", "files": {"en": "quality.html"}, "reason": None}
STAMP = {"data": "c0ffee" * 8, "code": "0.1.0", "status": "draft"}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "demo"


@pytest.fixture
def begin(reports: Path, tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(new_attempt(reports, tmp_path / "state", ABOUT | {"reports": []}))


def fill(attempt: Attempt, text: str = "page", **more: Any) -> None:
    (attempt.folder / "quality.html").write_text(text)
    (attempt.folder / "index.html").write_text("index")
    (attempt.folder / "findings.json").write_text("[]\n")
    told = {"reports": [REPORT], "complete": True, "stamp": STAMP} | more
    write_manifest(attempt.folder, ABOUT | told)


def test_an_attempt_is_private_until_it_is_linked(reports: Path, begin: Any) -> None:
    attempt = begin()
    assert stat.S_IMODE(attempt.folder.stat().st_mode) == stat.S_IMODE(attempt.private.stat().st_mode) == 0o700
    assert packs(reports) == []
    assert [(p.name, p.state) for p in unfinished(reports)] == [(attempt.id, "running")]


def test_the_link_is_swapped_and_the_old_pack_stays(reports: Path, begin: Any) -> None:
    first, second = begin(), begin()
    fill(first, "first")
    place = link(reports, "2026-10-31", first)
    assert (place / "quality.html").read_text() == "first"
    fill(second, "second")
    assert (place / "quality.html").read_text() == "first"
    link(reports, "2026-10-31", second)
    assert (place / "quality.html").read_text() == "second"
    assert place.is_symlink()
    assert not place.readlink().is_absolute()
    assert (first.folder / "quality.html").read_text() == "first"
    assert [p.state for p in packs(reports)] == ["complete"]
    assert unfinished(reports) == []


def test_a_folder_in_the_place_of_the_link_is_not_overwritten(reports: Path, begin: Any) -> None:
    attempt = begin()
    fill(attempt)
    (reports / "2026-10-31").mkdir()
    (reports / "2026-10-31" / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="is not a link"):
        link(reports, "2026-10-31", attempt)
    assert (reports / "2026-10-31" / "mine.txt").read_text() == "mine"
    assert [p.name for p in reports.iterdir() if p.name.endswith(".link")] == []


def test_an_attempt_that_ended_without_a_word_was_interrupted(reports: Path, tmp_path: Path) -> None:
    with new_attempt(reports, tmp_path / "state", ABOUT | {"reports": []}) as attempt:
        (attempt.folder / "quality.html").write_text("half a page")
    (found,) = unfinished(reports)
    assert (found.state, str(found.as_of)) == ("interrupted", "2026-10-31")


def test_a_failed_attempt_names_its_reports(reports: Path, begin: Any) -> None:
    fill(begin(), complete=False, reports=[REPORT, {**REPORT, "name": "lifecycle", "state": "failed", "files": {}}])
    refresh_index(reports, ("en", "zh-CN"))
    page = (reports / "index.html").read_text()
    assert "Client lifecycle" in page
    assert "Attempts that failed" in page
    assert "Demo &lt;b&gt;Bank" in page
    assert any("failed" in line and "lifecycle" in line for line in history_lines(reports))
    assert "客户生命周期" in (reports / "index.zh-CN.html").read_text()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda p: (p / "pack.json").write_text('{"as_of": '), "pack.json is missing or damaged"),
        (lambda p: (p / "pack.json").write_text("[]"), "pack.json is missing or damaged"),
        (lambda p: (p / "pack.json").write_bytes(b"\xff\x00"), "pack.json is missing or damaged"),
        (lambda p: (p / "pack.json").unlink(), "pack.json is missing or damaged"),
        (lambda p: (p / "quality.html").unlink(), "quality.html is missing"),
        (lambda p: (p / "quality.html").write_text("other"), "quality.html was changed after the run"),
        (lambda p: (p / "findings.json").write_text("[{}]"), "findings.json was changed after the run"),
    ],
)
def test_a_damaged_pack_is_named_and_the_others_are_listed(reports: Path, begin: Any, damage: Any, said: str) -> None:
    for name in ("2026-09-30", "2026-10-31"):
        attempt = begin()
        fill(attempt)
        place = link(reports, name, attempt)
    damage(place)
    assert [(p.name, p.state) for p in packs(reports)] == [("2026-10-31", "damaged"), ("2026-09-30", "complete")]
    lines = list(history_lines(reports))
    assert lines[0] == f"2026-10-31  damaged: {said}"
    assert any(line.startswith("2026-09-30  draft  quality") for line in lines)
    refresh_index(reports, ("en",))
    assert "2026-09-30/index.html" in (reports / "index.html").read_text()


def test_a_link_to_nowhere_is_a_damaged_pack(reports: Path) -> None:
    reports.mkdir(parents=True)
    (reports / "2026-10-31").symlink_to(".runs/gone")
    assert [(p.name, p.state) for p in packs(reports)] == [("2026-10-31", "damaged")]


def test_the_manifest_covers_every_file(reports: Path, begin: Any) -> None:
    attempt = begin()
    (attempt.folder / "north").mkdir()
    (attempt.folder / "north" / "lifecycle.html").write_text("page")
    fill(attempt)
    files = json.loads((attempt.folder / "pack.json").read_text())["files"]
    assert sorted(files) == ["findings.json", "index.html", "north/lifecycle.html", "quality.html"]
    assert read_pack(attempt.folder)["files"] == files


def test_no_reports_at_all_is_no_error(tmp_path: Path) -> None:
    assert list(history_lines(tmp_path / "nothing")) == []
