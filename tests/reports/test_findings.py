"""Findings: exactly what the exhibits hold, in the form of the schema, and nothing that the schema forbids."""

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from insights.data.snapshot import Bank
from insights.errors import DisclosureError, RunError
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.findings import findings_bytes, findings_of, message_data, message_from, read_findings, schema

BANK = cast(
    Bank,
    SimpleNamespace(
        as_of=date(2026, 10, 31),
        window_from=date(2021, 11, 1),
        settings=SimpleNamespace(bank=SimpleNamespace(id="demo"), window=SimpleNamespace(clock="months")),
    ),
)
ROW: dict[str, Any] = {
    "name": "survival",
    "group": {"region": "<script>alert(1)</script>"},
    "months": 12,
    "value": 0.9,
    "low": 0.85,
    "high": 0.93,
    "level": 0.95,
    "unit": "share",
    "n": np.int64(120),
    "n_events": 10.0,
    "status": "shown",
}
CHECK = {"name": "log-rank", "null": "no difference", "statistic": 1.5, "df": 1, "p_value": np.nan, "reason": ""}


def exhibit(*rows: dict[str, Any], id: str = "lifecycle.survival", **more: Any) -> Exhibit:
    reason = Message("left for a competitor")
    return Exhibit(
        id, Message("{share:percent} leave: {reason}", {"share": 0.4, "reason": reason}), estimates=rows, **more
    )


def told(*exhibits: Exhibit, report: str = "lifecycle") -> list[dict[str, Any]]:
    return findings_of(report, exhibits, BANK)


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(schema())


def test_a_finding_holds_what_the_exhibit_holds() -> None:
    found = told(exhibit(ROW, checks=(CHECK,), refusals=(Message("too few"),)))
    (read,) = json.loads(findings_bytes(found))
    assert read["id"] == "lifecycle.survival"
    assert read["title"] == {
        "id": "{share:percent} leave: {reason}",
        "values": {"share": 0.4, "reason": {"id": "left for a competitor", "values": {}}},
    }
    assert read["window"] == {"from": "2021-11-01", "to": "2026-10-31", "clock": "months"}
    assert read["estimates"] == [{**ROW, "n": 120}]
    assert read["checks"][0]["p_value"] is None
    assert read["refusals"] == [{"id": "too few", "values": {}}]


def test_the_file_holds_to_the_schema_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(findings_bytes(told(exhibit(ROW), exhibit(id="lifecycle.tenure"))))
    Draft202012Validator(schema()).validate(json.loads(path.read_text()))
    assert [f["id"] for f in read_findings(path)] == ["lifecycle.survival", "lifecycle.tenure"]


@pytest.mark.parametrize(
    "slip",
    [
        {"status": "suppressed"},
        {"status": "suppressed", "value": None},
        {"status": "suppressed", "value": None, "low": None, "high": None, "n_events": None},
        {"status": "not_estimable", "value": None, "low": None, "high": None},
        {"value": None},
        {"value": np.nan},
        {"status": "hidden"},
        {"clients": 3},
        {"group": {"region": 3}},
    ],
)
def test_a_number_behind_a_suppressed_value_stops_the_run(slip: dict[str, Any]) -> None:
    with pytest.raises(DisclosureError, match=r"does not hold to findings\.schema\.json at estimates/0"):
        findings_bytes(told(exhibit({**ROW, **slip})))


def test_a_suppressed_value_is_null_with_its_status() -> None:
    empty = dict.fromkeys(("value", "low", "high", "n", "n_events"))
    (found,) = json.loads(findings_bytes(told(exhibit({**ROW, **empty, "status": "suppressed"}))))
    assert found["estimates"][0]["value"] is None
    assert found["estimates"][0]["status"] == "suppressed"


def test_messages_never_quote_what_was_to_be_suppressed() -> None:
    with pytest.raises(DisclosureError) as error:
        findings_bytes(told(exhibit({**ROW, "status": "suppressed", "value": 0.123456})))
    assert "0.123456" not in str(error.value)


def test_an_exhibit_belongs_to_its_report_and_is_shown_once() -> None:
    with pytest.raises(RunError, match="belongs to another report"):
        told(exhibit(ROW), report="quality")
    with pytest.raises(RunError, match="is shown twice"):
        told(exhibit(ROW), exhibit(ROW))


def test_a_part_says_which_clients_it_is_about() -> None:
    (found,) = findings_of("lifecycle", [exhibit(ROW)], BANK, {"region": "north"})
    assert json.loads(findings_bytes([found]))[0]["part"] == {"region": "north"}


def test_messages_come_back_as_they_were() -> None:
    message = Message("{a} {b}", {"a": Message("{n:count}", {"n": 5}), "b": ["x", Message("y")]})
    assert message_from(json.loads(json.dumps(message_data(message)))) == message


@pytest.mark.parametrize("text", ["{}", "[{}]", '[{"id": "a.b"', "[null]"])
def test_a_damaged_file_is_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "findings.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_findings(path)
