"""Streams without a contract: CDNOW from its raw log, the demo bank's truth, odd banks, and what a reader may see."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.demo import Law
from insights.models.value.streams.fit import (
    BG,
    EARLY,
    FEW,
    LONG,
    NONE,
    PARETO,
    SHORT,
    StreamFit,
    Untold,
    months_back,
    split_day,
    stream_fit,
)
from insights.models.value.streams.log import stream_log
from insights.models.value.streams.worth import (
    BOOKINGS,
    DISCOUNTED,
    INCOME,
    TURNOVER,
    VAGUE,
    classes_of,
    period_ends,
    stream_worth,
)
from insights.reports.disclosure import protect
from insights.reports.exhibits.base import Exhibit, Message
from insights.stats.results import Estimate
from insights.topics import value
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.value.streams import ACTIVITY, CHECKS, HOLDOUT, WORTH

EXAMPLE = Path(__file__).parents[2] / "examples" / "cdnow" / "bank.toml"
WEEKS = 30.4375 / 7
STREAM = '[value.streams.pay]\nkind = "payment"\n'


@pytest.fixture(scope="module")
def tenth(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The tenth of the cohort that the published work rests on, in the raw form, by the example's own settings."""
    folder = tmp_path_factory.mktemp("cdnow")
    raw = (shared / "data" / "cdnow" / "CDNOW_master.txt").read_text().splitlines(keepends=True)
    lines = (shared / "data" / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()
    chosen = {line.split()[0] for line in lines}
    kept = [line for line in raw[1:] if line.split()[0] in chosen]
    (folder / "CDNOW_master.txt").write_text("".join([raw[0], *kept]))
    return open_bank(EXAMPLE, as_of="1998-06-30", raw=folder)


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def fitted(bank: Bank, name: str) -> StreamFit:
    found = stream_fit(bank, name)
    assert isinstance(found, StreamFit), found
    return found


def answers(bank: Bank) -> dict[str, Answer]:
    found = value.streams(bank)
    assert all(isinstance(a, Answer) for a in found)
    return {a.kind: a for a in found if isinstance(a, Answer)}


@pytest.mark.acceptance("bg_nbd_cdnow", part="from the raw log through intake")
@pytest.mark.acceptance("pareto_nbd_cdnow", part="from the raw log through intake")
@pytest.mark.acceptance("gamma_gamma_cdnow", part="from the raw log through intake")
def test_the_published_cohort_goes_from_its_raw_log_to_the_published_numbers(
    tenth: Bank, acceptance: dict[str, Any]
) -> None:
    found = fitted(tenth, "purchases")
    assert found.split == date(1997, 9, 30)
    assert len(found.before.table) == 2357
    assert found.before.holdout * WEEKS == pytest.approx(39)
    for name, entry, times in ((BG, "bg_nbd_cdnow", ("alpha",)), (PARETO, "pareto_nbd_cdnow", ("alpha", "beta"))):
        fit, expected = found.candidates[name].fit, acceptance[entry]
        assert fit
        told = {k: e.value * (WEEKS if k in times else 1) for k, e in fit.parameters.items()}
        assert told == pytest.approx(expected["params"], rel=max(expected["tol"], 2e-3))
    # Published spend is that of the first 39 weeks.
    expected = acceptance["gamma_gamma_cdnow"]
    assert found.spend_before
    assert {k: e.value for k, e in found.spend_before.parameters.items()} == pytest.approx(expected["params"], rel=1e-3)
    held = acceptance["bg_nbd_cdnow"]["holdout_39_weeks"]
    tracking = found.candidates[BG].tracking
    assert tracking is not None
    assert tracking.holdout_actual == held["actual"]
    assert isinstance(tracking.holdout_expected, Estimate)
    assert tracking.holdout_expected.value == pytest.approx(held["predicted"], rel=1e-4)


def test_the_report_on_the_published_cohort_says_what_came_and_that_no_closure_is_seen(tenth: Bank) -> None:
    told = answers(tenth)
    assert set(told) == {WORTH, ACTIVITY, HOLDOUT, CHECKS}
    pages = {kind: shown(answer, tenth) for kind, answer in told.items()}
    assert "1,882 came" in title(pages[HOLDOUT])
    assert any("no survival curve can be drawn" in s.id for s in pages[WORTH].sentences)
    assert any("turnover is not income" in c.id for c in pages[WORTH].caveats)
    assert pages[WORTH].title.values["stream"] == Message("{code:code}", {"domain": "stream", "code": "purchases"})
    rows = told[HOLDOUT].evidence["months"].rows  # type: ignore[union-attr]
    seen = rows[rows["series"] == "actual"]
    assert seen["value"].sum() == 2457 + 1882
    assert "1997-09-30" in set(seen["month"])
    after = seen[seen["month"] > "1997-09-30"]
    assert after["value"].sum() == 1882


@pytest.mark.long
def test_the_whole_cohort_is_what_lifetimes_makes_of_it(shared: Path) -> None:
    """Reference: lifetimes 0.11.3 on the same file, histories made by pandas; months of 30.4375 days."""
    bank = open_bank(EXAMPLE, as_of="1998-06-30", raw=shared / "data" / "cdnow")
    found = fitted(bank, "purchases")
    assert len(found.now.table) == 23_570
    bg, pareto = found.candidates[BG], found.candidates[PARETO]
    assert bg.fit
    assert pareto.fit
    assert [e.value for e in bg.fit.parameters.values()] == pytest.approx(
        [0.251624, 1.101359, 0.723433, 2.161087], rel=1e-4
    )
    assert [e.value for e in pareto.fit.parameters.values()] == pytest.approx(
        [0.597421, 2.664440, 0.522180, 2.030082], rel=1e-3
    )
    assert bg.tracking is not None
    assert pareto.tracking is not None
    assert bg.tracking.holdout_actual == 19_684
    assert bg.tracking.each.sum() == pytest.approx(16_873.737, rel=1e-5)
    assert pareto.tracking.each.sum() == pytest.approx(17_153.157, rel=1e-4)
    assert found.spend
    assert [e.value for e in found.spend.parameters.values()] == pytest.approx(
        [5.086044, 3.995121, 21.252238], rel=1e-4
    )
    assert found.zeros == 1


def test_the_demo_banks_law_is_found_through_intake(demo: Bank) -> None:
    law, found = Law().payments, fitted(demo, "payments")
    assert found.log.closures
    bg = found.model if found.chosen == BG else found.candidates[BG].fit
    assert bg
    truth = {"r": law.r, "alpha": law.alpha, "a": law.a, "b": law.b}
    spend = {"p": law.spend_shape, "q": law.spend_q, "gamma": law.spend_gamma}
    assert found.spend
    for estimates, true in ((bg.parameters, truth), (found.spend.parameters, spend)):
        for name, expected in true.items():
            e = estimates[name]
            if e.se is not None:
                assert abs(np.log(e.value / expected)) < 4 * e.se / e.value, (name, e, expected)
    assert found.spend.population_mean
    assert found.spend.population_mean.value == pytest.approx(4_000, rel=0.15)


def test_worth_adds_up_and_income_is_that_of_the_tariff(demo: Bank) -> None:
    found, fit = stream_worth(demo, "payments"), fitted(demo, "payments")
    assert not isinstance(found, Untold)
    rows = found.sums.set_index(["measure", "months"])["value"]
    for measure in (BOOKINGS, TURNOVER, DISCOUNTED, INCOME):
        assert rows[measure].is_monotonic_increasing
    assert (rows[DISCOUNTED] < rows[TURNOVER]).all()
    rules = demo.settings.value.streams["payments"]
    assert rules.fee_share is not None
    # The least fee is more than the share of most amounts.
    assert rows[INCOME, 12] > rules.fee_share * rows[DISCOUNTED, 12]
    assert rows[INCOME, 12] > 0.9 * rules.fee_least * rows[BOOKINGS, 12]
    here = np.isinf(fit.now.table["until"])
    assert found.clients == here.sum()
    # Without leaving, the bookings of a year are those of the model.
    history = tuple(c[here] for c in fit.now.history)
    alone = fit.model.expected_total(12.0, *history).value
    assert found.leaving is not None
    assert rows[BOOKINGS, 12] == pytest.approx(alone * np.exp(-6 * found.leaving.value), rel=0.003)
    ahead = found.classes[found.classes["measure"] == "ahead"]
    assert (ahead["value"] * ahead["n"]).sum() == pytest.approx(rows[BOOKINGS, 12], rel=1e-9)
    assert ahead["n"].sum() == found.clients


def test_no_discount_is_the_sum_itself_and_the_currency_changes_nothing_else(tmp_path: Path) -> None:
    banks = [
        payments_bank(tmp_path / str(k), draw(120, 3), more=more, factor=factor)
        for k, (more, factor) in enumerate([("[value]\nannual_discount_rate = 0.0\n", 1), ("", 1), ("", 2)])
    ]
    plain, usual, double = (stream_worth(bank, "pay") for bank in banks)
    tables = []
    for found in (plain, usual, double):
        assert not isinstance(found, Untold)
        tables.append(found.sums.set_index(["measure", "months"])[["value", "low", "high"]])
    assert tables[0].loc[DISCOUNTED].to_numpy() == pytest.approx(tables[0].loc[TURNOVER].to_numpy(), rel=1e-6)
    assert tables[2].loc[TURNOVER].to_numpy() == pytest.approx(2 * tables[1].loc[TURNOVER].to_numpy(), rel=1e-5)
    assert tables[2].loc[BOOKINGS].to_numpy() == pytest.approx(tables[1].loc[BOOKINGS].to_numpy(), rel=1e-6)


def draw(n: int, seed: int, months: int = 24) -> pd.DataFrame:
    """Return n clients who pay by the law of the demo bank, only more often: client, day (of 730), amount."""
    rng = np.random.default_rng(seed)
    rows = []
    for client in range(n):
        rate, stop, day = rng.gamma(1.5, 1 / 40.0), rng.beta(0.8, 4.0), float(rng.integers(0, 200))
        nu = rng.gamma(4.0, 1 / 300.0)
        while day < months * 30.4:
            rows.append((client, int(day), round(rng.gamma(6.0) / nu, 2)))
            if rng.random() < stop:
                break
            day += rng.exponential(1 / rate)
    return pd.DataFrame(rows, columns=["client", "day", "amount"])


def payments_bank(
    folder: Path, rows: pd.DataFrame, *, more: str = "", factor: float = 1, left: str = "", as_of: str = "2021-12-31"
) -> Bank:
    """Return a bank whose clients joined on the first day and made these payments; ``left`` is when client 0 left."""
    clients = sorted(rows["client"].unique())
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(rows["day"], unit="D")
    head = "client_id,joined_on,left_on\n"
    lines = [
        f"{c},{d:%Y-%m-%d},payment,{-factor * a:.2f}"
        for c, d, a in zip(rows["client"], day, rows["amount"], strict=True)
    ]
    files = {
        "clients": head + "".join(f"{c},2020-01-01,{left if c == 0 else ''}\n" for c in clients),
        "transactions": "client_id,booked_on,kind,amount\n0,2020-01-01,fee,-1\n" + "\n".join(lines) + "\n",
    }
    settings = f'[disclosure]\nmode = "public_data"\n{more}\n{STREAM}'
    return open_bank(
        write_bank(folder, files, delay=0, more=settings, id=f"b{abs(hash(str(folder))) % 10**8}"), as_of=as_of
    )


def reason(bank: Bank) -> str:
    """Return why nothing can be told, after publishing it in both languages."""
    found = stream_fit(bank, "pay")
    assert isinstance(found, Untold), found
    (answer,) = value.streams(bank)
    page = shown(answer, bank)
    assert len(page.refusals) == 1
    assert not page.estimates
    return found.why


def test_what_is_owed_under_a_contract_belongs_to_no_stream(tmp_path: Path) -> None:
    lines = [
        f"{k},2020-{m:02}-05,inflow,{100 + k},{'premium' if k < 20 else ''}" for k in range(30) for m in range(3, 9)
    ]
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{k},2020-02-01\n" for k in range(30)),
        "transactions": "client_id,booked_on,kind,amount,category\n0,2020-01-15,fee,-1,\n" + "\n".join(lines) + "\n",
    }
    stream = '[value.streams.pay]\nkind = "inflow"\ndirection = "in"\n'
    for owed, clients in (("", 30), ('[value]\ncontractual_categories = ["premium"]\n', 10)):
        with open_bank(write_bank(tmp_path / f"b{clients}", files, more=owed + stream), as_of="2021-12-31") as bank:
            log = stream_log(bank, "pay")
            assert log is not None
            assert log.days["client_id"].nunique() == clients


