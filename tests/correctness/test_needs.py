"""The needs report on the demo bank: nothing of the future, rules kept, truth recovered, both languages, refusals."""

import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest
from needs_oracle import against_the_law
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.demo import write_demo
from insights.models.cache import once
from insights.models.needs.allocation import WITHIN, mixes
from insights.models.needs.expected import expected
from insights.models.needs.green import HAS, LESS, MORE, green_leaning, segments_that_lean
from insights.models.needs.kinds import given_memberships, memberships, shrunken_rates
from insights.models.needs.markets import EXPOSURE, LEVEL, effects_of, market_effects
from insights.models.needs.model import learn, longer, past_rows, past_values, predict, segment_rates
from insights.models.needs.offers import next_offers
from insights.models.needs.rows import NeedRows, need_rows
from insights.models.needs.tables import published
from insights.models.needs.trials import (
    AREA,
    BEFORE,
    LOGIT,
    MAP,
    POPULAR,
    PRECISION,
    SAME,
    SEGMENT,
    Trials,
    learned_now,
    score_of,
    trials,
)
from insights.models.preference import Preference, preference
from insights.reports.exhibits.needs.list_words import allocations_in_words, offers_in_words
from insights.reports.wording import Wording
from insights.stats.results import Estimate
from insights.stats.scoring.precision import average_precision, average_precision_at
from insights.topics import needs
from insights.topics.evidence import Answer, NotAvailable

AS_OF = "2026-10-31"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("needs") / "demo"
    write_demo(folder, clients=2_000, months=48, seed=3, language="en")
    return folder


@pytest.fixture(scope="module")
def bank(folder: Path) -> Bank:
    return open_bank(folder / "bank.toml", as_of=AS_OF)


@pytest.fixture(scope="module")
def rows(bank: Bank) -> NeedRows:
    found = need_rows(bank)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tried(bank: Bank) -> Trials:
    found = trials(bank)
    assert isinstance(found, Trials)
    return found


def test_predictions_come_close_to_the_true_law_and_beat_both_rules(
    bank: Bank, rows: NeedRows, tried: Trials, folder: Path
) -> None:
    """Out of time, at the managers' capacity. The oracle knows the law and each client's type, the model neither.

    What is held against it is the truth of those chosen, markets that came included: it has no noise of who bought.
    """
    reached, best = against_the_law(bank, rows, tried, folder)
    print({"oracle": best} | reached)
    # Of a bank of 2,000 clients there is little to learn from; see the long test for one of 5,000.
    assert reached[tried.used] >= 0.88 * best
    assert reached[tried.used] > 1.1 * max(reached[SEGMENT], reached[POPULAR], reached[SAME])


def test_each_run_is_held_against_the_one_before(rows: NeedRows, tried: Trials) -> None:
    column = int(tried.frame["column"].max())
    then = predict(rows, learn(rows, column - 3), column)
    own = tried.frame[tried.frame["column"] == column]
    np.testing.assert_allclose(own[BEFORE], np.nan_to_num(then)[own["client"], own["kind"]])
    gain = tried.score(PRECISION, LOGIT, BEFORE)
    assert isinstance(gain, Estimate)
    assert gain.low < gain.value < gain.high
    assert abs(gain.value) < tried.score(PRECISION, LOGIT, SAME).value  # type: ignore[union-attr]


def test_markets_are_looked_at_as_published_by_then(rows: NeedRows) -> None:
    """A figure of March that is published in May is known from May on; one that is revised, as it stood then."""
    day = pd.Timestamp(rows.months.month(10))
    told = [(0, 0, 1.0), (1, 3, 2.0), (2, 2, 3.0), (2, 4, 4.0), (5, 5, 9.0)]
    table = pd.DataFrame(
        {
            "series": "late",
            "month": [(day + pd.DateOffset(months=m)).date() for m, _, _ in told],
            "value": [v for _, _, v in told],
            "published_on": [(day + pd.DateOffset(months=m, days=19)).date() for _, m, _ in told],
        }
    )
    other = table.assign(series="not asked for")
    every = ibis.memtable(pd.concat([table, other], ignore_index=True))
    settings = SimpleNamespace(needs=SimpleNamespace(market=("late",)))
    settings.market = SimpleNamespace(indices=())
    bank = SimpleNamespace(settings=settings, needs=lambda *names: (), table=lambda name: every)
    found = published(bank, rows.months)  # type: ignore[arg-type]
    assert set(found) == {"late"}
    np.testing.assert_array_equal(found["late"][9:17], [np.nan, 1.0, 1.0, 3.0, 3.0, 4.0, 9.0, 9.0])


