"""Attacks on tables of clients, money and rows."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from disclosure.attackers import RULES, margin_bounds, table

from insights.errors import DisclosureError
from insights.reports.disclosure import protect
from insights.reports.disclosure.rounding import apportion, nearest
from insights.reports.disclosure.tables import BLURRED, protect_clients, protect_money, protect_rows, round_money
from insights.topics.evidence import ClientCounts, Facts, MoneySums, RowCounts


def shown(values: object) -> list[float | None]:
    cells = protect_clients(table(values), RULES).cells
    assert ((cells["status"] == "shown") == cells["clients"].notna()).all()
    return [None if pd.isna(v) else float(v) for v in cells["clients"]]


def test_total_less_the_others_gives_no_small_cell() -> None:
    assert shown([4511, 203, 31, 14, 4]) == [4510, 205, 30, None, None]


def test_two_small_cells_do_not_hide_each_other() -> None:
    # 18 less nothing: both known to be below 10, so each is 9. A third cell must go.
    assert shown([500, 60, 9, 9]) == [500, None, None, None]


def test_a_table_without_small_cells_is_only_rounded_and_its_total_is_right() -> None:
    told = shown([13, 13, 13, 13])
    assert sum(v for v in told if v is not None) == nearest(52, 5)


def test_two_way_margins_give_nothing_back() -> None:
    exact = np.array([[120, 40, 3], [80, 60, 25], [200, 33, 41]])
    hidden = [v is None for v in shown(exact)]
    assert sum(hidden) == 4
    assert min(margin_bounds(exact, hidden)) >= 10


def test_the_attack_itself_works_where_only_the_small_cell_is_hidden() -> None:
    exact = np.array([[120, 40, 3], [80, 60, 25], [200, 33, 41]])
    assert margin_bounds(exact, [v == 3 for v in exact.ravel()]) == [0.0]


def test_three_way_margins_give_nothing_back() -> None:
    exact = np.random.default_rng(4).integers(10, 60, (3, 4, 3))
    exact[1, 2, 0] = 2
    hidden = [v is None for v in shown(exact)]
    assert hidden[np.ravel_multi_index((1, 2, 0), exact.shape)]
    assert not all(hidden)
    assert min(margin_bounds(exact, hidden)) >= 10


def test_a_zero_in_line_with_a_small_cell_does_not_stand_out() -> None:
    told = np.array(shown([[50, 0, 4], [60, 70, 80], [90, 20, 30]]), dtype=float).reshape(3, 3)
    assert np.isnan(told[0]).all()


def test_combinations_without_clients_are_cells_too() -> None:
    cells = pd.DataFrame({"a": ["x", "x", "y"], "b": ["p", "q", "p"], "clients": [50, 60, 70]})
    told = protect_clients(ClientCounts(cells, ("a", "b")), RULES).cells
    assert told["clients"].tolist() == [50, 60, 70, 0]


@pytest.mark.parametrize("others", [[300, 40, 25], [300, 40, 7]])
def test_one_leaver_more_in_a_withheld_cell_changes_nothing(others: list[int]) -> None:
    outputs = {tuple(shown([*others, n])) for n in range(1, 10)}
    assert len(outputs) == 1


def test_one_leaver_more_in_a_shown_cell_is_a_five_or_nothing_and_a_five_is_many_numbers() -> None:
    told = [shown([300, 47, n])[2] for n in range(20, 71)]
    steps = np.diff(np.array(told, dtype=float))
    assert set(steps) == {0.0, 5.0}
    behind = pd.Series(told).value_counts().sort_index().iloc[1:-1]
    assert (behind >= 4).all()


def test_parts_beside_the_whole_do_not_tell_the_parts() -> None:
    """Rounding each alone would: four parts of 13 are shown as 15 and their whole as 50, which only 4 x 13 explains."""

    def worlds(parts: Sequence[int], whole: int, rounded: str) -> list[tuple[int, ...]]:
        near = itertools.product(*(range(p - 4, p + 5) for p in parts))
        seen = (w for w in near if nearest(sum(w), 5) == whole)
        how = {"alone": lambda w: nearest(w, 5), "together": lambda w: apportion(w, 5)}[rounded]
        return [w for w in seen if how(w).tolist() == list(parts)]

    assert worlds(nearest([13] * 4, 5).tolist(), 50, "alone") == [(13, 13, 13, 13)]
    together = worlds(apportion([13] * 4, 5).tolist(), 50, "together")
    assert all(len({w[k] for w in together}) >= 5 for k in range(4))


def rest_of(clients: dict[str, int]) -> dict[str, float]:
    cells = pd.DataFrame({"outcome": list(clients), "clients": list(clients.values())})
    told = protect_clients(ClientCounts(cells, ("outcome",), rest="others"), RULES).cells
    return dict(zip(told["outcome"], told["clients"], strict=True))


def test_small_cells_are_merged_where_there_is_a_name_for_the_rest() -> None:
    told = rest_of({"stayed": 900, "competitor": 80, "death": 33, "bank": 6, "dormancy": 2})
    # 6 and 2 are 8, still too few: death joins them.
    assert told == {"stayed": 900, "competitor": 80, "others": 40}


def test_without_small_cells_nothing_is_merged() -> None:
    assert rest_of({"stayed": 900, "competitor": 80}) == {"stayed": 900, "competitor": 80}


def test_a_rest_that_is_too_small_itself_is_withheld() -> None:
    assert np.isnan(rest_of({"stayed": 4, "competitor": 3})["others"])


def test_dominated_sums_join_the_rest_until_nobody_dominates() -> None:
    cells = pd.DataFrame(
        {
            "outcome": ["competitor", "death", "bank"],
            "clients": [100, 40, 20],
            "amount": [1000.0, 300.0, 500.0],
            "largest": [50.0, 20.0, 400.0],  # one client of "bank" holds four fifths
            "second": [40.0, 20.0, 10.0],
            "absolute": [1000.0, 300.0, 500.0],
        }
    )
    told = protect_money(MoneySums(cells, ("outcome",), rest="others"), RULES).cells
    assert dict(zip(told["outcome"], told["clients"], strict=True)) == {"competitor": 100, "others": 60}
    assert told["amount"].notna().all()
    assert float(told["amount"].sum()) == pytest.approx(1800, abs=100)


def money(contributions: dict[str, list[float]]) -> MoneySums:
    rows = []
    for name, values in contributions.items():
        sizes = sorted((abs(v) for v in values), reverse=True)
        rows.append((name, len(values), sum(values), sizes[0], sizes[1], sum(sizes)))
    columns = ["outcome", "clients", "amount", "largest", "second", "absolute"]
    return MoneySums(pd.DataFrame(rows, columns=columns), ("outcome",))


EVEN = [1000.0] * 40


@pytest.mark.parametrize(
    ("contributions", "hidden"),
    [
        ({"a": EVEN, "b": [*EVEN, 50_000.0], "c": EVEN * 3}, ["a", "b", "c"]),
        ({"a": EVEN, "b": [*EVEN, 80_000.0, 80_000.0], "c": EVEN * 6}, ["a", "b", "c"]),
        ({"a": EVEN, "b": [*EVEN, -50_000.0], "c": EVEN * 3}, ["a", "b", "c"]),
        ({"a": EVEN, "b": EVEN[:9], "c": EVEN * 3}, ["a", "b"]),
        ({"a": EVEN, "b": [*EVEN, 39_000.0], "c": EVEN * 3}, []),
    ],
    ids=["one client dominates", "two do", "with the other sign", "few clients", "just not"],
)
def test_dominated_sums_are_withheld_with_a_complement(
    contributions: dict[str, list[float]], hidden: list[str]
) -> None:
    told = protect_money(money(contributions), RULES).cells
    withheld = set(told.loc[told["amount"].isna(), "outcome"])
    if hidden == ["a", "b", "c"]:  # b and the smallest other one; the third only where the two together are dominated
        assert {"a", "b"} <= withheld
    else:
        assert withheld == set(hidden)
    assert told["clients"].isna().equals(told["amount"].isna())


def test_what_is_withheld_is_not_dominated_when_added_up() -> None:
    contributions = {"a": EVEN[:20], "b": [*EVEN, 500_000.0], "c": EVEN * 3, "d": EVEN * 20}
    told = protect_money(money(contributions), RULES).cells
    together = [v for k in told.loc[told["amount"].isna(), "outcome"] for v in contributions[k]]
    assert told["amount"].isna().sum() >= 2
    assert max(together) <= 0.5 * sum(together) or told["amount"].isna().all()


def test_what_the_largest_clients_gave_goes_no_further() -> None:
    told = protect_money(money({"a": EVEN, "b": EVEN}), RULES).cells
    assert list(told.columns) == ["outcome", "clients", "amount", "status"]


@pytest.mark.parametrize("largest", [3.0e3, 7.3e5, 4.1e7])
def test_two_sums_do_not_tell_one_contribution(largest: float) -> None:
    amounts = np.linspace(2 * largest, 12 * largest, 3001)
    published = {round_money(float(a), largest) for a in amounts}
    assert len(published) <= 10 * largest / (BLURRED * largest) + 1


def test_money_without_a_large_client_keeps_three_digits() -> None:
    assert round_money(123_456_789.0, 100_000.0) == 123_000_000.0


def test_rows_are_rounded_small_ones_hidden_and_money_beside_them_blurred() -> None:
    cells = pd.DataFrame(
        {"rule": ["a", "b", "c", "d"], "rows": [1234, 7, 0, 12], "amount": [98_765.0, 5_432.1, None, 1_500_000.0]}
    )
    told = protect_rows(RowCounts(cells.assign(secret=1), ("rule",), ("rows",)), RULES).cells
    assert list(told.columns) == ["rule", "rows", "amount", "status"]
    assert told["rows"].fillna(-1).tolist() == [1235, -1, 0, 10]
    assert told["amount"].fillna(-1).tolist() == [100_000, -1, -1, 2_000_000]


def test_rows_about_no_person_are_told_exactly() -> None:
    cells = pd.DataFrame({"table": ["products", "clients"], "rows": [8, 8]})
    told = protect_rows(RowCounts(cells, ("table",), ("rows",), frozenset({"products"})), RULES).cells
    assert told["rows"].fillna(-1).tolist() == [8, -1]
    assert told["status"].tolist() == ["shown", "suppressed"]


def test_unknown_evidence_is_refused() -> None:
    with pytest.raises(DisclosureError, match="'raw' is of a kind that disclosure control does not know"):
        protect({"raw": pd.DataFrame()}, RULES)  # type: ignore[dict-item]


def test_public_data_are_exact_and_facts_pass() -> None:
    evidence = table([3, 500])
    public = RULES.model_copy(update={"mode": "public_data"})
    assert protect({"t": evidence}, public)["t"] is evidence
    facts = Facts(pd.DataFrame({"basis": ["contract"]}))
    assert protect({"f": facts}, RULES)["f"] is facts
