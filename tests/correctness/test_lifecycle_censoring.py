"""Those lost to view, those saved, and what leavers had spoken of: on banks made to be counted by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_bank import CLIENTS, write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.exits.rows import exit_rows
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.codec import from_json
from insights.reports.publish import publish
from insights.reports.wording import Wording
from insights.stats.results import NotEstimable
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.lifecycle.censoring import DELTA, PLAIN, REPORT, WEIGHTS
from insights.topics.lifecycle.leavers import STAYERS, matched_stayers

AS_OF = "2021-12-31"


def people(exits: Sequence[tuple[str, int]], stayers: int) -> str:
    """Return the client file: so many leave for each reason, spread over 2021; all joined before the window."""
    reasons = [reason for reason, n in exits for _ in range(n)]
    rows = [f"{k},2018-0{1 + k % 9}-01,2021-{1 + k % 12:02d}-15,{r},North,1960" for k, r in enumerate(reasons)]
    return (
        CLIENTS + "\n".join([*rows, *(f"{5000 + k},2018-0{1 + k % 9}-01,,,North,1960" for k in range(stayers))]) + "\n"
    )


def bank_of(folder: Path, clients: str, as_of: str = AS_OF, **files: str) -> Bank:
    return open_bank(write_bank(folder, {"clients": clients, **files}, delay=0), as_of=as_of)


def shown(answer: Answer | NotAvailable, bank: Bank, language: str = "en") -> tuple[Exhibit, list[str]]:
    exhibit = from_json(publish(answer, bank).exhibit)
    wording = Wording(language, bank.settings.labels, currency="CHF", mode="bank")
    parts = (exhibit.title, *exhibit.sentences, *exhibit.caveats, *exhibit.basis, *exhibit.refusals)
    said = [wording.text(m) for m in parts]
    assert not any("{" in text or not text for text in said)
    return exhibit, said


def test_the_bounds_are_those_counted_by_hand(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, people([("competitor", 36), ("dormancy", 24), ("death", 12)], 128))
    answer = lifecycle.censoring(bank)
    assert isinstance(answer, Answer)
    found = answer.exact
    assert found.months == 12
    shares = {key: found.at(*key)["value"] for key in ((REPORT, ""), (DELTA, "1"), (DELTA, "4"), (DELTA, "inf"))}
    # Those who are lost in the last month are known not to have left for a competitor by its end.
    assert shares[REPORT, ""] == pytest.approx(36 / 200)
    assert shares[DELTA, "inf"] == pytest.approx((36 + 22) / 200)
    assert shares[REPORT, ""] < shares[DELTA, "1"] < shares[DELTA, "4"] < shares[DELTA, "inf"]
    cells = dict(found.outcomes[["outcome", "clients"]].to_numpy().tolist())
    assert cells == {"competitor": 36, "death": 12, "dormancy": 24, "in force": 128}
    assert "too few" in found.refusal
    _, said = shown(answer, bank)
    assert any("no weights" in text for text in said)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_weights_that_know_nothing_of_the_lost_change_nothing(tmp_path: Path, language: str) -> None:
    bank = bank_of(tmp_path, people([("competitor", 72), ("dormancy", 72)], 300))
    answer = lifecycle.censoring(bank)
    assert isinstance(answer, Answer)
    found = answer.exact
    assert not found.refusal
    weighted, plain = found.at(WEIGHTS), found.at(PLAIN)
    assert weighted["value"] == pytest.approx(plain["value"], abs=0.01)
    assert weighted["low"] < plain["value"] < weighted["high"]
    assert plain["value"] == pytest.approx(found.at(DELTA, "1")["value"], rel=1e-9)
    exhibit, _ = shown(answer, bank, language)
    assert len(exhibit.figure.data["bars"]) == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("exits", "as_of", "why"),
    [
        ([("before the window", 1)], AS_OF, "nobody_left"),
        ([("dormancy", 30)], AS_OF, "nobody_by_choice"),
        ([("competitor", 30)], AS_OF, "nobody_lost"),
        ([("competitor", 60), ("dormancy", 60)], "2021-06-30", "too_short"),
    ],
)
def test_what_cannot_be_told_of_the_lost_says_why(
    tmp_path: Path, exits: list[tuple[str, int]], as_of: str, why: str
) -> None:
    clients = people(exits, 100).replace("2021-01-15,before the window", "2019-12-31,competitor")
    bank = bank_of(tmp_path, clients, as_of)
    answer = lifecycle.censoring(bank)
    assert isinstance(answer, Answer)
    assert answer.exact == NotEstimable(why)
    exhibit, _ = shown(answer, bank)
    assert len(exhibit.refusals) == 1


def test_everybody_left(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, people([("competitor", 60), ("dormancy", 60)], 0))
    for question in (lifecycle.censoring, lifecycle.exit_notes, lifecycle.saves, lifecycle.contact_plan):
        shown(question(bank), bank)
    assert "contacts" not in lifecycle.lists(bank)


def test_leavers_and_the_stayers_beside_them_are_alike_and_counted_once(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, people([("competitor", 40)], 200))
    rows = exit_rows(bank).until(bank.as_of)
    left, stayed = matched_stayers(rows, rows.cause > 0)
    assert len(left) == len(stayed) == 40
    assert (rows.month[left] == rows.month[stayed]).all()
    assert (rows.cause[stayed] == 0).all()
    assert len(np.unique(rows.client[stayed])) == 40


def notes(topic: str, clients: range) -> str:
    return "\n".join(f"{k},2021-{1 + k % 12:02d}-01,{topic}" for k in clients)


def test_topics_of_leavers_are_set_beside_those_of_stayers(tmp_path: Path) -> None:
    # A note of the month of leaving is too late; of those in the six months before, the last one counts.
    before = [f"{k},2020-{12 if k % 12 == 0 else 11}-20,fees" for k in range(40)]
    before += [f"{k},2020-10-01,family" for k in range(40)]
    table = "client_id,noted_on,topic\n" + "\n".join(before) + "\n" + notes("late", range(40)) + "\n"
    bank = bank_of(tmp_path, people([("competitor", 40)], 200), notes=table)
    answer = lifecycle.exit_notes(bank)
    assert isinstance(answer, Answer)
    found = answer.exact
    cells = {(r["who"], r["topic"]): r["clients"] for r in found.cells.to_dict("records")}
    in_time = sum(k % 12 <= 4 for k in range(40))  # left until May: November is within six months
    assert cells[("competitor", "fees")] == in_time
    assert ("competitor", "late") not in cells
    # Whoever leaves later may stand beside one who leaves now: he was there then, and his notes count.
    assert sum(n for (who, _), n in cells.items() if who == STAYERS) == 40
    assert cells[(STAYERS, "no_note")] >= 35
    assert (STAYERS, "late") not in cells
    test = found.tests.set_index("name").loc["fees"]
    both = in_time + cells.get((STAYERS, "fees"), 0)
    assert test["statistic"] == pytest.approx(in_time / both)
    assert test["p_holm"] < 0.05
    _, said = shown(answer, bank)
    assert not any(
        "fees" in text for text in said
    )  # two stayers are too few to be told, and so is who they stand beside


def test_without_notes_the_answer_names_them(tmp_path: Path) -> None:
    answer = lifecycle.exit_notes(bank_of(tmp_path, people([("competitor", 20)], 40)))
    assert answer == NotAvailable("lifecycle.exit_notes", ("notes.noted_on", "notes.topic"))


def test_who_stayed_after_a_large_outflow_is_counted_by_hand(tmp_path: Path) -> None:
    months = pd.period_range("2020-01", "2022-12", freq="M")
    gone = dict.fromkeys(range(8), "2021-08-10") | {8: "2021-05-10", 9: "2021-05-10"}
    rows = [f"{k},2018-01-01,{gone.get(k, '')},{'competitor' if k in gone else ''},North,1960" for k in range(60)]
    balances, bookings = ["client_id,month,category,amount"], ["client_id,booked_on,kind,amount"]
    for k in range(60):
        for month in months:
            if str(month) <= gone.get(k, "9999")[:7]:
                balances.append(f"{k},{month}-01,cash,{1000 if str(month) < '2021-03' or k >= 40 else 400}")
        bookings.append(f"{k},2021-03-10,outflow,{-600 if k < 40 else -50}")
    contacts = ["client_id,contacted_on,channel,direction"]
    contacts += [f"{k},2021-04-20,phone,outbound" for k in (*range(4), 8, *range(10, 20))]
    contacts += ["20,2021-08-20,phone,outbound", "21,2021-04-20,phone,inbound"]  # too late, and from the client
    files = {"balances": balances, "transactions": bookings, "contacts": contacts}
    texts = {name: "\n".join(lines) + "\n" for name, lines in files.items()}
    bank = bank_of(tmp_path, CLIENTS + "\n".join(rows) + "\n", "2022-12-31", **texts)
    answer = lifecycle.saves(bank)
    assert isinstance(answer, Answer)
    found = answer.exact
    assert list(found.outcomes) == ["large_outflow"]
    assert dict(found.outcomes["large_outflow"].to_numpy().tolist()) == {"competitor": 10, "in force": 30}
    told = found.measures.set_index(["measure", "row"])
    # Two left before the three months in which the bank could react were over: they are in neither group.
    assert told.loc[("contact", "with"), ["n", "value"]].tolist() == [14, 10 / 14]
    assert told.loc[("contact", "without"), ["n", "value"]].tolist() == [24, 20 / 24]
    assert ("contact", "adjusted") not in told.index  # too few for a comparison among similar clients


def test_no_sign_of_leaving_is_no_answer(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, people([("competitor", 5)], 60))
    answer = lifecycle.saves(bank)
    assert isinstance(answer, Answer)
    assert answer.exact == NotEstimable("no_signs")
