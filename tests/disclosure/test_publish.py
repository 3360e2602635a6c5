"""The door: seals, refusals, writers that never see exact evidence, and exhibits as JSON."""

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from disclosure.attackers import RULES, clients, risk_counts, table

from insights.data.settings import BankSection
from insights.data.snapshot import Bank
from insights.errors import DisclosureError
from insights.reports import publish as door
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Paragraph, Table
from insights.reports.exhibits.codec import from_json, to_json
from insights.reports.publish import EXHIBIT_MIME, publish, show, verify
from insights.topics.evidence import Answer, ClientCounts, NotAvailable, RiskCounts

NASTY = "<script>alert(1)</script>"
EXHIBIT = Exhibit(
    id="quality.made_up",
    title=Message("{n:count} clients of {name}", {"n": 120, "name": NASTY}),
    sentences=(Message("{inner}.", {"inner": Message("{share:percent}", {"share": 0.25})}),),
    figure=Figure("bars", {"bars": [{"label": NASTY, "value": 3.0}], "kind": "count"}, Message("Bars")),
    tables=(
        Table(
            (Column("g", Message("Group")), Column("n", cast(Message, NASTY), "count")),
            ({"g": NASTY, "n": 10}, {"g": Message("all"), "n": None}),
            Message("A table"),
        ),
    ),
    paragraphs=(Paragraph(Message("Value"), "value", (Message("{n:count} of {name}", {"n": 5, "name": NASTY}),)),),
    basis=(Message("All."),),
    caveats=(Message("None."),),
    refusals=(Message("Nothing."),),
    estimates=({"name": "n", "value": 1.5, "group": {"by": "x"}},),
    checks=({"name": "test", "p_value": None},),
)


@pytest.fixture
def bank() -> Bank:
    settings = SimpleNamespace(
        disclosure=RULES, bank=BankSection(id="made_up", name=NASTY, currency="CHF"), labels={}, languages=["en"]
    )
    return cast(Bank, SimpleNamespace(settings=settings, as_of=date(2026, 10, 31), window_from=None))


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(door.SECRET, "of this run")
    return "of this run"


def answer(evidence: Any, estimate: Any = lambda evidence: None) -> Answer:
    return Answer("quality.made_up", "quality.made_up", {"e": evidence}, estimate, {})


def plain(answer: Answer, results: Any, bank: Bank) -> Exhibit:
    return EXHIBIT


def test_exhibit_survives_the_way_through_json() -> None:
    data = json.loads(json.dumps(to_json(EXHIBIT), allow_nan=False))
    assert from_json(data) == EXHIBIT
    assert to_json(from_json(data)) == data


def test_numbers_become_plain_and_missing_ones_null() -> None:
    row = {"a": np.float64("nan"), "b": np.int64(3), "c": pd.NA, "d": date(2026, 1, 31), "e": pd.NaT, "f": np.True_}
    told = to_json(
        replace(EXHIBIT, estimates=(row | {"g": float("inf")},), sentences=(Message("{x}", {"x": float("inf")}),))
    )
    assert told["estimates"] == [{"a": None, "b": 3, "c": None, "d": "2026-01-31", "e": None, "f": True, "g": None}]
    assert told["sentences"][0]["values"] == {"x": {"$message": "unbounded", "values": {}}}


@pytest.mark.parametrize(
    "value", [pd.DataFrame({"a": [1]}), np.arange(3), object(), {"$message": "forged", "values": {}}]
)
def test_what_is_not_text_or_number_cannot_be_shown(value: Any) -> None:
    with pytest.raises(DisclosureError, match="an exhibit holds a value of type"):
        to_json(replace(EXHIBIT, estimates=({"a": value},)))


@pytest.mark.parametrize(
    "data", [None, {}, {"id": "x"}, to_json(EXHIBIT) | {"more": 1}, to_json(EXHIBIT) | {"title": "text"}]
)
def test_what_is_not_an_exhibit_is_not_read_as_one(data: Any) -> None:
    with pytest.raises(DisclosureError, match="does not have the form of one"):
        from_json(data)


def test_a_sealed_exhibit_is_accepted_under_the_secret_of_its_run_only(bank: Bank, secret: str) -> None:
    bundle = publish(answer(table([500, 300])), bank, {"quality.made_up": plain}).bundle
    assert verify(json.loads(json.dumps(bundle)), secret) == EXHIBIT
    for other in ("of another run", ""):
        with pytest.raises(DisclosureError, match="no valid seal of this run"):
            verify(bundle, other)


def test_any_change_breaks_the_seal(bank: Bank, secret: str) -> None:
    bundle = publish(answer(table([500, 300])), bank, {"quality.made_up": plain}).bundle
    for field in bundle["exhibit"]:
        forged = json.loads(json.dumps(bundle))
        forged["exhibit"][field] = {"value": 3}
        with pytest.raises(DisclosureError, match="no valid seal"):
            verify(forged, secret)
    for forged in (None, "text", {}, bundle["exhibit"], {"exhibit": bundle["exhibit"]}, bundle | {"seal": "é"}):
        with pytest.raises(DisclosureError, match="no valid seal"):
            verify(forged, secret)


