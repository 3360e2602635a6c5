"""The demo bank's process: each part follows its stated law, reads only the past, and agrees with the other parts."""

import ast
import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.data.tables import TABLES
from insights.demo import DemoBank, Law, simulate
from insights.demo import law as law_module
from insights.demo.bank import begin
from insights.demo.extracts.specs import EXTRACTS
from insights.demo.people.clients import REFERRAL
from insights.demo.people.spells import admit
from insights.demo.truth.details import ADOPTION_CLIENTS
from insights.demo.truth.segments import adjusted_rand, best_types

GATE = 4.0
"""Standard errors that a right process exceeds once in 16,000 seeds; the seed is fixed."""


@pytest.fixture(scope="module")
def bank() -> DemoBank:
    return simulate(Law(), clients=4_000, months=48, seed=12)


def test_every_canonical_table_is_delivered(bank: DemoBank) -> None:
    assert set(EXTRACTS) == set(TABLES)
    assert set(bank.tables) | {"control_totals"} == set(TABLES)


def test_a_referrer_was_a_client_when_the_one_he_referred_joined(bank: DemoBank) -> None:
    clients = bank.tables["clients"].set_index("client_id")
    referred = clients[clients["referred_by"] >= 0]
    spells = _spells(bank)
    found = referred.reset_index().merge(spells, left_on="referred_by", right_on="client_id", suffixes=("", "_of"))
    month = found["joined_on"].dt.to_period("M")
    there = (found["joined_on_of"].dt.to_period("M") < month) & ~(found["left_on_of"].dt.to_period("M") < month)
    assert len(referred) > 400
    assert there.groupby(found["client_id"]).any().all()
    assert (referred["acquisition_source"] == "referral").all()


def test_those_who_depend_on_a_referrer_join_only_if_he_is_there() -> None:
    """With nobody there, dependent ones stay away and the others come by another way."""
    law = Law()
    joining = {}
    for share in (0.0, 0.5, 1.0):
        own = dataclasses.replace(law, people=dataclasses.replace(law.people, referral_dependent=share))
        process = begin(own, 3_000, 12, 7)
        process.state.spell[:] = 1
        process.state.present[:] = False
        drawn = (process.people.joined == 100) & (process.people.source == REFERRAL)
        before = int((process.people.joined == 100).sum())
        new = admit(own, process.clock, process.people, process.state, 100, np.random.default_rng(1))
        joining[share] = (before, int(drawn.sum()), len(new))
        assert (process.people.source[new] != REFERRAL).all()
        assert (process.state.referrer == -1).all()
    before, drawn, came = joining[1.0]
    assert came == before - drawn
    assert joining[0.0][2] == joining[0.0][0]
    assert joining[1.0][2] < joining[0.5][2] < joining[0.0][2]


def test_the_stated_share_of_the_referred_depended_on_it(bank: DemoBank) -> None:
    referred = bank.tables["clients"]["referred_by"] >= 0
    dependent = bank.latent["referral_dependent"]
    p, n = bank.law.people.referral_dependent, referred.sum()
    # A client whose referrer left before the window keeps the truth about him, though the bank has lost the name.
    assert abs(dependent[referred].mean() - p) < GATE * np.sqrt(p * (1 - p) / n)
    assert set(bank.tables["clients"]["acquisition_source"][dependent]) == {"referral"}


def test_who_comes_back_starts_again(bank: DemoBank) -> None:
    spells = _spells(bank).sort_values(["client_id", "spell"])
    later = spells[spells["spell"] > 1]
    before = spells.set_index(["client_id", "spell"]).loc[
        list(zip(later["client_id"], later["spell"] - 1, strict=True))
    ]
    assert len(later) > 20
    assert (before["leave_reason"] == "competitor").all()
    assert (later["joined_on"].to_numpy() > before["left_on"].to_numpy()).all()
    rows = bank.person_months
    first = rows[rows["spell"] > 1].groupby(["client_id", "spell"])["tenure_months"].min()
    assert (first == 1).all()
    clients = bank.tables["clients"].set_index("client_id")
    last = spells.drop_duplicates("client_id", keep="last").set_index("client_id")
    assert (last["left_on"].reindex(clients.index).fillna(0) == clients["left_on"].fillna(0)).all()
    opened = spells.drop_duplicates("client_id").set_index("client_id")["joined_on"]
    assert (opened.reindex(clients.index) == clients["joined_on"]).all()


