"""Earlier packs: the last comparable one is found, and whatever lies there broken is named and stops nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights.reports.earlier import DAMAGED, OTHER_RULES, REMOVED, earlier_packs
from insights.reports.history import link, new_attempt, write_manifest
from insights.reports.memory import keep_memory

HEAD: dict[str, Any] = {
    "bank": "demo",
    "bank_name": "Demo",
    "as_of": "2026-10-31",
    "mode": "bank",
    "disclosure": {"min_clients": 10},
    "by": None,
    "split": None,
}
DAYS = ("2026-07-31", "2026-08-31", "2026-09-30")


class Place:
    """A bank's folders of packs and state."""

    def __init__(self, folder: Path) -> None:
        self.reports, self.state = folder / "reports" / "demo", folder / "state" / "demo"

    def make(self, day: str, **more: Any) -> Path:
        about = HEAD | {"as_of": day} | more
        with new_attempt(self.reports, self.state, about | {"reports": []}) as attempt:
            (attempt.folder / "findings.json").write_text("[]\n")
            told = {"reports": [], "complete": True, "stamp": {"data": f"hash of {day}"}}
            write_manifest(attempt.folder, about | told)
            made = attempt.private / "memory"
            made.write_bytes(b"memory")
            keep_memory(made, self.state, day)
            return link(self.reports, day, attempt)

    def look(self, **more: Any) -> Any:
        return earlier_packs(self.reports, self.state, HEAD | more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    for day in DAYS:
        found.make(day)
    return found


def test_the_last_comparable_pack_is_found_with_its_memory(place: Place) -> None:
    place.make("2026-10-31")  # that of the same day is no earlier one
    place.make("2026-11-30")
    found = place.look()
    assert found.before.name == "2026-09-30"
    assert found.days == ("2026-09-30", "2026-08-31", "2026-07-31")
    assert found.memories["2026-09-30"] == (place.state / "2026-09-30" / "memory", "hash of 2026-09-30")
    assert found.gaps == ()


def test_without_any_pack_there_is_none(tmp_path: Path) -> None:
    found = Place(tmp_path).look()
    assert (found.before, found.gaps, found.days) == (None, (), ())


def _delete(pack: Path) -> None:
    shutil.rmtree(pack.resolve())


def _unlink(pack: Path) -> None:
    pack.unlink()


def _cut(pack: Path) -> None:
    (pack / "findings.json").write_text("[")


def _forget_manifest(pack: Path) -> None:
    (pack / "pack.json").unlink()


def _garble(pack: Path) -> None:
    (pack / "pack.json").write_bytes(b"\xff\x00 no JSON")


def _list(pack: Path) -> None:
    (pack / "pack.json").write_text("[]")


def _other_types(pack: Path) -> None:
    manifest = json.loads((pack / "pack.json").read_text())
    (pack / "pack.json").write_text(json.dumps(manifest | {"files": 7, "reports": None}))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (_delete, DAMAGED),
        (_unlink, REMOVED),
        (_cut, DAMAGED),
        (_forget_manifest, DAMAGED),
        (_garble, DAMAGED),
        (_list, DAMAGED),
        (_other_types, DAMAGED),
    ],
)
def test_a_broken_pack_is_named_and_the_one_before_it_taken(
    place: Place, harm: Callable[[Path], None], why: str
) -> None:
    harm(place.reports / "2026-09-30")
    found = place.look()
    assert found.before.name == "2026-08-31"
    assert found.gaps == (("2026-09-30", why),)


def test_a_broken_pack_further_back_is_no_gap_of_this_comparison(place: Place) -> None:
    _cut(place.reports / "2026-07-31")
    found = place.look()
    assert found.before.name == "2026-09-30"
    assert found.gaps == ()
    assert "2026-07-31" not in found.memories


@pytest.mark.parametrize("more", [{"mode": "public_data"}, {"disclosure": {"min_clients": 5}}, {"by": "region"}])
def test_packs_under_other_rules_are_not_compared(place: Place, more: dict[str, Any]) -> None:
    found = place.look(**more)
    assert found.before is None
    assert found.gaps == tuple((day, OTHER_RULES) for day in reversed(DAYS))


def test_elsewhere_a_memory_without_a_pack_says_nothing(place: Place, tmp_path: Path) -> None:
    found = earlier_packs(tmp_path / "other", place.state, HEAD, usual=False)
    assert (found.before, found.gaps) == (None, ())


def test_the_memory_of_a_pack_made_again_without_one_goes(place: Place, tmp_path: Path) -> None:
    keep_memory(tmp_path / "none", place.state, "2026-09-30")
    assert "2026-09-30" not in place.look().memories
    assert (place.state / "2026-08-31" / "memory").stat().st_mode & 0o077 == 0
