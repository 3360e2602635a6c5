"""Open prospects: chances that hold out of time, values drawn together, and a list that names nobody to a reader."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import open_bank
from insights.models.channels.prospects import ALL, FIRST, RATIO, Scored, score, values_of
from insights.reports.lists import in_words, make_lists
from insights.stats.results import Estimate, NotEstimable
from insights.stats.shrunken_means import shrunken_means
from insights.topics import channels
from insights.topics.evidence import Answer

END = pd.Timestamp("2026-10-31")
YEARS = pd.DataFrame({"source": ["friend"] * 30 + ["fair"] * 30, "margin": [49.5, 50.5] * 15 + [199.5, 200.5] * 15})
"""Margins of first years, so far apart by source that each keeps its own mean."""


def people(seed: int, n: int = 3_000, end: pd.Timestamp = END) -> pd.DataFrame:
    """Prospects of four years: a third join some months after a talk, of one source twice as many; the others never."""
    rng = np.random.default_rng(seed)
    aware = end - pd.to_timedelta(rng.integers(0, 1_460, n), "D")
    source = rng.choice(["friend", "fair"], n)
    joins = rng.random(n) < np.where(source == "friend", 0.4, 0.2)
    talks = joins | (rng.random(n) < 0.3)
    considered = aware + pd.to_timedelta(np.ceil(60 * rng.exponential(1, n)), "D")
    decided = considered + pd.to_timedelta(np.ceil(60 * rng.exponential(1, n)), "D")
    rows = pd.DataFrame({"prospect_id": [f"p{k:05d}" for k in range(n)], "aware_on": aware})
    rows["considered_on"] = considered.where(talks & (considered <= end))
    rows["decided_on"] = decided.where(joins & (decided <= end))
    rows["client_id"] = np.where(rows["decided_on"].notna(), "c", None)
    return rows.assign(acquisition_source=source, decides=decided.where(joins))


def told(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


@pytest.fixture(scope="module")
def made() -> tuple[Scored, pd.DataFrame]:
    rows = people(1)
    found = score(rows, END, YEARS)
    assert isinstance(found, Scored)
    return found, rows


def test_who_will_join_is_foretold_with_its_level_and_the_likeliest_are_found(
    made: tuple[Scored, pd.DataFrame],
) -> None:
    found, rows = made
    future = rows[rows["decides"] > END]
    comes = future["decides"] <= END + pd.DateOffset(months=6)
    whole = found.joining[""]
    assert whole.low < comes.sum() < whole.high
    for source in ("friend", "fair"):
        own = comes[future["acquisition_source"] == source].sum()
        assert found.joining[source].low < own < found.joining[source].high
    ratio, first, every = (told(found.trial[m]) for m in (RATIO, FIRST, ALL))
    assert ratio.low < 1 < ratio.high
    assert first.low > 2.5 * every.value
    assert [g.likeliest for g in found.groups] == [True, False]
    assert all(abs(g.foretold - told(g.joined).value) < 0.05 for g in found.groups)


def test_the_list_goes_by_chance_times_value_and_holds_nobody_who_has_decided(
    made: tuple[Scored, pd.DataFrame],
) -> None:
    found, rows = made
    open_ = set(rows.loc[rows["decided_on"].isna(), "prospect_id"])
    assert set(found.rows["prospect_id"]) == open_
    assert found.rows["expected"].is_monotonic_decreasing
    np.testing.assert_allclose(found.rows["expected"], found.rows["chance"] * found.rows["value"])
    assert found.rows.loc[found.rows["source"] == "fair", "value"].to_numpy() == pytest.approx(200.0, rel=1e-4)
    assert found.won["fair"] == (30, (200.5, 200.5, 6000.0))


def test_only_what_was_known_then_makes_a_chance_at_a_past_date(made: tuple[Scored, pd.DataFrame]) -> None:
    found, rows = made
    # What is not known at the latest date tried changes nothing of its chances: the earlier dates stay as they were.
    later = END - pd.DateOffset(months=6)
    changed = rows.copy()
    young = changed["aware_on"] > later
    changed.loc[young, "acquisition_source"] = "fair"
    again = score(changed, END, YEARS)
    assert isinstance(again, Scored)
    assert told(again.trial[RATIO]).value == told(found.trial[RATIO]).value
    assert again.joining[""].value != found.joining[""].value


def test_too_few_who_joined_are_refused() -> None:
    rows = people(2, n=300)
    rows["client_id"] = None
    found = score(rows, END, YEARS)
    assert isinstance(found, NotEstimable)


def test_means_of_sources_are_drawn_together_as_far_as_chance_goes() -> None:
    found = shrunken_means([10.0, 10.0, 40.0], [1.0, 1.0, 1.0])
    assert found.sd == pytest.approx(np.sqrt(300 - 1), rel=1e-6)
    np.testing.assert_allclose(found.means, 20 + (np.array([10, 10, 40]) - 20) * 299 / 300)
    alike = shrunken_means([10.0, 11.0, 12.0], [5.0, 5.0, 5.0])
    assert alike.sd == 0.0
    np.testing.assert_allclose(alike.means, 11.0)
    rng = np.random.default_rng(3)
    true, error = rng.normal(100, 20, 4_000), np.full(4_000, 15.0)
    seen = true + rng.normal(0, error)
    drawn = shrunken_means(seen, error)
    assert drawn.sd == pytest.approx(20, rel=0.05)
    assert ((drawn.means - true) ** 2).mean() == pytest.approx(400 * 225 / 625, rel=0.08)
    years = pd.DataFrame({"source": ["a"] * 30 + ["b"] * 5, "margin": [10.0, 20.0] * 15 + [90.0] * 5})
    assert set(values_of(years)) == {"", "a"}  # five clients tell nothing of their own source
    assert values_of(years.head(10)) == {}
    with pytest.raises(ValueError, match="not above 0"):
        shrunken_means([1.0], [0.0])


def test_the_list_of_a_bank_is_in_words_and_its_page_names_no_prospect(tmp_path: Path) -> None:
    rows = people(3, n=1_500, end=pd.Timestamp("2022-12-31"))
    days = {n: rows[n].dt.strftime("%Y-%m-%d").fillna("") for n in ("aware_on", "considered_on", "decided_on")}
    client = np.where(rows["client_id"].notna(), np.arange(len(rows)).astype(str), "")
    lines = zip(rows["prospect_id"], *days.values(), rows["acquisition_source"], client, strict=True)
    head = "prospect_id,aware_on,considered_on,decided_on,acquisition_source,client_id\n"
    joined = [(c, d) for c, d in zip(client, days["decided_on"], strict=True) if c]
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{c},{d}\n" for c, d in joined),
        "prospects": head + "".join(",".join(line) + "\n" for line in lines),
    }
    more = '[lists.recipients]\ndesk = { group = "desk", lists = ["prospects"] }\n'
    bank = open_bank(write_bank(tmp_path, files, more=more), as_of="2022-12-31")
    answer = channels.prospects(bank)
    assert isinstance(answer, Answer)
    exhibit = shown(answer, bank)
    made = make_lists(bank, ["channels"])["prospects"]
    assert len(made) == rows["decided_on"].isna().sum()
    assert list(made["rank"]) == list(range(1, len(made) + 1))
    assert made["expected_margin"].isna().all()  # the bank tells no margins: the chance decides
    assert made["joins_6m_pct"].is_monotonic_decreasing
    words = in_words("prospects", made, bank)
    assert "Joins within six months (%)" in words.columns
    page = str(exhibit)
    assert not any(name in page for name in made["prospect_id"])
    assert answer.facts["recipients"] == ["desk"]
    assert isinstance(answer.facts["consent"], bool)
