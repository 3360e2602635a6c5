"""Models of leaving on a made-up bank: what is known when, risks that add up, totals with intervals, edge cases."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_bank import CLIENTS, write_bank

from insights.data.snapshot import Bank, open_bank
from insights.demo import write_demo
from insights.models.exits.columns import case_cohort
from insights.models.exits.fit import fit_cause, fitted_rows
from insights.models.exits.hazards import fit_exit_hazards, main_order, main_reason
from insights.models.exits.reasons import risk_reasons
from insights.models.exits.risk import exit_risks, in_force, incidences, paths
from insights.models.exits.rows import ExitRows, exit_rows
from insights.models.exits.totals import exit_totals, giants
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.codec import from_json
from insights.reports.publish import publish
from insights.reports.wording.catalogue import catalogue, needs_translation
from insights.stats.hazard import HazardModel
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable

AS_OF, EARLIER = date(2026, 10, 31), date(2026, 1, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank") / "demo"
    write_demo(folder, clients=1500, months=42, seed=5, language="en")
    return folder


@pytest.fixture(scope="module")
def bank(folder: Path) -> Iterator[Bank]:
    with open_bank(folder / "bank.toml", as_of=AS_OF) as opened:
        yield opened


def small(folder: Path, leavers: int, stayers: int, reasons: tuple[str, ...] = ("competitor",)) -> Bank:
    rows = [
        f"{k},201{k % 9}-0{1 + k % 9}-01,2021-{1 + k % 12:02d}-15,{reasons[k % len(reasons)]},North,1960"
        for k in range(leavers)
    ]
    rows += [f"{1000 + k},201{k % 9}-0{1 + k % 9}-01,,,North,1960" for k in range(stayers)]
    return open_bank(write_bank(folder, {"clients": CLIENTS + "\n".join(rows) + "\n"}), as_of="2021-12-31")


def test_an_earlier_landmark_in_a_later_bank_is_that_days_bank(bank: Bank, folder: Path) -> None:
    late = exit_rows(bank).until(EARLIER)
    with open_bank(folder / "bank.toml", as_of=EARLIER) as then:
        early = exit_rows(then).until(EARLIER)
        assert exits(late) == exits(early)
        assert len(exits(early)) > 50
        keys = key(late), key(early)
        both = np.intersect1d(*keys)
        assert len(both) >= 0.999 * max(late.n, early.n)
        at = [np.searchsorted(k, both) for k in keys]
        for name in ("log2_assets", "complaint_6m", "outflow_12m", "manager_decades", "recommendation", "online_3m"):
            one, other = late.numeric[name][at[0]], early.numeric[name][at[1]]
            np.testing.assert_array_equal(one, other, err_msg=name)


def test_an_exit_that_was_not_known_yet_is_no_exit(bank: Bank) -> None:
    rows = exit_rows(bank)
    gone = rows.take(rows.cause > 0)
    day = date.fromordinal(int(gone.known[len(gone.known) // 2]))
    last = date.fromordinal(day.toordinal() - 1)
    assert day.toordinal() not in rows.until(last).take(rows.until(last).cause > 0).known
    assert (rows.until(day).take(rows.until(day).cause > 0).known <= day.toordinal()).all()


def test_older_features_are_those_of_the_months_before(bank: Bank) -> None:
    rows = exit_rows(bank)
    at = rows.with_past(3)
    seen = rows.seen_from(at, 3)
    np.testing.assert_array_equal(seen.month, rows.month[at])
    np.testing.assert_array_equal(seen.numeric["log2_assets"], rows.numeric["log2_assets"][at - 3])
    assert (rows.client[at - 3] == rows.client[at]).all()
    assert (rows.month[at] - rows.month[at - 3] == 3).all()


def test_risks_of_all_reasons_add_up_and_grow_with_the_horizon(bank: Bank) -> None:
    risks = exit_risks(bank)
    reasons = [name.removesuffix("_12m") for name in risks if name.endswith("_12m") and name[:3] not in ("any", "out")]
    assert {"competitor", "death"} <= set(reasons)
    for h in (3, 6, 12):
        np.testing.assert_allclose(risks[[f"{r}_{h}m" for r in reasons]].sum(axis=1), risks[f"any_{h}m"], rtol=1e-9)
    assert (risks["any_3m"] < risks["any_6m"]).all()
    assert (risks["any_6m"] < risks["any_12m"]).all()
    assert risks["any_12m"].between(0, 1).all()
    assert risks["client_id"].is_unique
    assert len(risks) == bank.table("clients").left_on.isnull().sum().execute()


def test_a_risk_is_the_sum_over_the_months_it_was_made_of(bank: Bank) -> None:
    hazards = fit_exit_hazards(bank)
    one = in_force(bank).take(np.array([7]))
    months = {reason: path[0] for reason, path in paths(hazards, one, 12).items()}
    stays, found = 1.0, 0.0
    for k in range(12):
        total = sum(path[k] for path in months.values())
        found += stays * (1 - np.exp(-total)) * months["competitor"][k] / total
        stays *= np.exp(-total)
    assert exit_risks(bank)["competitor_12m"].iloc[7] == pytest.approx(found, rel=1e-9)


def test_competing_intensities_share_what_is_left() -> None:
    found = incidences({"a": np.full((1, 2), 0.2), "b": np.full((1, 2), 0.6)}, (1, 2))
    assert found["a", 1][0] == pytest.approx(0.25 * (1 - np.exp(-0.8)))
    assert found["a", 2][0] + found["b", 2][0] == pytest.approx(1 - np.exp(-1.6))


def test_expected_and_observed_exits_agree_in_the_months_of_the_fit(bank: Bank) -> None:
    for model in fit_exit_hazards(bank).models.values():
        assert model.yearly["expected"].sum() == pytest.approx(model.yearly["observed"].sum(), rel=0.1)


def test_reasons_add_up_to_the_distance_from_the_average(bank: Bank) -> None:
    reasons, risks = risk_reasons(bank), exit_risks(bank)
    parts = reasons.drop(columns=["client_id", "average", "risk"])
    np.testing.assert_allclose(parts.sum(axis=1), reasons["risk"] - reasons["average"], atol=1e-12)
    np.testing.assert_allclose(reasons["risk"], risks["competitor_12m"], rtol=1e-9)
    assert reasons["average"].iloc[0] == pytest.approx(risks["competitor_12m"].mean())
    assert list(reasons["client_id"]) == list(risks["client_id"])
    # Assets lower the hazard, so the richest get a reduction from them and the poorest an addition.
    assets = in_force(bank).numeric["log2_assets"]
    assert (
        parts["log2_assets"].iloc[int(np.nanargmax(assets))] < 0 < parts["log2_assets"].iloc[int(np.nanargmin(assets))]
    )
    assert np.corrcoef(parts["log2_assets"], assets)[0, 1] < -0.8


def test_totals_are_the_sums_of_the_risks_within_their_intervals(bank: Bank) -> None:
    found, risks = exit_totals(bank), exit_risks(bank)
    totals = found.table.set_index(["event", "measure"])
    assert totals.loc[("any", "clients"), "value"] == pytest.approx(risks["any_12m"].sum())
    expected_money = float((risks["competitor_12m"] * found.counted).sum())
    assert totals.loc[("competitor", "assets"), "value"] == pytest.approx(expected_money)
    left_out = found.counted != risks["assets_before"].fillna(0)
    assert left_out.sum() == found.giants <= 2
    assert (totals["low"] < totals["value"]).all()
    assert (totals["value"] < totals["high"]).all()
    # Wider than the chance of who leaves alone, and not absurdly so.
    expected = totals.loc[("any", "clients")]
    chance = 1.96 * np.sqrt((risks["any_12m"] * (1 - risks["any_12m"])).sum())
    assert 0.8 * 2 * chance < expected["high"] - expected["low"] < 3 * 2 * chance


def test_who_would_decide_the_sum_alone_or_with_another_is_a_giant() -> None:
    risk, even = np.full(50, 0.05), np.full(50, 1e6)
    assert not giants(even, risk, 0.5, 0.75).any()
    one, two = even.copy(), even.copy()
    one[7], two[[3, 9]] = 1e8, 3e7
    assert np.flatnonzero(giants(one, risk, 0.5, 0.75)).tolist() == [7]
    assert np.flatnonzero(giants(two, risk, 0.5, 0.75)).tolist() == [3, 9]
    assert not giants(one, risk, 1.0, 1.0).any()  # public data
    assert giants(np.array([1e8, 1.0]), np.array([0.5, 0.5]), 0.5, 0.75).sum() == 0


def test_managers_held_out_leave_the_fit_and_keep_their_risks(bank: Bank) -> None:
    some = frozenset(list(exit_rows(bank).managers)[:20])
    without = fit_exit_hazards(bank, EARLIER, without_managers=some)
    assert without.models["competitor"].events < fit_exit_hazards(bank, EARLIER).models["competitor"].events
    risks = exit_risks(bank, EARLIER, without_managers=some)
    assert risks["manager"].isin(some).any()
    assert len(risks) == len(exit_risks(bank, EARLIER))


def test_a_case_cohort_gives_the_effects_of_the_whole_panel(bank: Bank) -> None:
    rows = exit_rows(bank).until(AS_OF)
    event = rows.cause == rows.causes.index("competitor") + 1
    at = np.arange(rows.n)
    kept, weight = case_cohort(rows, at, event, most=rows.n // 3)
    assert weight is not None
    assert event[~kept].sum() == 0
    assert weight.sum() == pytest.approx(rows.n, rel=0.1)
    again, _ = case_cohort(rows, at, event, most=rows.n // 3)
    np.testing.assert_array_equal(kept, again)


def test_a_fit_on_a_third_of_the_panel_is_near_the_whole_one(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = exit_rows(bank).until(AS_OF)
    event = rows.cause == rows.causes.index("competitor") + 1
    whole = fit_cause("competitor", rows, event, main_order(rows), {}, splits=())
    monkeypatch.setattr(case_cohort, "__defaults__", (rows.n // 3,))
    part, _, weight = fitted_rows(rows, event)
    assert weight is not None
    assert part.n < rows.n / 2
    third = fit_cause("competitor", rows, event, main_order(rows), {}, splits=())
    assert isinstance(whole.model, HazardModel)
    assert isinstance(third.model, HazardModel)
    one, other = (m.model.table.set_index("name") for m in (whole, third))  # type: ignore[union-attr]
    assert abs(one.loc["log2_assets", "estimate"] - other.loc["log2_assets", "estimate"]) < one.loc["log2_assets", "se"]
    assert third.months == whole.months


def test_the_main_reason_is_the_most_frequent_one_that_is_the_clients_choice() -> None:
    not_by_choice = ("death", "bank", "dormancy", "unknown")
    assert main_reason({"death": 90, "competitor": 5, "moved": 9}, not_by_choice) == "moved"
    assert main_reason({"death": 90, "unknown": 5}, not_by_choice) == "unknown"
    assert main_reason({"death": 90}, not_by_choice) is None


def test_page_one_says_how_many_and_how_much_in_both_languages(bank: Bank) -> None:
    answer = lifecycle.outlook(bank)
    assert isinstance(answer, Answer)
    exhibit = from_json(publish(answer, bank).exhibit)
    assert exhibit.title.id.startswith("In the next twelve months about {n:count} clients")
    assert exhibit.title.values["low"] < exhibit.title.values["n"] < exhibit.title.values["high"]
    assert_translated(exhibit)
    told = {(r["name"], r["group"].get("reason")): r for r in exhibit.estimates}
    assert told["expected_clients", None]["value"] == pytest.approx(exhibit.title.values["n"])
    ids = set(exit_rows(bank).clients) | set(exit_rows(bank).managers)
    assert not any(name in str(publish(answer, bank).exhibit) for name in list(ids)[:200])


@pytest.mark.parametrize(("leavers", "stayers"), [(60, 0), (4, 100)])
def test_nobody_in_force_or_few_exits_end_in_words(tmp_path: Path, leavers: int, stayers: int) -> None:
    bank = small(tmp_path, leavers, stayers)
    exhibit = from_json(publish(lifecycle.outlook(bank), bank).exhibit)
    assert exhibit.title.id == "Who will leave cannot be told"
    assert exhibit.refusals


def test_a_bank_from_which_nobody_left_is_asked_for_its_exits(tmp_path: Path) -> None:
    assert isinstance(lifecycle.outlook(small(tmp_path, 0, 50)), NotAvailable)


def test_without_balances_the_outlook_has_no_money_and_says_so(tmp_path: Path) -> None:
    bank = small(tmp_path, 80, 200)
    exhibit = from_json(publish(lifecycle.outlook(bank), bank).exhibit)
    assert "money" not in exhibit.title.values
    assert any("How much money" in r.id for r in exhibit.refusals)
    assert not any(r["name"] == "expected_assets" for r in exhibit.estimates)


def exits(rows: ExitRows) -> set[tuple[str, int, str]]:
    gone = rows.take(rows.cause > 0)
    who, why = gone.of(gone.client, gone.clients), gone.of(gone.cause - 1, gone.causes)
    return set(zip(who, gone.month.tolist(), why, strict=True))


def key(rows: ExitRows) -> Any:
    who = pd.Series(rows.of(rows.client, rows.clients)).astype(str)
    spell, month = pd.Series(rows.spell).astype(str), pd.Series(rows.month).astype(str)
    found = (who + " " + spell + " " + month).to_numpy(str)
    assert (np.sort(found) == found).all()
    return found


def assert_translated(value: Any) -> None:
    """Every message within, at any depth, has its Chinese."""
    if isinstance(value, Message):
        assert not needs_translation(value.id) or value.id in (catalogue("zh-CN") or {}), value.id
    if is_dataclass(value):
        value = list(vars(value).values())
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        assert_translated(part)
