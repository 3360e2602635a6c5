"""Conduct: the two planted misuses are found and nobody else; chance hardly ever alarms; names stay in the list."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.demo import Law
from insights.models.risk.bookings import CHANGED, TRADES
from insights.models.risk.conduct import FAILED, IDENTITY, REPEATED, STRANGERS, Conduct, conduct, conduct_list
from insights.reports.lists import in_words
from insights.reports.wording import Wording
from insights.stats.results import NotEstimable
from insights.stats.unusual_counts import unusual_counts
from insights.topics import risk
from insights.topics.evidence import NotAvailable


def test_chance_hardly_ever_alarms_though_counts_vary_more_than_poisson() -> None:
    rng = np.random.default_rng(2)
    unit, period = np.repeat(np.arange(40), 36), np.tile(np.arange(36), 40)
    runs, plain = 0, 0
    for _ in range(60):
        count = rng.negative_binomial(3, 3 / (3 + 5.0), len(unit))
        found = unusual_counts(count, unit, period)
        assert isinstance(found, pd.DataFrame)
        runs += bool(found["unusual"].any())
        from scipy.stats import poisson

        plain += bool((poisson.sf(count - 1, count.mean()) * len(unit) < 0.01).any())
    assert runs <= 6
    assert plain > 50  # as if counts varied no more than by chance
    count[700] = 80
    found = unusual_counts(count, unit, period)
    assert isinstance(found, pd.DataFrame)
    assert np.flatnonzero(found["unusual"]).tolist() == [700]


def test_who_always_does_more_is_unlike_others_only_until_his_past_is_known() -> None:
    rng = np.random.default_rng(5)
    unit, period = np.repeat(np.arange(40), 36), np.tile(np.arange(36), 40)
    count = rng.poisson(np.where(unit == 3, 40.0, 4.0))
    found = unusual_counts(count, unit, period)
    assert isinstance(found, pd.DataFrame)
    alarms = np.flatnonzero(found["unusual"])
    assert set(unit[alarms]) == {3}
    assert set(period[alarms]) <= set(range(6))
    # A rate is one by exposure: twice the reads with twice the failures are as usual as before.
    many = unusual_counts(count, unit, period, np.where(unit == 3, 10.0, 1.0))
    assert isinstance(many, pd.DataFrame)
    assert not many["unusual"].any()
    assert isinstance(unusual_counts(count[:99], unit[:99], period[:99]), NotEstimable)
    assert isinstance(unusual_counts(np.ones(200), np.zeros(200), np.arange(200)), NotEstimable)
    with pytest.raises(ValueError, match="exposure"):
        unusual_counts(count, unit, period, np.zeros(len(count)))


def test_the_two_planted_misuses_are_found_and_nobody_else(demo_bank_small: Path) -> None:
    bank = open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")
    law = Law().access
    found = conduct(bank)
    assert isinstance(found, Conduct)
    alerts = found.alerts.set_index("rule")
    assert set(alerts.index) == {STRANGERS, REPEATED}
    assert len(alerts) == 2
    assert alerts.loc[STRANGERS, "count"] == law.curious_clients
    assert law.obsessed_times <= alerts.loc[REPEATED, "count"] <= law.obsessed_times + 2
    months = 36
    for rule, at in ((STRANGERS, law.curious_at), (REPEATED, law.obsessed_at)):
        planted = found.last - months + 1 + at * (months - 1)
        assert abs(alerts.loc[rule, "month"] - planted) <= 1
    exhibit = shown(risk.conduct(bank), bank)
    assert not exhibit.refusals  # every rule can be told of this bank
    listed = conduct_list(bank)
    assert listed is not None
    assert not any(str(name) in str(exhibit) for name in listed["rm_id"])
    assert "To be expected" in in_words("staff_conduct", listed, bank).columns


def test_who_may_read_which_list_and_when_that_was_audited_is_always_told(tmp_path: Path) -> None:
    words = Wording("en", {}, currency="CHF")
    recipients = (
        '[lists.recipients]\ndesk = { group = "g", lists = ["risk_register"], by_manager = ["risk_register"] }\n'
    )
    files = {"clients": "client_id,joined_on\n1,2015-01-01\n"}

    def said(name: str, audited: str) -> list[str]:
        more = (f"[risk.security]\nlast_audit = {audited}\n" if audited else "") + recipients
        bank = open_bank(write_bank(tmp_path / name, files, more=more), as_of="2022-12-31")
        exhibit = shown(risk.security(bank), bank)
        assert [row["list"] for row in exhibit.tables[0].rows] == ["risk_register"]
        return [words.text(m).replace("\u00a0", " ") for m in (exhibit.title, *exhibit.refusals)]

    assert said("late", "2021-11-30")[0].endswith("was on 30 November 2021: the next was due 30 November 2022")
    assert said("fine", "2022-03-01")[0].endswith("was on 1 March 2022; the next is due 1 March 2023")
    later, refusal = said("later", "2023-01-05")  # not known yet
    assert later == said("never", "")[0] == "No audit of access to client data is on record"
    assert refusal == "Checks of access: no access to client data is on record."


def booked(folder: Path, *, trades: int = 0, moved: int = 0, market: int = 0) -> Bank:
    """Return a bank of 12 managers with 5 clients each, who trade once a month and pay once, over three years.

    In December 2021 manager 3 books ``trades`` more of his clients' trades; in May 2022 clients move: of each manager
    one, of manager 7 ``moved`` more; in March 2022 everybody makes ``market`` more trades. Clients of manager 11
    were manager 3's up to 2021.
    """
    head = "client_id,booked_on,kind,amount\n"
    months = [f"{y}-{m:02d}" for y in range(2020, 2023) for m in range(1, 13)]
    rows = [f"{c},{m}-05,{kind},-10.00" for m in months for c in range(60) for kind in ("trade", "payment")]
    rows += [f"{3 + 12 * (k % 5)},2021-12-{1 + k % 28:02d},trade,-{k + 11}.00" for k in range(trades)]
    rows += [f"{c},2022-03-{k + 10},trade,-{k + 11}.00" for c in range(60) for k in range(market)]
    history = [f"{c},2015-01-01,m{3 if c % 12 == 11 else c % 12},north" for c in range(60)]
    history += [f"{c},2022-01-01,m11,north" for c in range(60) if c % 12 == 11]
    history += [f"{c},2022-05-01,m{c},south" for c in range(12)]
    history += [f"{7 + 12 * k},2022-05-01,m7,south" for k in range(1, 1 + moved)]
    clients = "client_id,joined_on,rm_id\n" + "".join(f"{c},2015-01-01,m{c % 12}\n" for c in range(60))
    files = {"clients": clients, "transactions": head + "\n".join(rows) + "\n"}
    files["client_history"] = "client_id,valid_from,rm_id,region\n" + "\n".join(history) + "\n"
    return open_bank(write_bank(folder, files, delay=0), as_of="2022-12-31")


def test_bookings_unlike_peers_and_past_are_found_by_whose_clients_they_were(tmp_path: Path) -> None:
    calm = booked(tmp_path / "calm", market=4)
    found = conduct(calm)
    assert isinstance(found, Conduct)
    assert found.alerts.empty  # everybody traded more in March: nobody is unlike the others
    assert found.reads is None
    bank = booked(tmp_path / "misuse", trades=60, moved=4)
    found = conduct(bank)
    assert isinstance(found, Conduct)
    manager = Key.load(bank.settings).pseudonyms("manager", ["m3", "m7"])
    rows = found.alerts.set_index("rule")
    assert rows.index.tolist() == [CHANGED, TRADES]
    assert rows["rm_id"].tolist() == [manager[1], manager[0]]
    assert rows.loc[TRADES, "count"] == 10 + 60  # the clients who are manager 11's today were his then
    assert rows.loc[CHANGED, "count"] == 5
    exhibit = shown(risk.conduct(bank), bank)
    assert title(exhibit).startswith("In 12 months some access or bookings of staff were unlike peers and past")
    words = Wording("en", {}, currency="CHF")
    told = [words.text(r) for r in exhibit.refusals]
    assert any(r.startswith("access to client data: not available: needs access.accessed_on") for r in told)
    assert not any(str(name) in str(exhibit) for name in manager)


def opened(folder: Path, staff: int, special: str) -> Bank:
    """Return a bank in which so many managers look at their own five clients each month, and ``special`` rows."""
    clients = "client_id,joined_on,rm_id\n" + "".join(f"{i},2015-01-01,m{i % staff}\n" for i in range(5 * staff))
    rows = "accessed_on,rm_id,client_id,identity_check\n"
    for month in range(1, 13):
        rows += "".join(f"2022-{month:02d}-10,m{i % staff},{i},passed\n" for i in range(5 * staff))
    config = write_bank(folder, {"clients": clients, "access": rows + special}, delay=0)
    return open_bank(config, as_of="2022-12-31")


def test_failed_checks_of_one_client_and_of_one_manager_are_found(tmp_path: Path) -> None:
    one = "".join(f"2022-11-{d:02d},m{d % 3},4,failed\n" for d in range(1, 7))
    of_manager = "".join(f"2022-12-{d + 10},m7,{7 + 12 * (d % 5)},failed\n" for d in range(10))
    found = conduct(opened(tmp_path / "client", 12, one))
    assert isinstance(found, Conduct)
    assert found.alerts[["rule", "count"]].to_numpy().tolist() == [[IDENTITY, 6.0]]
    assert found.alerts["rm_id"].isna().all()
    assert found.failed == 6
    found = conduct(opened(tmp_path / "manager", 12, of_manager))
    assert isinstance(found, Conduct)
    assert found.alerts[["rule", "count"]].to_numpy().tolist() == [[FAILED, 10.0]]
    assert found.alerts["client_id"].isna().all()


def test_one_member_of_staff_nobody_and_no_checks_are_refused_with_the_reason(tmp_path: Path) -> None:
    words = Wording("en", {}, currency="CHF")
    one = opened(tmp_path / "one", 1, "")
    exhibit = shown(risk.conduct(one), one)
    told = [words.text(r) for r in exhibit.refusals]
    assert sum("nothing to compare with" in r for r in told) == 3
    quiet = opened(tmp_path / "quiet", 12, "")
    assert title(shown(risk.conduct(quiet), quiet)).startswith("In 12 months nothing that staff did")
    files = {"clients": "client_id,joined_on,rm_id\n1,2015-01-01,m1\n"}
    unchecked = files | {"access": "accessed_on,rm_id,client_id\n2022-05-01,m1,1\n"}
    bank = open_bank(write_bank(tmp_path / "unchecked", unchecked), as_of="2022-12-31")
    told = [words.text(r) for r in shown(risk.conduct(bank), bank).refusals]
    assert any(r.startswith("checks of identity: not available: needs access.identity_check") for r in told)
    assert any(r.startswith("bookings: not available: needs transactions.booked_on") for r in told)
    assert any(r.startswith("changed identities and addresses: not available: needs client_history") for r in told)
    bare = open_bank(write_bank(tmp_path / "bare", files), as_of="2022-12-31")
    assert isinstance(risk.conduct(bare), NotAvailable)