def test_segments_of_the_trials_were_known_before_them(rows: NeedRows) -> None:
    column, last = rows.last - 12, rows.months.count
    assert rows.experience is not None
    until = [np.where(np.arange(last) <= column, v, np.nan) for v in (rows.assets, rows.tolerance, rows.experience)]
    then = memberships(until[0], until[1], until[2], rows.landmarks, column, 6, 0.03)
    for c in (c for c in rows.landmarks if c <= column):
        np.testing.assert_allclose(then[c], rows.kinds[c])
        np.testing.assert_allclose(rows.kinds[c].sum(axis=1), 1.0)
    assert 3 <= rows.kinds[column].shape[1] <= 6


def test_rates_of_segments_are_those_of_all_where_a_segment_says_nothing() -> None:
    member = [np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])]
    could, did = [np.ones((3, 1), dtype=bool)], [np.array([[True], [False], [False]])]
    rates = shrunken_rates(member, could, did, 2.0)
    every = (1 + 0.5) / (3 + 1.0)
    np.testing.assert_allclose(rates[:, 0], [(1 + 2 * every) / 4, 2 * every / 3, every])


def test_a_bank_s_own_segments_are_used_as_they_are() -> None:
    own = np.array([["a", "b"], ["a", np.nan], ["b", "b"]], dtype=object)
    made = given_memberships(own, (0, 1))
    np.testing.assert_allclose(made[0], [[1, 0], [1, 0], [0, 1]])
    np.testing.assert_allclose(made[1], [[0, 1], [0, 1], [0, 1]])


def test_what_is_learned_was_known_and_complete(rows: NeedRows) -> None:
    at = rows.landmarks[-3]
    later = rows.told > at
    blind = replace(rows, bought=np.where(later, 10**6, rows.bought), told=np.where(later, 10**6, rows.told))
    for kind in range(len(rows.products.categories)):
        one, other = past_rows(rows, kind, at), past_rows(blind, kind, at)
        assert one.column.max() == at - 3
        np.testing.assert_array_equal(one.bought, other.bought)
        np.testing.assert_array_equal(past_values(rows, kind, one)[1], past_values(blind, kind, other)[1])
    np.testing.assert_array_equal(segment_rates(rows, at), segment_rates(blind, at))


@pytest.fixture(scope="module")
def early(demo_bank_small: Path) -> Bank:
    """A small bank seven months after its window opened."""
    return open_bank(demo_bank_small / "bank.toml", as_of="2024-05-31")


def test_features_of_a_month_do_not_move_when_the_bank_learns_more(early: Bank, demo_bank_small: Path) -> None:
    earlier, rows = need_rows(early), need_rows(open_bank(demo_bank_small / "bank.toml", as_of=AS_OF))
    assert earlier is not None
    assert rows is not None
    column = earlier.last
    place = pd.Index(rows.months.client_id).get_indexer(earlier.months.client_id)
    assert column == rows.months.column(rows.months.month(column))
    assert (place >= 0).all()
    np.testing.assert_array_equal(earlier.held(column), rows.held(column)[place])
    np.testing.assert_array_equal(earlier.declined[:, :, column], rows.declined[place][:, :, column])
    # Segments are those that stood before the trials, later than this month; beside the same ones nothing moves.
    earlier = replace(earlier, kinds={column: rows.kinds[column][place]})
    for kind in range(len(rows.products.categories)):
        names, then = earlier.features(column, kind)
        assert names == rows.features(column, kind)[0]
        np.testing.assert_allclose(then, rows.features(column, kind)[1][place], rtol=1e-9)