def test_a_bank_without_streams_is_told_what_it_needs(tmp_path: Path, demo_bank_small: Path) -> None:
    nothing = open_bank(write_bank(tmp_path, {"clients": "client_id,joined_on\n1,2020-01-01\n"}), as_of="2021-12-31")
    (answer,) = value.streams(nothing)
    assert isinstance(answer, NotAvailable)
    assert "transactions.kind" in answer.needs
    files = {
        "clients": "client_id,joined_on\n1,2020-01-01\n",
        "transactions": "client_id,booked_on,kind,amount\n1,2020-02-01,payment,-5\n",
    }
    bank = open_bank(write_bank(tmp_path / "b", files), as_of="2021-12-31")
    assert value.streams(bank) == [NotAvailable("value.streams", ("[value.streams]",))]


def test_odd_banks_are_refused_with_the_reason(tmp_path: Path) -> None:
    usual = draw(120, 3)
    once = usual.drop_duplicates("client")
    cases: list[tuple[pd.DataFrame, str, dict[str, Any]]] = [
        (usual.iloc[:1], FEW, {}),  # a single payment
        (once, FEW, {}),  # everybody paid once, nobody again
        (once.assign(day=once["day"] % 28), FEW, {}),  # all in one month, and then silence
        (usual.assign(day=usual["day"] % 28 + 700), SHORT, {}),  # all in the last month
        (usual.assign(day=usual["day"] + 100), SHORT, {"as_of": "2020-07-01"}),
    ]
    for k, (rows, why, more) in enumerate(cases):
        assert reason(payments_bank(tmp_path / str(k), rows, **more)) == why, k


