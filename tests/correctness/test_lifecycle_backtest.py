"""Predictions at past landmarks beside what happened: counted by hand, without a look ahead, and plainly told."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.months import last_complete
from insights.data.snapshot import Bank, open_bank
from insights.models.exits.challenger import challenger_risks, levelled, training_rows
from insights.models.exits.outcomes import landmarks, outcomes, usual_risk
from insights.models.exits.reasons import risk_reasons
from insights.models.exits.risk import exit_risks, in_force
from insights.models.exits.rows import exit_rows
from insights.models.exits.totals import exit_totals
from insights.models.exits.trials import CHALLENGER, HAZARDS, chosen_model, exit_trials, held_out_risks
from insights.models.exits.use import risks_in_use
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.resampled import resampled_scores
from insights.topics import lifecycle
from insights.topics.evidence import Answer, ClientCounts, NotAvailable

REPOSITORY = Path(__file__).parents[2]
HEAD = "client_id,joined_on,left_on,left_known_on,leave_reason,birth_year,rm_id,gender\n"
STATIC = {"clients": 'static = ["birth_year", "rm_id", "gender"]'}
LANDMARK = date(2021, 12, 31)

BY_HAND = (
    HEAD + "1,2015-01-01,2022-01-10,2022-01-10,competitor,1960,a,\n"  # in the first month
    "2,2015-01-01,2022-12-31,2022-12-31,death,1960,a,\n"  # on the last day
    "3,2015-01-01,,,,1960,b,\n"  # still there
    "4,2015-01-01,2021-12-15,2021-12-15,competitor,1960,b,\n"  # gone by the landmark
    "5,2021-12-20,2022-06-05,2022-06-05,competitor,1960,b,\n"  # joined just before it
    "6,2022-01-01,2022-03-05,2022-03-05,competitor,1960,b,\n"  # joined just after it
    "7,2015-01-01,2021-06-05,2021-06-05,competitor,1960,b,\n"
)


def made(
    folder: Path, log_hazard: Callable[[np.ndarray, np.ndarray], np.ndarray], *, last: str = "2026-12", seed: int = 1,
    clients: int = 2500, as_of: str = "2026-12-31", change_after: str | None = None, richest: int | None = None,
) -> Bank:  # fmt: skip
    """Return a bank whose clients leave each month with a hazard of birth year and of whether they are women.

    With ``change_after`` everything after that month is drawn anew. ``richest``: with balances of 1,000, and of so much
    for one client who left.
    """
    rng, other = np.random.default_rng(seed), np.random.default_rng(99)
    born = rng.integers(1930, 1990, clients)
    months = pd.period_range("2019-01", last, freq="M")
    joined = rng.integers(-60, 60, clients)
    female = np.arange(clients) // 7 % 2 == 1
    left = np.full(clients, -1)
    for k in range(len(months)):
        draw = rng.random(clients)
        if change_after is not None and months[k] > pd.Period(change_after):
            draw = other.random(clients)
        at_risk = (joined < k) & (left < 0)
        gone = at_risk & (draw < -np.expm1(-np.exp(log_hazard(born, female))))
        left[gone] = k
    lines = []
    for i in range(clients):
        began = months[0] + int(joined[i])
        end = f"{months[left[i]]}-15" if left[i] >= 0 else ""
        reason = ("competitor" if i % 10 else "death") if end else ""
        lines.append(f"{i},{began}-03,{end},{end},{reason},{born[i]},m{i % 30},{'female' if female[i] else 'male'}")
    files = {"clients": HEAD + "\n".join(lines) + "\n"}
    if richest is not None:
        whale = int(np.flatnonzero(left == len(months) - 3)[0])
        held = [
            f"{i},{months[k]}-01,cash,{richest if i == whale else 1000}"
            for i in range(clients)
            for k in range(max(int(joined[i]), 0), int(left[i]) if left[i] >= 0 else len(months), 6)
        ]
        files["balances"] = "client_id,month,category,amount\n" + "\n".join(held) + "\n"
    return open_bank(write_bank(folder, files, options=STATIC), as_of=as_of)


def straight(born: np.ndarray, female: np.ndarray) -> np.ndarray:
    """Younger clients leave more often, in a line on the log hazard."""
    return np.asarray(-4.6 + 0.03 * (born - 1960))


def crossed(born: np.ndarray, female: np.ndarray) -> np.ndarray:
    """Young women leave, and less often old men; young men and old women stay: no sum of two effects says that."""
    young = born > 1960
    return np.where(young == female, np.where(young, -3.4, -4.2), -6.5)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    config = write_bank(tmp_path_factory.mktemp("hand"), {"clients": BY_HAND}, options=STATIC)
    return open_bank(config, as_of="2022-12-31")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return made(tmp_path_factory.mktemp("line"), straight)


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return made(tmp_path_factory.mktemp("cross"), crossed, richest=1000)


def test_what_happened_after_a_landmark_is_counted_by_hand(by_hand: Bank) -> None:
    rows, found = in_force(by_hand, LANDMARK), outcomes(by_hand, LANDMARK)
    tenure = rows.tenure.tolist()
    told = sorted(zip(tenure, found.time.tolist(), found.cause.tolist(), strict=True))
    assert told == [(1.0, 6.0, "competitor"), (84.0, 1.0, "competitor"), (84.0, 12.0, ""), (84.0, 12.0, "death")]
    assert int(found.left(1).sum()) == 1
    assert int(found.left(12).sum()) == 3


def test_the_usual_risk_is_the_rate_of_the_year_before(by_hand: Bank) -> None:
    # 2021: clients 1 to 3 twelve months each, 4 twelve with his exit, 7 six with his; client 5 was not there a month.
    months, exits = 3 * 12 + 12 + 6, 2
    assert usual_risk(by_hand, LANDMARK, 3) == pytest.approx(1 - (1 - exits / months) ** 3)
    assert usual_risk(by_hand, LANDMARK, 12, "death") == 0


def test_landmarks_are_years_apart_and_leave_room_on_both_sides(line: Bank) -> None:
    marks = landmarks(line)
    assert not isinstance(marks, NotEstimable)
    assert marks.step == 12
    assert marks.days[-1] == date(2025, 12, 31)
    assert marks.days[0] >= date(2020, 12, 31)
    assert len(marks.days) >= 4


def test_the_challenger_learns_from_outcomes_that_were_complete_and_known(line: Bank) -> None:
    rows, day = exit_rows(line), date(2023, 12, 31)
    part, event = training_rows(rows, day, 12)
    assert int(part.month.max()) == last_complete(day) - 11
    assert set((int(part.month.max()) - part.month) % 3) == {0}
    end = {c: m for c, m, x in zip(rows.client, rows.month, rows.cause, strict=True) if x > 0}
    expected = np.array([0 <= end.get(c, 10**6) - m < 12 for c, m in zip(part.client, part.month, strict=True)])
    np.testing.assert_array_equal(event, expected)


@pytest.mark.parametrize("risks", [lambda b, d: exit_risks(b, d)["any_12m"], challenger_risks])
def test_nothing_that_happens_after_a_landmark_changes_its_predictions(
    line: Bank, tmp_path: Path, risks: Callable[[Bank, date], Any]
) -> None:
    day = date(2023, 12, 31)
    other = made(tmp_path, straight, change_after="2023-12")
    assert not np.array_equal(outcomes(line, day).cause, outcomes(other, day).cause)
    np.testing.assert_allclose(np.asarray(risks(line, day)), np.asarray(risks(other, day)), rtol=1e-6)


def test_where_a_line_is_right_the_regression_stays(line: Bank) -> None:
    choice = chosen_model(line)
    assert choice.model == HAZARDS
    assert isinstance(choice.difference, Estimate)
    assert risks_in_use(line) is exit_risks(line)


def test_where_trees_win_out_of_time_their_risks_are_used_at_the_level_of_the_hazards(cross: Bank) -> None:
    choice = chosen_model(cross)
    assert choice.model == CHALLENGER
    assert isinstance(choice.difference, Estimate)
    assert choice.difference.high < 0
    used, hazards, trees = risks_in_use(cross), exit_risks(cross), challenger_risks(cross)
    assert not isinstance(trees, NotEstimable)
    total = hazards["any_12m"].sum()
    assert used["any_12m"].sum() == pytest.approx(total, rel=1e-9)
    np.testing.assert_allclose(used["any_12m"], levelled(trees, total), rtol=1e-9)
    assert (np.diff(used["any_12m"].to_numpy()[np.argsort(trees)]) > -1e-12).all()  # the trees' order
    np.testing.assert_allclose(used["competitor_12m"] + used["death_12m"], used["any_12m"], rtol=1e-9)
    assert (used["any_3m"] < used["any_6m"]).all()
    assert (used["any_6m"] < used["any_12m"]).all()
    # By the law young women leave at 22 times, and old men at 10 times, the rate of young men and old women.
    rows = in_force(cross)
    female = np.array(rows.levels["gender"])[rows.categories["gender"]] == "female"
    young = rows.numeric["age_decades"] < (2026 - 1960 - 60) / 10
    risk, told = used["any_12m"], hazards["any_12m"]
    assert risk[~young & ~female].mean() > 3 * risk[~young & female].mean()
    assert risk[young & female].mean() > 5 * risk[young & ~female].mean()
    assert told[~young & ~female].mean() < 1.5 * told[~young & female].mean()
    assert risks_in_use(cross, landmarks(cross).days[-1]) is exit_risks(cross, landmarks(cross).days[-1])  # type: ignore[union-attr]


def test_reasons_of_the_trees_risks_still_add_up_and_say_what_is_not_explained(cross: Bank, line: Bank) -> None:
    reasons, used = risk_reasons(cross), risks_in_use(cross)
    parts = reasons.drop(columns=["client_id", "average", "risk"])
    np.testing.assert_allclose(reasons["risk"], used["competitor_12m"], rtol=1e-9)
    np.testing.assert_allclose(parts.sum(axis=1), reasons["risk"] - reasons["average"], atol=1e-12)
    # What sets clients apart is above all in the combination of age and gender, of which neither alone tells much.
    spread = parts.abs().mean()
    assert spread["unexplained"] > 1.5 * spread.drop("unexplained").max()
    assert np.corrcoef(parts["unexplained"], reasons["risk"])[0, 1] > 0.8
    assert "unexplained" not in risk_reasons(line)


def test_totals_and_page_one_rest_on_the_trees_where_they_won(cross: Bank, line: Bank) -> None:
    totals, used = exit_totals(cross), risks_in_use(cross)
    table = totals.table.set_index(["event", "measure"])
    assert table.loc[("any", "clients"), "value"] == pytest.approx(used["any_12m"].sum())
    money = float((used["any_12m"] * totals.counted).sum())
    assert table.loc[("any", "assets"), "value"] == pytest.approx(money)
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    # Those who can be told apart so well vary less by chance than if all were alike, and no less than by chance.
    chance = 2 * 1.96 * np.sqrt((used["any_12m"] * (1 - used["any_12m"])).sum())
    width = table.loc[("any", "clients"), "high"] - table.loc[("any", "clients"), "low"]
    assert 0.85 * chance < width < 3 * chance
    page = shown(lifecycle.outlook(cross), cross)
    said = " ".join(m.id for m in (*page.sentences, *page.caveats))
    assert "Who is at risk is told by boosted trees" in said
    features = [str(getattr(row["feature"], "id", row["feature"])) for row in page.tables[-1].rows]
    assert features[0] == "combinations that only the second model sees"
    assert "boosted trees" not in " ".join(m.id for m in shown(lifecycle.outlook(line), line).caveats)


def test_the_list_ranks_by_the_trees_where_they_won(cross: Bank) -> None:
    listed = lifecycle.lists(cross)["contacts"]
    used = risks_in_use(cross).set_index("client_id")["competitor_12m"]
    np.testing.assert_allclose(listed["risk_pct"], 100 * used[listed["client_id"]], atol=0.006)
    because = [c for c in listed.columns if c.startswith("because_")]
    assert "because_unexplained" in because
    np.testing.assert_allclose(listed[because].sum(axis=1), listed["risk_pct"] - listed["average_pct"], atol=1e-9)


def test_a_level_keeps_the_order_and_meets_its_total() -> None:
    risk = np.array([0.01, 0.2, 0.05, 0.9])
    for total in (0.02, 1.16, 3.0):
        found = levelled(risk, total)
        assert found.sum() == pytest.approx(total, rel=1e-9)
        assert np.argsort(found).tolist() == [0, 2, 1, 3]
    np.testing.assert_allclose(levelled(risk, risk.sum()), risk)


def test_the_challenger_needs_leavers(by_hand: Bank) -> None:
    told = challenger_risks(by_hand, LANDMARK)
    assert isinstance(told, NotEstimable)
    assert "200 are needed" in told.reason


def test_clients_of_managers_held_out_are_predicted_by_a_fit_without_them(line: Bank) -> None:
    day = date(2025, 12, 31)
    unseen, seen = held_out_risks(line, day), exit_risks(line, day)["any_12m"].to_numpy()
    assert not isinstance(unseen, NotEstimable)
    assert np.isfinite(unseen).all()
    assert (unseen != seen).mean() > 0.9
    assert np.corrcoef(unseen, seen)[0, 1] > 0.8


def test_managers_too_few_to_be_held_out_are_refused(by_hand: Bank) -> None:
    told = held_out_risks(by_hand, LANDMARK)
    assert isinstance(told, NotEstimable)
    assert "2 managers" in told.reason


def test_counts_and_scores_of_the_backtest_agree(line: Bank) -> None:
    answer, trials = lifecycle.backtest(line), exit_trials(line)
    assert isinstance(answer, Answer)
    assert not isinstance(trials, NotEstimable)
    assert trials.by_manager
    for name in ("landmarks", "tenths"):
        evidence = answer.evidence[name]
        assert isinstance(evidence, ClientCounts)
        assert int(evidence.cells["clients"].sum()) == len(trials.frame)
    left = answer.exact["tenths"].query("outcome == 'left'").set_index("group")["clients"]
    size = answer.exact["tenths"].groupby("group")["clients"].sum()
    scores = answer.exact["scores"]
    observed = scores[(scores["test"] == "all") & (scores["score"] == "observed")].set_index("group")["value"]
    np.testing.assert_allclose(left / size, observed[observed.index > 0])
    slope = scores[(scores["test"] == "2025-12-31") & (scores["score"] == "slope")].iloc[0]
    assert slope["low"] < 1 < slope["high"]
    assert answer.facts["model"] == HAZARDS


def test_the_page_names_the_riskiest_tenth_and_how_much_more_often_they_left(line: Bank) -> None:
    exhibit = shown(lifecycle.backtest(line), line)
    assert "left within a year" in title(exhibit)
    assert "times the average" in title(exhibit)
    assert any("coin gives 50%" in s.id for s in exhibit.sentences)
    named = next(s for s in exhibit.sentences if s.id.startswith("Of the {named:count} clients"))
    assert named.values["named"] % 5 == 0
    assert named.values["left"] % 5 == 0
    assert not exhibit.refusals
    assert len(exhibit.tables[0].rows) == len(exit_trials(line).landmarks.days)  # type: ignore[union-attr]


def test_what_one_client_dominates_is_withheld_by_assets(tmp_path: Path) -> None:
    bank = made(tmp_path, straight, richest=10_000_000, clients=1200)
    answer = lifecycle.backtest(bank)
    assert isinstance(answer, Answer)
    rows = answer.exact["scores"].query("test == 'assets'")
    assert set(rows["group"]) == set(range(11))
    exhibit = shown(answer, bank)
    named = {str(e["group"].get("tenth")): e["status"] for e in exhibit.estimates if e["group"].get("test") == "assets"}
    assert "suppressed" in named.values()
    assert "shown" in named.values()


def test_a_backtest_of_no_use_is_called_that(tmp_path: Path) -> None:
    bank = made(tmp_path, lambda born, tenure: np.full(len(born), -4.4), seed=3, clients=1500)
    said = title(shown(lifecycle.backtest(bank), bank))
    assert "no better than" in said or "not leave clearly more often" in said


def test_where_everybody_leaves_at_once_the_page_says_that_it_cannot_tell(tmp_path: Path) -> None:
    bank = made(tmp_path, lambda born, tenure: np.full(len(born), 3.0), clients=100)
    exhibit = shown(lifecycle.backtest(bank), bank)
    assert "cannot be told yet" in title(exhibit)
    assert exhibit.refusals


def test_where_nobody_left_there_are_no_landmarks(tmp_path: Path) -> None:
    bank = made(tmp_path, lambda born, tenure: np.full(len(born), -30.0), clients=100)
    told = landmarks(bank)
    assert isinstance(told, NotEstimable)
    assert "0 landmarks" in told.reason
    assert isinstance(lifecycle.backtest(bank), NotAvailable)


def test_a_history_too_short_for_four_landmarks_is_refused(demo_bank_small: Path) -> None:
    bank = open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")
    told = landmarks(bank)
    assert isinstance(told, NotEstimable)
    assert "too few for a backtest" in told.reason
    assert "cannot be told yet" in title(shown(lifecycle.backtest(bank), bank))


def test_without_exits_delivered_it_says_what_it_needs(tmp_path: Path) -> None:
    config = write_bank(tmp_path, {"clients": "client_id,joined_on\n1,2020-01-01\n"})
    answer = lifecycle.backtest(open_bank(config, as_of="2022-12-31"))
    assert answer == NotAvailable("lifecycle.backtest", ("clients.left_on",))


@pytest.fixture(scope="module")
def real(shared: Path) -> Bank:
    config, raw = REPOSITORY / "examples" / "eu_savings" / "bank.toml", shared / "data" / "eu_savings"
    return open_bank(config, as_of="2008-01-01", raw=raw)


@pytest.mark.acceptance("eu_savings", part="2005")
def test_real_policies_of_2005_are_scored_against_what_happened(real: Bank, shared: Path) -> None:
    """2,739 policies ended in 2005; 47 of them were bought in that year and had no risk told at the end of 2004."""
    policies = pd.read_csv(
        shared / "data" / "eu_savings" / "policies.csv.gz", parse_dates=["issue.date", "termination.date"]
    )
    ended = (policies["termination.date"].dt.year == 2005) & (policies["lapse.reason"] != "In force")
    before = policies["issue.date"] < "2005-01-01"
    assert int(ended.sum()) == 2739
    day = date(2004, 12, 31)
    found, risks = outcomes(real, day), exit_risks(real, day)
    assert int(found.left(12).sum()) == int((ended & before).sum()) == 2692
    assert len(risks) == int((before & (policies["termination.date"] >= "2005-01-01")).sum()) == 10_975
    events = np.where(found.cause == "", "", "left")
    null = usual_risk(real, day, 12)
    scores = resampled_scores(found.time, events, risks["any_12m"], 12, cluster=found.client, null=null)
    assert not isinstance(scores, NotEstimable)
    auc, ratio = scores.at("auc"), scores.at("ratio")
    assert isinstance(auc, Estimate)
    assert isinstance(ratio, Estimate)
    # Ranked better than by lot, and far too few foreseen: a year unlike those before it.
    assert auc.low > 0.55
    assert ratio.low > 1.5


@pytest.mark.long
@pytest.mark.acceptance("eu_savings", part="backtest")
def test_the_report_says_how_well_the_real_policies_were_foreseen(real: Bank) -> None:
    exhibit = shown(lifecycle.backtest(real), real)
    assert [r["day"] for r in exhibit.tables[0].rows] == [f"{y}-12-31" for y in range(2003, 2007)]
    year = next(r for r in exhibit.tables[0].rows if r["day"] == "2004-12-31")
    assert (year["clients"], year["left"]) == (10_975, 2_692)
    assert year["expected"] < 1_800
    assert "no better than the rate of the year before" in title(exhibit)
    assert any(c.id.startswith("Years differed by more than chance") for c in exhibit.caveats)
