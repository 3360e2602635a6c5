"""The lifecycle topic on banks small enough to count by hand, and on 21,921 real policies."""

from pathlib import Path
from typing import Any

import pytest
from small_bank import CLIENTS, write_bank

from insights.data.snapshot import Bank, open_bank
from insights.errors import SnapshotError
from insights.models.exits.counts import exit_counts
from insights.models.groups import NOT_RECORDED, group_columns, group_of
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable

REPOSITORY = Path(__file__).parents[2]

# Three clients observed from the start, one who entered late, one who left before the window, one not yet a client.
ROWS = (
    CLIENTS + "1,2020-02-01,2020-02-20,competitor,North,1950\n"  # left in the month of joining: 0.5
    "2,2020-03-10,2021-03-05,death,North,1955\n"  # 12 months
    "3,2020-03-31,,,South,1961\n"  # in force, 22 months by January 2022
    "4,2019-01-15,2020-01-31,,South,\n"  # entered late at 11.5, left after 12 months, no reason
    "5,2018-01-01,2019-12-31,death,North,1940\n"  # before the window: not in it
    "6,2022-02-01,,,North,1970\n"  # after the as-of date
)


def _open(folder: Path, rows: str = ROWS, **more: Any) -> Bank:
    return open_bank(write_bank(folder, {"clients": rows}, **more), as_of="2022-01-31")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return _open(tmp_path_factory.mktemp("bank"))


def test_counts_at_risk_are_those_counted_by_hand(bank: Bank) -> None:
    counts, units, _ = exit_counts(bank)
    found = {(r["time"], r["cause"]): (r["at_risk"], r["events"]) for r in counts.to_dict("records") if r["events"]}
    assert found == {(0.5, "competitor"): (3, 1), (12.0, "death"): (3, 1), (12.0, "unknown"): (3, 1)}
    assert units["units"].tolist() == [4]


def test_survival_and_incidence_of_the_small_bank(bank: Bank) -> None:
    survival = lifecycle.survival(bank)
    assert isinstance(survival, Answer)
    assert survival.exact.at([12])[0].value == pytest.approx(2 / 3 * 1 / 3)
    incidence = lifecycle.exit_incidence(bank)
    assert isinstance(incidence, Answer)
    shares = {c: incidence.exact.at([12], cause=c)[0].value for c in ("competitor", "death", "unknown")}
    assert shares == pytest.approx({"competitor": 1 / 3, "death": 2 / 9, "unknown": 2 / 9})


def test_naive_reading_exceeds_the_incidence(bank: Bank) -> None:
    curve = lifecycle.naive_incidence(bank).exact  # type: ignore[union-attr]
    assert curve.naive("death").at([12])[0].value == pytest.approx(1 / 3)
    assert curve.naive("death").at([12])[0].value > curve.at([12], cause="death")[0].value


def test_groups_are_counted_apart_and_add_up(bank: Bank) -> None:
    counts, units, _ = exit_counts(bank, "region")
    assert dict(zip(units["group"], units["units"], strict=True)) == {"North": 2, "South": 2}
    assert counts.groupby("group")["events"].sum().to_dict() == {"North": 2, "South": 1}


def test_years_of_birth_become_decades_and_empty_ones_a_group_of_their_own(bank: Bank) -> None:
    groups = bank.table("clients").select(g=group_of(bank, "birth_year")).execute()["g"]
    assert sorted(groups) == ["1940s", "1950s", "1950s", "1960s", NOT_RECORDED]


def test_the_way_out_cannot_group_itself(bank: Bank) -> None:
    assert "leave_reason" not in group_columns(bank)
    with pytest.raises(SnapshotError, match=r"(?s)cannot be grouped by 'leave_reason'.*expected: one of.*region"):
        group_of(bank, "leave_reason")


def test_without_a_window_the_curves_say_what_they_need(tmp_path: Path) -> None:
    config = write_bank(tmp_path, {"clients": ROWS})
    config.write_text(config.read_text().replace("complete_from = 2020-01-01\n", ""))
    answer = lifecycle.survival(open_bank(config, as_of="2022-01-31"))
    assert answer == NotAvailable("lifecycle.survival", ("[window] complete_from",))


def test_a_column_that_was_not_delivered_is_named(bank: Bank) -> None:
    answer = lifecycle.survival(bank, "occupation")
    assert answer == NotAvailable("lifecycle.survival.by_occupation", ("clients.occupation",))


def test_who_left_last_year_and_with_what(tmp_path: Path) -> None:
    clients = (
        CLIENTS + "1,2020-02-01,2021-06-20,competitor,North,1950\n"
        "2,2020-03-10,2021-07-05,competitor,North,1955\n"
        "3,2020-03-31,,,South,1961\n"
        "4,2020-04-01,2020-12-31,death,South,1961\n"  # left before the year began
    )
    balances = (
        "client_id,month,category,amount\n1,2021-04-01,cash,900\n1,2021-05-01,cash,700.50\n1,2021-05-01,shares,300\n"
        "1,2021-06-01,cash,5\n2,2021-06-01,cash,1000\n3,2021-06-01,cash,77\n"
    )
    bank = open_bank(write_bank(tmp_path, {"clients": clients, "balances": balances}), as_of="2022-01-31")
    year, assets = lifecycle.last_year(bank), lifecycle.assets_lost(bank)
    assert isinstance(year, Answer)
    assert isinstance(assets, Answer)
    assert dict(year.exact[["outcome", "clients"]].to_numpy().tolist()) == {"competitor": 2, "in force": 1}
    row = assets.exact.to_dict("records")[0]
    assert (row["outcome"], row["clients"], row["amount"]) == ("competitor", 2, 2000.5)
    assert (row["largest"], row["second"], row["absolute"]) == (1000.5, 1000.0, 2000.5)


def test_list_of_leavers_holds_pseudonyms_only(bank: Bank, tmp_path: Path) -> None:
    rows = CLIENTS + "KD-1001,2020-02-01,2021-06-20,competitor,North,1950\nKD-1002,2020-03-10,2020-07-05,,North,1955\n"
    leavers = lifecycle.lists(_open(tmp_path, rows))["leavers"]
    assert len(leavers) == 1
    assert leavers["client_id"].str.startswith("c_").all()
    assert "KD-" not in leavers.to_csv()


@pytest.mark.acceptance("eu_savings", part="lifecycle")
def test_real_policies(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["eu_savings"]
    config = REPOSITORY / "examples" / "eu_savings" / "bank.toml"
    bank = open_bank(config, as_of="2008-01-01", raw=shared / "data" / "eu_savings")
    curve = lifecycle.exit_incidence(bank).exact  # type: ignore[union-attr]
    for reason in ("surrender", "claim"):
        for month, value in expected[f"{reason}_by_month"].items():
            assert curve.at([int(month)], cause=reason)[0].value == pytest.approx(value, abs=expected["tol"])
    for month, se in expected["surrender_se"].items():
        assert curve.at([int(month)], cause="surrender")[0].se == pytest.approx(se, abs=expected["tol"])
    counted = curve.table.groupby("cause")["events"].sum()
    assert counted.to_dict() == {r: expected["counts"][r] for r in ("surrender", "claim")}


def test_an_earlier_date_knows_no_later_exit(shared: Path) -> None:
    config = REPOSITORY / "examples" / "eu_savings" / "bank.toml"
    bank = open_bank(config, as_of="2004-01-01", raw=shared / "data" / "eu_savings")
    last = bank.table("clients").left_on.max().execute()
    assert str(last)[:10] <= "2004-01-01"
    assert 0 < bank.table("clients").left_on.notnull().sum().execute() < 7846