def test_a_month_of_bookings_and_then_silence_has_next_to_nothing_to_come(tmp_path: Path) -> None:
    busy = draw(300, 3)
    bank = payments_bank(tmp_path, busy.assign(day=busy["day"] % 28))
    found = stream_worth(bank, "pay")
    assert isinstance(found, Untold)
    assert found.why == VAGUE
    pages = {answer.kind: shown(answer, bank) for answer in answers(bank).values()}
    assert set(pages) == {"value.stream_refused", HOLDOUT, CHECKS}
    assert title(pages[HOLDOUT]) == "pay: how the forecast did"


def test_other_reasons_for_no_answer(tmp_path: Path) -> None:
    usual = draw(60, 3)
    other = payments_bank(tmp_path / "a", usual.assign(amount=-usual["amount"]))  # nothing but refunds
    assert reason(other) == NONE
    files = {
        "clients": "client_id,joined_on\n1,2010-01-01\n",
        "transactions": "client_id,booked_on,kind,amount\n1,2020-02-01,payment,-5\n",
    }
    config = write_bank(tmp_path / "c", files, more='[disclosure]\nmode = "public_data"\n' + STREAM, id="early")
    assert reason(open_bank(config, as_of="2021-12-31")) == EARLY
    config = write_bank(
        tmp_path / "d",
        files,
        more='[disclosure]\nmode = "public_data"\n' + STREAM + "opened_on = 2020-02-01\nholdout_months = 30\n",
        id="long",
    )
    assert reason(open_bank(config, as_of="2021-12-31")) == LONG


