"""Waiting as curves, control charts of channels, and how relationships are kept up: by hand, and with known changes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import kv
from small_bank import write_bank

from insights.data.snapshot import open_bank
from insights.models.channels import upkeep as keeping
from insights.models.channels.answers import ANSWERED, DELAY, UNREAD, followed, waiting
from insights.models.channels.trends import BASELINE, SMOOTHING, WAIT, charted, watch
from insights.stats.monitoring import design_ewma
from insights.stats.quantiles import still_going
from insights.stats.results import Estimate, NotEstimable
from insights.topics import channels
from insights.topics.evidence import Answer


def told(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def test_the_share_still_going_is_the_plain_share_without_censoring_and_kaplan_meier_with_it() -> None:
    time = np.arange(1, 41, dtype=float)
    one = told(still_going(time, np.ones(40, bool), (10,))[0])
    assert one.value == pytest.approx(0.75)
    se = np.sqrt(0.75 * 0.25 / 39)  # the jackknife of a share
    assert (one.high - one.low) / 2 == pytest.approx(2.0227 * se, rel=1e-3)
    assert one.n_events == 10
    ended = np.ones(40, bool)
    ended[[4, 9]] = False  # the fifth and the tenth go on: 1-5 of 40 less one, then 6-9 of 35
    curve = (39 / 40) * (38 / 39) * (37 / 38) * (36 / 37) * (34 / 35) * (33 / 34) * (32 / 33) * (31 / 32)
    assert told(still_going(time, ended, (10,))[0]).value == pytest.approx(curve)
    never, after = still_going(time, np.zeros(40, bool), (10, 50))
    assert told(never).value == 1.0
    assert told(never).low == pytest.approx(0.05 ** (1 / 40))  # the exact bound for none of forty
    assert isinstance(after, NotEstimable)
    with pytest.raises(ValueError, match="expected numbers >= 0"):
        still_going(time, ended, (-1,))


def test_the_interval_of_a_share_covers_with_clustered_and_censored_waits() -> None:
    rng = np.random.default_rng(4)
    truth = 4 * kv(2, 2 * np.sqrt(2))  # the mean of exp(-1 / slow), slow being gamma distributed
    inside = 0
    for _ in range(150):
        slow = np.repeat(rng.gamma(2.0, 0.5, 60), 5)  # five waits of each of sixty clients
        wait, seen = slow * rng.exponential(60, 300), rng.uniform(20, 400, 300)
        one = told(still_going(np.fmin(wait, seen), wait <= seen, (60,), cluster=np.repeat(np.arange(60), 5))[0])
        inside += one.low < truth < one.high
    assert 134 <= inside <= 149  # 95 % of 150 is 142; 134 is the 0.5 % point


def contacts_of(wait: np.ndarray, open_too: int) -> pd.DataFrame:
    n = len(wait) + open_too
    rows = pd.DataFrame({"client": np.arange(n), "channel": "email", "asked": True})
    rows["wait"] = np.append(wait, np.full(open_too, np.nan))
    rows["open"] = np.arange(n) >= len(wait)
    rows["waited"] = 3_000.0
    return rows


def test_whoever_is_not_answered_yet_still_waits_in_the_curve() -> None:
    found = {w.minutes: w.found.value for w in waiting("email", contacts_of(np.full(60, 30.0), 20))}
    assert found[15] == 1.0
    assert found[60] == pytest.approx(0.25)
    assert found[1440] == pytest.approx(0.25)  # leaving them out would tell 0


def test_a_tail_of_a_few_who_still_wait_rests_on_these_few() -> None:
    found = {w.minutes: w.contacts for w in waiting("email", contacts_of(np.full(70, 30.0), 3))}
    assert (found[15], found[60]) == (73, 3)  # of three nothing is told, that nobody was answered yet is


def test_messages_are_followed_from_sending_to_reading() -> None:
    n = 100
    sent = pd.Timestamp("2022-06-01 09:00") + pd.to_timedelta(np.arange(n), unit="h")
    rows = pd.DataFrame({"client_id": [f"c{i}" for i in range(n)], "contacted_at": sent})
    rows["delivered_at"] = sent + pd.to_timedelta(np.arange(n) % 5 + 1, unit="min")
    rows["opened_at"] = (rows["delivered_at"] + pd.Timedelta(days=1)).where(np.arange(n) % 4 > 0)
    rows["satisfaction"] = np.where(np.arange(n) % 10 == 0, 8.0, np.nan)
    found = {m.measure: m for m in followed("email", rows, pd.Timestamp("2022-12-31"))}
    assert told(found[DELAY].found).value == 3.0
    assert told(found[UNREAD].found).value == pytest.approx(0.25)
    assert told(found[ANSWERED].found).value == pytest.approx(0.1)
    # Of those that arrived the day before nobody knows yet whether they will be opened within a week.
    early = {m.measure: m for m in followed("email", rows, rows["delivered_at"].max() + pd.Timedelta(hours=1))}
    assert isinstance(early[UNREAD].found, NotEstimable)


def months_of(mean: np.ndarray, n: int = 100) -> pd.DataFrame:
    number = np.arange(len(mean)) + 2020 * 12
    return pd.DataFrame({"month": number, "mean": mean, "sd": 1.0, "contacts": n, "clients": n})


def test_charts_alarm_no_oftener_than_they_were_designed_to_and_find_what_was_planted() -> None:
    rng, chart = np.random.default_rng(9), design_ewma(240, 1.0, smoothing=SMOOTHING)
    quiet = sum(charted("email", WAIT, months_of(rng.normal(3, 0.1, 36)), chart).began is not None for _ in range(200))
    # One false alarm in 240 months is 9.5 % of spans of 24: 19 of 200. Allowing for the first year makes them fewer.
    assert 1 <= quiet <= 19
    late = []
    for _ in range(40):
        mean = rng.normal(3, 0.1, 36)
        mean[20:] -= 0.2
        found = charted("email", WAIT, months_of(mean), chart)
        if found.going_on:
            assert not found.up
            assert found.began is not None
            late.append((found.began.year - 2020) * 12 + found.began.month - 1 - 20)
            assert found.now == pytest.approx(np.expm1(2.8), rel=0.15)
    assert len(late) >= 34
    assert 0 <= np.median(late) <= 6


def test_only_channels_known_in_every_month_are_watched() -> None:
    rng = np.random.default_rng(2)
    month = np.repeat(np.arange(BASELINE + 6) + 24_000, 40)
    rows = pd.DataFrame({"month": month, "client": np.tile(np.arange(40), BASELINE + 6), "channel": "phone"})
    rows = rows.assign(asked=True, wait=rng.exponential(10, len(rows)), resolved=np.nan)
    gap = rows.assign(channel="fax")[month != 24_007]
    found = watch(pd.concat([rows, gap]), 24.0)
    assert [(t.channel, t.measure) for t in found.found] == [("phone", WAIT)]


def test_frequency_counts_those_without_contact_and_complaints_those_still_open() -> None:
    book = pd.Index([f"c{i:02d}" for i in range(50)])
    rows = pd.DataFrame({"client_id": ["c00"] * 5 + [f"c{i:02d}" for i in range(30)], "channel": "phone"})
    rows.loc[:9, "channel"] = "meeting"
    found = {m.measure: m for m in keeping.frequency(book, rows, ("meeting", "branch"))}
    assert told(found[keeping.CONTACTS].found).value == pytest.approx(35 / 50)
    assert told(found[keeping.VISITS].found).value == pytest.approx(10 / 50)
    assert told(found[keeping.VISITED].found).value == pytest.approx(5 / 50)
    assert told(found[keeping.SILENT].found).value == pytest.approx(20 / 50)
    assert (found[keeping.SILENT].clients, found[keeping.SILENT].events) == (50, 20)
    filed = pd.Series(pd.Timestamp("2022-06-01")).repeat(40).reset_index(drop=True)
    settled = pd.Series([pd.Timestamp("2022-06-11")] * 30 + [pd.NaT] * 10)
    rows = pd.DataFrame({"client_id": book[:40], "filed_on": filed, "settled_on": settled})
    feedback = {m.measure: m.found for m in keeping.settling(rows, pd.Timestamp("2022-12-31"))}
    assert told(feedback[keeping.SETTLED_HALF]).value == 10.0
    assert told(feedback[keeping.WAITS]).value == pytest.approx(0.25)
    assert isinstance(feedback[keeping.SETTLED_LONG], NotEstimable)  # a quarter is open, however long one looks


def test_a_bank_that_records_little_is_told_what_each_part_needs(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{k},2015-01-01\n" for k in range(60)),
        "contacts": "client_id,contacted_on,channel\n" + "".join(f"{k},2022-05-01,phone\n" for k in range(40)),
    }
    bank = open_bank(write_bank(tmp_path, files), as_of="2022-12-31")
    answer = channels.upkeep(bank)
    assert isinstance(answer, Answer)
    assert set(answer.facts["missing"]) == {keeping.EVENT, keeping.TOPIC, keeping.REGION}
    assert "complaints.filed_on" in answer.facts["missing"][keeping.TOPIC]
    few = channels.trends(bank)
    assert isinstance(few, Answer)
    assert few.facts["reason"] == "too_few_months"
