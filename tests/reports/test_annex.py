"""The annex for validators says what the findings say of models and tests, and what the tests found on this code."""

import math
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from insights.models.needs import trials
from insights.reports.annex import Told, annex, proofs
from insights.reports.annex import models as annex_models
from insights.reports.annex.lineage import origin
from insights.reports.annex.models import MODELS
from insights.reports.annex.page import gathered
from insights.reports.annex.proof_words import FROM, WHAT
from insights.reports.annex.proofs import ENTRIES, FILE, write_outcomes
from insights.reports.annex.tests import NULLS, OF_ROWS, REASONS, null_message, reason_message, registered
from insights.reports.annex.words import ASSUMES, BENCHMARK, BESIDE, BREAKS, DATA, DID, NAMES, NEVER, PURPOSE
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.wording import Wording

TOLD: Mapping[str, Any] = {"months": None, "level": 0.95, "unit": "x", "n": None, "n_events": None, "status": "shown"}


def number(name: str, value: float, low: float | None = None, high: float | None = None, **group: str) -> Any:
    return {"name": name, "group": group, "value": value, "low": low, "high": high} | TOLD


def check(null: str, p: float | None, statistic: float | None = None, reason: str = "") -> Any:
    return {"name": "x", "null": null, "p_value": p, "statistic": statistic, "df": None, "reason": reason}


def told(id: str, *estimates: Any, checks: Any = (), refusals: tuple[Message, ...] = ()) -> Told:
    return Told(id, Message("Found"), estimates, tuple(checks), refusals)


def part(parts: tuple[Exhibit, ...], name: str) -> Exhibit:
    return next(p for p in parts if p.id.endswith(name))


NULL = "all groups have the same share"


def test_tests_are_counted_by_exhibit_and_null() -> None:
    checks = [check(NULL, 0.01), check(NULL, 0.5), check(NULL, None, reason="there is no event")]
    sound = check("no weight is so large that it had to be cut", None, 0.0)
    fault = check("at no time are there more events than units at risk", None, 3.0, "3 events more")
    rows = [number("p_change_with_tenure", p, column="x") for p in (0.2, 0.04)]
    one, weights, events, tenure = registered([told("lifecycle.x", *rows, checks=[*checks, sound, fault])])
    assert (one.registered, one.made, one.rejected, one.reasons) == (3, 2, 1, ["there is no event"])
    assert (weights.made, weights.rejected) == (1, 0)
    assert (events.made, events.rejected, events.faults) == (1, 1, ["3 events more"])
    assert (tenure.null, tenure.p_values) == (OF_ROWS["p_change_with_tenure"], [0.2, 0.04])


def test_a_model_in_use_has_every_part_and_its_numbers() -> None:
    used = told("lifecycle.outlook", number("expected_clients", 60.0, 50.0, 70.0))
    tested = told("lifecycle.backtest", number("auc", 0.61, 0.58, 0.64, test="all"), number("auc", 0.9, test="main"))
    assumed = told("lifecycle.driver_checks", number("p_change_with_tenure", 0.03, column="x"))
    exhibit = part(annex("lifecycle", [used, tested, assumed], {}, {}), "models")
    (leaving,) = exhibit.paragraphs
    english = Wording("en")
    said = [english.text(s) for s in leaving.sentences]
    starts = (
        "For",
        "Not for",
        "Rests on",
        "Assumes",
        "Tests of what it assumes",
        "Benchmark",
        "Measured",
        "Breaks with",
    )
    assert [s.partition(":")[0] for s in said] == list(starts)
    assert said[4] == "Tests of what it assumes: “the effect does not change with time” (p 0.030)."
    assert said[6] == "Measured: told apart (AUC) 0.61 (0.58 to 0.64)."
    without = part(annex("lifecycle", [tested], {}, {}), "models")
    assert not without.paragraphs
    assert without.sentences