def test_refunds_zeros_and_many_bookings_a_day(tmp_path: Path) -> None:
    usual = draw(150, 3)
    plain = fitted(payments_bank(tmp_path / "a", usual), "pay")
    # Every client gets a tenth of his first payment back on the day after, and pays nothing twice on some day.
    first = usual.drop_duplicates("client")
    refunds = first.assign(day=first["day"] + 1, amount=-0.1 * first["amount"])
    zeros = usual.assign(amount=0.0)
    odd = fitted(payments_bank(tmp_path / "b", pd.concat([usual, refunds, zeros])), "pay")
    assert odd.log.refunds == len(refunds)
    assert odd.log.refund_share == pytest.approx(0.1 * first["amount"].sum() / usual["amount"].sum(), rel=1e-3)
    pd.testing.assert_frame_equal(odd.now.table.drop(columns="unit"), plain.now.table.drop(columns="unit"))
    # What comes back is not turnover.
    one, other = (stream_worth(open_, "pay") for open_ in (reopened(tmp_path / "a"), reopened(tmp_path / "b")))
    assert not isinstance(one, Untold)
    assert not isinstance(other, Untold)
    money = [w.sums.set_index(["measure", "months"])["value"][TURNOVER, 12] for w in (one, other)]
    assert money[1] == pytest.approx(money[0] * (1 - odd.log.refund_share), rel=1e-6)
    # Whose repeats were all for nothing has no mean amount, and is left out of the amounts.
    nothing = usual.assign(amount=usual["amount"].where(usual["client"] % 10 > 0, 0.0))
    free = fitted(payments_bank(tmp_path / "c", nothing), "pay")
    repeaters = usual.groupby("client")["day"].nunique()
    assert free.zeros == int((repeaters[repeaters > 1].index % 10 == 0).sum())
    assert free.spend
    assert free.spend.n == int((repeaters > 1).sum()) - free.zeros


