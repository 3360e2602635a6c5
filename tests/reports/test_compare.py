"""Any two packs beside each other at the terminal: what changed by more than chance, and nothing unpublished."""

import json
from pathlib import Path
from typing import Any

import pytest
from small_bank import CLIENTS, settings_of

from insights.data.settings import Settings
from insights.errors import RunError
from insights.reports.compare import comparison_lines
from insights.reports.history import link, new_attempt, write_manifest

EARLY, LATE = "2024-05-31", "2024-06-30"


def finding(day: str, id: str, *estimates: dict[str, Any]) -> dict[str, Any]:
    head = {"schema_version": 1, "bank": "demo", "id": id, "report": id.partition(".")[0], "as_of": day}
    window = {"from": None, "to": day, "clock": "months"}
    told = {"title": {"id": "Found", "values": {}}, "estimates": list(estimates), "checks": [], "refusals": []}
    return head | {"window": window} | told


def estimate(name: str, value: float | None, half: float = 1.0, **group: str) -> dict[str, Any]:
    shown = value is not None
    ends = {"low": value - half, "high": value + half, "level": 0.95} if value is not None else {}
    row = {"name": name, "group": group, "months": None, "value": value, "low": None, "high": None, "level": None}
    status = "shown" if shown else "suppressed"
    return row | ends | {"unit": "x", "n": None, "n_events": None, "status": status}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "home"))
    return settings_of(tmp_path / "bank", {"clients": CLIENTS})


def make(settings: Settings, day: str, found: list[dict[str, Any]], **more: Any) -> Path:
    about: dict[str, Any] = {"bank": "demo", "bank_name": "Demo", "as_of": day, "mode": "bank", "disclosure": {}}
    about |= {"by": None, "split": None} | more
    with new_attempt(settings.reports_dir, settings.state, about | {"reports": []}) as attempt:
        (attempt.folder / "findings.json").write_text(json.dumps(found))
        write_manifest(attempt.folder, about | {"reports": [], "complete": True, "stamp": {"data": day}})
        return link(settings.reports_dir, day, attempt)


def lines(settings: Settings, one: str = EARLY, other: str = LATE, every: bool = False) -> list[str]:
    return [line.strip() for line in comparison_lines(settings, settings.reports_dir, one, other, every)]


def delivery(day: str, before: str, *estimates: dict[str, Any]) -> dict[str, Any]:
    return finding(day, "summary.delivery", *estimates) | {"title": {"id": "x", "values": {"before": before}}}


def test_what_changed_is_named_and_what_came_and_went(settings: Settings) -> None:
    early = [estimate("risk", 10.0), estimate("risk", 10.0, region="A"), estimate("risk", None, region="B")]
    late = [estimate("risk", 10.5), estimate("risk", 20.0, region="A"), estimate("risk", 90.0, region="B")]
    make(settings, EARLY, [finding(EARLY, "risk.all", *early), finding(EARLY, "risk.old")])
    make(settings, LATE, [finding(LATE, "risk.all", *late), finding(LATE, "risk.new")])
    for days in ((EARLY, LATE), (LATE, EARLY)):  # the earlier one is always the one before
        told = lines(settings, *days)
        assert told[0] == f"{EARLY} to {LATE}"
        assert told[1:4] == [
            "no longer told: risk.old",
            "told for the first time: risk.new",
            "risk.all risk region=A: 10 -> 20 (+8 to +12)",
        ]
        assert any("2 other numbers" in line for line in told)
        assert "1 not judged: withheld in one of the packs" in told