def test_every_model_has_all_its_words_and_every_number_has_its_own() -> None:
    names = {m.name for m in MODELS}
    for words in (NAMES, PURPOSE, NEVER, DATA, ASSUMES, BENCHMARK, BREAKS):
        assert set(words) == names
    for numbers, words in (([n for m in MODELS for n in m.did], DID), ([n for m in MODELS for n in m.beside], BESIDE)):
        keys = {(n.name, next((v for _, v in n.group if (n.name, v) in words), "")) for n in numbers}
        assert keys == set(words)
    fraud, service = (import_module(f"insights.topics.risk.{name}") for name in ("fraud", "service"))
    ways = ("LOGIT", "TREES", "SEGMENT", "PRECISION")
    assert [getattr(annex_models, w) for w in ways] == [getattr(trials, w) for w in ways]
    of = {m.name: {n.name for n in (*m.did, *m.beside)} for m in MODELS}
    assert of["fraud"] == {fraud.OF_KNOWN, fraud.AREA, fraud.BASE}
    assert of["complaints"] == {service.AREA, service.RATIO, service.CAPTURED}


def test_what_a_test_says_is_known_by_its_words() -> None:
    for message in REASONS:
        made = re.sub(r"\{(\w+)\}", "7", message.id)
        found = reason_message(made)
        assert isinstance(found, Message)
        assert Wording("en").text(found) == made
    assert reason_message("something new") == "something new"
    assert null_message("something new") == "something new"
    assert set(OF_ROWS.values()) <= {m.id for m in NULLS}


def test_refusals_are_told_with_their_reasons() -> None:
    refused = told("value.renewals", refusals=(Message("There is no contract."),))
    (row,) = part(annex("value", [refused], {}, {}), "untold").tables[0].rows
    assert row["why"].id == "There is no contract."


def test_published_results_are_as_the_tests_left_them_on_this_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path))
    path = tmp_path / "state" / FILE
    assert {p.state for p in proofs().values()} == {"not_run"}
    write_outcomes(path, {"kupiec": {"a": True}, "run_length": {"a": True, "b": False}})
    write_outcomes(path, {"kupiec": {"b": True}})
    found = proofs()
    assert {e: (found[e].state, found[e].tests) for e in ("kupiec", "run_length", "eu_savings")} == {
        "kupiec": ("passed", 2),
        "run_length": ("failed", 2),
        "eu_savings": ("not_run", 0),
    }
    table = part(annex("risk", [], {}, found), "acceptance").tables[0]
    assert [r["state"].id for r in table.rows] == ["passed", "failed"]
    path.write_text(path.read_text().replace('"code": "', '"code": "of another day '))
    assert {p.state for p in proofs().values()} == {"not_run"}
    path.write_text("[")
    assert {p.state for p in proofs().values()} == {"not_run"}


def test_every_published_result_is_in_the_annex_of_some_report(acceptance: dict[str, Any]) -> None:
    assert set(ENTRIES) == set(acceptance) == set(WHAT) == set(FROM)
    assert all(ENTRIES.values())


def test_the_page_has_a_section_for_every_report_and_names_no_place(tmp_path: Path) -> None:
    from insights.data.settings_sources import TableSource

    source = TableSource(path="secret/folder/clients.csv", legal_basis="contract", purpose="care", retention_months=120)
    assert origin(source) == "clients.csv"
    found = [told("quality.intake"), told("lifecycle.outlook", number("expected_clients", 60.0))]
    rows = {"clients": {"kept": 95.0, "merged": 5.0, "quarantined": math.nan, "came": math.nan}}
    labels = {"purpose": {"care": {"en": "care", "zh-CN": "照顾"}}}
    sections = list(gathered(found, {"clients": source}, proofs(), rows, labels))
    assert [h.id for h, _ in sections if isinstance(h, Message)] == ["All reports", "Data quality", "Client lifecycle"]
    overview, lineage, _ = sections[0][1]
    assert [r["questions"] for r in overview.tables[0].rows] == [1, 1]
    (row,) = lineage.tables[0].rows
    assert (row["from"], row["months"]) == ("clients.csv", 120)
    chinese = Wording("zh-CN", labels)
    assert [chinese.text(row[c]) for c in ("basis", "purpose")] == ["合同", "照顾"]
    (counted,) = lineage.tables[1].rows
    # A number of rows that is withheld takes with it how many came in: less the others it would tell it.
    assert [counted[c] for c in ("came", "kept", "merged", "quarantined", "withheld")] == [None, 95, 5, None, 0]