def reopened(folder: Path) -> Bank:
    return open_bank(folder / "bank.toml", as_of="2021-12-31")


def test_a_client_with_ten_thousand_bookings_is_counted_and_not_shown(tmp_path: Path) -> None:
    usual = draw(150, 3)
    giant = pd.DataFrame({"client": 900, "day": np.arange(730).repeat(14), "amount": 50_000.0})
    bank = payments_bank(tmp_path, pd.concat([usual, giant]))
    found = fitted(bank, "pay")
    assert found.now.table["x"].max() == 729  # by days
    worth = stream_worth(bank, "pay")
    assert not isinstance(worth, Untold)
    assert np.isfinite(worth.sums["value"]).all()
    rules = bank.settings.disclosure.model_copy(update={"mode": "bank"})
    for answer in answers(bank).values():
        for name, part in protect(answer.evidence, rules).items():
            rows = part.rows  # type: ignore[union-attr]
            exact = answer.evidence[name].rows  # type: ignore[union-attr]
            dominated = (exact["largest"] > 0.5 * exact["absolute"]).to_numpy()
            assert rows.loc[dominated, "value"].isna().all()
            assert not {"largest", "second", "absolute"} & set(rows.columns)
            if name in ("sums", "money"):
                assert dominated[exact["unit"] == "CHF"].all()


def test_leaving_ends_the_watching_and_coming_back_is_a_new_client(tmp_path: Path) -> None:
    rows = pd.concat(
        [pd.DataFrame({"client": 0, "day": [5, 35, 400], "amount": 10.0}), draw(120, 3).query("client > 0")]
    )
    bank = payments_bank(tmp_path, rows, left="2020-12-31")
    found = fitted(bank, "pay")
    client = found.now.table[~np.isinf(found.now.table["until"])]
    assert client["x"].tolist() == [1]  # what was booked after he had left is not his
    assert client["T"].iloc[0] == pytest.approx((365 - 5) / 30.4375)
    worth = stream_worth(bank, "pay")
    assert not isinstance(worth, Untold)
    assert worth.clients == len(found.now.table) - 1
    assert worth.leaving is not None
    assert worth.leaving.value == pytest.approx(1 / found.now.table["T"].sum())


def test_attributes_that_go_with_the_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    lines, clients = [], []
    for client in range(1_200):
        fast = client % 2
        clients.append(f"{client},2020-01-01,,{'north' if fast else 'south'}")
        day, rate = float(rng.integers(0, 100)), rng.gamma(30.0, 1 / 15_000.0) * (4 if fast else 1)
        while day < 730:
            lines.append(f"{client},{pd.Timestamp('2020-01-01') + pd.Timedelta(days=int(day)):%Y-%m-%d},payment,-10")
            if rng.random() < 0.1:
                break
            day += rng.exponential(1 / rate)
    files = {
        "clients": "client_id,joined_on,left_on,region\n" + "\n".join(clients) + "\n",
        "transactions": "client_id,booked_on,kind,amount\n0,2020-01-01,fee,-1\n" + "\n".join(lines) + "\n",
    }
    more = '[disclosure]\nmode = "public_data"\n' + STREAM + 'covariates = ["region", "occupation"]\n'
    config = write_bank(tmp_path, files, delay=0, more=more, id="covs", options={"clients": 'static = ["region"]'})
    bank = open_bank(config, as_of="2021-12-31")
    found = fitted(bank, "pay")
    assert found.chosen == "bg_nbd_covariates"
    assert found.refused == {"occupation": "needs clients.occupation"}
    (name,) = found.model.covariates
    effect = found.model.parameters[name].value * (1 if name == "region=north" else -1)
    assert effect == pytest.approx(np.log(4), abs=0.35)
    page = shown(answers(bank)[CHECKS], bank)
    assert any("occupation" in str(r.values) for r in page.refusals)


