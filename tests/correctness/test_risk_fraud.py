"""Fraud: the screening finds what a law planted nearly as well as one who knows it, and says what it cannot know."""

import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from shown import shown, title
from small_bank import settings_of, write_bank

from insights.data.settings_risk import FraudSection
from insights.data.snapshot import Bank, open_bank
from insights.demo import Law, simulate
from insights.errors import SettingsError
from insights.models.risk.fraud import Fraud, Trial, fraud, judged, trial_days
from insights.models.risk.fraud_scores import Scores, alerted, scores
from insights.models.risk.payments import EARLY, FEATURES, Cells, Days, days_since, drawn, rules_of, screened
from insights.reports.lists import in_words
from insights.stats.results import Estimate, NotEstimable
from insights.topics import risk
from insights.topics.risk.fraud import fraud_evidence

RULES = FraudSection(cases_per_day=0.07, maturation_days=150)


@dataclass(frozen=True)
class Planted:
    """Payments of a demo bank in which six of a hundred are frauds; ``odds`` are those of one who knows the law."""

    rows: pd.DataFrame
    cells: Cells
    days: Days
    found: Fraud


@pytest.fixture(scope="module")
def planted() -> Planted:
    law = replace(Law(), payments=replace(Law().payments, fraud=0.06, take_up=0.3, r=3.0))
    made = simulate(law, 600, 48, 9)
    rows = made.tables["transactions"]
    rows = rows[rows["kind"] == "payment"].reset_index(drop=True)
    genuine = set(zip(made.payments["client_id"], made.payments["amount"].round(2), strict=True))
    key = zip(rows["client_id"], (-rows["amount"]).round(2), strict=True)
    rows["stolen"] = [k not in genuine for k in key]
    rows["transactions_id"] = [f"e{k:05d}" for k in range(len(rows))]
    rows["day"] = (rows["booked_on"] - pd.Timestamp("1970-01-01")).dt.days
    rows["odds"] = _odds(rows, law, made.payers.set_index("client_id")["spend_rate"])
    days = trial_days(days_since(made.last_day.date()), RULES)
    cells = _screened(rows, RULES, days)
    return Planted(rows, cells, days, judged(cells, RULES, days))


def _screened(rows: pd.DataFrame, rules: FraudSection, days: Days) -> Cells:
    columns = ["transactions_id", "kind", "amount", "channel"]
    told = rows[columns].assign(
        client_id=rows["client_id"].astype(str),
        counterparty=rows["counterparty"].astype(str),
        booked_on=pd.to_datetime(rows["booked_on"]),
        labelled_on=pd.to_datetime(rows["labelled_on"]),
        label=rows["label"].astype("string"),
    )
    con = ibis.duckdb.connect()
    return screened(con, con.create_table("bookings", told), rules, days)


def _odds(rows: pd.DataFrame, law: Law, spend_rate: pd.Series) -> np.ndarray:
    """Return the log odds of fraud by who knows the law, each payer's mean, and each payee's payers so far."""
    own, amount = law.payments, -rows["amount"].to_numpy()
    rate = rows["client_id"].map(spend_rate).fillna(spend_rate.median()).to_numpy()
    size = stats.lognorm.logpdf(amount, own.fraud_log_sd, scale=np.exp(own.fraud_log_amount))
    size = size - stats.gamma.logpdf(amount, own.spend_shape, scale=1 / rate)
    first: dict[int, int] = {}
    used: dict[int, set[int]] = {}
    payee = []
    order = rows.sort_values(["day", "transactions_id"])
    for client, other in zip(order["client_id"], order["counterparty"], strict=True):
        mine, owner = used.setdefault(client, set()), first.setdefault(other, client)
        fresh = max(1 - sum(own.payees[: len(mine)]), 0.001)
        payee.append(-6.0 if other in mine else -np.log(fresh) + 20 * (owner != client))
        mine.add(other)
    remote = np.where(rows["channel"].isin(["online", "app"]), 0.0, -20.0)
    return size + pd.Series(payee, order.index).reindex(rows.index).to_numpy() + remote


def test_the_share_of_frauds_among_alerts_is_within_a_tenth_of_one_who_knows_the_law(planted: Planted) -> None:
    trial = planted.found.trial
    assert isinstance(trial, Trial)
    assert trial.learned
    stolen = planted.rows.set_index("transactions_id")["stolen"]
    ours = stolen[trial.alerts["transactions_id"]].mean()
    tested = planted.rows[planted.rows["day"].between(planted.days.begins, planted.days.ends)]
    best = tested.nlargest(len(trial.alerts), "odds")["stolen"].mean()
    by_amount = tested.nsmallest(len(trial.alerts), "amount")["stolen"].mean()
    assert ours > 0.9 * best > 0.8
    assert by_amount < 0.8 * best  # the usual shortcut, the largest amounts, does not do
    # What is told holds the truth between its bounds, and the curve lies far above that of a blind order.
    assert isinstance(trial.of_known, Estimate)
    assert trial.confirmed.value <= ours <= trial.of_known.high
    assert trial.area.low > 5 * trial.base
    # Capacity: the lot is drawn first, the rest is for alerts; the volume is that of the year before.
    assert 0.4 < trial.per_day / RULES.cases_per_day < 1.6