def test_no_feature_is_a_protected_attribute(rows: NeedRows, bank: Bank) -> None:
    for names in learned_now(bank, rows).names.values():
        assert not [n for n in names if any(word in n for word in ("gender", "age", "region", "birth"))]


def test_what_is_learned_is_brought_to_the_level_of_the_last_window(rows: NeedRows, bank: Bank) -> None:
    learned = learned_now(bank, rows)
    bought = 0
    for kind in learned.names:
        past = past_rows(rows, kind, rows.last)
        bought += int(past.bought[past.column == past.column.max()].sum())
    told = predict(rows, learned, rows.last - 3)
    # Half a purchase more, so that a window without any has a level too.
    assert np.nansum(told[:, list(learned.names)]) == pytest.approx(bought + 0.5, rel=1e-6)


def test_offer_rates_are_those_of_the_list_by_age_gender_and_region(bank: Bank) -> None:
    answer = needs.fairness(bank)
    assert isinstance(answer, Answer)
    rates = answer.exact.rates
    table = bank.table("clients").execute()
    force = table[table["left_on"].isna()]
    offered = force["client_id"].isin(next_offers(bank, need_rows(bank))["client_id"])  # type: ignore[arg-type]
    assert offered.any()
    for name in ("gender", "region"):
        for level, own in offered.groupby(force[name]):
            assert (rates[name, level].n_events, rates[name, level].n) == (own.sum(), len(own))
    assert (
        sum(e.n_events for (name, _), e in rates.items() if name == "age") == offered[force["birth_year"].notna()].sum()
    )
    assert set(answer.exact.tests) == {"age", "gender", "region"}


def test_every_offer_on_the_list_keeps_the_rules_by_the_tables_themselves(bank: Bank) -> None:
    made = needs.lists(bank)["offers"]
    assert len(made) > 100
    assert not made["client_id"].duplicated().any()
    assert (made["risk_rating"] <= made["risk_tolerance"]).all()
    assert (made["assets"] >= made["least_assets"] - 1).all()
    assert (made.groupby("rm_id").size() <= bank.settings.needs.offers_per_manager).all()
    holdings = bank.table("holdings").join(bank.table("products").select("product_id", "category"), "product_id")
    held = set(holdings.select("client_id", "category").distinct().execute().itertuples(index=False, name=None))
    assert not held & set(made[["client_id", "category"]].itertuples(index=False, name=None))
    offers = bank.table("offers").join(bank.table("products").select("product_id", "category"), "product_id").execute()
    no = offers[(offers["answer"] == "declined") & (pd.to_datetime(offers["answered_on"]) > pd.Timestamp("2025-10-31"))]
    assert len(no) > 20
    asked = set(made[["client_id", "category"]].itertuples(index=False, name=None))
    assert not asked & set(no[["client_id", "category"]].itertuples(index=False, name=None))
    current = bank.table("clients").execute().set_index("client_id")
    assert current.loc[made["client_id"], "left_on"].isna().all()
    assert (current.loc[made["client_id"], "risk_tolerance"].to_numpy(float) >= made["risk_rating"].to_numpy()).all()


def test_all_exhibits_are_shown_in_both_languages(bank: Bank) -> None:
    for name in needs.QUESTIONS:
        answer = getattr(needs, name)(bank)
        assert isinstance(answer, Answer)
        exhibit = shown(answer, bank)
        assert exhibit.estimates
        assert title(exhibit)


def test_the_list_reads_in_words(bank: Bank, rows: NeedRows) -> None:
    told = offers_in_words(needs.lists(bank)["offers"], bank, Wording("en", bank.settings.labels, currency="CHF"))
    assert len(told) == len(next_offers(bank, rows))
    assert told["Why"].str.len().min() > 0
    assert not told["Why"].str.contains(":", regex=False).any()


def test_average_precision_agrees_with_scikit_learn_and_counts_weights() -> None:
    from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]

    rng = np.random.default_rng(2)
    client, came = rng.integers(0, 60, 500), rng.random(500) < 0.1
    score = np.round(rng.random(500) + 0.2 * came, 2)
    weights = rng.poisson(1.0, (60, 3)).astype(float)
    found = average_precision(score, came, client, weights)
    for r in range(3):
        right = average_precision_score(came, score, sample_weight=weights[client, r])
        assert found[r] == pytest.approx(right, rel=1e-9)