def test_splits_fall_on_month_ends() -> None:
    assert split_day(date(1997, 1, 1), date(1998, 6, 30), 9) == date(1997, 9, 30)
    assert split_day(date(2021, 11, 2), date(2026, 10, 31), None) == date(2025, 10, 31)
    assert split_day(date(2021, 1, 1), date(2021, 8, 31), None) == date(2021, 4, 30)
    assert months_back(date(2021, 3, 30), 1) == date(2021, 2, 28)
    assert isinstance(split_day(date(2021, 5, 1), date(2021, 8, 31), None), Untold)
    assert isinstance(split_day(date(2021, 1, 1), date(2021, 8, 31), 8), Untold)
    assert period_ends(36).tolist() == [3, 6, 9, 12, 15, 18, 21, 24, 30, 36]


def test_small_classes_join_their_neighbours() -> None:
    x = np.array([0] * 20 + [1] * 15 + [2] * 3 + [4] * 11 + [7] * 2 + [30] * 4, float)
    place, names = classes_of(x, 10)
    assert names == ["0", "1-2", "3+"]
    assert np.bincount(place).tolist() == [20, 18, 17]
    assert classes_of(np.zeros(3), 10)[1] == ["0+"]
    lonely = classes_of(np.array([0.0] * 3 + [1.0] * 30 + [2.0] * 30), 10)
    assert np.bincount(lonely[0]).min() >= 10


@pytest.mark.parametrize("kind", [WORTH, ACTIVITY, HOLDOUT, CHECKS])
def test_the_demo_bank_reads_in_both_languages(demo: Bank, kind: str) -> None:
    page: Exhibit = shown(answers(demo)[kind], demo)
    assert page.estimates
    assert page.title.values.get("stream")


def test_shown_numbers_of_clients_are_rounded_and_small_groups_are_not_there(demo: Bank) -> None:
    rules = demo.settings.disclosure
    for answer in answers(demo).values():
        for part in protect(answer.evidence, rules).values():
            assert isinstance(part, Estimates)
            told = part.rows[part.rows["status"] == "shown"]
            assert (told["n"] % rules.round_to == 0).all()
            assert (told["n"] >= rules.min_clients).all()
            digits = told["value"][told["value"] != 0].map(lambda v: float(f"{v:.2e}"))
            assert (told["value"][told["value"] != 0] == digits).all()


def test_one_client_more_in_a_withheld_month_changes_nothing_that_is_shown(demo: Bank) -> None:
    """An attacker who adds up the months and the classes meets rounded numbers only, never an exact total."""
    told = answers(demo)[HOLDOUT].with_evidence(protect(answers(demo)[HOLDOUT].evidence, demo.settings.disclosure))
    months = told.evidence["months"].rows  # type: ignore[union-attr]
    actual = months[months["series"] == "actual"]
    exact = answers(demo)[HOLDOUT].evidence["months"].rows  # type: ignore[union-attr]
    small = exact[(exact["series"] == "actual") & (exact["n"] < demo.settings.disclosure.min_clients)]
    assert actual.loc[actual["month"].isin(small["month"]), "value"].isna().all()
    page = shown(answers(demo)[HOLDOUT], demo)
    assert page.figure is not None
    added = page.figure.data["panels"][1]["series"][0]["values"]
    known = [v for v in actual["value"] if not np.isnan(v)]
    assert max(v for v in added if v is not None) == pytest.approx(sum(known))
