"""Whether clients keep choosing the bank: four measures by hand, how they go together, and what is missing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import SECTION, made_up_survey
from scipy.stats import spearmanr
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.loyalty.choosing import choosing as measured
from insights.reports.exhibits.base import Exhibit
from insights.topics import loyalty
from insights.topics.evidence import Answer, NotAvailable

N = 400


def bank_of(folder: Path, *, deeds: bool = True) -> Bank:
    """A bank of 400 clients of whom the first five are told by hand; the others buy again by chance, one in four."""
    rng = np.random.default_rng(4)
    survey = made_up_survey(N, waves=1)
    survey[["invited_on", "answered_on"]] += pd.Timedelta(days=2 * 365)
    years = rng.integers(2005, 2018, N + 1)
    again = rng.random(N + 1) < 0.25
    left = {3: "2023-05-01"}
    clients = "client_id,joined_on,left_on,birth_year\n" + "".join(
        f"{k},{2022 if k == 2 else years[k]}-03-01,{left.get(k, '')},{1960 + k if k <= 5 else 1990}\n"
        for k in range(1, N + 1)
    )
    held = [(k, m, "a") for k in range(1, N + 1) for m in ("2020-11", "2020-12", "2023-12")]
    # 1 bought b and c in one month and no more, 4 in two months, 5 had b before: nothing new but c.
    told = {1: [("2021-05", "b"), ("2021-05", "c")], 4: [("2021-05", "b"), ("2022-01", "c")]}
    told[5] = [("2020-11", "b"), ("2021-05", "b"), ("2022-01", "c")]
    held += [(k, m, p) for k, own in told.items() for m, p in own]
    held += [(k, m, p) for k in range(6, N + 1) if again[k] for m, p in (("2021-04", "b"), ("2022-07", "c"))]
    cash = [f"{k},2023-11-01,cash,{100 * k}\n" for k in range(1, N + 1)]
    files = {
        "clients": clients,
        "surveys": survey.to_csv(index=False, date_format="%Y-%m-%d"),
        "balances": "client_id,month,category,amount\n" + "".join(cash),
        "holdings": "client_id,month,product_id,amount\n" + "".join(f"{k},{m}-01,{p},10\n" for k, m, p in held),
        "products": "product_id,category\na,cash\nb,fund\nc,bond\n",
        "client_history": "client_id,valid_from,external_wealth\n"
        + "".join(f"{k},2023-0{1 + k % 6}-10,{300 * k if k % 2 else 100 * k}\n" for k in range(1, N + 1) if k % 5)
        + "5,2021-06-01,700\n",
    }  # fmt: skip
    if not deeds:
        files = {name: files[name] for name in ("clients", "surveys")}
    items = ", ".join(f'"{c}"' for c in survey.columns if c.startswith("item_"))
    config = write_bank(folder, files, delay=0, more=SECTION, options={"surveys": f"items = [{items}]"})
    return open_bank(config, as_of="2023-12-31")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return bank_of(tmp_path_factory.mktemp("choosing"))


@pytest.fixture(scope="module")
def exhibit(bank: Bank) -> Exhibit:
    return shown(loyalty.choosing(bank), bank)


def test_the_measures_by_hand(bank: Bank) -> None:
    rows = measured(bank).rows.set_index("client_id")
    born = bank.table("clients").select("client_id", "birth_year").execute().set_index("birth_year")["client_id"]
    own = {k: rows.loc[born[1960 + k]] for k in (1, 2, 4, 5)}
    assert born[1963] not in rows.index  # he left
    assert [own[k]["again"] for k in (1, 4, 5)] == [0, 1, 0]
    assert np.isnan(own[2]["again"])  # a client for less than three years
    # By his word of this year: 100 here and 300 elsewhere, or as much as here; 5 said it long ago.
    assert [own[k]["wallet"] for k in (1, 2, 4)] == pytest.approx([1 / 4, 1 / 2, 1 / 2])
    assert np.isnan(own[5]["wallet"])
    assert own[2]["tenure"] == pytest.approx(1 + 305 / 365.25, abs=0.01)
    assert rows["attitude"].notna().sum() == pytest.approx(0.6 * N, abs=40)


def test_the_page_tells_levels_and_how_words_and_deeds_go_together(bank: Bank, exhibit: Exhibit) -> None:
    rows = measured(bank).rows
    told = pd.DataFrame(exhibit.estimates)
    whole = told[[not g for g in told["group"]]].set_index("name")
    assert whole.loc["measure_again", "value"] == pytest.approx(rows["again"].mean(), abs=0.01)
    assert whole.loc["measure_wallet", "low"] < rows["wallet"].mean() < whole.loc["measure_wallet", "high"]
    pair = told[[g.get("one") == "again" and g.get("other") == "tenure" for g in told["group"]]].iloc[0]
    known = rows[["again", "tenure"]].dropna()
    assert pair["value"] == pytest.approx(spearmanr(known["again"], known["tenure"]).statistic, abs=1e-4)
    assert "of the clients chose the bank again at least 2 times in 3 years; on average it has" in title(exhibit)
    assert any("No link beyond chance" in line.id for line in exhibit.sentences)


def test_without_deeds_it_says_what_is_needed(tmp_path: Path) -> None:
    lean = bank_of(tmp_path, deeds=False)
    answer = loyalty.choosing(lean)
    assert isinstance(answer, NotAvailable)
    assert {"holdings.product_id", "client_history.external_wealth"} <= set(answer.needs)
    assert title(shown(answer, lean)) == "Whether clients keep choosing the bank cannot be told"


def test_what_is_missing_of_it_is_said(bank: Bank, exhibit: Exhibit) -> None:
    assert isinstance(loyalty.choosing(bank), Answer)
    assert not exhibit.refusals