def test_six_months_and_ranges() -> None:
    p = np.array([0.1, 0.5, np.nan])
    np.testing.assert_allclose(longer(p), [0.19, 0.75, np.nan])
    plain, wide = expected(np.full(100, 0.2), 3, 0.0), expected(np.full(100, 0.2), 3, 0.5)
    assert plain.value == pytest.approx(20)
    assert plain.high - plain.value == pytest.approx(1.959964 * 4, rel=1e-5)
    assert wide.high - wide.value == pytest.approx(1.959964 * np.sqrt(16 + 100), rel=1e-5)


def test_scores_are_of_what_managers_have_time_for(tried: Trials, bank: Bank) -> None:
    chosen = tried.frame[tried.chosen[LOGIT]]
    assert not chosen.duplicated(["client", "column"]).any()
    assert chosen.groupby(["column", "manager"]).size().max() <= bank.settings.needs.offers_per_manager
    found = tried.score(PRECISION, LOGIT)
    assert found.value == pytest.approx(chosen["came_3m"].mean(), rel=1e-6)  # type: ignore[union-attr]


def test_the_level_is_told_date_by_date(tried: Trials, bank: Bank) -> None:
    answer = needs.score(bank)
    assert isinstance(answer, Answer)
    told = answer.exact.months.set_index(["date", "what"])["value"]
    by = tried.frame.groupby("column")
    np.testing.assert_allclose(told.xs("expected", level="what"), by[tried.used].mean())
    np.testing.assert_allclose(told.xs("happened", level="what"), by["came_3m"].mean())
    assert len(by) == 4


def test_three_kinds_ranked_for_each_client() -> None:
    frame = pd.DataFrame(
        {
            "client": [0, 0, 0, 0, 1, 1, 2],
            "column": [5] * 7,
            "came_3m": [0.0, 1, 1, 1, 0, 1, 0],
            "way": [0.9, 0.8, 0.1, 0.7, 0.2, np.nan, 0.5],
        }
    )
    score, came, client, column = (frame[c].to_numpy() for c in ("way", "came_3m", "client", "column"))
    who, precision = average_precision_at(score, came, client, column, 3)
    # First client: second and third of his ranks were bought, and one that ranks fourth. The third bought nothing.
    np.testing.assert_array_equal(who, [0, 1])
    np.testing.assert_allclose(precision, [(1 / 2 + 2 / 3) / 3, 1 / 2])


def test_how_many_times_as_often_is_a_ratio_with_an_interval(tried: Trials) -> None:
    lift = tried.lift(tried.used, SAME)
    one, other = (tried.score(PRECISION, way) for way in (tried.used, SAME))
    assert lift.value == pytest.approx(one.value / other.value)  # type: ignore[union-attr]
    assert lift.low < lift.value < lift.high  # type: ignore[union-attr]
    gain = tried.score(PRECISION, tried.used, SAME)
    assert (lift.low > 1) == (gain.low > 0)  # type: ignore[union-attr]
    for measure in (AREA, MAP):
        found = tried.score(measure, tried.used)
        assert 0 < found.low < found.value < found.high < 1  # type: ignore[union-attr]


def test_what_a_bank_lacks_is_named(tmp_path: Path) -> None:
    clients = "client_id,joined_on,left_on,leave_reason,region,birth_year\n1,2020-01-01,,,Bern,1970\n"
    bank = open_bank(write_bank(tmp_path, {"clients": clients}), as_of=AS_OF)
    for name in needs.QUESTIONS:
        answer = getattr(needs, name)(bank)
        assert isinstance(answer, NotAvailable)
        assert {"holdings.month", "products.risk_rating", "clients.risk_tolerance"} <= set(answer.needs)
    assert needs.lists(bank) == {}


def test_too_little_evidence_is_refused(early: Bank) -> None:
    answer = needs.overview(early)
    assert isinstance(answer, Answer)
    assert "cannot be told" in title(shown(answer, early))