def test_offers_are_suitable_and_work_as_the_law_says(bank: DemoBank) -> None:
    offers, shelf = bank.tables["offers"], {p.code: p for p in bank.law.products.shelf}
    history = bank.tables["client_history"].sort_values("valid_from")
    known = pd.merge_asof(
        offers.sort_values("offered_on"), history, left_on="offered_on", right_on="valid_from", by="client_id"
    )
    rating = known["product_id"].map(lambda code: shelf[code].risk_rating)
    assert (rating <= known["risk_tolerance"].astype(int)).all()
    accepted = offers[offers["answer"] == "accepted"]
    orders = bank.tables["transactions"].query("kind == 'trade'")[["client_id", "product_id", "booked_on"]]
    bought = accepted.merge(
        orders.drop_duplicates(),
        left_on=["client_id", "product_id", "answered_on"],
        right_on=["client_id", "product_id", "booked_on"],
    )
    assert len(accepted) > 100
    # Who has everything in a mandate has nothing to order with.
    assert 0.98 * len(accepted) <= len(bought) <= len(accepted)
    assert offers["answered_on"].isna().eq(offers["answer"].isin(["none"]) | offers["answer"].isna()).all()
    rows = bank.adoption
    kinds = np.arange(1, 4)
    base = rows["log_odds"] - np.asarray(bank.law.offers.effects)[rows["offer"]]
    found, se = _logit((rows["offer"].to_numpy()[:, None] == kinds).astype(float), rows["adopted"], base)
    assert (np.abs(found - np.asarray(bank.law.offers.effects)[kinds]) < GATE * se).all(), (found, se)
    assert found[1] > GATE * se[1]


def test_adoption_follows_its_odds(bank: DemoBank) -> None:
    rows = bank.adoption
    found, se = _logit(np.column_stack([np.ones(len(rows)), rows["log_odds"]]), rows["adopted"], 0.0)
    assert (np.abs(found - [0, 1]) < GATE * se).all(), (found, se)
    law = bank.law.products
    product, macro = rows["product"].to_numpy(), rows[["rate", "market"]].to_numpy()
    effect = np.array([(p.rate_effect, p.market_effect) for p in law.shelf])[product]
    taste = np.array([p.taste for p in law.shelf])[product, rows["type"]]
    odds = law.intercept + taste + (effect * macro).sum(axis=1) + np.asarray(bank.law.offers.effects)[rows["offer"]]
    odds = odds + law.spare_cash * rows["spare_cash"] + law.log_tenure * rows["log_tenure"]
    sign = np.array([p.online for p in law.shelf])[product]
    odds = odds + law.goes_with * rows["companion"] + law.online * sign * (rows["digital"] - 0.5)
    assert rows["spare_cash"].between(*law.spare_limits).all()
    assert 0.2 < rows["companion"].mean() < 0.8
    assert np.allclose(odds, rows["log_odds"])
    assert rows["client_id"].max() < ADOPTION_CLIENTS


def test_loans_default_as_often_as_their_hazard_says(bank: DemoBank) -> None:
    p, rows = bank.law.loans, bank.loan_months
    hazard = p.default_base * np.exp(
        p.default_ltv * (rows["ltv"] - p.ltv_centre) / p.ltv_spread + p.default_past_due * rows["past_due"]
    )
    assert np.allclose(hazard, rows["hazard"])
    expected = -np.expm1(-rows["hazard"]).sum()
    assert abs(rows["defaulted"].sum() - expected) < GATE * np.sqrt(expected)
    loans = bank.tables["loans"].assign(index=lambda t: _month(bank, t["month"]) + 1)
    assert (loans["drawn"] <= loans["limit"]).all()
    assert (loans["drawn"] > loans["collateral_value"]).any()
    past = rows.merge(loans, left_on=["client_id", "month"], right_on=["client_id", "index"])
    ltv = np.minimum(past["drawn"] / np.maximum(past["collateral_value"], 0.01), p.ltv_cap)
    assert len(past) > 0.95 * len(rows)
    assert np.allclose(ltv, past["ltv"], atol=1e-6)
    assert ((past["days_past_due"] > 0) == past["past_due"]).all()
    defaults = loans.drop_duplicates(["client_id", "defaulted_on"])["defaulted_on"].notna().sum()
    assert defaults == rows["defaulted"].sum()