def test_the_test_knows_only_what_was_known_before_it(planted: Planted) -> None:
    days, rows = planted.days, planted.rows.copy()
    future = rows["labelled_on"] >= pd.Timestamp("1970-01-01") + pd.Timedelta(days=days.begins)
    late = rows["day"] >= days.begins
    before = _screened(rows[~late].assign(label=rows["label"].where(~future)), RULES, days)
    told, own = planted.cells.of(EARLY), before.of(EARLY)
    assert told.groupby(list(FEATURES))["fraud_then"].sum().equals(own.groupby(list(FEATURES))["fraud_then"].sum())
    assert own["fraud_then"].sum() >= 70


def test_what_is_unusual_is_what_it_says() -> None:
    def row(client: str, day: int, amount: float, payee: str, **more: object) -> dict[str, object]:
        booked = pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)
        head = {"client_id": client, "booked_on": booked, "amount": -amount, "counterparty": payee, "kind": "payment"}
        return head | {"channel": "app", "label": None, "labelled_on": pd.NaT} | more

    usual = [row("a", k * 10, 100, "rent") for k in range(5)]
    burst = [row("d", 200 + k, 50, "shop") for k in range(5)]
    gather = [row(c, 100 + k, 100, "mule") for k, c in enumerate("bc")] + [row("a", 103, 100 * np.exp(1.5), "mule")]
    known = pd.Timestamp("2024-06-01")
    after = [
        row("e", 60, 10, "thief", label="fraud", labelled_on=known),
        row("e", 152, 10, "thief"),  # on the very day it became known: not yet
        row("e", 153, 10, "thief", channel="branch"),
    ]
    rows = pd.DataFrame([*usual, *burst, *gather, *after])
    rows["transactions_id"] = [f"e{k}" for k in range(len(rows))]
    rows = pd.concat([rows, rows.head(3).assign(kind="fee"), rows.head(2).assign(amount=5.0)])
    today = days_since(date(2024, 12, 31))
    cells = _screened(rows, FraudSection(), Days(today - 3, today - 2, today - 1, today))
    told = cells.table.execute().set_index("transactions_id")
    assert len(told) == 16  # nothing but payments out of the client's money
    mule = told.loc["e12"]
    assert (mule["times"], mule["new_payee"], mule["gathering"], mule["week"]) == (6, 1, 2, 1)
    assert told.loc["e0", ["times", "new_payee", "new_channel"]].tolist() == [0, 0, 0]  # a first payment is no news
    assert told.loc["e9", "week"] == 5
    assert told.loc[["e13", "e14", "e15"], "known"].tolist() == [0, 0, 1]
    assert told.loc[["e14", "e15"], "new_channel"].tolist() == [0, 1]
    strikes = rules_of(told)
    assert {name: list(told.index[hit]) for name, hit in strikes.items()} == {
        "payee_known": ["e15"],
        "payee_gathers": ["e12"],
        "large_new_payee": ["e12"],
        "burst": ["e9"],
    }
    drawn_twice = [set(drawn(cells, share, 0, today)["transactions_id"]) for share in (0.3, 0.3, 0.6)]
    assert drawn_twice[0] == drawn_twice[1] <= drawn_twice[2]


def test_the_drawn_sample_tells_what_is_missed(planted: Planted) -> None:
    rules = RULES.model_copy(update={"sample_share": 0.3, "cases_per_day": 0.7})
    trial = planted.found.trial
    assert isinstance(trial, Trial)
    assert isinstance(trial.missed, NotEstimable)  # hardly any of those drawn were looked into
    rows = planted.rows.copy()
    lot = set(drawn(planted.cells, 0.3, 0, planted.days.today)["transactions_id"])
    looked = rows["transactions_id"].isin(lot)
    rows.loc[looked, "label"] = np.where(rows["stolen"][looked], "fraud", "cleared")
    rows.loc[looked, "labelled_on"] = rows["labelled_on"][looked].fillna(rows["booked_on"] + pd.Timedelta(days=30))
    told = judged(_screened(rows, rules, planted.days), rules, planted.days).trial
    assert isinstance(told, Trial)
    tested = rows[rows["day"].between(planted.days.begins, planted.days.ends)]
    missed = tested["stolen"] & ~tested["transactions_id"].isin(told.alerts["transactions_id"])
    assert isinstance(told.missed, Estimate)
    assert told.missed.low <= missed.sum() <= told.missed.high