def test_the_plan_of_each_segment_follows_from_the_tables(bank: Bank, rows: NeedRows) -> None:
    from insights.models.segments.model import client_segments

    answer = needs.plan(bank)
    assert isinstance(answer, Answer)
    found = answer.estimate(answer.evidence)
    segments = client_segments(bank)
    assert not isinstance(segments, str)
    label = segments.labels(segments.last)
    offered = found.shares[found.shares["what"] == "offer"]
    np.testing.assert_allclose(offered.groupby("segment")["share"].sum(), 1.0)
    assert set(offered["segment"]) == set(segments.names)
    category = rows.products.categories.index("equities")
    here = (label != "") & rows.months.in_force
    asked = here & (rows.held(rows.last)[:, category] | rows.suits(rows.last)[:, category])
    for r in found.held[found.held["category"] == "equities"].to_dict("records"):
        own = asked & (label == r["segment"])
        assert r["share"] == pytest.approx(rows.held(rows.last)[own, category].mean())
        assert r["others"] == pytest.approx(rows.held(rows.last)[asked & ~own, category].mean())
    # Whatever is too rare for itself is told with the others: nothing of a segment's mix is withheld.
    told = shown(answer, bank)
    mix = [r for r in told.estimates if r["name"] == "offer_share"]
    assert {r["group"]["segment"] for r in mix} == set(segments.names)
    assert all(r["value"] is not None for r in mix)
    for name in segments.names:
        assert answer.facts["treatments"][name] == bank.settings.segments.treatment(segments.traits[name], name)
    lacks = found.held[(found.held["p"] < 0.05) & (found.held["share"] < found.held["others"])]
    assert title(told).startswith("No segment lacks") == lacks.empty


def test_no_segment_has_a_best_time_where_the_past_of_clients_tells_none(bank: Bank) -> None:
    """The plan says once what most do, instead of what chance makes the most likely for each."""
    every = preference(bank)
    assert not any(every.tells(name) for name in ("channel", "time"))
    answer = needs.plan(bank)
    assert isinstance(answer, Answer)
    found = answer.estimate(answer.evidence)
    assert set(found.shares["what"]) == {"offer"}
    contacts = bank.table("contacts").execute()
    since = pd.Timestamp("2024-10-31")
    own = contacts[(pd.to_datetime(contacts["contacted_on"]) > since) & (contacts["direction"] == "inbound")]
    used = own["channel"].value_counts(normalize=True)
    row = found.common.set_index("what").loc["channel"]
    assert row["level"] == used.index[0]
    assert row["value"] == pytest.approx(used.iloc[0])
    text = " ".join(m.id for m in shown(answer, bank).sentences)
    assert "No segment has a best channel of its own" in text
    assert "Nor has any a best time of day" in text


def test_offers_say_the_channel_and_time_that_each_client_prefers(bank: Bank) -> None:
    made = needs.lists(bank)["offers"]
    for name in ("channel", "time"):
        told = getattr(preference(bank), name)
        own = dict(zip(told.client_id, told.first, strict=True))
        assert made[name].tolist() == [own.get(c, "") for c in made["client_id"]]
        assert (made[name] != "").mean() > 0.9


def test_a_level_is_named_first_only_if_none_that_is_withheld_can_be_larger() -> None:
    from insights.reports.exhibits.needs.plan import _first
    from insights.topics.needs.plan import Plan

    def first(*shares: float) -> list[str]:
        rows = [
            {"segment": "a", "what": "channel", "level": x, "share": s, "n": 1000.0}
            for x, s in zip("uvwx", shares, strict=False)
        ]
        found = Plan(pd.DataFrame(rows), pd.DataFrame(), pd.DataFrame())
        return _first(found, "a", "channel", 2, 5)["level"].tolist()

    assert first(0.2, 0.5, 0.3) == ["v", "w"]
    assert first(0.4, 0.35, np.nan, np.nan) == ["u", "v"]  # a quarter is withheld: less than either
    assert first(0.4, 0.2, np.nan, np.nan) == []  # two fifths are: perhaps as much as the largest
    assert first(0.405, 0.2, np.nan, np.nan) == []  # numbers are rounded
    assert first(0.6, 0.2, np.nan, np.nan) == ["u"]


