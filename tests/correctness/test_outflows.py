"""Large outflows on clients whose months can be checked by eye."""

from pathlib import Path

import pytest
from small_bank import write_bank

from insights.data.panel import panel
from insights.data.snapshot import open_bank
from insights.models.outflows import with_outflows

MONTHS = [f"2020-{m:02}" for m in range(1, 13)] + [f"2021-{m:02}" for m in range(1, 13)]


def outflows(folder: Path, flows: dict[str, float], *, market: dict[str, float] | None = None, left: str = "") -> dict:
    """Return {month: net_share} of the months with an outflow, for a client of 1,000 with these flows by month."""
    held, rows, bookings = 1000.0, [], []
    for month in MONTHS:
        moved = flows.get(month, 0.0)
        held += moved + (market or {}).get(month, 0.0)
        if not left or month < left[:7]:
            rows.append(f"1,{month}-01,cash,{held:.2f}")
        if moved:
            bookings.append(f"1,{month}-15,{'inflow' if moved > 0 else 'outflow'},{moved:.2f}")
    bookings = bookings or ["1,2020-01-02,trade,0.01"]
    files = {
        "clients": f"client_id,joined_on,left_on,leave_reason\n1,2015-01-01,{left},{'competitor' if left else ''}\n",
        "balances": "client_id,month,category,amount\n" + "\n".join(rows) + "\n",
        "transactions": "client_id,booked_on,kind,amount\n" + "\n".join(bookings) + "\n",
    }
    bank = open_bank(write_bank(folder, files, delay=0), as_of="2021-12-31")
    found = with_outflows(bank, panel(bank)).execute()
    found = found[found["outflow"] == 1]
    return {f"{month:%Y-%m}": share for month, share in zip(found["month"], found["net_share"], strict=True)}


def test_a_third_of_the_assets_in_one_month_is_one_outflow(tmp_path: Path) -> None:
    assert outflows(tmp_path, {"2021-01": -350}) == pytest.approx({"2021-01": -0.35})


def test_money_that_goes_over_three_months_is_one_outflow_when_it_is_complete(tmp_path: Path) -> None:
    assert outflows(tmp_path, {"2021-01": -120, "2021-02": -100, "2021-03": -100}) == pytest.approx({"2021-03": -0.32})


def test_the_same_loss_over_a_longer_time_is_none(tmp_path: Path) -> None:
    assert outflows(tmp_path, {"2021-01": -120, "2021-03": -100, "2021-05": -100}) == {}


def test_what_comes_back_within_the_months_does_not_count(tmp_path: Path) -> None:
    assert outflows(tmp_path, {"2021-01": -200, "2021-02": 150, "2021-03": -200}) == {}


def test_a_fall_of_the_market_is_none(tmp_path: Path) -> None:
    assert outflows(tmp_path, {}, market={"2021-01": -600}) == {}


def test_it_can_happen_again_and_is_measured_by_what_was_left(tmp_path: Path) -> None:
    found = outflows(tmp_path, {"2020-08": -400, "2021-06": -250})
    assert found == pytest.approx({"2020-08": -0.4, "2021-06": -250 / 600})


def test_two_in_a_row_are_counted_as_one(tmp_path: Path) -> None:
    assert list(outflows(tmp_path, {"2021-01": -400, "2021-02": -300})) == ["2021-01"]


def test_what_goes_with_the_client_is_his_leaving(tmp_path: Path) -> None:
    assert outflows(tmp_path, {"2021-03": -990}, left="2021-03-20") == {}


def test_with_too_little_history_there_is_no_outflow(tmp_path: Path) -> None:
    assert outflows(tmp_path, {"2020-03": -500}) == {}
    assert outflows(tmp_path, {"2020-06": -500}) == pytest.approx({"2020-06": -0.5})  # three month ends before
