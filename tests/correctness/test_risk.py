"""The risk report on the demo bank: facts exactly, outbreaks dated, slopes of default found, both languages."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.demo import Law, simulate
from insights.demo.bank import DemoBank
from insights.models.risk import compliance as facts
from insights.models.risk.charts import COMPLAINTS, MENTIONS, Charted, charted, watch
from insights.models.risk.clients import in_force
from insights.models.risk.credit import concentration, looked_back
from insights.models.risk.credit import credit as measured
from insights.models.risk.defaults import Defaults, learned
from insights.models.risk.defaults_tested import Tested, held_against
from insights.models.risk.desk import RULE, SCORE
from insights.models.risk.incidents import Incidents, incidents, losses
from insights.models.risk.loan_watch import loan_watch
from insights.models.risk.loans import DEFAULT, MOST_LTV, NEVER, PERFORMING, Loans, loans
from insights.models.risk.quarter import Quarter, followed, quarter
from insights.models.risk.register import register
from insights.reports.disclosure import protect
from insights.reports.lists import in_words
from insights.stats.hazard import HazardModel
from insights.stats.monitoring import run_length
from insights.stats.nowcast import Nowcast, nowcast
from insights.stats.results import NotEstimable
from insights.stats.yearly_loss import YearlyLoss
from insights.topics import risk
from insights.topics.evidence import Answer, ClientCounts, Estimates, NotAvailable, RowCounts
from insights.topics.risk.operational import TOTAL, operational_evidence, operational_rows
from insights.topics.risk.register import heat_of


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


@pytest.fixture(scope="module")
def truth(demo_bank_small: Path) -> dict[str, dict[str, int]]:
    folder = demo_bank_small.with_name(demo_bank_small.name + "_truth")
    return cast(dict[str, dict[str, int]], json.loads((folder / "truth.json").read_text(encoding="utf-8")))


def test_papers_expired_and_loans_above_their_collateral_are_those_planted(
    bank: Bank, truth: dict[str, dict[str, int]]
) -> None:
    counts = truth["counts"]
    told = facts.papers(bank)
    assert told.count(facts.EXPIRED) == counts["papers_expired"] > 0
    assert len(told.rows) == counts["clients_in_force"]
    rows = loans(bank).rows
    assert int((rows["drawn"] > rows["collateral"]).sum()) == counts["collateral_breaches"]
    assert rows.loc[rows["default"] < NEVER, "client_id"].nunique() == counts["loans_defaulted"]


def test_stale_risk_profiles_are_counted_exactly(bank: Bank, demo_bank_small: Path) -> None:
    raw = pd.read_csv(demo_bank_small / "kundenhistorie.csv", sep=";", dtype=str)
    day = pd.to_datetime(raw["GUELTIG_AB"], format="%d.%m.%Y")
    last = day[raw["RISIKOPROFIL"].notna()].groupby(raw["KUNDEN_NR"]).max()
    key = Key.load(bank.settings)
    last.index = pd.Index(key.pseudonyms("client", list(last.index)))
    limit = pd.Timestamp("2026-10-31") - pd.DateOffset(months=36)
    told = facts.profiles(bank).set_index("client_id")
    assert set(told.index) == set(in_force(bank)["client_id"])
    expected = last.reindex(told.index) <= limit
    assert expected.sum() > 20
    assert ((told["state"] == facts.STALE) == expected).all()


def test_what_became_of_the_register_of_a_quarter_ago(bank: Bank) -> None:
    def rows(*told: tuple[str, str, str]) -> pd.DataFrame:
        return pd.DataFrame(told, columns=["client_id", "risk", "level"])

    before = rows(*(("a", r, "middle") for r in ("papers", "credit", "market")), ("b", "papers", "high"))
    now = rows(("a", "papers", "high"), ("a", "credit", "middle"), ("b", "papers", "high"), ("c", "papers", "high"))
    told = followed(before, pd.concat([now, rows(("c", "credit", "middle"))]))
    assert dict(zip(told["client_id"] + told["risk"], told["fate"], strict=True)) == {
        "apapers": "came true",
        "acredit": "smoulders on",
        "amarket": "went out",
        "bpapers": "burns on",
        "cpapers": "without warning",
        "ccredit": "new",
    }
    found = quarter(bank)
    assert isinstance(found, Quarter)
    # Papers that were to expire within a quarter and were not renewed are expired by now, and nothing else came true.
    with Bank(bank.settings, found.day, bank.processed) as then:
        due = facts.papers(then).rows
    soon = due[(due["state"] == facts.SOON) & (due["expires_on"] <= pd.Timestamp(bank.as_of))]
    here = facts.papers(bank).rows.set_index("client_id")["state"].reindex(soon["client_id"])
    own = found.rows[(found.rows["risk"] == "papers") & (found.rows["fate"] == "came true")]
    assert set(own["client_id"]) == set(here.index[here == facts.EXPIRED])
    listed = risk.lists(bank)["risk_register"]
    fresh = set(found.rows["client_id"]) - set(found.before["client_id"])
    assert set(listed.loc[listed["change"] == "new", "client_id"]) == fresh
    assert (listed["owners"].str.contains("workout") == listed["steps"].str.contains("work_out")).all()


def test_the_heat_map_tells_no_more_than_the_reasons_do() -> None:
    told = pd.DataFrame({"reason": ["papers_expired", "late", "other"], "clients": [40.0, np.nan, 15.0]})
    told.loc[1, "reason"] = "payment_late"
    heat = heat_of(told).set_index(["risk", "level"])["clients"]
    assert heat["papers", "high"] == 40.0
    assert np.isnan(heat["credit", "high"])  # what is late is withheld, and defaults may stand among the others
    assert np.isnan(heat["papers", "middle"])  # papers soon to expire may stand among the others
    assert heat["profile", "high"] == 0.0  # there is no such risk
    every = heat_of(pd.DataFrame({"reason": ["near_collateral", "payment_late"], "clients": [20.0, 10.0]}))
    assert every.set_index(["risk", "level"]).loc["credit", "clients"].tolist() == [10.0, 20.0]


def test_products_above_the_tolerance_are_counted_exactly(bank: Bank) -> None:
    found = facts.breaches(bank)
    assert found is not None
    holdings = bank.table("holdings").execute()
    holdings = holdings[holdings["month"] == holdings["month"].max()]
    rating = bank.table("products").execute().set_index("product_id")["risk_rating"]
    clients = bank.table("clients").execute().set_index("client_id")
    here = set(in_force(bank)["client_id"])
    stated = holdings["client_id"].map(clients["risk_tolerance"]).astype(float)
    above = (holdings["product_id"].map(rating) > stated) & (holdings["amount"] > 0) & holdings["client_id"].isin(here)
    expected = holdings[above].assign(amount=lambda h: h["amount"].astype(float)).groupby("client_id")["amount"].sum()
    told = found[found["above"] > 0].set_index("client_id")["above"]
    assert len(told) > 10
    assert set(told.index) == set(expected.index)
    assert told.sort_index().to_numpy() == pytest.approx(expected.sort_index().to_numpy())


def test_the_outbreak_is_found_and_dated_within_the_stated_delay(bank: Bank) -> None:
    law = Law().mentions
    found = charted(bank, MENTIONS)
    assert isinstance(found, Charted)
    first, last = pd.Timestamp("2023-11-01"), pd.Timestamp("2026-10-31")
    planted = first + pd.Timedelta(days=int(law.outbreak_at * ((last - first).days + 1)))
    top = max(found.outbreaks, key=lambda o: o.count / o.expected)
    assert pd.Timedelta(days=-7) < pd.Timestamp(top.began) - planted < pd.Timedelta(days=7)
    assert pd.Timedelta(0) <= pd.Timestamp(top.alarm) - planted <= pd.Timedelta(weeks=found.delay_most)
    # The twelve days and the weeks at their ends; sums that are still high keep it alive no longer than this.
    assert pd.Timestamp(top.last) - planted < pd.Timedelta(weeks=6)
    assert top.second is not None  # the weighted mean finds it as well
    assert pd.Timedelta(0) <= pd.Timestamp(top.second) - planted <= pd.Timedelta(weeks=found.delay_most)
    assert top.count > 2 * top.expected
    assert found.burning() is None


def test_charts_cry_wolf_as_seldom_as_they_say_and_find_a_rise_as_soon() -> None:
    rng = np.random.default_rng(4)
    week = pd.date_range("2000-01-01", periods=52 + 1_000, freq="7D")
    alarms, weeks, delays, beside = 0, 0, [], []
    for _ in range(40):
        # What is normal is known here as well as it can be: the first year alone would add its own chance.
        count = rng.poisson(10, len(week)).astype(float)
        count[:52] = 10 + np.tile([-3.0, 3.0], 26)
        found = watch(MENTIONS, pd.DataFrame({"week": week, "count": count, "exposure": 1.0}), 1.5, 104.0)
        assert isinstance(found, Charted)
        assert run_length(found.found.chart) == pytest.approx(104.0)
        alarms, weeks = alarms + int(found.found.table["alarm"].sum()), weeks + 1_000
        risen = np.concatenate([count[:52], rng.poisson(15, 200)])
        after = watch(MENTIONS, pd.DataFrame({"week": week[:252], "count": risen, "exposure": 1.0}), 1.5, 104.0)
        assert isinstance(after, Charted)
        assert run_length(after.mean.chart) == pytest.approx(104.0)
        delays.append(int(np.flatnonzero(after.found.table["alarm"])[0]) + 1)
        beside.append(int(np.flatnonzero(after.mean.table["alarm"])[0]) + 1)
    assert (
        0.95 * 104 < weeks / alarms < 1.25 * 104
    )  # whole numbers make alarms a little rarer than designed, never more
    assert np.mean(delays) == pytest.approx(found.delay, rel=0.25)
    assert np.mean(beside) == pytest.approx(found.mean_delay, rel=0.25)
    assert np.mean(np.array(delays) <= found.delay_most) > 0.9


def test_more_clients_make_more_complaints_and_no_alarm() -> None:
    week, rng = pd.date_range("2020-01-01", periods=260, freq="7D"), np.random.default_rng(8)
    book = np.linspace(1_000, 3_000, 260)
    count = rng.poisson(book / 100).astype(float)
    fair = watch(COMPLAINTS, pd.DataFrame({"week": week, "count": count, "exposure": book}), 1.5, 520.0)
    naive = watch(COMPLAINTS, pd.DataFrame({"week": week, "count": count, "exposure": 1.0}), 1.5, 520.0)
    assert isinstance(fair, Charted)
    assert isinstance(naive, Charted)
    assert fair.found.table["alarm"].sum() <= 3 < 30 < naive.found.table["alarm"].sum()


@pytest.fixture(scope="module")
def trouble() -> DemoBank:
    """A demo bank in which loans often default and incidents are frequent."""
    law = replace(Law(), loans=replace(Law().loans, default_base=0.008, initial=0.6))
    return simulate(replace(law, incidents=replace(law.incidents, per_thousand=3.0)), 1_500, 36, 7)


@pytest.fixture(scope="module")
def risky(trouble: DemoBank) -> tuple[Loans, pd.DataFrame]:
    """The loans of a bank in which defaults are frequent, and the true hazards of each month."""
    made = trouble
    rows = made.tables["loans"].sort_values(["client_id", "month"], ignore_index=True)
    month = rows["month"].dt.year * 12 + rows["month"].dt.month - 1
    on = rows["defaulted_on"]
    default = (on.dt.year * 12 + on.dt.month - 1).fillna(NEVER).groupby(rows["client_id"]).transform("min")
    ltv = np.minimum(rows["drawn"] / rows["collateral_value"].clip(lower=0.01), MOST_LTV)
    late = rows["days_past_due"].astype(float)
    performing = default > month
    frame = pd.DataFrame({"client_id": rows["client_id"], "month": month, "drawn": rows["drawn"], "ltv": ltv})
    frame = frame.assign(late=late, default=default.astype(int), performing=performing)
    frame["watched"] = performing & ((late > 0) | (ltv > 0.9))
    return Loans(frame, int(month.max()), True), made.loan_months


def test_what_moves_defaults_is_found_and_the_year_ahead_is_calibrated(risky: tuple[Loans, pd.DataFrame]) -> None:
    found, true = risky
    law = Law().loans
    told = learned(found, found.last)
    assert isinstance(told, Defaults)
    assert isinstance(told.model, HazardModel)
    slopes = told.model.table.set_index("name")
    planted = {"ltv": law.default_ltv / law.ltv_spread, "late": law.default_past_due}
    for name, value in planted.items():
        assert slopes.loc[name, "low"] < value < slopes.loc[name, "high"], name
        assert slopes.loc[name, "low"] > 0
    assert told.moves[1, 1] == pytest.approx(law.still_late, abs=0.08)
    assert told.monthly.value == pytest.approx(true["hazard"].mean(), rel=0.15)


def test_a_right_forecast_passes_and_wrong_ones_fail_by_level_or_by_grade(risky: tuple[Loans, pd.DataFrame]) -> None:
    found, _ = risky
    then = {back: learned(found, found.last - back) for back in (12, 24)}
    right = held_against(found, then)
    assert isinstance(right, Tested)
    assert right.years == 2
    assert right.ratio.low < 1 < right.ratio.high
    assert right.ratio.n_events is not None
    assert right.ratio.n_events > 60
    assert right.level.p_value is not None
    assert right.level.p_value > 0.05
    by_grade = right.grades.checks[0]
    assert by_grade.p_value is not None
    assert by_grade.p_value > 0.01
    table = right.grades.table
    assert len(table) == 5
    assert table["expected"].is_monotonic_increasing
    # Half the hazard: far too few are foretold.
    half: dict[int, Defaults | NotEstimable] = {}
    for back, was in then.items():
        assert isinstance(was, Defaults)
        less = replace(was.monthly, value=was.monthly.value / 2)
        half[back] = replace(was, model=NotEstimable("one rate"), monthly=less)
    low = held_against(found, half)
    assert isinstance(low, Tested)
    assert low.ratio.low > 1.2
    assert low.level.p_value is not None
    assert low.level.p_value < 1e-3
    # The right total over the wrong loans: the chances of the loans turned round.
    turned = found.rows.assign(ltv=found.rows["ltv"].max() - found.rows["ltv"])
    wrong = held_against(replace(found, rows=turned), then)
    assert isinstance(wrong, Tested)
    assert wrong.grades.checks[0].p_value is not None
    assert wrong.grades.checks[0].p_value < 1e-3


def test_the_watch_list_says_since_when_and_what_to_do(bank: Bank) -> None:
    rows = loan_watch(bank)
    assert rows is not None
    today = measured(bank).today
    watched = today[today["state"] != PERFORMING]
    assert len(watched) > 0
    assert set(rows.loc[rows["drawn_by"] == RULE, "client_id"]) == set(watched["client_id"])
    also = rows[rows["drawn_by"] != RULE]
    assert set(also["state"]) == {PERFORMING}
    assert (also["since"] == "").all()
    # A review must save more than it costs: of a tenth of the loss that is expected.
    rules = bank.settings.risk.desks.loans
    scored, rest = (today.set_index("client_id")["loss"] for _ in range(2))
    score = also.loc[also["drawn_by"] == SCORE, "client_id"]
    assert (scored[score] * rules.saved > rules.case_cost).all()
    rest = rest.drop(rows["client_id"]).fillna(0.0)
    assert len(score) == rules.cases_per_month or (rest * rules.saved <= rules.case_cost).all()
    whole = loans(bank)
    for row in rows[(rows["state"] != DEFAULT) & (rows["drawn_by"] == RULE)].to_dict("records"):
        own = whole.rows[whole.rows["client_id"] == row["client_id"]].set_index("month")["watched"]
        since = pd.Timestamp(row["since"])
        first = since.year * 12 + since.month - 1
        assert own.loc[first:].all()
        assert not own.get(first - 1, False)
    assert (rows["due_on"] > "2026-10-31").all()
    assert "On watch since" in in_words("loan_watch", rows, bank).columns


def test_what_incidents_may_cost_in_a_year_is_that_of_the_law(trouble: DemoBank) -> None:
    law, clients = replace(Law().incidents, per_thousand=3.0), len(trouble.tables["clients"])
    rng = np.random.default_rng(1)
    count = rng.poisson(12 * law.per_thousand * clients / 1_000, 100_000)
    single = np.exp(law.log_loss + law.log_loss_sd * rng.standard_normal(count.sum()))
    sums = np.bincount(np.repeat(np.arange(100_000), count), single, 100_000)
    rows = trouble.tables["incidents"]
    when, known = (rows[c].dt.year * 12 + rows[c].dt.month - 1 for c in ("occurred_on", "reported_on"))
    last = int(known.max())
    span = nowcast(when, known, last, 36, first=last - 35)
    assert isinstance(span, Nowcast)
    frame = pd.DataFrame({"month": when, "loss": rows["loss"]})
    made = Incidents(frame, last, np.full(36, 1_000.0), span, span, NotEstimable("too short"), 0)
    found = losses(made)
    assert isinstance(found, YearlyLoss)
    for p, limit in found.quantiles.items():
        assert limit.low < np.quantile(sums, p) < limit.high, p
        assert limit.high < 3 * limit.low
    assert found.log_mean == pytest.approx(law.log_loss, abs=0.3)
    assert found.log_sd == pytest.approx(law.log_loss_sd, abs=0.25)
    assert found.checks[0].p_value is not None
    assert found.checks[0].p_value > 0.01


def test_warnings_are_held_against_the_defaults_that_followed() -> None:
    months = np.arange(0, 60)
    # Watched from month 10, default in month 15: a hit, five months ahead. Watched twice, no default: a false alarm of
    # one client, who is one person to disclosure.
    frame = pd.concat(
        [
            pd.DataFrame({"client_id": "a", "month": months[:16], "watched": months[:16] >= 10, "default": 15}),
            pd.DataFrame(
                {"client_id": "b", "month": months, "watched": np.isin(months, (20, 21, 24)), "default": NEVER}
            ),
            pd.DataFrame({"client_id": "c", "month": months[:41], "watched": False, "default": 40}),
        ],
        ignore_index=True,
    )
    frame.loc[(frame["client_id"] == "a") & (frame["month"] == 15), "watched"] = False
    told = looked_back(frame, 47)
    assert (told.warnings, told.hits, told.false_alarms) == (2, 1, 1)
    assert (told.defaults, told.warned, told.lead.tolist()) == (2, 1, [5.0])
    assert looked_back(frame, 22).warnings == 1  # the second is not a year old yet


def test_the_register_has_one_row_per_client_and_no_fraud(bank: Bank) -> None:
    rows = register(bank)
    assert rows is not None
    assert rows["client_id"].is_unique
    expired = facts.papers(bank).rows
    expired = set(expired.loc[expired["state"] == facts.EXPIRED, "client_id"])
    assert expired <= set(rows["client_id"])
    assert set(rows.loc[rows["client_id"].isin(expired), "level"]) == {"high"}
    assert set(",".join(rows["risks"]).split(",")) <= {"papers", "profile", "suitability", "credit", "market"}
    assert (rows["due_on"] > "2026-10-31").all()
    assert set(rows["change"]) == {"unknown"}
    words = in_words("risk_register", rows, bank)
    assert words["Warning to the client"].str.len().min() > 30
    assert "fraud" not in " ".join(words.astype(str).to_numpy().ravel()).lower()
    assert {"fraud_alerts", "loan_watch", "risk_register", "staff_conduct"} <= set(risk.lists(bank))


@pytest.mark.parametrize("question", risk.QUESTIONS)
def test_every_page_is_written_in_both_languages(bank: Bank, question: str) -> None:
    exhibit = shown(getattr(risk, question)(bank), bank)
    assert exhibit.basis
    assert title(exhibit)


def test_page_one_says_what_burns_and_how_good_warnings_were(bank: Bank) -> None:
    answer = risk.overview(bank)
    exhibit = shown(answer, bank)
    # Of 600 clients so few are in breach that their number is withheld: that must not read as if there were none.
    assert any("withheld" in row["what"].id for row in exhibit.tables[0].rows)
    assert title(exhibit).startswith("Burning: ")
    levels = [row["level"].id for row in exhibit.tables[0].rows]
    assert set(levels) == {"Burning", "Smouldering", "Went out within a year"}
    assert any("risks open on {day:date}" in said.id for said in exhibit.sentences)  # last quarter's warnings
    assert any("came true within a year" in str(said.values) for said in exhibit.sentences)


def test_a_few_loans_in_trouble_cannot_be_worked_out_from_the_states_or_the_warnings(bank: Bank) -> None:
    answer = risk.credit(bank)
    assert isinstance(answer, Answer)
    told = protect(answer.evidence, bank.settings.disclosure)
    exact = cast(ClientCounts, answer.evidence["states"]).cells
    assert (exact["clients"].between(1, 9)).any()
    for name in ("states", "track.warnings", "track.defaults"):
        cells = cast(ClientCounts, told[name]).cells
        shown_cells = cells["clients"].dropna()
        assert ((shown_cells == 0) | (shown_cells >= 10)).all(), name
        hidden = cells["clients"].isna().sum()
        assert hidden != 1, name  # one alone would follow from the total
    short = cast(Estimates, told["rows"]).rows
    few = short[(short["measure"] == "short") & (cast(Estimates, answer.evidence["rows"]).rows["n"] < 10)]
    assert few["value"].isna().all()


def test_concentration_tells_one_dominant_borrower_from_many() -> None:
    today = pd.DataFrame({"client_id": list("abcdefghijkl"), "drawn": [1.0] * 12})
    assert concentration(today, "client_id")[:2] == pytest.approx((1 / 12, 10 / 12))
    dominant = SimpleNamespace(rows=today.assign(drawn=[1e6, *[1.0] * 11]))
    assert concentration(dominant.rows, "client_id")[0] == pytest.approx(1.0, abs=1e-4)


def test_a_bank_without_defaults_or_with_few_incidents_is_refused_with_the_reason(tmp_path: Path) -> None:
    clients = "client_id,joined_on\n" + "".join(f"{k},2015-01-01\n" for k in range(40))
    lent = "client_id,month,drawn,collateral_value,days_past_due,defaulted_on\n"
    lent += "".join(f"{k},2022-{m:02d}-01,1000.00,2000.00,0,\n" for k in range(40) for m in range(1, 13))
    reports = "occurred_on,kind,reported_on\n" + "2022-03-01,error,2022-04-01\n" * 5
    mentions = "day,channel,positive,neutral,negative\n2022-12-01,press,1,1,1\n"
    files = {"clients": clients, "loans": lent, "incidents": reports, "mentions": mentions}
    small = open_bank(write_bank(tmp_path / "few", files), as_of="2022-12-31")
    found = measured(small)
    assert isinstance(found.loss, NotEstimable)
    exhibit = shown(risk.credit(small), small)
    assert [r.values["why"].id for r in exhibit.refusals] == [
        "No default is on record: its chance cannot be learned from none."
    ]
    assert not any(row["name"] == "expected_loss" for row in exhibit.estimates)
    assert isinstance(incidents(small).year, NotEstimable)
    refused = shown(risk.operational(small), small)
    assert [r.id for r in refused.refusals] == ["Fewer than twenty incidents have been reported."]
    assert shown(risk.reputation(small), small).refusals
    assert shown(risk.overview(small), small).refusals
    lean = open_bank(
        write_bank(tmp_path / "none", {"clients": "client_id,joined_on\n1,2015-01-01\n"}), as_of="2022-12-31"
    )
    for question in risk.QUESTIONS[:-1]:  # who may read which list is always known
        assert isinstance(getattr(risk, question)(lean), NotAvailable), question
    assert risk.lists(lean) == {}


def test_numbers_of_incidents_rest_on_the_rounded_count(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    month = np.sort(rng.integers(0, 60, 160))
    rows = pd.DataFrame(
        {"kind": "payments", "month": month, "reported": month + rng.geometric(1 / 3, 160), "loss": np.nan}
    )
    rows = rows[rows["reported"] <= 59]
    own, seen = rows["month"].to_numpy(), rows["reported"].to_numpy()
    year, span = (nowcast(own, seen, 59, periods, first=0) for periods in (12, 36))
    assert isinstance(year, Nowcast)
    made = Incidents(rows, 59, np.full(36, 1_000.0), year, span, NotEstimable("too short"), 0)
    monkeypatch.setattr(sys.modules[operational_evidence.__module__], "incidents", lambda bank: made)
    evidence, _ = operational_evidence(bank)
    exact = operational_rows(evidence).rows.set_index(["kind", "measure"])
    assert exact.loc[("", TOTAL), "value"] == pytest.approx(year.total.value)
    assert exact.loc[("", TOTAL), "high"] == pytest.approx(year.total.high)
    counts = evidence["counts"]
    assert isinstance(counts, RowCounts)
    cells = counts.cells.assign(reported=23)
    told = operational_rows(protect(evidence | {"counts": replace(counts, cells=cells)}, bank.settings.disclosure))
    visible = told.rows[told.rows["status"] == "shown"].set_index(["kind", "measure"])
    assert visible.loc[("", TOTAL), "value"] == pytest.approx(25 / year.known_share, rel=0.01)
    assert set(told.reported["reported"]) == {25.0}