def test_payments_in_the_books_are_the_clients_own_and_the_thieves(bank: DemoBank) -> None:
    booked = bank.tables["transactions"].query("kind == 'payment'")
    own = bank.payments
    frauds = len(booked) - len(own)
    share = bank.law.payments.fraud * len(booked)
    assert abs(frauds - share) < GATE * np.sqrt(share)
    assert set(booked["label"].dropna()) == {"fraud", "cleared"}
    told = booked[booked["label"].notna()]
    assert (told["labelled_on"] > told["booked_on"]).all()
    assert 0 < len(told) < 0.05 * len(booked)
    assert (booked["label"] == "fraud").sum() <= frauds
    assert booked["counterparty"].ge(0).all()
    cents = (booked.groupby("client_id")["amount"].sum() + own.groupby("client_id")["amount"].sum()).abs() > 0.005
    assert cents.sum() <= frauds


def test_a_stream_of_payments_ends_with_its_window(bank: DemoBank) -> None:
    payers = bank.payers.set_index("client_id")
    last = bank.payments.groupby("client_id")["months"].agg(["size", "max", "min"])
    assert (last["min"] == 0).all()
    assert (last["max"] <= payers["observed_months"]).all()
    assert (payers["first_month"] + payers["observed_months"] <= 48).all()
    dropped = payers[~payers["alive"]].index
    assert (last.loc[dropped, "size"] > 1).all()
    # Stopping for good after a repeated payment has the client's own chance.
    repeats = last["size"] - 1
    expected = (repeats * payers["dropout"]).sum()
    assert abs(len(dropped) - expected) < GATE * np.sqrt((repeats * payers["dropout"] * (1 - payers["dropout"])).sum())


def test_messages_are_sent_delivered_and_read_in_this_order(bank: DemoBank) -> None:
    contacts, law = bank.tables["contacts"], bank.law.contacts
    assert (contacts["contacted_at"].dt.normalize() == contacts["contacted_on"]).all()
    sent = contacts[contacts["delivered_at"].notna()]
    assert set(sent["channel"]) == {"email", "messaging", "app"}
    assert set(sent["direction"]) == {"outbound"}
    assert (sent["delivered_at"] >= sent["contacted_at"]).all()
    read = contacts[contacts["opened_at"].notna()]
    assert (read["opened_at"] >= read["delivered_at"]).all()
    early = sent[sent["contacted_on"] < bank.last_day - pd.Timedelta(days=30)]
    for channel, unread in zip(law.channels, law.unread, strict=True):
        mine = early[early["channel"] == channel]
        if len(mine):
            assert abs(mine["opened_at"].isna().mean() - unread) < GATE * np.sqrt(unread * (1 - unread) / len(mine))


def test_papers_have_expired_for_the_stated_number(bank: DemoBank) -> None:
    clients = bank.tables["clients"]
    inside = clients[clients["left_on"].isna()]
    assert (inside["kyc_expires_on"] <= bank.last_day).sum() == np.ceil(bank.law.register.papers_expired * 4)


def test_a_programme_without_effect_changes_nothing_else(bank: DemoBank) -> None:
    rows = bank.tables["programmes"].query("programme == 'investors club'")
    assert rows["arm"].value_counts().to_dict() == {"treated": 30, "control": 30}
    law = Law()
    everybody = dataclasses.replace(law, null_programme=dataclasses.replace(law.null_programme, month=3, share=1.0))
    a, b = simulate(law, 200, 24, 4), simulate(everybody, 200, 24, 4)
    assert not a.tables["programmes"].equals(b.tables["programmes"])
    for name in set(a.tables) - {"programmes"}:
        pd.testing.assert_frame_equal(a.tables[name], b.tables[name])


def test_satisfaction_becomes_a_column_where_the_law_says_so() -> None:
    law = Law()
    asked = dataclasses.replace(law, surveys=dataclasses.replace(law.surveys, pulse=True))
    a, b = simulate(law, 200, 12, 4), simulate(asked, 200, 12, 4)
    assert "item_satisfaction" not in a.tables["surveys"]
    surveys = b.tables["surveys"]
    pulse = surveys[surveys["item_satisfaction"].notna()]
    told = pulse.assign(month=_month(b, pulse["answered_on"])).merge(b.person_months, on=["client_id", "month"])
    assert len(told) == len(b.person_months)
    assert np.allclose(told["item_satisfaction"] - 5, told["satisfaction"])
    waves = surveys[surveys["wave"] >= 0].drop(columns="item_satisfaction").reset_index(drop=True)
    pd.testing.assert_frame_equal(waves, a.tables["surveys"], check_dtype=False)