def test_a_rare_channel_does_not_withhold_the_others(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Preference, "tells", lambda *_: True)  # as where the past of clients tells something
    answer = needs.plan(bank)
    assert isinstance(answer, Answer)
    assert answer.evidence["channel"].cells["clients"].min() < 10  # type: ignore[union-attr]
    told = {r["group"]["level"]: r["value"] for r in shown(answer, bank).estimates if r["name"] == "channel_share"}
    assert "other_levels" in told
    assert max(v for level, v in told.items() if v is not None and level != "other_levels") > 0.5


@pytest.fixture(scope="module")
def held(bank: Bank) -> pd.DataFrame:
    """What clients hold in the last month: client_id, product_id, category, risk_rating, green, amount."""
    table = bank.table("holdings").join(
        bank.table("products").select("product_id", "category", "risk_rating", "green"), "product_id"
    )
    found = table.filter(table.month == table.month.max()).execute()
    return found.assign(amount=found["amount"].astype(float))


def test_mixes_are_what_clients_hold_and_proposals_keep_the_rules(
    bank: Bank, rows: NeedRows, held: pd.DataFrame
) -> None:
    found = mixes(bank, rows)
    rule = bank.settings.needs
    client = rows.months.client_id[found.client]
    for g, (part, own) in enumerate(rule.parts.items()):
        amount = held[held["category"].isin(own)].groupby("client_id")["amount"].sum().reindex(client).fillna(0.0)
        if "cash" in own:
            cash = bank.table("balances").filter(lambda t: t.category == "cash").execute()
            cash = cash[cash["month"] == cash["month"].max()].set_index("client_id")["amount"].astype(float)
            amount += cash.reindex(client).fillna(0.0)
        np.testing.assert_allclose(found.now[:, g], amount, err_msg=part)
    np.testing.assert_allclose(found.suits.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.move.sum(axis=1), 0.0, atol=1e-6)
    buys = (found.move > 0.01) & (found.suits > 0)
    buys[:, 0] = False  # cash is always open
    at, part_of = np.nonzero(buys)
    product = found.product[at, part_of]
    assert len(at) > 100
    assert (product >= 0).all()
    assert (rows.products.rating[product] <= found.tolerance[at]).all()
    assert (rows.products.minimum[product] <= rows.assets[found.client[at], rows.last]).all()
    assert (found.suits[:, list(found.parts).index("growth")][found.tolerance < 4] == 0).all()
    # Who holds a product above his tolerance is told so before anything else.
    risky = held.assign(tolerance=pd.Series(found.tolerance, client).reindex(held["client_id"]).to_numpy())
    risky = set(risky.loc[risky["risk_rating"] > risky["tolerance"], "client_id"])
    assert {c for c, s in zip(client, found.state, strict=True) if s == "above_risk"} == risky & set(client)
    assert 0 < (found.state == WITHIN).sum() < len(client)


def test_the_list_of_allocations_is_for_the_manager_and_reads_in_words(bank: Bank) -> None:
    told = needs.lists(bank)["allocations"]
    by = told.groupby("client_id")
    np.testing.assert_allclose(by["suits_pct"].sum(), 100.0, atol=0.2)
    np.testing.assert_allclose(by["move"].sum(), 0.0, atol=0.05)
    per_manager = told.groupby("rm_id")["client_id"].nunique()
    assert per_manager.max() <= bank.settings.needs.offers_per_manager
    assert (told.groupby("rm_id")["rank"].max() == per_manager).all()
    for language in ("en", "zh-CN"):
        wording = Wording(language, bank.settings.labels, currency="CHF")
        words = allocations_in_words(told, bank, wording)
        assert not words.iloc[:, -1].str.contains("_").any()
        assert len(words) == len(told)
        offers = offers_in_words(needs.lists(bank)["offers"], bank, wording)
        assert len(offers) == len(needs.lists(bank)["offers"])


