"""Few events told from earlier rows: what is later changes nothing, chance is called chance; real loans of a bank."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.stats.elastic_net import elastic_net_logit
from insights.stats.few_in_order import FewInOrder, area, few_in_order
from insights.stats.results import Estimate, NotEstimable

COLUMNS = ("log_part", "log_lent", "age", "account_months")
"""Chosen before anybody looked at what came: what is owed a month and in all, by whom, and for how long here."""


def rows(rng: np.random.Generator, n: int, slope: float) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    x = rng.standard_normal((n, 4))
    came = rng.random(n) < 1 / (1 + np.exp(2 - slope * x[:, 0]))
    return pd.DataFrame(x, columns=list("abcd")), came, np.arange(n) // 2


def test_the_interval_of_the_area_covers_with_fifteen_events() -> None:
    rng = np.random.default_rng(3)
    truth = 0.7602  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    found = [
        area(np.concatenate([rng.normal(1, 1, 15), rng.normal(0, 1, 120)]), np.arange(135) < 15)[0] for _ in range(400)
    ]
    assert np.mean([e.value for e in found]) == pytest.approx(truth, abs=0.01)
    assert 0.93 <= np.mean([e.low <= truth <= e.high for e in found]) <= 0.985
    exact, test = area([3.0, 1.0, 2.0, 2.0, 0.0], [True, False, True, False, False])
    assert exact.value == pytest.approx(5.5 / 6)
    assert test.statistic == pytest.approx((5.5 - 3) ** 2 / (6 / 12 * (6 - 6 / 20)))
    perfect, _ = area([1.0, 2.0, 3.0, 4.0], [False, False, True, True])
    assert perfect.value == 1.0
    assert perfect.low < 0.9


def test_rows_that_come_later_change_nothing() -> None:
    x, came, day = rows(np.random.default_rng(1), 260, 1.0)
    whole, part = few_in_order(x, came, day), few_in_order(x[:200], came[:200], day[:200])
    assert isinstance(whole, FewInOrder)
    assert isinstance(part, FewInOrder)
    assert whole.probability[:200] == pytest.approx(part.probability, nan_ok=True)
    first = int(np.flatnonzero(np.isfinite(whole.probability))[0])
    assert came[:first].sum() >= 10
    assert day[first] != day[first - 1]  # rows of one day are foretold together


def test_chance_is_called_chance_where_a_fit_to_the_same_rows_calls_it_skill() -> None:
    rng = np.random.default_rng(8)
    told, fitted, level = [], [], []
    for _ in range(60):
        x, came, day = rows(rng, 160, 0.0)
        found = few_in_order(x, came, day)
        if isinstance(found, NotEstimable):
            continue
        told.append(found.checks[0].p_value)
        level.append(found.ratio.low <= 1 <= found.ratio.high)
        net = elastic_net_logit(x.to_numpy(), came, penalty=5.0, l1=0.0)
        fitted.append(area(x.to_numpy() @ net.slopes, came)[1].p_value)
    assert len(told) >= 20
    assert np.mean(np.array(told) < 0.05) <= 0.15
    assert np.mean(np.array(fitted) < 0.05) > 0.3
    assert np.mean(level) > 0.85
    x, came, day = rows(rng, 400, 1.5)
    skilled = few_in_order(x, came, day)
    assert isinstance(skilled, FewInOrder)
    assert skilled.auc.low > 0.6


def test_too_few_are_refused_and_gaps_are_errors() -> None:
    x, came, day = rows(np.random.default_rng(2), 60, 0.0)
    found = few_in_order(x, np.zeros(60, bool), day)
    assert isinstance(found, NotEstimable)
    assert "0 events" in found.reason
    with pytest.raises(ValueError, match="missing"):
        few_in_order(x.assign(a=np.nan), came, day)
    with pytest.raises(ValueError, match="expected one of each"):
        few_in_order(x, came[1:], day)
    with pytest.raises(ValueError, match="two or more of each"):
        area([1.0, 2.0], [True, False])


@pytest.fixture(scope="module")
def contracts(shared: Path) -> pd.DataFrame:
    """The 682 loans of the Czech bank in the order of their grant."""
    folder = shared / "data" / "berka"

    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(folder / name, sep=";", dtype=str)

    owner = read("disp.asc").query("type == 'OWNER'")[["account_id", "client_id"]]
    loans = read("loan.asc").merge(owner, on="account_id").merge(read("client.asc"), on="client_id")
    loans = loans.merge(read("account.asc")[["account_id", "date"]], on="account_id", suffixes=("", "_opened"))
    granted, opened = (pd.to_datetime("19" + loans[c]) for c in ("date", "date_opened"))
    loans = loans.assign(
        granted=granted,
        log_part=np.log(loans["payments"].astype(float)),
        log_lent=np.log(loans["amount"].astype(float)),
        age=granted.dt.year - 1900 - loans["birth_number"].str[:2].astype(int),
        account_months=(granted - opened).dt.days / 30.4375,
    )
    return loans.sort_values(["granted", "loan_id"], ignore_index=True)


def scored(loans: pd.DataFrame, bad: str) -> FewInOrder:
    found = few_in_order(loans[list(COLUMNS)], loans["status"].isin(list(bad)), loans["granted"])
    assert isinstance(found, FewInOrder)
    return found


def test_real_loans_finished_ones_and_all_of_them(contracts: pd.DataFrame) -> None:
    finished = contracts[contracts["status"].isin(["A", "B"])]
    assert finished["status"].value_counts().to_dict() == {"A": 203, "B": 31}
    assert contracts["status"].value_counts().to_dict() == {"C": 403, "A": 203, "D": 45, "B": 31}
    main, all_ = scored(finished, "B"), scored(contracts, "BD")
    # Of the finished ones 174 have ten bad ones before them. They can be told apart, but how well hardly anybody knows.
    assert (main.auc.n, main.auc.n_events) == (174, 21)
    assert main.auc.value == pytest.approx(0.645, abs=0.002)
    assert (main.auc.low, main.auc.high) == pytest.approx((0.518, 0.755), abs=0.003)
    assert main.ratio.low < 1 < main.ratio.high
    assert main.checks[0].p_value == pytest.approx(0.031, abs=0.002)
    # All of them, those still running told by how they stood: the same order, and fewer bad ones than foretold, since a
    # loan that runs has not had the time to go bad.
    assert (all_.auc.n, all_.auc.n_events) == (613, 66)
    assert all_.auc.value == pytest.approx(0.652, abs=0.002)
    assert all_.auc.high - all_.auc.low < 0.6 * (main.auc.high - main.auc.low)
    assert all_.ratio.high < 1


def test_columns_that_say_nothing_find_nothing_in_the_real_loans(contracts: pd.DataFrame) -> None:
    noise = contracts[["granted", "status"]].assign(
        **{name: np.random.default_rng(4 + k).standard_normal(len(contracts)) for k, name in enumerate(COLUMNS)}
    )
    found = scored(noise[noise["status"].isin(["A", "B"])], "B")
    assert isinstance(found.auc, Estimate)
    assert found.auc.low < 0.5 < found.auc.high