def test_the_writer_and_the_estimate_see_protected_evidence_only(bank: Bank) -> None:
    seen: list[Any] = []

    def estimate(evidence: Any) -> Any:
        seen.append(evidence)
        return evidence["e"].cells

    def writer(answer: Answer, results: Any, bank: Bank) -> Exhibit:
        seen.extend((answer.evidence, answer.exact, results))
        return EXHIBIT

    publish(answer(table([4511, 203, 31, 14, 4]), estimate), bank, {"quality.made_up": writer})
    for part in seen:
        cells = part["e"].cells if isinstance(part, dict) else part
        assert cells["clients"].fillna(-1).tolist() == [4510, 205, 30, -1, -1]


def test_what_the_bank_lacks_is_a_refusal_and_no_error(bank: Bank, secret: str) -> None:
    told = verify(publish(NotAvailable("loyalty.scores", ("surveys.answered_on",)), bank).bundle, secret)
    assert told.id == "loyalty.scores"
    assert told.refusals == (Message("not available: needs {needs}", {"needs": ["surveys.answered_on"]}),)
    assert not told.estimates


def test_groups_that_are_all_too_small_are_refused_in_words(bank: Bank, secret: str) -> None:
    frame = clients(60, 1, shares={f"g{k}": 1 / 12 for k in range(12)})

    def fails(*_: Any) -> Any:
        raise AssertionError("nothing is left to compute or to write")

    told = verify(publish(answer(risk_counts(frame), fails), bank, {"quality.made_up": fails}).bundle, secret)
    assert told.title == Message("Cannot be shown: too few clients")
    assert told.refusals
    assert not told.tables
    assert not told.estimates


def test_nobody_at_risk_is_the_writers_matter(bank: Bank, secret: str) -> None:
    empty = RiskCounts(
        risk_counts(clients(60, 1, shares={"": 1.0})).counts.iloc[:0], pd.DataFrame({"group": [], "units": []})
    )
    assert verify(publish(answer(empty), bank, {"quality.made_up": plain}).bundle, secret) == EXHIBIT


@pytest.mark.parametrize("kind", ["quality.nothing", "nothing.at_all", "nothing"])
def test_an_answer_without_a_writer_is_refused(kind: str, bank: Bank) -> None:
    with pytest.raises(DisclosureError, match="there is no writer for answers of kind"):
        publish(replace(answer(table([500, 300])), kind=kind), bank)


def test_unknown_evidence_is_not_published(bank: Bank) -> None:
    with pytest.raises(DisclosureError, match="disclosure control does not know"):
        publish(answer(pd.DataFrame({"clients": [3]})), bank, {"quality.made_up": plain})


def test_the_writers_of_a_topic_are_found(bank: Bank, secret: str) -> None:
    cells = pd.DataFrame({"table": ["clients"] * 2, "action": ["kept", "merged"], "rows": [4990, 10]})
    from insights.topics.evidence import RowCounts

    real = Answer(
        "quality.intake",
        "quality.intake",
        {"rows": RowCounts(cells, ("table", "action"), ("rows",))},
        lambda evidence: cast(RowCounts, evidence["rows"]).cells,
        {},
    )
    assert verify(publish(real, bank).bundle, secret).id == "quality.intake"


def displayed(monkeypatch: pytest.MonkeyPatch, bank: Bank) -> dict[str, Any]:
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: outputs.append(data))
    monkeypatch.setattr(door, "_writers", lambda kind: {"quality.made_up": plain})
    show(answer(ClientCounts(pd.DataFrame({"clients": [500]}), ())), bank)
    assert len(outputs) == 1
    return outputs[0]


def test_show_at_the_screen_escapes_everything(monkeypatch: pytest.MonkeyPatch, bank: Bank) -> None:
    monkeypatch.delenv(door.SECRET, raising=False)
    html = displayed(monkeypatch, bank)["text/html"]
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    assert "<svg" in html


def test_show_in_a_run_gives_the_sealed_exhibit_only(monkeypatch: pytest.MonkeyPatch, bank: Bank, secret: str) -> None:
    output = displayed(monkeypatch, bank)
    assert list(output) == [EXHIBIT_MIME]
    assert verify(output[EXHIBIT_MIME], secret) == EXHIBIT


def test_outside_a_run_the_secret_is_nobodys(monkeypatch: pytest.MonkeyPatch, bank: Bank) -> None:
    monkeypatch.delenv(door.SECRET, raising=False)
    bundle = publish(answer(table([500, 300])), bank, {"quality.made_up": plain}).bundle
    for guess in ("", "None", door.SECRET):
        with pytest.raises(DisclosureError):
            verify(bundle, guess)