def test_what_rests_on_another_delivery_is_not_judged(settings: Settings) -> None:
    """Half the mentions are missing: what the report of risk tells is not judged, what that of lifecycle tells is."""
    early = [
        finding(EARLY, "risk.all", estimate("risk", 10.0)),
        finding(EARLY, "lifecycle.all", estimate("wait", 10.0)),
    ]
    delivery = finding(LATE, "summary.delivery", estimate("fewer", 50.0, table="mentions", when="now"))
    late = [finding(LATE, "risk.all", estimate("risk", 90.0)), finding(LATE, "lifecycle.all", estimate("wait", 90.0))]
    make(settings, EARLY, early)
    make(settings, LATE, [*late, delivery | {"title": {"id": "x", "values": {"before": EARLY}}}])
    assert "delivered otherwise, so what rests on it is not judged: mentions" in lines(settings)
    assert "lifecycle.all wait: 10 -> 90 (+78 to +82)" in lines(settings)
    assert not any("risk.all" in line for line in lines(settings))
    make(settings, LATE, late)  # held against nothing: what was delivered otherwise is not known, and it is said
    assert "risk.all risk: 10 -> 90 (+78 to +82)" in lines(settings)
    assert f"what was delivered otherwise between {EARLY} and {LATE} is not known" in lines(settings)


def test_packs_far_apart_know_what_was_delivered_otherwise_on_the_way(settings: Settings) -> None:
    """Three packs in turn: half the mentions were missing in the second, and a column is gone in the third."""
    first, second, third = "2024-04-30", EARLY, LATE
    numbers = (("risk.all", "risk"), ("lifecycle.all", "wait"), ("value.all", "worth"))

    def told(day: str, value: float) -> list[dict[str, Any]]:
        return [finding(day, id, estimate(name, value)) for id, name in numbers]

    make(settings, first, told(first, 10.0))
    fewer = estimate("fewer", 50.0, table="mentions", when="now")
    gone = estimate("gone", 1.0, table="products", column="green")
    make(settings, second, [*told(second, 50.0), delivery(second, first, fewer)])
    make(settings, third, [*told(third, 90.0), delivery(third, second, gone)])
    found = lines(settings, first, third)
    assert "delivered otherwise, so what rests on it is not judged: products, mentions" in found
    assert "lifecycle.all wait: 10 -> 90 (+78 to +82)" in found
    assert not any(line.startswith(("risk.all", "value.all")) for line in found)
    # From the second on only what the third was told counts.
    assert "delivered otherwise, so what rests on it is not judged: products" in lines(settings, second, third)
    (settings.reports_dir / second / "findings.json").write_text("[")
    assert f"what was delivered otherwise between {first} and {second} is not known" in lines(settings, first, third)


def test_every_number_is_named_with_how_it_was_compared(settings: Settings) -> None:
    count = {"low": None, "high": None, "level": None}
    early = [estimate("risk", 10.0), estimate("clients", 400.0) | count | {"unit": "clients"}, estimate("old", 1.0)]
    late = [
        estimate("risk", 10.5),
        estimate("clients", 410.0) | count | {"unit": "clients"},
        estimate("sum", 5.0) | count,
    ]
    make(settings, EARLY, [finding(EARLY, "risk.all", *early)])
    make(settings, LATE, [finding(LATE, "risk.all", *late), delivery(LATE, EARLY)])
    found = lines(settings, every=True)
    assert "risk.all risk: 10 -> 10.5 (-1.5 to +2.5): by both intervals, whatever goes between them" in found
    assert any(line.startswith("risk.all clients: 400 -> 410 (-") and line.endswith("of clients") for line in found)
    assert "risk.all old: 1 -> -: not judged: told in one of the packs only" in found
    assert "risk.all sum: - -> 5: not judged: told in one of the packs only" in found
    assert any(line.endswith("2 other numbers") for line in found)


def test_nothing_changed_is_said(settings: Settings) -> None:
    for day in (EARLY, LATE):
        make(settings, day, [finding(day, "risk.all", estimate("risk", 10.0))])
    assert lines(settings)[1] == "nothing material changed"


def test_packs_that_cannot_be_compared_say_why(settings: Settings) -> None:
    make(settings, EARLY, [])
    with pytest.raises(RunError, match=f"no pack of {LATE}"):
        lines(settings)
    make(settings, LATE, [], disclosure={"min_clients": 5})
    with pytest.raises(RunError, match="different rules: disclosure"):
        lines(settings)
    (settings.reports_dir / EARLY / "findings.json").write_text("[")
    with pytest.raises(RunError, match="damaged"):
        lines(settings)
