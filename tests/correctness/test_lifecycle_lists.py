"""Whom to talk to first, whom to win back, who was saved: lists that add up, and counts made by hand."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_bank import CLIENTS, write_bank

from insights.data.settings import ListsSection, Recipient
from insights.data.snapshot import Bank, open_bank
from insights.demo import write_demo
from insights.models.exits.rows import exit_rows
from insights.models.exits.totals import exit_totals
from insights.models.exits.use import risks_in_use
from insights.models.returns import departures
from insights.models.trial import treated_clients
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.codec import from_json
from insights.reports.lists import write_list
from insights.reports.publish import publish
from insights.reports.wording import Wording
from insights.stats.results import Estimate, NotEstimable
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.lifecycle.contacts import BY_RISK, Contacts, contacts
from insights.topics.lifecycle.contacts import _rank as rank
from insights.topics.lifecycle.lists import chance_of_return

SPELLS = (
    "client_id,spell,joined_on,left_on,leave_reason\n"
    "1,1,2020-02-01,2021-05-20,competitor\n1,2,2021-09-02,,\n"  # came back after four months
    "2,1,2020-03-10,2021-03-05,death\n"
    "3,1,2020-03-31,2020-06-10,competitor\n3,2,2020-06-20,2021-12-03,other\n"  # back in the same month, then gone
    "4,1,2020-01-15,2019-12-31,competitor\n"
)
ROWS = (
    CLIENTS + "1,2020-02-01,,,North,1950\n2,2020-03-10,2021-03-05,death,North,1955\n"
    "3,2020-03-31,2021-12-03,other,South,1961\n5,2020-01-15,2021-07-15,competitor,South,1962\n"
)
BALANCES = (
    "client_id,month,category,amount\n1,2021-04-01,cash,900\n3,2021-11-01,cash,70\n"
    "5,2021-06-01,cash,40\n5,2021-06-01,funds,2\n"
)


def small(folder: Path, clients: str = ROWS, **files: str) -> Bank:
    return open_bank(write_bank(folder, {"clients": clients, **files}, delay=0), as_of="2022-01-31")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("lists") / "bank"
    write_demo(folder, clients=1_200, months=36, seed=2, language="en")
    with open_bank(folder / "bank.toml", as_of="2026-10-31") as bank:
        bank.settings.__dict__["lifecycle"] = bank.settings.lifecycle.model_copy(
            update={"contacts_per_manager": 3, "retention_programme": "retention", "cost_per_contact": 50.0}
        )
        exit_rows(bank)
        yield bank


@pytest.fixture(scope="module")
def listed(demo: Bank) -> pd.DataFrame:
    return lifecycle.lists(demo)["contacts"]


def shown(answer: Answer | NotAvailable, bank: Bank) -> Exhibit:
    return from_json(publish(answer, bank).exhibit)


def test_reasons_add_up_to_the_distance_from_the_average(listed: pd.DataFrame) -> None:
    because = [c for c in listed.columns if c.startswith("because_")]
    assert len(because) >= 3
    apart = listed["risk_pct"] - listed["average_pct"]
    np.testing.assert_allclose(listed[because].sum(axis=1), apart, atol=1e-9)


@pytest.mark.parametrize(("language", "step"), [("en", "talk"), ("zh-CN", "客户")])
def test_the_files_are_in_the_banks_language_and_hold_codes_for_other_systems(
    demo: Bank, listed: pd.DataFrame, language: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = demo.settings.model_copy(
        update={
            "bank": demo.settings.bank.model_copy(update={"language": language}),
            "paths": demo.settings.paths.model_copy(update={"lists": tmp_path / "lists", "state": tmp_path / "state"}),
            "lists": ListsSection(recipients={"desk": Recipient(group="no-such-group", lists=("contacts", "winback"))}),
        }
    )
    monkeypatch.setattr(demo, "settings", settings)
    made = lifecycle.lists(demo)
    path = write_list("contacts", made["contacts"], demo, recipient="desk")
    told = pd.read_csv(path)
    assert len(told) == len(listed)
    texts = told.select_dtypes("object")
    for heading in told.columns:
        chinese = re.search(r"[\u4e00-\u9fff]", heading)
        assert bool(chinese) == (language == "zh-CN"), heading
        assert "_" not in heading
    steps, why = (texts.iloc[:, k] for k in (2, 3))
    assert steps.nunique() > 1
    # Words only: no code, and no English in a Chinese list but names of the bank's own.
    for text in (*steps, *why):
        assert "_" not in text
        assert bool(re.search(r"[a-z]{3}", text.replace("retention", ""))) == (language == "en"), text
    assert why.str.contains(r"[+−]\d+\.\d").all()
    # Every reason told is one of the three largest parts.
    because = [c for c in listed.columns if c.startswith("because_")]
    largest = listed[because].abs().max(axis=1)
    first = why.str.extract(r"(\d+\.\d)", expand=False).astype(float)
    np.testing.assert_allclose(first, largest, atol=0.051)
    assert pd.read_parquet(path.with_suffix(".parquet")).columns.tolist() == listed.columns.tolist()
    back = write_list("winback", made["winback"], demo, recipient="desk")
    reasons = set(pd.read_csv(back).iloc[:, 4])
    assert "competitor" not in reasons or language == "en"


def test_no_manager_gets_more_than_he_has_time_for(listed: pd.DataFrame) -> None:
    sizes = listed.groupby("rm_id").size()
    assert sizes.max() == 3
    for _, part in listed.groupby("rm_id"):
        assert part["rank"].tolist() == list(range(1, len(part) + 1))
    assert listed["client_id"].is_unique
    assert listed["client_id"].str.startswith("c_").all()


def test_without_a_seen_effect_the_order_is_risk_times_assets(demo: Bank, listed: pd.DataFrame) -> None:
    found = contacts(demo)
    assert isinstance(found, Contacts)
    assert found.basis == BY_RISK  # 600 clients show no effect
    rows = found.rows
    np.testing.assert_allclose(rows["assets_at_risk"], rows["risk"] * rows["assets"])
    for _, part in rows[rows["rank"].notna()].sort_values("rank").groupby("rm_id"):
        assert part["assets_at_risk"].is_monotonic_decreasing
    assert listed["expected_gain"].isna().all()


def test_risks_grow_with_the_horizon_and_stay_within_the_total(listed: pd.DataFrame) -> None:
    assert (listed["risk_any_3m_pct"] <= listed["risk_any_12m_pct"]).all()
    assert (listed["risk_competitor_12m_pct"] <= listed["risk_any_12m_pct"] + 0.011).all()
    np.testing.assert_allclose(listed["risk_competitor_12m_pct"], listed["risk_pct"], atol=0.011)


def test_where_an_effect_is_known_gain_ranks_and_a_loss_has_no_rank() -> None:
    rows = pd.DataFrame(
        {
            "client_id": list("abcdef"),
            "rm_id": ["m", "m", "m", "m", "n", "n"],
            "gain": [10.0, 30.0, -5.0, np.nan, np.nan, 1.0],
            "in_programme": [False, False, False, True, True, False],
            "assets_at_risk": [1.0, 1.0, 99.0, 50.0, 70.0, 2.0],
        }
    )
    told = rank(rows, with_effect=True)
    assert told.tolist()[:2] == [2.0, 1.0]
    assert np.isnan(told[2])  # a talk would cost more than it brings
    assert told[3] == 3.0  # already in the programme: after the others
    assert told.tolist()[4:] == [2.0, 1.0]
    by_risk = rank(rows, with_effect=False)
    assert by_risk.tolist() == [3.0, 4.0, 1.0, 2.0, 1.0, 2.0]


def test_the_page_says_how_the_list_is_ranked(demo: Bank, listed: pd.DataFrame) -> None:
    exhibit = shown(lifecycle.contact_plan(demo), demo)
    said = " ".join(m.id for m in exhibit.sentences)
    assert "Ranked by risk × assets" in said
    assert "effect × value" not in said
    clients = [e for e in exhibit.estimates if e["name"] == "clients" and e["group"] == {"group": "listed"}]
    assert abs(clients[0]["value"] - len(listed)) <= 5


def test_page_one_says_what_the_programme_would_keep_where_its_experiment_shows_it(
    demo: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said() -> str:
        return " ".join(m.id for m in shown(lifecycle.outlook(demo), demo).sentences)

    assert "No experiment shows what would keep them" in said()
    log = {name: float(np.log(ratio)) for name, ratio in (("value", 0.6), ("low", 0.5), ("high", 0.8))}
    ratio = Estimate(**log, unit="log hazard ratio", n=900, n_events=120, level=0.95)
    monkeypatch.setattr(sys.modules["insights.topics.lifecycle.outlook"], "shown_ratio", lambda bank: ratio)
    answer = lifecycle.outlook(demo)
    assert isinstance(answer, Answer)
    rows = answer.evidence["kept"].rows.set_index("measure")  # type: ignore[union-attr]
    risks = risks_in_use(demo)
    outside = ~risks["client_id"].isin(treated_clients(demo)).to_numpy()
    assert 0 < outside.sum() < len(risks)
    risk = risks["competitor_12m"].to_numpy(float)[outside]
    held = exit_totals(demo).counted[outside]
    for end, factor in (("value", 0.6), ("low", 0.8), ("high", 0.5)):
        fall = risk - (1 - (1 - risk) ** factor)
        assert rows.loc["clients", end] == pytest.approx(fall.sum())
        assert rows.loc["assets", end] == pytest.approx(fall @ held)
    assert rows.loc["clients", "n"] == outside.sum()
    assert "offered to all who are not in it" in said()


def test_nothing_about_a_client_or_a_manager_is_on_the_page(demo: Bank) -> None:
    text = str(publish(lifecycle.contact_plan(demo), demo).exhibit)
    assert re.search(r"\b[cm]_[a-z2-7]{12}", str(contacts(demo).rows["client_id"].iloc[0]))  # type: ignore[union-attr]
    assert not re.search(r"\b[cm]_[a-z2-7]{12}", text)


def test_where_no_model_tells_clients_apart_there_is_no_list(tmp_path: Path) -> None:
    answer = lifecycle.contact_plan(small(tmp_path))
    assert isinstance(answer, Answer)
    assert answer.exact == NotEstimable("nothing_to_rank")
    assert "contacts" not in lifecycle.lists(small(tmp_path / "again"))


def test_departures_are_those_counted_by_hand(tmp_path: Path) -> None:
    found = departures(
        small(tmp_path, relationships=SPELLS.replace("4,1,2020-01-15,2019-12-31,competitor\n", ""), balances=BALANCES)
    )
    told = found[["reason", "away", "returned"]].to_numpy().tolist()
    expected = [
        ["competitor", 4.0, True],  # May to September
        ["competitor", 0.5, True],  # and back in the month of leaving
        ["other", 1.0, False],
        ["competitor", 6.0, False],
    ]
    assert sorted(told, key=str) == sorted(expected, key=str)
    assert sorted(found["assets"].dropna()) == [42.0, 70.0, 900.0]


def test_who_might_be_won_back_is_worth_the_most_first(tmp_path: Path) -> None:
    bank = small(
        tmp_path, relationships=SPELLS.replace("4,1,2020-01-15,2019-12-31,competitor\n", ""), balances=BALANCES
    )
    told = lifecycle.lists(bank)["winback"]
    assert told[["rank", "leave_reason", "assets"]].to_numpy().tolist() == [[1, "other", 70.0], [2, "competitor", 42.0]]
    assert told["return_pct"].isna().all()  # two returns tell no chance


def test_the_chance_of_return_is_that_of_those_away_as_long() -> None:
    rows = pd.DataFrame({"away": [6.0] * 20 + [30.0] * 80, "returned": [True] * 20 + [False] * 80})
    assert chance_of_return(rows, np.array([1.0, 6.0])) == pytest.approx([0.2, 0.0])
    assert np.isnan(chance_of_return(rows, np.array([25.0]))[0])  # nobody was away for so long and a year more
    assert np.isnan(chance_of_return(rows.iloc[10:11], np.array([1.0]))).all()


def test_returns_of_the_demo_bank_are_told_or_refused(demo: Bank, tmp_path: Path) -> None:
    answer = lifecycle.returns(demo)
    assert isinstance(answer, Answer)
    curve = answer.exact
    gone = departures(demo)
    assert curve.at([0.5], cause="returned")[0].n == gone["client_id"].nunique()
    nobody = lifecycle.returns(
        small(tmp_path, relationships=SPELLS.splitlines()[0] + "\n1,1,2020-02-01,2021-05-20,other\n")
    )
    assert isinstance(nobody, Answer)
    assert nobody.exact == NotEstimable("nobody_returned")
    assert lifecycle.returns(small(tmp_path / "b")) == NotAvailable(
        "lifecycle.returns", ("relationships.joined_on", "relationships.left_on")
    )


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_exhibits_can_be_written_in_both_languages(demo: Bank, language: str) -> None:
    questions = (lifecycle.contact_plan, lifecycle.saves, lifecycle.returns, lifecycle.exit_notes)
    wording = Wording(language, demo.settings.labels, currency="CHF", mode="bank")
    for question in questions:
        exhibit = shown(question(demo), demo)
        parts = (exhibit.title, *exhibit.sentences, *exhibit.caveats, *exhibit.basis, *exhibit.refusals)
        said = [wording.text(m) for m in parts]
        assert all(said)
        assert not any("{" in text for text in said)
