"""Families against disclosure control: what counts as many clients and is one household protects nobody."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from disclosure.attackers import RULES, clients, cumulative, risk_counts

from insights.models.households import household_table
from insights.reports.disclosure.curves import protect_curves
from insights.reports.disclosure.estimates import protect_estimates
from insights.reports.disclosure.tables import protect_clients, protect_money
from insights.topics.evidence import Estimates, RiskCounts, client_counts, money_sums

NAN = float("nan")


def people(cells: dict[str, list[int]], dim: str = "d") -> pd.DataFrame:
    """Return clients by cell: the sizes of the households in each; no household is in two cells."""
    rows, code = [], 0
    for name, sizes in cells.items():
        for size in sizes:
            rows += [(name, code)] * size
            code += 1
    return pd.DataFrame(rows, columns=[dim, "household"])


def told(cells: dict[str, list[int]], rest: str | None = None) -> dict[str, float]:
    found = protect_clients(client_counts(people(cells), ("d",), rest), RULES).cells
    assert list(found.columns) == ["d", "clients", "status"]
    return dict(zip(found["d"], found["clients"], strict=True))


def test_a_family_of_ten_is_one_household() -> None:
    found = told({"a": [1] * 300, "b": [1] * 40, "c": [10], "e": [1] * 60})
    assert np.isnan([found["c"], found["b"]]).all()
    assert (found["a"], found["e"]) == (300, 60)


def test_a_cell_of_ten_clients_in_four_households_and_its_complements() -> None:
    found = told({"a": [1] * 300, "b": [3, 3, 2, 2], "c": [1] * 12})
    # All clients less a is then 22 clients, in 16 households.
    assert np.isnan([found["b"], found["c"]]).all()
    assert found["a"] == 300
    # A complement that is a family itself protects nothing: a third cell goes.
    found = told({"a": [1] * 300, "b": [3, 3, 2, 2], "c": [6, 6], "e": [1] * 20})
    assert np.isnan([found["b"], found["c"], found["e"]]).all()


def test_ten_clients_of_ten_households_are_enough_wherever_their_partners_are() -> None:
    """Couples that a table takes apart: each of its cells has ten households behind it."""
    rows = pd.DataFrame({"d": ["he"] * 12 + ["she"] * 12, "household": [*range(12)] * 2})
    found = protect_clients(client_counts(rows, ("d",)), RULES).cells
    assert found["clients"].sum() == 25  # 24, rounded


def test_the_same_few_households_in_two_cells_are_no_more_when_merged() -> None:
    """Six in one cell and the same six in another are six: the next smallest joins the rest."""
    rows = pd.DataFrame({"d": ["he"] * 6 + ["she"] * 6, "household": [*range(6)] * 2})
    rows = pd.concat([rows, people({"x": [1] * 200, "y": [1] * 30}).assign(household=lambda t: t["household"] + 6)])
    found = protect_clients(client_counts(rows, ("d",), "others"), RULES).cells
    assert dict(zip(found["d"], found["clients"], strict=True)) == {"x": 200, "others": 40}
    apart = told({"x": [1] * 200, "y": [1] * 30, "he": [1] * 6, "she": [1] * 6}, "others")
    assert apart == {"x": 200, "y": 30, "others": 10}


def test_tables_of_two_dimensions() -> None:
    many = people({"p": [1] * 60, "q": [1] * 70}).assign(row="a")
    few = people({"p": [4, 4, 4], "q": [1] * 30}).assign(row="b", household=lambda t: t["household"] + 1000)
    wide = people({"p": [1] * 50, "q": [1] * 40}).assign(row="c", household=lambda t: t["household"] + 2000)
    rows = pd.concat([many, few, wide])
    found = protect_clients(client_counts(rows, ("row", "d")), RULES).cells
    hidden = found[found["clients"].isna()]
    assert {("b", "p")} < set(zip(hidden["row"], hidden["d"], strict=True))
    assert hidden["row"].value_counts().min() >= 2
    assert hidden["d"].value_counts().min() >= 2
    # With a name for the rest whole lines are put together, and everything can be told.
    found = protect_clients(client_counts(rows, ("row", "d"), "others"), RULES).cells
    assert found["clients"].notna().all()
    assert set(found["row"]) == {"a", "others"}
    assert found["clients"].sum() == 260  # 262, rounded


def test_without_households_nothing_changes() -> None:
    cells = {"a": [1] * 300, "b": [1] * 9, "c": [1] * 30}
    alone = protect_clients(client_counts(people(cells), ("d",)), RULES).cells
    plain = protect_clients(client_counts(people(cells).drop(columns="household"), ("d",)), RULES).cells
    pd.testing.assert_frame_equal(alone, plain)


def amounts(cells: dict[str, list[list[float]]]) -> pd.DataFrame:
    """Return one row per client: the amounts of the members of each household of each cell."""
    rows, code = [], 0
    for name, households in cells.items():
        for members in households:
            rows += [(name, code, amount) for amount in members]
            code += 1
    return pd.DataFrame(rows, columns=["d", "household", "amount"])


EVEN = [[1000.0]] * 40


@pytest.mark.parametrize(
    "family",
    [[20_000.0] * 3, [60_000.0, -50_000.0], [5_000.0] * 12],
    ids=["three members", "one pays in, one takes out", "a dozen"],
)
def test_a_family_that_makes_up_most_of_a_sum_is_withheld_with_others(family: list[float]) -> None:
    cells = {"a": EVEN * 6, "b": [*EVEN, family], "c": EVEN * 8}
    found = protect_money(money_sums(amounts(cells), ("d",), "amount"), RULES).cells
    assert list(found.columns) == ["d", "clients", "amount", "status"]
    hidden = set(found.loc[found["amount"].isna(), "d"])
    assert "b" in hidden
    assert len(hidden) >= 2
    # Where clients are counted none of them is too large.
    alone = protect_money(money_sums(amounts(cells).drop(columns="household"), ("d",), "amount"), RULES).cells
    assert alone["amount"].notna().all()


def test_a_sum_over_ten_clients_of_three_households_is_withheld() -> None:
    cells = {"a": EVEN, "b": [[1.0] * 4, [1.0] * 4, [1.0] * 4], "c": EVEN}
    found = protect_money(money_sums(amounts(cells), ("d",), "amount"), RULES).cells
    assert np.isnan(found.set_index("d")["amount"][["b"]]).all()


def test_rounding_blurs_the_contribution_of_a_household() -> None:
    rows = amounts({"a": [*EVEN * 3, [30_000.0] * 3], "b": EVEN * 3})
    plain, own = (
        protect_money(money_sums(r, ("d",), "amount"), RULES).cells.set_index("d")["amount"]
        for r in (rows.drop(columns="household"), rows)
    )
    assert plain["a"] == 210_000
    assert own["a"] == 200_000  # in units of 20,000: at least a fifth of what the family has


def test_who_dominates_two_cells_dominates_them_together() -> None:
    """Two sums, each of which the same household makes up, are not hidden by being merged with each other."""
    rows = amounts({"a": [*EVEN, [60_000.0]], "b": [*EVEN, [60_000.0]], "c": EVEN * 10})
    same = rows.assign(household=np.where(rows["amount"] == 60_000, 10_000, rows["household"]))
    apart, one = (protect_money(money_sums(r, ("d",), "amount", "others"), RULES).cells for r in (rows, same))
    assert set(apart["d"]) == {"c", "others"}
    assert set(one["d"]) == {"others"}


def test_results_of_models_rest_on_households_where_they_are_known() -> None:
    rows = pd.DataFrame({"name": ["x", "y", "z"], "value": 0.5, "low": NAN, "high": NAN, "unit": "share"})
    rows = rows.assign(n=[50.0, 50.0, 50.0], n_events=NAN, households=[9.0, 10.0, NAN])
    found = protect_estimates(Estimates(rows, ("name",)), RULES).rows
    assert found["status"].tolist() == ["suppressed", "shown", "shown"]
    assert "households" not in found


def curves(frame: pd.DataFrame, *, by: bool = True) -> RiskCounts:
    plain = risk_counts(frame, by=by)
    group = frame["group"] if by else None
    homes = household_table(frame["exit"], frame["cause"], frame["household"], entry=frame["entry"], group=group)
    own = frame.assign(group=frame["group"] if by else "").groupby("group")["household"].nunique()
    return replace(
        plain, units=plain.units.assign(households=own.reindex(plain.units["group"]).to_numpy()), households=homes
    )


def test_a_household_that_leaves_counts_once_in_curves() -> None:
    frame = clients(3000, 11, shares={"north": 0.5, "east": 0.3, "isle": 0.2}).assign(household=lambda t: t.index)
    isle = frame[frame["group"] == "isle"]
    gone, stay = isle.index[isle["cause"] != ""], isle.index[isle["cause"] == ""]
    assert len(gone) > 30
    # Everybody who left the isle is of one of three families; those who stay are of as many households as clients.
    frame.loc[gone, "household"] = 10_000 + np.arange(len(gone)) % 3
    kept = frame.drop(stay[:0])
    shown = protect_curves(curves(kept), RULES)
    assert "isle" not in set(shown.counts["group"])
    assert shown.units["units"].isna().sum() >= 2
    plain = protect_curves(risk_counts(kept), RULES)
    assert set(plain.counts["group"]) == {"north", "east", "isle"}
    # The reason that only one family has is merged for everybody.
    rare = frame[(frame["cause"] == "death") & (frame["group"] == "north")].index
    assert len(rare) > 10
    own = frame.assign(household=frame.index)
    own.loc[rare, "household"] = 20_000
    assert "death" not in set(protect_curves(curves(own), RULES).counts["cause"])


def test_a_curve_ends_before_few_households_are_at_risk() -> None:
    frame = clients(400, 12, shares={"": 1.0}).assign(household=lambda t: t.index)
    long = frame["exit"].nlargest(40).index
    frame.loc[long, "household"] = 10_000 + np.arange(40) % 4
    plain, own = (
        protect_curves(e, RULES).counts["time"].max() for e in (risk_counts(frame, by=False), curves(frame, by=False))
    )
    assert own < plain
    at_risk = frame[(frame["entry"] < own) & (frame["exit"] >= own)]
    assert at_risk["household"].nunique() >= 10


def test_what_is_shown_of_curves_stays_the_number_of_clients() -> None:
    frame = clients(3000, 13, shares={"north": 0.6, "east": 0.4})
    frame = frame.assign(household=np.arange(len(frame)) // 2)
    plain, own = (protect_curves(e, RULES) for e in (risk_counts(frame), curves(frame)))
    pd.testing.assert_frame_equal(plain.units, own.units)
    ends = min(e.counts.groupby("group")["time"].max().min() for e in (plain, own))
    assert ends > 60
    both = [cumulative(e).loc[:ends] for e in (plain, own)]
    pd.testing.assert_frame_equal(*both)
    assert own.households is None
