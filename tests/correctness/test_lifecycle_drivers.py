"""What moves the risk of leaving: effects of a known law, checks, refusals, and columns that know the end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_bank import CLIENTS, write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.exits.checks import influence, months_test, without_manager
from insights.models.exits.columns import changing_effects, clusters
from insights.models.exits.design import Category, Number, Recipe, Season, Tenure, learn
from insights.models.exits.fit import fit_cause, fitted_rows
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.leaks import leaks
from insights.models.exits.rows import ExitRows, exit_rows
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.codec import from_json
from insights.reports.publish import publish
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.results import NotEstimable
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable


def made_up(n: int = 3000, seed: int = 1, *, split: bool = False, managers_sd: float = 0.0) -> ExitRows:
    """Return client-months of a known law: assets -0.3, complaint +0.9, online service as ``split`` says; managers."""
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(n), 48)
    tenure = np.tile(np.arange(48), n) + np.repeat(rng.integers(0, 4, n) * 12, 48)
    assets = np.repeat(rng.normal(20, 1.5, n), 48)
    complaint = (rng.random(n * 48) < 0.08).astype(float)
    online = np.repeat(rng.random(n) < 0.5, 48).astype(float)
    effect = np.where(tenure < 24, -0.8, 0.6) if split else 0.0
    log = -5.0 - 0.3 * (assets - 20) + 0.9 * complaint + effect * online
    if managers_sd:
        log = log + managers_sd * manager_lots()[client % 40]
    hit = rng.random(n * 48) < -np.expm1(-np.exp(log))
    first = np.full(n, 48)
    np.minimum.at(first, client[hit], np.tile(np.arange(48), n)[hit])
    kept = np.tile(np.arange(48), n) <= np.repeat(first, 48)
    region = np.repeat(rng.choice(3, n, p=[0.6, 0.397, 0.003]), 48)
    rows = ExitRows(
        client=client.astype(np.int32),
        spell=np.ones(len(client), dtype=np.int32),
        month=(24_000 + np.tile(np.arange(48), n)).astype(np.int32),
        tenure=tenure.astype(np.float32),
        manager=(client % 40).astype(np.int32),
        cause=hit.astype(np.int32),
        known=np.zeros(len(client), dtype=np.int64),
        outflow=np.zeros(len(client), dtype=np.float32),
        assets_before=2.0**assets,
        numeric={
            "log2_assets": assets.astype(np.float32),
            "complaint_6m": complaint.astype(np.float32),
            "online_3m": online.astype(np.float32),
        },
        categories={"region": region.astype(np.int32)},
        clients=tuple(f"c{k}" for k in range(n)),
        managers=tuple(f"m{k}" for k in range(40)),
        causes=("competitor",),
        levels={"region": ("North", "South", "Tiny")},
        refused={},
        lag=1,
    )
    return rows.take(kept)


def manager_lots() -> np.ndarray:
    """Return what each of the 40 managers adds to the log hazard, in standard deviations."""
    return np.random.default_rng(8).standard_normal(40)


def test_managers_who_differ_have_a_part_of_their_own_in_predictions_and_others_have_none() -> None:
    order = ("log2_assets", "complaint_6m")
    rows = made_up(managers_sd=0.4)
    found = fit_cause("competitor", rows, rows.cause == 1, order, {}, splits=())
    assert found.managers is not None
    own = np.log(found.managers.factor)
    assert np.corrcoef(own, manager_lots())[0, 1] > 0.8
    assert 0.05 < found.managers.variance < 0.3  # exp(0.4 lot) has a variance of 0.17 about its mean
    parts = found.log_parts(rows.take(np.arange(500)), 3)
    np.testing.assert_allclose(parts["manager"][:, 0], own[rows.manager[:500]])
    assert sum(found.yearly["expected"]) == pytest.approx(sum(found.yearly["observed"]), rel=1e-6)
    # A manager whom the fit has not seen, or who is not known, adds nothing.
    without = rows.take(rows.manager != 7)
    unseen = fit_cause("competitor", without, without.cause == 1, order, {}, splits=())
    assert unseen.managers is not None
    assert unseen.log_parts(rows.take(rows.manager == 7), 1)["manager"][0, 0] == 0
    nobody = replace(rows, manager=np.full(rows.n, -1, dtype=np.int32))
    assert set(found.log_parts(nobody, 1)["manager"][:, 0]) == {0.0}
    alike = made_up()
    assert fit_cause("competitor", alike, alike.cause == 1, order, {}, splits=()).managers is None


def test_months_that_differ_within_a_quarter_are_seen_by_the_test_and_quarters_that_differ_are_not() -> None:
    rows = made_up()
    order = ("log2_assets", "complaint_6m", "season")
    rng = np.random.default_rng(4)

    def p_value(more: np.ndarray) -> float:
        event = (rows.cause == 1) | (rng.random(rows.n) < 0.012 * more)
        found = fit_cause("competitor", rows, event, order, {}, splits=())
        test = months_test(found, rows, event, None)
        assert test is not None
        assert test.df == 8
        return float(test.p_value or 0)

    assert p_value(rows.month % 12 // 3 == 3) > 0.01
    assert p_value(rows.month % 12 == 11) < 1e-4
    plain = fit_cause("competitor", rows, rows.cause == 1, ("log2_assets",), {}, splits=())
    assert months_test(plain, rows, rows.cause == 1, None) is None


def test_without_one_manager_the_first_order_change_is_near_that_of_fits_without_each_of_them() -> None:
    rows = made_up(1500, managers_sd=0.4)
    event = rows.cause == 1
    found = fit_cause("competitor", rows, event, ("tenure", "log2_assets", "complaint_6m", "online_3m"), {}, splits=())
    assert isinstance(found.model, HazardModel)
    part, of_part, weight = fitted_rows(rows, event)
    first = found.model.influence
    assert first is not None
    exact = np.array([without_manager(found, part, of_part, weight, k) for k in range(40)])
    told = (
        first.assign(manager=first["manager"].astype(int))
        .set_index("manager")
        .iloc[:, 1:]
        .loc[list(range(40))]
        .to_numpy(float)
    )
    se = found.model.table["se"].to_numpy(float)[1:]
    # A first-order change has the sign of "one more"; leaving out is the opposite, up to a fifth of a standard error.
    away = np.minimum(np.abs(told - exact), np.abs(told + exact)) / se
    assert away.max() < 0.2
    assert np.median(np.abs(exact) / np.abs(told)) == pytest.approx(1.0, abs=0.1)
    table = influence(found, part, of_part, weight)
    assert not isinstance(table, NotEstimable)
    own = table.set_index("column")
    assert (own["managers"] == 40).all()
    assert (own["refitted"] == 3).all()
    columns = list(found.model.table["name"].iloc[1:])
    for name in ("log2_assets", "complaint_6m", "online_3m"):
        at = columns.index(name)
        truth = np.abs(exact[:, at]).max()
        assert own.loc[name, "change"] == pytest.approx(truth, rel=1e-6 if own.loc[name, "exact"] else 0.15)
    # What moves most is never told to first order only.
    assert own.loc[own.drop(index=[c for c in columns if c.startswith("tenure_")])["change"].idxmax(), "exact"]


def test_effects_of_the_law_are_found_with_their_intervals() -> None:
    rows = made_up()
    event = rows.cause == 1
    recipe = learn(rows, event, ("tenure", "log2_assets", "complaint_6m", "online_3m", "region", "season"), {})
    model = discrete_hazard(recipe.design(rows), event, cluster=clusters(rows))
    assert isinstance(model, HazardModel)
    found = model.table.set_index("name")
    for name, truth in (("log2_assets", -0.3), ("complaint_6m", 0.9), ("online_3m", 0.0)):
        assert abs(found.loc[name, "estimate"] - truth) < 3 * found.loc[name, "se"]
    assert set(model.clusters) == {"manager", "client"}


def test_an_effect_that_changes_with_tenure_is_split_and_one_that_does_not_is_not() -> None:
    for split in (True, False):
        rows = made_up(split=split)
        event = rows.cause == 1
        recipe = learn(rows, event, ("tenure", "log2_assets", "complaint_6m", "online_3m"), {})
        assert changing_effects(recipe, rows, event, None) == (("online_3m",) if split else ())


def test_a_small_level_goes_with_the_reference_and_a_rare_yes_is_left_out() -> None:
    rows = made_up()
    rows.numeric["complaint_6m"][:] = 0
    rows.numeric["complaint_6m"][:50] = 1
    recipe = learn(rows, rows.cause == 1, ("complaint_6m", "region"), {})
    assert recipe.left_out == {"complaint_6m": "too rare for an effect to be seen"}
    (region,) = recipe.terms
    assert isinstance(region, Category)
    assert (region.reference, region.levels, region.merged) == ("North", ("South",), ("Tiny",))


def test_a_quarter_without_exits_takes_the_season_out_and_leaves_the_rest(tmp_path: Path) -> None:
    hazards = fit_exit_hazards(planted(tmp_path))  # exits in January, May and September only
    found = hazards.models["competitor"]
    assert isinstance(found.model, HazardModel)
    assert found.recipe.left_out["season"] == "not all quarters of the year were observed"


def test_columns_stop_where_ten_events_for_each_are_used_up() -> None:
    rows = made_up()
    event = rows.cause == 1
    few = event & (np.cumsum(event) <= 62)
    recipe = learn(rows, few, ("tenure", "log2_assets", "complaint_6m", "online_3m", "season"), {})
    assert len(recipe.columns) <= 6
    assert recipe.left_out["season"] == "the events allow no further columns"


def test_missing_values_have_a_column_of_their_own() -> None:
    rows = made_up(n=800)
    values = rows.numeric["log2_assets"]
    values[rows.client % 3 == 0] = np.nan
    (term,) = learn(rows, rows.cause == 1, ("log2_assets",), {}).terms
    assert isinstance(term, Number)
    assert term.columns == ("log2_assets", "log2_assets:missing")
    made = term.values(rows, 0)
    assert made[np.isnan(values), 0] == pytest.approx(np.nanmean(values), rel=1e-5)
    np.testing.assert_array_equal(made[:, 1], np.isnan(values))


def test_ahead_moves_tenure_and_season_and_nothing_else() -> None:
    rows = made_up(n=50)
    recipe = learn(made_up(), made_up().cause == 1, ("tenure", "season", "log2_assets", "online_3m"), {})
    recipe = recipe.with_splits(frozenset({"online_3m"}))
    names, now = recipe.design(rows)
    later = recipe.design(rows, 30)[1]
    at = {name: k for k, name in enumerate(names)}
    np.testing.assert_array_equal(now[:, at["log2_assets"]], later[:, at["log2_assets"]])
    assert (later[:, at["online_3m:early"]] == 0).all()
    assert later[:, at["online_3m:later"]].sum() == rows.numeric["online_3m"].sum()
    assert (later[:, at["tenure_1"]] > now[:, at["tenure_1"]]).all()
    assert any(isinstance(t, Tenure) for t in recipe.terms)
    assert any(isinstance(t, Season) for t in recipe.terms)
    assert isinstance(recipe, Recipe)


def test_features_that_know_the_end_are_named_and_honest_ones_are_not() -> None:
    rows = made_up()
    left = np.isin(rows.client, rows.client[rows.cause == 1])
    lot = np.random.default_rng(3).random(len(rows.clients))[rows.client]
    planted = {
        "exit_talk": np.where(left & (lot < 0.7), 1 + 4 * lot, np.nan).astype(np.float32),
        "wiped": np.where(left & (lot < 0.7), np.nan, lot).astype(np.float32),
        "score": (left + 0.3 * lot).astype(np.float32),
    }
    found = leaks(replace(rows, numeric={**rows.numeric, **planted}))
    assert set(found) == {"exit_talk", "wiped", "score"}
    assert "known for leavers only" in found["exit_talk"]
    assert "without it end in an exit" in found["wiped"]


def planted(folder: Path) -> Bank:
    """A bank whose column of investment experience was filled in the farewell talk."""
    lines = []
    for k in range(400):
        joined = f"201{k % 9}-0{1 + k % 9}-01"
        gone = k % 4 == 0
        lines.append(
            f"{k},{joined},{f'2021-{1 + k % 12:02d}-15' if gone else ''},{'competitor' if gone else ''},North,"
            f"{1940 + k * 7 % 50},{5 + k % 20 if gone else ''}"
        )
    text = CLIENTS.strip() + ",experience_years\n" + "\n".join(lines) + "\n"
    options = {"clients": 'static = ["birth_year", "experience_years"]'}
    return open_bank(write_bank(folder, {"clients": text}, options=options), as_of="2021-12-31")


def test_a_column_written_after_the_exit_is_refused_by_name(tmp_path: Path) -> None:
    bank = planted(tmp_path)
    hazards = fit_exit_hazards(bank)
    assert hazards.refused["investing_decades"].startswith("leaks the exit")
    assert "investing_decades" not in [t.name for t in hazards.models["competitor"].recipe.terms]
    assert "age_decades" not in hazards.refused
    exhibit = shown(lifecycle.features(bank), bank)
    told = next(s for s in exhibit.sentences if s.id.startswith("Refused because they give the exit away"))
    assert Message("investment experience") in told.values["features"]


def test_with_too_few_exits_the_effects_are_refused_in_words(tmp_path: Path) -> None:
    rows = [f"{k},2015-01-01,2021-0{1 + k % 9}-15,competitor,North,1960" for k in range(30)]
    rows += [f"{100 + k},2015-01-01,,,North,1960" for k in range(300)]
    bank = open_bank(write_bank(tmp_path, {"clients": CLIENTS + "\n".join(rows) + "\n"}), as_of="2021-12-31")
    for question in (lifecycle.drivers, lifecycle.driver_checks):
        exhibit = shown(question(bank), bank)
        assert "cannot be" in exhibit.title.id
        assert exhibit.refusals[0].id.startswith("Too few events")
    assert isinstance(lifecycle.outflow_drivers(bank), NotAvailable)


def test_if_all_died_nobody_left_by_choice(tmp_path: Path) -> None:
    rows = [f"{k},2015-01-01,2021-0{1 + k % 9}-15,death,North,19{40 + k % 50}" for k in range(80)]
    rows += [f"{100 + k},2015-01-01,,,North,19{40 + k % 50}" for k in range(300)]
    bank = open_bank(write_bank(tmp_path, {"clients": CLIENTS + "\n".join(rows) + "\n"}), as_of="2021-12-31")
    assert shown(lifecycle.drivers(bank), bank).refusals[0].id.startswith("Nobody left by choice")


def test_without_managers_clusters_are_clients_and_influence_is_refused(tmp_path: Path) -> None:
    bank = planted(tmp_path)
    answer = lifecycle.drivers(bank)
    assert isinstance(answer, Answer)
    assert answer.facts["clusters"] == ("client",)
    exhibit = shown(lifecycle.driver_checks(bank), bank)
    assert any(r.id.startswith("Influence of single managers") for r in exhibit.refusals)
    assert (exit_rows(bank).manager == -1).all()


def shown(answer: Answer | NotAvailable, bank: Bank) -> Exhibit:
    return from_json(publish(answer, bank).exhibit)