def test_silence_and_censoring_depend_on_satisfaction_where_the_law_says_so() -> None:
    """Two switches: who answers surveys, and who moves abroad (a reason other than the one that is studied)."""
    law = Law()
    slope = {}
    for name, effect in (("off", 0.0), ("on", 0.7)):
        surveys = dataclasses.replace(law.surveys, answer_satisfaction=effect)
        leaving = dataclasses.replace(law.leaving, relocation_base=0.01, relocation_satisfaction=-effect)
        made = simulate(dataclasses.replace(law, surveys=surveys, leaving=leaving), 1_200, 24, 8)
        asked = made.survey_answers.dropna(subset=["satisfaction"])
        x = np.column_stack([np.ones(len(asked)), asked["log_wealth"], asked["satisfaction"]])
        found, se = _logit(x, asked["answered"], 0.0)
        # Answers given after the last day are not there: a few of the last wave.
        assert abs(found[2] - effect) < GATE * se[2]
        assert abs(found[1] - law.surveys.answer_log_wealth) < GATE * se[1]
        rows = made.person_months
        x = np.column_stack([np.ones(len(rows)), rows["satisfaction"]])
        found, se = _logit(x, rows["reason"] == "relocation", 0.0)
        assert abs(found[1] + effect) < GATE * se[1]
        slope[name] = found[1] / se[1]
    assert abs(slope["off"]) < GATE < abs(slope["on"])


def test_every_parameter_of_the_law_says_what_it_is() -> None:
    """In the source of the law every field, or run of fields, is followed by a sentence about it."""
    silent = []
    paths = sorted(Path(law_module.__file__).parent.glob("*.py"))
    assert len(paths) > 4
    for path in paths:
        for part in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(part, ast.ClassDef):
                continue
            assert ast.get_docstring(part), part.name
            told = [bool(isinstance(line, ast.Expr)) for line in part.body if not isinstance(line, ast.FunctionDef)]
            # Small parts whose class says it all have no sentence of their own; they list at most six fields.
            silent += [part.name] if not told[-1] and (any(told[1:]) or len(told) > 7) else []
    assert silent == []


def test_wealth_elsewhere_is_told_once_a_year_and_moves_as_the_law_says(bank: DemoBank) -> None:
    """Between two talks its log grows by the drift, and less where the client was satisfied in the months between."""
    p, rows = bank.law.elsewhere, bank.tables["client_history"]
    told = rows[rows["external_wealth"].notna()].sort_values(["client_id", "valid_from"])
    assert not rows.duplicated(["client_id", "valid_from"]).any()
    asked, n = told["client_id"].nunique(), len(bank.latent)
    # Not everybody known is there for a whole year, so some of those who would tell are never asked.
    assert 0.8 * p.told < asked / n < p.told
    months = _month(bank, told["valid_from"])
    of_next = told["client_id"].eq(told["client_id"].shift(-1)) & months.shift(-1).sub(months).eq(12)
    grown = np.log(told["external_wealth"]).diff().shift(-1)[of_next]
    mood = bank.person_months.pivot(index="client_id", columns="month", values="satisfaction")
    at = mood.index.get_indexer(told.loc[of_next, "client_id"])
    between = np.array([mood.to_numpy()[i, m + 1 : m + 13].sum() for i, m in zip(at, months[of_next], strict=True)])
    keep = (at >= 0) & np.isfinite(between)
    x = np.column_stack([np.full(keep.sum(), 12.0), between[keep]])
    y = grown.to_numpy()[keep]
    found, *_ = np.linalg.lstsq(x, y, rcond=None)
    spread = np.sqrt(12 * p.sd**2 + 2 * p.stated_sd**2)
    se = spread * np.sqrt(np.diag(np.linalg.inv(x.T @ x)))
    assert np.std(y - x @ found) == pytest.approx(spread, rel=0.05)
    assert np.abs(found - [p.drift, p.satisfaction]).max() < GATE * se.max()
    assert np.all(np.abs(found - [p.drift, p.satisfaction]) < GATE * se)


