"""Results of models under disclosure control."""

import math

import pandas as pd

from insights.data.settings import DisclosureSection
from insights.reports.disclosure import protect
from insights.reports.disclosure.estimates import protect_estimates
from insights.topics.evidence import Estimates

RULES = DisclosureSection()


def rows(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values()), [0]))
    base = {"name": ["x"] * n, "value": [0.123456] * n, "low": [0.1] * n, "high": [math.inf] * n, "unit": ["ratio"] * n}
    return pd.DataFrame(base | {"n": [503.0] * n, "n_events": [math.nan] * n} | columns)


def test_values_have_three_digits_and_counts_are_rounded() -> None:
    told = protect_estimates(Estimates(rows(n_events=[52.0]), ("name",)), RULES).rows.iloc[0]
    assert told[["value", "low", "high", "n", "n_events", "status"]].tolist() == [
        0.123,
        0.1,
        math.inf,
        505,
        50,
        "shown",
    ]


def test_what_rests_on_few_clients_or_events_is_withheld() -> None:
    told = protect_estimates(
        Estimates(rows(n=[9.0, 500.0, 10.0], n_events=[math.nan, 9.0, 10.0]), ("name",)), RULES
    ).rows
    assert told["status"].tolist() == ["suppressed", "suppressed", "shown"]
    assert told["value"].notna().tolist() == [False, False, True]
    assert told.loc[:1, ["low", "high", "n", "n_events"]].isna().all(axis=None)


def test_a_sum_that_one_or_two_clients_dominate_is_withheld_and_their_sizes_go_no_further() -> None:
    sizes = {"largest": [60.0, 40.0, 30.0], "second": [0.0, 36.0, 30.0], "absolute": [100.0, 100.0, 100.0]}
    told = protect_estimates(Estimates(rows(**sizes), ("name",)), RULES).rows
    assert told["status"].tolist() == ["suppressed", "suppressed", "shown"]
    assert not {"largest", "second", "absolute"} & set(told.columns)


def test_public_data_are_exact() -> None:
    evidence = Estimates(rows(), ("name",))
    assert protect({"e": evidence}, RULES.model_copy(update={"mode": "public_data"}))["e"] is evidence


def test_p_values_have_two_digits_and_are_withheld_with_their_row() -> None:
    table = rows(value=[0.0123456, 0.5], low=[math.nan] * 2, high=[math.nan] * 2, unit=["p", "ratio"], n=[500.0, 9.0])
    table = table.assign(p_holm=[0.0498765, 0.0123456], extra=[1.5, 2.5], label=["a", "b"])
    told = protect_estimates(Estimates(table, ("name",)), RULES).rows
    assert told["value"].fillna(-1).tolist() == [0.012, -1]
    assert told["p_holm"].fillna(-1).tolist() == [0.05, -1]
    assert told["extra"].fillna(-1).tolist() == [1.5, -1]
    assert told["label"].tolist() == ["a", "b"]


def parts(n: list[float], events: list[float]) -> list[str]:
    table = rows(n=n, n_events=events).assign(name=[f"r{k}" for k in range(len(n))], whole="all")
    return protect_estimates(Estimates(table, ("name",), parts_of=("whole",)), RULES).rows["status"].tolist()


def test_all_less_the_parts_shown_tells_no_withheld_part() -> None:
    assert parts([500, 300, 40, 60], [90, 50, 4, 20]) == ["shown", "shown", "suppressed", "suppressed"]
    # The two withheld have nine events together: a third goes with them.
    assert parts([500, 300, 40, 60], [90, 50, 4, 5]) == ["shown", "suppressed", "suppressed", "suppressed"]
    assert parts([500, 300, 40], [90, 50, 20]) == ["shown"] * 3
    assert parts([500, 40], [90, 4]) == ["suppressed"] * 2


def test_wholes_are_apart_from_each_other() -> None:
    table = rows(n=[500.0, 9.0, 300.0, 200.0]).assign(name=["a", "b", "a", "b"], whole=["x", "x", "y", "y"])
    told = protect_estimates(Estimates(table, ("name", "whole"), parts_of=("whole",)), RULES).rows
    assert told["status"].tolist() == ["suppressed", "suppressed", "shown", "shown"]


def test_of_a_group_of_which_nothing_may_be_told_not_even_the_name_is() -> None:
    table = rows(n=[500.0, 9.0, 300.0, 40.0], n_events=[90.0, 4.0, 20.0, 20.0])
    table = table.assign(name=["north", "hamlet", "south", "south"], what=["phone", "phone", "phone", "email"])
    asked = Estimates(table, ("name", "what"), parts_of=("what",), named_by=("name",))
    told = protect_estimates(asked, RULES).rows
    # The attacker reads every cell: who lives alone in a hamlet is nowhere, and its place in the order is not empty.
    assert "hamlet" not in told.to_csv()
    assert told["name"].tolist() == ["north", "south", "south"]
    assert told.index.tolist() == [0, 1, 2]
    # A group with one thing told keeps its other rows, marked as withheld.
    assert told["status"].tolist() == ["shown", "suppressed", "shown"]