def test_green_is_counted_where_there_is_a_choice(bank: Bank, rows: NeedRows, held: pd.DataFrame) -> None:
    answer = needs.green(bank)
    assert isinstance(answer, Answer)
    assert answer.facts["kinds"] == ("bonds",)  # the one kind with a green product and another
    found = answer.exact
    tolerance = bank.table("clients").execute().set_index("client_id")["risk_tolerance"].astype(float)
    own = held[(held["category"] == "bonds") & (tolerance.reindex(held["client_id"]).to_numpy() >= 2)]
    by = own.groupby("client_id")["green"].any()
    assert found.shares[""].n == len(by)
    assert found.shares[""].value == pytest.approx(by.mean())
    leaning = pd.Series(green_leaning(bank, rows), index=rows.months.client_id)
    assert set(leaning[leaning == HAS].index) == set(by[by].index)
    assert set(needs.lists(bank)["offers"]["green"]) <= {HAS, MORE, LESS, ""}
    assert title(shown(answer, bank))


def test_a_segment_leans_only_beyond_chance() -> None:
    rng = np.random.default_rng(1)
    label = np.repeat(np.array(["a", "b", "c", ""], dtype=object), 300)
    same = rng.random(len(label)) < 0.4
    assert segments_that_lean(label, same) == {}
    more = np.where(label == "a", rng.random(len(label)) < 0.6, same)
    assert segments_that_lean(label, more)["a"] == MORE


def test_feedback_is_what_the_tables_say(bank: Bank) -> None:
    answer = needs.offers(bank)
    assert isinstance(answer, Answer)
    clients = bank.table("clients").execute()
    there = set(clients.loc[clients["left_on"].isna(), "client_id"])
    offers = bank.table("offers").execute()
    late = pd.to_datetime(offers["answered_on"]) > pd.Timestamp("2025-10-31")
    notes = bank.table("notes").execute()
    recent = pd.to_datetime(notes["noted_on"]) > pd.Timestamp("2025-10-31")
    told = answer.exact.feedback
    for name, answered in (("accepted", "accepted"), ("declined", "declined")):
        assert told[name] == len(set(offers.loc[late & (offers["answer"] == answered), "client_id"]) & there)
    assert told["notes"] == len(set(notes.loc[recent, "client_id"]) & there)
    assert {"complaints", "contacts", "behaviour"} <= set(told)


def test_markets_are_told_with_what_they_rest_on(bank: Bank, rows: NeedRows) -> None:
    found = market_effects(bank, rows)
    answer = needs.markets(bank)
    assert isinstance(answer, Answer)
    shown(answer, bank)
    assert set(found["series"]) == set(rows.market)
    assert LEVEL in set(found["what"]) <= {LEVEL, EXPOSURE}
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()
    assert (found["events"] >= 50).all()


def test_a_series_that_only_drifts_cannot_be_told_from_the_years(rows: NeedRows) -> None:
    line = np.arange(rows.last + 1, dtype=float)
    assert effects_of(replace(rows, market={"drift": line})).empty
    wave = np.sin(line)  # what goes up and down can
    assert set(effects_of(replace(rows, market={"wave": wave}))["series"]) == {"wave"}


def test_a_bank_without_a_rule_is_told_what_it_needs(bank: Bank, rows: NeedRows, tried: Trials) -> None:
    assert isinstance(needs.allocation(bank), Answer)
    bare = bank.settings.model_copy(update={"needs": bank.settings.needs.model_copy(update={"allocation": {}})})
    other = open_bank_with(bank, bare)
    # What does not rest on the rule is the same: it is not made again.
    same = {"need_rows": rows, "need_trials": tried, "need_score": score_of(bank, rows)}
    for key, made in (same | {"need_logits": learned_now(bank, rows)}).items():
        once(other, key, partial(copy.copy, made))
    answer = needs.allocation(other)
    assert isinstance(answer, NotAvailable)
    assert "[needs.allocation]" in answer.needs
    assert set(needs.lists(other)) == {"offers"}


def open_bank_with(bank: Bank, settings: object) -> Bank:
    """Return the same bank under other settings."""
    other = copy.copy(bank)
    object.__setattr__(other, "settings", settings)
    return other
