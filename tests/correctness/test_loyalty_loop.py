"""The loop of feedback: by hand, a known law told, silence where there is none, and refusals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import SECTION as SURVEY
from loyalty_bank import demo, survey_bank
from shown import shown, title
from small_bank import write_bank

from insights.data.settings_loyalty import Change
from insights.data.snapshot import Bank, open_bank
from insights.models.loyalty.answers import answers
from insights.models.loyalty.changes import EVERYBODY, TOO_YOUNG, Followed, _measured, changes, moved
from insights.models.loyalty.feedback import heard, marks_after
from insights.reports.exhibits.loyalty.loop import loop as write
from insights.stats.results import Estimate, NotEstimable
from insights.topics import loyalty
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.loyalty.loop import Loop, _moved

SECTION = """
[[loyalty.changes]]
name = "faster"
topics = ["waiting"]
programme = "queue"
"""
COMPLAINTS = """client_id,filed_on,topic,settled_on
1,2022-06-01,waiting,2022-07-01
2,2023-06-01,waiting,
2,2021-06-01,waiting,2021-07-01
3,2023-05-01,fees,2023-06-01
"""


def bank_of(folder: Path, programmes: str = "", section: str = SECTION) -> Bank:
    files = {
        "clients": "client_id,joined_on,left_on\n" + "".join(f"{k},2015-01-01,\n" for k in range(1, 7))
        + "7,2015-01-01,2022-02-01\n",
        "complaints": COMPLAINTS,
        "contacts": "client_id,contacted_on,channel,satisfaction\n1,2022-01-05,phone,4\n1,2022-09-01,phone,8\n",
    }  # fmt: skip
    if programmes:
        files["programmes"] = programmes
    return open_bank(write_bank(folder, files, more=section), as_of="2023-12-31")


def test_entries_are_counted_by_year_and_open_ones_told(tmp_path: Path) -> None:
    rows = heard(bank_of(tmp_path)).set_index(["source", "topic"])
    assert rows.loc[("complaints", "waiting")].to_dict() == {"before": 1, "now": 1, "open": 1}
    assert rows.loc[("complaints", "fees")].to_dict() == {"before": 0, "now": 1, "open": 0}


def test_a_change_that_cannot_be_followed_says_why(tmp_path: Path) -> None:
    """The first has no programme, the second began this year, the third reached everybody at once."""
    section = SECTION
    for name in ("young", "whole"):
        section += SECTION.replace("queue", name).replace("faster", name)
    rows = "programme,client_id,started_on\nyoung,1,2023-06-01\n"
    bank = bank_of(tmp_path, rows + "".join(f"whole,{k},2022-06-01\n" for k in range(1, 7)), section)
    assert [found.why for found in changes(bank)] == ["no programme is called queue", TOO_YOUNG, EVERYBODY]
    exhibit = shown(loyalty.loop(bank), bank)
    told = {str(line.values["name"]) for line in exhibit.refusals if line.id == "{name}: {why}"}
    assert {"faster", "young", "whole"} <= told


def test_who_is_reached_and_who_waits_by_hand(tmp_path: Path) -> None:
    rows = "programme,client_id,started_on\nqueue,1,2022-06-01\nqueue,2,2023-01-01\nqueue,3,2022-06-01\n"
    (found,) = changes(bank_of(tmp_path, rows))
    # 2023-01-01 is not a year old. On 2022-06-01 client 2 would be reached within the year: no control.
    assert found.days == ("2022-06-01",)
    marks = {m.outcome: m for m in found.moved}
    assert (marks["complained"].reached, marks["complained"].others) == (2, 3)
    # Client 1 complained on the day itself: not after it, so in the year before.
    assert marks["complained"].before == (0.5, 0.0)
    assert isinstance(marks["complained"].found, NotEstimable)


def test_nothing_recorded_and_no_change_stated(tmp_path: Path) -> None:
    clients = {"clients": "client_id,joined_on\n1,2015-01-01\n"}
    answer = loyalty.loop(open_bank(write_bank(tmp_path / "a", clients), as_of="2023-12-31"))
    assert isinstance(answer, NotAvailable)
    assert {"complaints.topic", "notes.topic"} <= set(answer.needs)
    bank = bank_of(tmp_path / "b", section="")
    exhibit = shown(loyalty.loop(bank), bank)
    assert title(exhibit) == "No change is recorded that feedback led to: whether the loop closes cannot be told"
    assert exhibit.refusals[0].values["needs"][:2] == ["[loyalty] changes", "programmes.programme"]


def test_brand_and_stated_loyalty_are_followed_after_every_change(tmp_path: Path) -> None:
    """The change of the settings is about waiting; those whom it reached answered in the spring before and after."""
    bank = survey_bank(tmp_path, section=SURVEY + SECTION)
    ids = sorted(bank.table("clients").execute()["client_id"].astype(str))
    rows = pd.DataFrame({"client_id": ids, "day": pd.Timestamp("2021-10-01"), "left_on": pd.NaT})
    found = _measured(bank, rows, bank.settings.loyalty.changes[0])
    assert {"loyalty:after", "brand:after"} <= set(found.columns)
    assert "quality:after" not in found  # nobody complained of it
    survey = answers(bank).answers
    late = pd.to_datetime(survey["answered_on"]) > pd.Timestamp("2021-10-01")
    own = survey[late].groupby("client_id")["brand"].mean()
    told = found.set_index("client_id")["brand:after"]
    pd.testing.assert_series_equal(told.dropna().sort_index(), own.dropna().sort_index(), check_names=False)


def law(effect: float, seed: int = 1, n: int = 3000) -> pd.DataFrame:
    """Marks before and after of clients of 60 managers: the reached stand higher, all rise, the change adds more."""
    rng = np.random.default_rng(seed)
    of = rng.integers(0, 60, n)
    reached = of < 30
    level = 7 + 0.5 * reached + rng.normal(size=n) + 0.3 * rng.normal(size=60)[of]
    drift = 0.2 * rng.normal(size=60)[of]
    rows = pd.DataFrame({"client_id": np.arange(n), "reached": reached, "cluster": of, "day": "2024-01-01"})
    rows["mark:ago"] = level + 0.5 * rng.normal(size=n)
    rows["mark:before"] = level + 0.5 * rng.normal(size=n)
    rows["mark:after"] = level + 0.4 + drift + effect * reached + 0.5 * rng.normal(size=n)
    return rows


def test_a_known_law_is_told_and_what_moves_everybody_cancels() -> None:
    inside = 0
    for seed in range(30):
        told = moved(law(0.3, seed), "mark")
        assert isinstance(told.found, Estimate)
        inside += told.found.low < 0.3 < told.found.high
    assert inside >= 25  # of 30 at 95 %: 28.5
    one = moved(law(0.3), "mark")
    # Before and after alone, the rise that all share would count as well.
    assert one.after[0] - one.before[0] == pytest.approx(0.7, abs=0.15)
    assert isinstance(one.earlier, Estimate)
    assert one.earlier.low < 0 < one.earlier.high


@pytest.mark.parametrize(
    ("effect", "lot", "said"),
    [
        (0.6, False, "After “faster” mark of contacts rose by "),
        (-0.6, True, "After “faster” mark of contacts fell by "),
        (0.0, False, "1 of 1 topics led to a change; satisfaction did not move beyond chance after it"),
    ],
)
def test_the_page_tells_an_effect_from_an_association(
    demo_bank_small: Path, effect: float, lot: bool, said: str
) -> None:
    told = moved(law(effect), "mark")
    change = Change(name="faster", topics=("waiting",), programme="queue")
    found = Followed(change, ("2024-01-01",), lot, (told,))
    rows = pd.DataFrame(_moved(found)).assign(status="shown")
    rows.loc[rows["row"] == "difference", "p"] = told.p
    cells = pd.DataFrame({"source": ["complaints"], "topic": ["waiting"], "before": [20], "now": [10], "open": [5]})
    facts = {
        "months": 12, "days": 180, "missing": {}, "refused": {}, "settles": True,
        "changes": [{"name": "faster", "topics": ["waiting"], "days": ["2024-01-01"], "by_lot": lot,
                     "outcomes": ["mark"], "programme": "queue", "cluster": "manager"}],
    }  # fmt: skip
    loop = Loop(cells, rows, pd.DataFrame(columns=rows.columns))
    bank = demo(demo_bank_small)
    exhibit = write(Answer("loyalty.loop", "loyalty.loop", {}, lambda parts: loop, facts), loop, bank)
    assert title(exhibit).startswith(said)
    assert any("this is an association" in s.id for s in exhibit.sentences) != lot


def test_marks_after_a_complaint_rise_once_it_is_settled_where_the_law_says_so() -> None:
    rng = np.random.default_rng(3)
    n = 600
    filed = pd.DataFrame({"client_id": np.arange(n), "filed_on": pd.Timestamp("2023-01-01")})
    filed["settled_on"] = filed["filed_on"] + pd.to_timedelta(rng.integers(5, 120, n), unit="D")
    day = rng.integers(1, 170, n)
    marks = pd.DataFrame({"client_id": np.arange(n), "contacted_on": pd.Timestamp("2023-01-01")})
    marks["contacted_on"] += pd.to_timedelta(day, unit="D")
    settled = (filed["settled_on"] <= marks["contacted_on"]).to_numpy()
    level = rng.normal(size=n)
    marks["satisfaction"] = 6 + level + 0.8 * settled + 0.3 * np.log1p(day) + 0.3 * rng.normal(size=n)
    before = marks.assign(contacted_on=pd.Timestamp("2022-10-01"), satisfaction=6 + level)
    told = marks_after(filed, pd.concat([marks, before])).found
    assert isinstance(told, Estimate)
    assert told.low < 0.8 < told.high
    assert isinstance(marks_after(filed.head(5), marks.head(5)).found, NotEstimable)


def test_the_demo_banks_changes_move_no_satisfaction(demo_bank_small: Path) -> None:
    """Truth: neither the channel programme nor the club touches satisfaction, and settling a complaint does not."""
    bank = demo(demo_bank_small)
    exhibit = shown(loyalty.loop(bank), bank)
    assert "did not move beyond chance" in title(exhibit) or "cannot be told" in title(exhibit)
