"""The retention programme as an experiment: counted by hand, on the demo bank whose truth is known, and refused."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recovery.leaving import draw_leavers
from small_bank import CLIENTS, write_bank

from insights.data.settings import load_settings
from insights.data.snapshot import Bank, open_bank
from insights.demo import Law, write_demo
from insights.models.gains import ClientGains, client_gains
from insights.models.trial import NO_ROWS, NOT_DRAWN, ONE_ARM, TOO_EARLY, Trial, assets_at, treated_clients, trial
from insights.reports.exhibits.codec import from_json
from insights.reports.publish import publish
from insights.reports.wording import Wording
from insights.stats.results import Estimate, NotEstimable
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.lifecycle.retention import ALL_MONEY, DIFFERENCE, LEFT, LOST_MONEY, log_hazard_ratio

SETTING = '[lifecycle]\nretention_programme = "keep"\n'
ROWS = (
    CLIENTS + "1,2020-02-01,2021-05-20,competitor,North,1950\n"  # treated, left in the third month
    "2,2020-03-10,2021-03-05,death,North,1955\n"  # control, left in the first month
    "3,2020-03-31,,,South,1961\n"  # treated, in force; his participation ended
    "4,2020-01-15,,,South,1962\n"  # control, in force
    "5,2020-01-01,2021-02-28,competitor,North,1940\n"  # drawn, but gone the day before
    "6,2020-02-01,,,North,1970\n"  # drawn for both arms
    "7,2020-02-01,,,North,1970\n"  # not drawn by lot
)
PROGRAMMES = (
    "programme,client_id,started_on,ended_on,arm,randomised\n"
    "keep,1,2021-03-01,,treated,true\nkeep,2,2021-03-01,,control,true\nkeep,3,2021-03-01,2021-09-30,treated,true\n"
    "keep,4,2021-03-01,,control,true\nkeep,5,2021-03-01,,treated,true\nkeep,6,2021-03-01,,treated,true\n"
    "keep,6,2021-04-01,,control,true\nkeep,7,2021-03-01,,treated,false\nother,7,2021-03-01,,treated,true\n"
)
BALANCES = (
    "client_id,month,category,amount\n1,2021-02-01,cash,100\n1,2021-02-01,funds,50\n1,2021-03-01,cash,80\n"
    "2,2021-02-01,cash,70\n3,2021-02-01,cash,10\n3,2022-01-01,cash,30\n4,2022-01-01,cash,5\n"
)


def small(folder: Path, programmes: str = PROGRAMMES, more: str = SETTING, **files: str) -> Bank:
    files = {"clients": ROWS, "programmes": programmes, "balances": BALANCES} | files
    return open_bank(write_bank(folder, files, more=more, delay=0), as_of="2022-01-31")


def with_settings(bank: Bank, **changes: Any) -> Bank:
    """Give an opened bank other settings of the lifecycle."""
    bank.settings.__dict__["lifecycle"] = bank.settings.lifecycle.model_copy(update=changes)
    return bank


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Iterator[Bank]:
    with open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31") as bank:
        yield bank


def test_who_was_drawn_and_what_became_of_him_is_that_counted_by_hand(tmp_path: Path) -> None:
    found = trial(small(tmp_path))
    assert isinstance(found, Trial)
    rows = found.rows.sort_values("time")
    assert (found.absent, found.twice, found.by_manager, found.main) == (1, 1, False, "competitor")
    told = rows[["treated", "time", "cause", "followed", "ended"]].to_numpy().tolist()
    assert told[:2] == [[False, 1.0, "death", 11, False], [True, 3.0, "competitor", 11, False]]
    assert sorted(told[2:], key=str) == [[False, 11.0, "", 11, False], [True, 11.0, "", 11, True]]
    assert found.horizon() == 11


def test_assets_are_those_of_the_month_end_before_the_start_and_so_many_months_later(tmp_path: Path) -> None:
    bank = small(tmp_path)
    found = trial(bank)
    assert isinstance(found, Trial)
    order = found.rows["time"].argsort(kind="stable").to_numpy()
    by_time = {m: sorted(assets_at(bank, found, m)[order].tolist()) for m in (0, 1, 11)}
    assert by_time == {0: [0.0, 10.0, 70.0, 150.0], 1: [0.0, 0.0, 0.0, 80.0], 11: [0.0, 0.0, 5.0, 30.0]}
    assert np.isnan(assets_at(bank, found, 12)).all()  # not delivered yet


def test_who_has_ended_is_in_the_programme_no_more(tmp_path: Path) -> None:
    bank = small(tmp_path)
    found = trial(bank)
    assert isinstance(found, Trial)
    ended = found.rows.loc[found.rows["ended"], "client_id"]
    assert len(ended) == 1
    assert not set(ended) & treated_clients(bank)


def test_a_programme_of_managers_counts_the_clients_each_had_when_it_started(tmp_path: Path) -> None:
    programmes = (
        "programme,rm_id,started_on,arm,randomised\nkeep,A,2021-03-01,treated,true\nkeep,B,2021-03-01,control,true\n"
    )
    history = "client_id,valid_from,rm_id\n1,2020-02-01,A\n3,2020-03-31,B\n4,2020-01-15,A\n4,2021-06-01,B\n"
    found = trial(small(tmp_path, programmes, client_history=history))
    assert isinstance(found, Trial)
    assert found.by_manager
    assert found.treated.sum() == 2  # clients 1 and 4, who was handed over to B only later
    assert len(found.rows) == 3
    assert len(set(found.clusters)) == 2


@pytest.mark.parametrize(
    ("programmes", "more", "why"),
    [
        (PROGRAMMES, '[lifecycle]\nretention_programme = "gone"\n', NO_ROWS),
        (PROGRAMMES.replace("true", "false"), SETTING, NOT_DRAWN),
        (PROGRAMMES.replace("control", "treated"), SETTING, ONE_ARM),
        (PROGRAMMES.replace("2021-03-01", "2019-03-01"), SETTING, TOO_EARLY),
        (PROGRAMMES.replace("2021-03-01", "2021-11-01").replace("2021-09-30", "2021-12-30"), SETTING, "too_short"),
    ],
)
def test_what_is_no_experiment_says_why(tmp_path: Path, programmes: str, more: str, why: str) -> None:
    bank = small(tmp_path, programmes, more)
    answer = lifecycle.retention(bank)
    assert isinstance(answer, Answer)
    assert answer.exact == NotEstimable(why)
    exhibit = from_json(publish(answer, bank).exhibit)
    assert len(exhibit.refusals) == 1
    assert not exhibit.estimates


def test_without_programme_or_setting_the_answer_names_what_it_needs(tmp_path: Path) -> None:
    answer = lifecycle.retention(small(tmp_path, more=""))
    assert answer == NotAvailable("lifecycle.retention", ("[lifecycle] retention_programme",))
    bank = open_bank(write_bank(tmp_path / "bare", {"clients": ROWS}, more=SETTING), as_of="2022-01-31")
    for question in (lifecycle.retention, lifecycle.retention_gains):
        missing = question(bank)
        assert isinstance(missing, NotAvailable)
        assert "programmes.arm" in missing.needs


def test_a_few_clients_are_no_evidence(tmp_path: Path) -> None:
    bank = small(tmp_path)
    exhibit = from_json(publish(lifecycle.retention(bank), bank).exhibit)
    assert exhibit.title.id == "What the programme “{name}” was worth cannot be told"
    assert exhibit.refusals
    gains = lifecycle.retention_gains(bank)
    assert isinstance(gains, Answer)
    assert gains.exact == NotEstimable("too_few_for_gains")


def test_the_true_effect_is_covered_in_the_process_of_the_demo_bank() -> None:
    law = Law()
    rows = draw_leavers(law, 6_000, 42, seed=4).person_months
    start = law.retention_programme_month - 1
    first = rows[(rows["month"] == start) & (rows["spell"] == 1)].set_index("client_id")
    later = rows[(rows["month"] >= start) & (rows["spell"] == 1) & rows["client_id"].isin(first.index)]
    last = later.groupby("client_id").agg(month=("month", "max"), reason=("reason", "last")).loc[first.index]
    treated = first["retention_programme"].astype(float)
    frame = pd.DataFrame(
        {
            "treated": treated > 0,
            "time": (last["month"] - start + 1).astype(float),
            "cause": last["reason"].fillna("").astype(str),
            "unit": first.index,
            "manager": first["manager"],
            "client_id": first.index,
        }
    )
    told = log_hazard_ratio(Trial("retention", frame, False, 0, 0, "competitor"))
    assert isinstance(told, Estimate)
    assert told.se is not None
    assert told.se < 0.12
    assert abs(told.value - law.leaving.retention_programme) < 3 * told.se
    assert told.high < 0


def test_an_arm_with_few_exits_cannot_be_worked_out_from_the_other(tmp_path: Path) -> None:
    """Four exits among the treated, thirty among the others: neither the arm nor the difference may be told."""
    gone = dict.fromkeys(range(4), "2021-05-10") | dict.fromkeys(range(100, 130), "2021-06-10")
    clients = [f"{k},2019-01-01,{gone.get(k, '')},{'competitor' if k in gone else ''},N,1950" for k in range(200)]
    drawn = [f"keep,{k},2021-03-01,,{'treated' if k < 100 else 'control'},true" for k in range(200)]
    head = PROGRAMMES.splitlines()[0]
    bank = open_bank(
        write_bank(
            tmp_path,
            {"clients": CLIENTS + "\n".join(clients) + "\n", "programmes": "\n".join([head, *drawn]) + "\n"},
            more=SETTING,
            delay=0,
        ),
        as_of="2022-02-28",
    )
    exhibit = from_json(publish(lifecycle.retention(bank), bank).exhibit)
    left = [e for e in exhibit.estimates if e["name"] == LEFT and e["months"] == 12 and not e["group"].get("reason")]
    told = {e["group"]["row"]: e["value"] for e in left}
    assert told["control"] == pytest.approx(0.3)
    assert told["treated"] is None
    assert told["difference"] is None
    assert not any(e["value"] for e in exhibit.estimates if e["name"] == "clients_kept")


def test_too_few_exits_are_no_hazard_ratio(demo: Bank) -> None:
    found = trial(with_settings(demo, retention_programme="retention"))
    assert isinstance(found, Trial)
    told = log_hazard_ratio(found)
    assert isinstance(told, NotEstimable)
    assert "too few" in told.reason


def test_what_was_kept_follows_from_the_published_difference(demo: Bank) -> None:
    answer = lifecycle.retention(demo)
    assert isinstance(answer, Answer)
    effect = answer.exact
    treated = effect.arms.loc[effect.arms["arm"] == "treated", "clients"].sum()
    for kept, measure in ((effect.clients, LEFT), (effect.money, LOST_MONEY)):
        row = effect.row(measure, DIFFERENCE, effect.horizon)
        assert kept.value == pytest.approx(-row["value"] * treated)
        assert (kept.low, kept.high) == pytest.approx((-row["high"] * treated, -row["low"] * treated))
    held = effect.row(ALL_MONEY, DIFFERENCE, 12)
    assert held is not None
    assert held["low"] < held["value"] < held["high"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_exhibits_can_be_written_in_both_languages(demo: Bank, language: str) -> None:
    for question in (lifecycle.retention, lifecycle.retention_gains):
        exhibit = from_json(publish(question(demo), demo).exhibit)
        wording = Wording(language, demo.settings.labels, currency="CHF", mode="bank")
        said = [wording.text(m) for m in (exhibit.title, *exhibit.sentences, *exhibit.caveats, *exhibit.basis)]
        assert all(said)
        assert not any("{" in text for text in said)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("large") / "bank"
    write_demo(folder, clients=5_000, months=60, seed=11, language="en")
    with open_bank(folder / "bank.toml", as_of="2026-10-31") as bank:
        yield bank


@pytest.mark.long
def test_on_a_larger_demo_bank_the_effect_is_seen_and_covers_the_true_one(large: Bank) -> None:
    found = trial(large)
    assert isinstance(found, Trial)
    told = log_hazard_ratio(found)
    assert isinstance(told, Estimate)
    assert told.high < 0
    assert abs(told.value - Law().leaving.retention_programme) < 3 * told.se  # type: ignore[operator]
    effect = lifecycle.retention(large).exact  # type: ignore[union-attr]
    assert effect.clients.low > 0
    gains = client_gains(large)
    assert isinstance(gains, ClientGains)
    assert isinstance(gains.gains.average, Estimate)
    left = effect.row(LEFT, DIFFERENCE, 24)
    assert abs(gains.gains.average.value - left["value"]) < (left["high"] - left["low"]) / 2


@pytest.mark.long
def test_the_programme_that_does_nothing_is_not_seen_to_do_anything(large: Bank) -> None:
    settings = load_settings(large.settings.path)
    other = Bank(settings, large.as_of, large.processed)
    with_settings(other, retention_programme="investors club")
    found = trial(other)
    assert isinstance(found, Trial)
    assert found.by_manager
    told = log_hazard_ratio(found)
    assert isinstance(told, Estimate)
    assert abs(told.value) < 3 * told.se  # type: ignore[operator]
    assert math.isfinite(told.low)
    frame = lifecycle.retention(other).exact.rows  # type: ignore[union-attr]
    assert isinstance(frame, pd.DataFrame)