def test_alerts_fit_the_capacity_and_cost_decides_where_it_binds() -> None:
    cells = pd.DataFrame({name: [0, 1, 2, 3] for name in FEATURES})
    volume, amount = np.array([900.0, 80.0, 15.0, 5.0]), np.array([1e3, 1e3, 10.0, 1e4])
    found = Scores(np.array([3, 2, 1, 0]), np.array([0.001, 0.02, 0.5, 0.9]))
    rules = FraudSection(case_cost=0, recovered=0.5)
    assert alerted(found, volume, amount, 0.02, rules) == (pytest.approx([False, False, True, True]), "capacity")
    dear = rules.model_copy(update={"case_cost": 5.0})
    assert alerted(found, volume, amount, 0.2, dear) == (pytest.approx([False, True, False, True]), "cost")
    few = scores(cells, volume, np.array([0.0, 0, 3, 5]), volume)
    assert isinstance(few.chance, NotEstimable)
    assert few.chance.reason == "8 frauds to learn from; 70 are needed"
    assert few.order[3] == 0  # what the rules strike comes first
    assert alerted(few, volume, amount, 0.02, dear)[1] == "capacity"  # without chances cost cannot decide


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def test_a_handful_of_frauds_is_refused_and_the_list_is_made_all_the_same(bank: Bank) -> None:
    found = fraud(bank)
    assert isinstance(found, Fraud)
    assert isinstance(found.trial, NotEstimable)
    exhibit = shown(risk.fraud(bank), bank)
    assert "cannot be told yet" in title(exhibit)
    assert len(exhibit.refusals) == 2
    assert {row["name"] for row in exhibit.estimates} == {"payments"}
    rows = risk.lists(bank)["fraud_alerts"]
    assert "rm_id" not in rows
    assert set(rows["drawn_by"]) <= {"score", "lot"}
    assert (rows["booked_on"] > "2026-10-17").all()
    assert len(in_words("fraud_alerts", rows, bank)) == len(rows)


def test_a_bank_with_many_frauds_is_told_how_good_its_alerts_are(
    bank: Bank, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[fraud_evidence.__module__], "measured", lambda bank: planted.found)
    exhibit = shown(risk.fraud(bank), bank)
    assert "cases a day, at least" in title(exhibit)
    told = {row["name"]: row for row in exhibit.estimates if not row["group"]}
    assert told["confirmed"]["status"] == "shown"
    assert told["pr_auc"]["value"] > told["pr_auc_blind"]["value"]
    assert exhibit.figure is not None
    parts = {row["group"]["caught"]: row["value"] for row in exhibit.estimates if row["name"] == "fraud_amount"}
    saved = next(said.values["saved"] for said in exhibit.sentences if "avoided a loss" in said.id)
    assert saved == pytest.approx(parts["caught"] * bank.settings.risk.fraud.recovered)
    # Where few victims were not caught, what alerts caught would give them away, so both parts are withheld.
    more = judged(planted.cells, RULES.model_copy(update={"cases_per_day": 0.1}), planted.days)
    monkeypatch.setattr(sys.modules[fraud_evidence.__module__], "measured", lambda bank: more)
    hidden = shown(risk.fraud(bank), bank).estimates
    assert [row["status"] for row in hidden if row["name"].startswith("fraud_")] == ["suppressed"] * 4


def test_immature_missing_and_absent_labels_are_refused_with_the_reason(tmp_path: Path, planted: Planted) -> None:
    young = trial_days(planted.rows["day"].min() + 100, RULES)
    told = judged(_screened(planted.rows[planted.rows["day"] <= young.today], RULES, young), RULES, young).trial
    assert isinstance(told, NotEstimable)
    assert told.reason.startswith(("labels are immature", "no payment is labelled"))
    none = planted.rows.assign(label=None, labelled_on=pd.NaT).astype({"label": "object"})
    refused = judged(_screened(none, RULES, planted.days), RULES, planted.days).trial
    assert isinstance(refused, NotEstimable)
    assert refused.reason == "no payment is labelled as a fraud"
    clients = "client_id,joined_on\n1,2015-01-01\n"
    bookings = "client_id,booked_on,kind,amount\n1,2022-03-01,interest,5.00\n"
    config = write_bank(tmp_path / "few", {"clients": clients, "transactions": bookings})
    few = open_bank(config, as_of="2022-12-31")
    assert [r.id for r in shown(risk.fraud(few), few).refusals] == ["There are no payments to screen."]
    assert "fraud_alerts" not in risk.lists(few)


def test_suspicion_of_fraud_never_goes_to_who_hands_lists_to_managers(tmp_path: Path) -> None:
    files = {"clients": "client_id,joined_on\n1,2015-01-01\n"}
    desk = '[lists.recipients]\ndesk = {{ group = "desk", lists = ["risk_register", "fraud_alerts"]{more} }}\n'
    assert settings_of(tmp_path / "good", files, more=desk.format(more="")).lists.recipients["desk"].lists
    for own in ("risk_register", "fraud_alerts"):
        with pytest.raises(SettingsError, match="suspicion of fraud never reaches"):
            settings_of(tmp_path / own, files, more=desk.format(more=f', by_manager = ["{own}"]'))