def test_what_clients_hold_elsewhere_changes_nothing_else() -> None:
    law = Law()
    other = dataclasses.replace(law, elsewhere=dataclasses.replace(law.elsewhere, told=0.0))
    a, b = simulate(law, 300, 14, 3), simulate(other, 300, 14, 3)
    for name, rows in a.tables.items():
        if name == "client_history":
            assert not b.tables[name]["external_wealth"].notna().any()
            rows = rows[rows["external_wealth"].isna()].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, b.tables[name])


def test_net_new_money_is_what_the_bookings_say(bank: DemoBank) -> None:
    booked = bank.tables["transactions"]
    booked = booked[booked["kind"].isin(["inflow", "outflow", "security_in", "security_out"])]
    months = _month(bank, booked["booked_on"])
    flows = booked["amount"].groupby([booked["client_id"], months]).sum().rename_axis(["client_id", "month"])
    rows = bank.net_new_money.set_index(["client_id", "month"])["flow"]
    both = flows.reindex(rows.index, fill_value=0.0)
    # A payment beyond a client's means is covered by money from elsewhere, which is no flow of the process.
    assert ((both - rows).abs() > 0.01).sum() <= 5


def test_better_managers_start_first_and_had_more_to_begin_with() -> None:
    law = Law()
    steep = dataclasses.replace(law, wealth=dataclasses.replace(law.wealth, manager_skill=0.002))
    rows = simulate(steep, 3_000, 12, 3).net_new_money
    rate = rows.assign(rate=rows["flow"] / rows["before"]).groupby("rm_id")["rate"].mean()
    process = begin(steep, 3_000, 12, 3)
    assert np.corrcoef(rate, process.managers.skill[rate.index])[0, 1] > 0.4


def test_types_can_be_told_apart_by_default_and_not_at_all_where_there_are_none() -> None:
    law = Law()
    one = dataclasses.replace(law, people=dataclasses.replace(law.people, separation=0.0))
    best = {}
    for name, each in (("types", law), ("none", one)):
        process = begin(each, 1_500, 12, 6, tables=False)
        for _ in process.run():
            pass
        best[name] = adjusted_rand(process.people.kind, best_types(each, process.people))
    assert best["types"] > 0.9
    assert best["none"] == pytest.approx(0, abs=0.01)


def test_adjusted_rand_counts_pairs() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    pairs = [(i, j) for i in range(40) for j in range(i)]
    together = np.array([(a[i] == a[j], b[i] == b[j]) for i, j in pairs])
    both, in_a, in_b = together.all(axis=1).sum(), *together.sum(axis=0)
    expected = in_a * in_b / len(pairs)
    assert adjusted_rand(a, b) == pytest.approx((both - expected) / ((in_a + in_b) / 2 - expected))
    assert adjusted_rand(a, 2 - a) == 1


def test_the_frames_of_one_bank_are_those_of_the_next_run(bank: DemoBank) -> None:
    a, b = simulate(Law(), 100, 12, 3), simulate(Law(), 100, 12, 3)
    for name in ("payments", "payers", "adoption", "net_new_money", "loan_months", "survey_answers", "manager_panel"):
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name))
    assert len(bank.survey_answers) == len(bank.tables["surveys"])
    assert bank.survey_answers.loc[~bank.survey_answers["answered"], "item_recommend"].isna().all()


def _spells(bank: DemoBank) -> pd.DataFrame:
    """Return the last version of every spell."""
    rows = bank.tables["relationships"].sort_values(["client_id", "spell", "known_on"])
    return rows.drop_duplicates(["client_id", "spell"], keep="last")


def _month(bank: DemoBank, days: pd.Series) -> pd.Series:
    """Return the month of each day, counted from the first of the window."""
    return 12 * (days.dt.year - bank.window_from.year) + days.dt.month - bank.window_from.month


def _logit(x: np.ndarray, event: pd.Series, offset: pd.Series | float) -> tuple[np.ndarray, np.ndarray]:
    """Fit a logit by Newton's method; return estimates and standard errors."""
    beta = np.zeros(x.shape[1])
    base = np.asarray(offset, dtype=float)
    for _ in range(25):
        chance = 1 / (1 + np.exp(-(base + x @ beta)))
        information = (x * (chance * (1 - chance))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (event.to_numpy() - chance))
        beta += step
        if np.abs(step).max() < 1e-9:
            return beta, np.sqrt(np.diag(np.linalg.inv(information)))
    raise AssertionError("the fit did not converge")
