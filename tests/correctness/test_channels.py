"""The channels report on the demo bank: planted differences of channels found, and every page in both languages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.demo import Law, simulate
from insights.demo.law import ContactLaw
from insights.models.channels.contacts import contacts
from insights.models.channels.satisfaction import FAIR, NAIVE, SAME, Satisfaction, compare
from insights.models.channels.state import CLIENT_HOURS, REACH, RESOLVED, WAIT, WASTED_HOURS, state
from insights.reports.disclosure import protect
from insights.stats.results import NotEstimable
from insights.topics import channels
from insights.topics.evidence import Answer, Estimates, NotAvailable

PULL = (0.0, 0.8, -3.0, 0.9, 0.0, 0.0)
"""The satisfied write, the dissatisfied want meetings: log share of each channel per unit of attitude."""


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


@pytest.fixture(scope="module")
def pulled() -> tuple[pd.DataFrame, dict[str, float]]:
    """Contacts of a demo bank in which the satisfied take other channels, and what each does to a mark."""
    law = replace(Law(), contacts=replace(ContactLaw(), channel_attitude=PULL))
    made = simulate(law, 1_200, 24, 5)
    rows = made.tables["contacts"]
    rows = pd.DataFrame(
        {
            "client": rows["client_id"],
            "channel": rows["channel"].astype(str),
            "topic": rows["topic"].astype(str),
            "direction": rows["direction"].astype(str),
            "month": rows["contacted_on"].dt.year * 12 + rows["contacted_on"].dt.month,
            "wait": rows["wait_minutes"].astype(float),
            "resolved": (rows["resolved"].astype(str) == "true").astype(float),
            "mark": rows["satisfaction"].astype(float).where(rows["satisfaction"] >= 0),
        }
    )
    return rows, expected_marks(law.contacts)


def expected_marks(p: ContactLaw, draws: int = 200_000) -> dict[str, float]:
    """Return the mark that the law gives on average to one and the same mix of clients in each channel."""
    rng = np.random.default_rng(0)
    satisfaction = rng.standard_normal(draws)
    marks = {}
    for k, channel in enumerate(p.channels):
        wait = np.log1p(np.round(rng.exponential(1, draws) * p.wait_minutes[k], 1))
        settled = rng.random(draws) < 1 / (1 + np.exp(-(p.resolved_log_odds + p.resolved_per_log_wait * wait)))
        mark = p.rating + p.rating_satisfaction * satisfaction + p.rating_channels[k] + p.rating_per_log_wait * wait
        mark += p.rating_resolved * (settled - p.rating_resolved_centre) + p.rating_sd * rng.standard_normal(draws)
        marks[channel] = float(np.clip(np.rint(mark), 0, 10).mean())
    return marks


def test_the_same_clients_tell_what_was_planted_where_plain_means_have_the_wrong_sign(
    pulled: tuple[pd.DataFrame, dict[str, float]],
) -> None:
    rows, marks = pulled
    found = compare(rows)
    assert isinstance(found, Satisfaction)
    shares = rows.loc[rows["mark"].notna(), "channel"].value_counts(normalize=True)
    mean = sum(shares[c] * marks[c] for c in marks)
    wrong = []
    for channel, mark in marks.items():
        fair, naive = found.find(channel, FAIR), found.find(channel, NAIVE)
        assert fair is not None
        assert naive is not None
        # Marks stop at 10, and so a client who is nearly there gains less: a twentieth of a point. Six channels at once
        # are held against three standard errors: of as many intervals of 95% one misses in a quarter of all banks.
        assert fair.se is not None
        assert abs(fair.value - (mark - mean)) < 3 * fair.se + 0.05, channel
        assert abs(fair.value - (mark - mean)) < 0.15, channel
        if (mark - mean) * naive.value < 0 and (naive.low > 0 or naive.high < 0):
            wrong.append(channel)
    assert wrong == ["messaging"]  # the satisfied write: it looks better than the average contact and is worse
    told = found.find("messaging", FAIR)
    assert told is not None
    assert told.high < 0
    meeting = found.find("meeting", NAIVE)
    assert meeting is not None
    assert meeting.high < 0.5 < marks["meeting"] - mean


def test_at_the_same_waiting_time_and_outcome_what_is_left_is_the_channel(
    pulled: tuple[pd.DataFrame, dict[str, float]],
) -> None:
    rows, _ = pulled
    found = compare(rows)
    assert isinstance(found, Satisfaction)
    p = ContactLaw()
    shares = rows.loc[rows["mark"].notna(), "channel"].value_counts(normalize=True)
    planted = dict(zip(p.channels, p.rating_channels, strict=True))
    mean = sum(shares[c] * planted[c] for c in planted)
    for channel in planted:
        same = found.find(channel, SAME)
        assert same is not None
        assert abs(same.value - (planted[channel] - mean)) < 0.25, channel


def test_marks_that_are_given_more_often_when_things_went_well_are_weighted_back() -> None:
    rng = np.random.default_rng(2)
    n = 40_000
    client, channel = rng.integers(0, 2_000, n), np.where(rng.random(n) < 0.5, "a", "b")
    resolved = (rng.random(n) < np.where(channel == "a", 0.9, 0.5)).astype(float)
    mark = 6 + 2 * resolved + rng.normal(0, 1, n)
    gave = rng.random(n) < np.where(resolved > 0, 0.7, 0.15)
    rows = pd.DataFrame({"client": client, "channel": channel, "topic": "t", "direction": "inbound", "month": 24_000})
    rows = rows.assign(wait=1.0, resolved=resolved, mark=np.where(gave, mark, np.nan))
    found = compare(rows)
    assert isinstance(found, Satisfaction)
    told = {c: found.find(c, FAIR) for c in "ab"}
    plain = {c: found.find(c, NAIVE) for c in "ab"}
    assert all(told.values())
    assert found.weighted
    difference = told["a"].value - told["b"].value  # type: ignore[union-attr]
    assert difference == pytest.approx(0.8, abs=0.1)  # the largest weights are cut
    assert plain["a"].value - plain["b"].value < 0.5  # type: ignore[union-attr]


def test_one_channel_and_few_marks_are_refused() -> None:
    rows = pd.DataFrame({"client": np.arange(200), "channel": "a", "topic": "t", "direction": "x", "month": 24_000})
    rows = rows.assign(wait=1.0, resolved=1.0, mark=5.0)
    assert isinstance(compare(rows), NotEstimable)
    lone = compare(rows.assign(channel=np.where(np.arange(200) % 2, "a", "b"), mark=np.arange(200.0) % 10))
    assert isinstance(lone, Satisfaction)
    assert lone.find("a", FAIR) is None
    assert lone.find("a", NAIVE) is not None


def contact_lines(n: int = 120) -> str:
    """Return contacts of sixty clients; the last thirty asked on the last days and nobody has answered."""
    head = "client_id,contacted_on,channel,contacted_at,direction,topic"
    lines = [head + ",wait_minutes,handling_minutes,resolved,satisfaction,cost"]
    for k in range(n):
        open_ = k >= n - 30
        day = "2022-12-31" if open_ else f"2022-{1 + k % 12:02d}-{1 + k % 20:02d}"
        told = ",,," if open_ else f"{10 + k % 5},{20 + k % 7},{'true' if k % 3 else 'false'},{k % 10}"
        channel = "phone" if k % 2 else "email"
        lines.append(f"{k % 60},{day},{channel},{day} 09:00,inbound,fees,{told},{'' if open_ else '12.50'}")
    return "\n".join(lines) + "\n"


def small(folder: Path, contacts: str, more: dict[str, str] | None = None) -> Bank:
    clients = "client_id,joined_on\n" + "".join(f"{k},2015-01-01\n" for k in range(80))
    options = {"contacts": 'dates = ["%Y-%m-%d", "%Y-%m-%d %H:%M"]'}
    files = {"clients": clients, "contacts": contacts} | (more or {})
    return open_bank(write_bank(folder, files, options=options), as_of="2022-12-31")


def test_who_still_waits_is_not_left_out(tmp_path: Path) -> None:
    found = state(small(tmp_path, contact_lines()))
    told = {(m.channel, m.measure): m for m in found.measured}
    assert found.volume.set_index("channel")["open"].to_dict() == {"email": 15, "phone": 15}
    wait = found.find("phone", WAIT)
    assert wait is not None
    # 15 of 60 have waited since nine in the morning: fifteen hours, far longer than all that were answered.
    answered = np.sort([10 + k % 5 for k in range(1, 90, 2)])
    assert wait.value == answered[29]
    assert told["phone", CLIENT_HOURS].found.value == pytest.approx((answered.sum() + 15 * 15 * 60) / 60)  # type: ignore[union-attr]
    reach = found.find("phone", REACH)
    assert reach is not None
    assert reach.value == pytest.approx(30 / 80)
    lost = found.find("email", WASTED_HOURS)
    assert lost is not None
    assert lost.value == pytest.approx(sum(20 + k % 7 for k in range(0, 90, 2) if k % 3 == 0) / 60)


def test_reach_counts_clients_of_today_only(bank: Bank) -> None:
    found = state(bank)
    here = bank.table("clients").filter(bank.table("clients").left_on.isnull()).client_id.execute()
    year = contacts(bank).since(12)
    for channel in ("phone", "app"):
        reach = found.find(channel, REACH)
        assert reach is not None
        own = set(year.loc[year["channel"] == channel, "client_id"]) & set(here)
        assert reach.value == pytest.approx(len(own) / len(here))
        resolved = found.find(channel, RESOLVED)
        assert resolved is not None
        assert resolved.value == pytest.approx(year.loc[year["channel"] == channel, "resolved"].mean())


@pytest.mark.parametrize("question", channels.QUESTIONS)
def test_every_page_is_written_in_both_languages(bank: Bank, question: str) -> None:
    answer = getattr(channels, question)(bank)
    exhibit = shown(answer, bank)
    assert exhibit.id == f"channels.{question}"
    if isinstance(answer, Answer) and answer.kind != "channels.refused":
        assert exhibit.tables
        assert exhibit.basis


def test_page_one_names_the_channel_that_wastes_whose_time_and_the_last_change(bank: Bank) -> None:
    told = title(shown(channels.overview(bank), bank))
    assert told.startswith("Most waiting: email; most staff time without result: meeting; ")
    assert "the last change, “channel”, brought CHF" in told


def test_a_lean_bank_is_told_what_is_lacking(tmp_path: Path) -> None:
    lean = small(tmp_path / "lean", "client_id,contacted_on,channel\n" + "1,2022-05-01,phone\n" * 30)
    exhibit = shown(channels.state(lean), lean)
    assert {r.id for r in exhibit.refusals} == {"{outcome}: not available, needs {needs}"}
    assert isinstance(channels.satisfaction(lean), NotAvailable)
    assert isinstance(channels.changes(lean), NotAvailable)
    assert "Worth of changes: {why}" in {r.id for r in shown(channels.overview(lean), lean).refusals}
    without = open_bank(
        write_bank(tmp_path / "none", {"clients": "client_id,joined_on\n1,2015-01-01\n"}), as_of="2022-12-31"
    )
    for question in channels.QUESTIONS:
        assert isinstance(getattr(channels, question)(without), NotAvailable), question


def test_what_rests_on_few_clients_is_withheld(tmp_path: Path) -> None:
    few = small(tmp_path, contact_lines() + "61,2022-06-01,fax,2022-06-01 09:00,inbound,fees,5,5,true,9,10.00\n" * 9)
    answer = channels.state(few)
    assert isinstance(answer, Answer)
    told = protect(answer.evidence, few.settings.disclosure)["measures"]
    assert isinstance(told, Estimates)
    assert told.rows.loc[told.rows["channel"] == "fax", "value"].isna().all()
    exhibit = shown(answer, few)
    published: list[Any] = [e for e in exhibit.estimates if e["group"].get("channel") == "fax"]
    assert published
    assert all(e["value"] is None for e in published)
