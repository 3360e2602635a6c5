"""Features know nothing that the bank did not know: small clients, checked by eye."""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.features import client_months

CLIENTS = """client_id,joined_on,left_on,leave_reason,birth_year,region,rm_id
1,2015-01-01,,,1960,North,m1
2,2020-06-15,2021-04-20,competitor,1980,South,m2
"""
COMPLAINTS = "client_id,filed_on\n1,2021-03-10\n2,2021-04-18\n"
BALANCES = "client_id,month,category,amount\n" + "".join(
    f"{c},{m}-01,cash,{1024 if c == 1 else 0.5}\n"
    for c in (1, 2)
    for m in pd.period_range("2020-01", "2021-12", freq="M").astype(str)
    if c == 1 or "2020-06" <= m <= "2021-03"
)
HISTORY = "client_id,valid_from,region,rm_id\n1,2015-01-01,North,m1\n1,2021-05-10,South,m2\n2,2020-06-15,South,m2\n"
MANAGERS = "rm_id,started_on,experience_since\nm1,2010-01-01,2010-01-01\nm2,2011-01-01,2011-01-01\n"
SURVEYS = "client_id,invited_on,answered_on,item_recommend\n1,2021-02-20,2021-03-05,8\n"
PROGRAMMES = (
    "programme,client_id,started_on,arm,randomised\nkeep,1,2021-07-01,treated,true\nkeep,2,2021-01-01,control,true\n"
)
FILES = {
    "clients": CLIENTS,
    "complaints": COMPLAINTS,
    "balances": BALANCES,
    "client_history": HISTORY,
    "managers": MANAGERS,
    "surveys": SURVEYS,
    "programmes": PROGRAMMES,
}
STATIC = {"clients": 'static = ["birth_year"]', "surveys": 'items = ["item_recommend"]'}


def open_small(folder: Path, as_of: str = "2021-12-31") -> Bank:
    return open_bank(write_bank(folder, FILES, delay=0, options=STATIC), as_of=as_of)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return open_small(tmp_path_factory.mktemp("bank"))


@cache
def months(bank: Bank, lag: int) -> pd.DataFrame:
    return client_months(bank, lag=lag).rows.order_by("month").execute()


def column(bank: Bank, client: int, name: str, *, lag: int = 1) -> dict[str, float]:
    """Return {month: value} of one client, told apart by his year of birth."""
    rows = months(bank, lag)
    rows = rows[rows["birth_year"] == {1: 1960, 2: 1980}[client]]
    return dict(zip(rows["month"].dt.strftime("%Y-%m"), rows[name], strict=True))


def test_a_client_who_entered_late_has_no_features_in_his_first_year(bank: Bank) -> None:
    assert min(column(bank, 1, "tenure_months")) == "2021-01"
    assert min(column(bank, 2, "tenure_months")) == "2020-07"  # joined in June: known from July on


def test_a_complaint_counts_from_the_month_after_it_for_half_a_year(bank: Bank) -> None:
    months = [m for m, v in column(bank, 1, "complaint_6m").items() if v == 1]
    assert months == ["2021-04", "2021-05", "2021-06", "2021-07", "2021-08", "2021-09"]


def test_a_longer_lag_sees_it_later(bank: Bank) -> None:
    months = [m for m, v in column(bank, 1, "complaint_6m", lag=3).items() if v == 1]
    assert months[0] == "2021-06"


def test_a_complaint_in_the_month_of_leaving_is_not_seen_in_it(bank: Bank) -> None:
    seen = pd.Series(column(bank, 2, "complaint_6m"))
    assert seen["2021-04"] == 0
    assert seen.loc[:"2021-03"].isna().all()  # before the first complaint of anybody the bank recorded none


def test_assets_are_in_doublings_and_an_empty_account_is_the_lowest(bank: Bank) -> None:
    assert column(bank, 1, "log2_assets")["2021-06"] == 10
    assert column(bank, 2, "log2_assets")["2020-08"] == 0


def test_region_and_manager_are_those_of_then(bank: Bank) -> None:
    region = column(bank, 1, "region")
    assert (region["2021-05"], region["2021-06"]) == ("North", "South")
    decades = column(bank, 1, "manager_decades")
    assert decades["2021-06"] == pytest.approx(decades["2021-05"] + (31 - 365) / 3652.5)


def test_an_answer_speaks_for_a_year_and_not_before_it_was_given(bank: Bank) -> None:
    said = {m: v for m, v in column(bank, 1, "recommendation").items() if v == 8}
    assert min(said) == "2021-04"
    assert column(bank, 2, "recommendation")["2021-04"] != 8


def test_a_programme_counts_for_its_treated_arm_from_its_start(bank: Bank) -> None:
    inside = [m for m, v in column(bank, 1, "programme_keep").items() if v]
    assert inside[0] == "2021-07"
    assert not any(column(bank, 2, "programme_keep").values())


def test_todays_value_of_an_attribute_is_refused_and_said_so(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if name != "client_history"}
    found = client_months(open_bank(write_bank(tmp_path, files, delay=0, options=STATIC), as_of="2021-12-31"))
    assert "region" not in found.rows.columns
    assert "one current value" in found.refused["region"]
    assert found.rows.manager.notnull().sum().execute() == 0


def test_what_became_known_later_changes_no_earlier_feature(tmp_path: Path) -> None:
    early = open_small(tmp_path / "a", as_of="2021-06-30")
    late = open_small(tmp_path / "b")
    for name in ("complaint_6m", "log2_assets", "manager_decades", "recommendation"):
        before = pd.Series(column(early, 1, name))
        pd.testing.assert_series_equal(before, pd.Series(column(late, 1, name)).loc[before.index])
