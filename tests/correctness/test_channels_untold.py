"""What cannot be told of a programme is said on the page: one bank in which most programmes have a fault."""

import numpy as np
import pandas as pd
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.wording import Wording
from insights.topics import channels

CLIENTS, MANAGERS, MONTHS, LEAVE = 640, 40, 36, 0.012
RICH = range(12)
"""Managers all of whose clients hold more than anybody else's."""


def month(column: int) -> pd.Timestamp:
    return pd.Timestamp("2020-01-01") + pd.DateOffset(months=column)


def programmes() -> str:
    """Return who was in what from when (columns of the window; before 0: before the records begin)."""
    steps = {m: 12 if m % 3 == 0 else 18 for m in range(MANAGERS) if m % 3 < 2}
    started = {
        "works": steps,
        "at once": {m: 20 for m in range(MANAGERS) if m % 2},
        "all in steps": {m: 12 if m % 2 else 24 for m in range(MANAGERS)},
        "everybody": dict.fromkeys(range(MANAGERS), 12),
        "too early": dict.fromkeys(range(20), -6),
        "few managers": dict.fromkeys(range(13, 16), 15),
        "rich only": dict.fromkeys(RICH, 15),
    }
    lines = [f"{name},m{m},{month(c):%Y-%m-%d}" for name, of in started.items() for m, c in of.items()]
    return "programme,rm_id,started_on\n" + "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Clients of forty managers who bring and take money by chance, and leave at the same rate whatever is done."""
    rng = np.random.default_rng(7)
    manager = np.arange(CLIENTS) % MANAGERS
    held = np.where(np.isin(manager, RICH), 3e6, 2e5) * np.exp(rng.uniform(-0.5, 0.5, CLIENTS))
    gone = rng.random((CLIENTS, MONTHS)) < LEAVE
    last = np.where(gone.any(axis=1), gone.argmax(axis=1), MONTHS)
    clients, balances, bookings = [], [], []
    for k in range(CLIENTS):
        left = f"{month(int(last[k])) + pd.Timedelta(days=14):%Y-%m-%d}" if last[k] < MONTHS else ""
        clients.append(f"{k},{2005 + k % 10}-01-01,{left},{'competitor' if left else ''},m{manager[k]}")
        for c in range(min(int(last[k]), MONTHS)):
            end = month(c) + pd.offsets.MonthEnd()
            balances.append(f"{k},{end:%Y-%m-%d},deposits,{held[k]:.2f}")
            flow = held[k] * rng.normal(0, 0.02)
            kind = "inflow" if flow > 0 else "outflow"
            bookings.append(f"{k},{month(c) + pd.Timedelta(days=9):%Y-%m-%d},{kind},{flow:.2f}")
    files = {
        "clients": "client_id,joined_on,left_on,leave_reason,rm_id\n" + "\n".join(clients) + "\n",
        "balances": "client_id,month,category,amount\n" + "\n".join(balances) + "\n",
        "transactions": "client_id,booked_on,kind,amount\n" + "\n".join(bookings) + "\n",
        "programmes": programmes(),
    }
    more = '[channels]\nchanges = ["works"]\n'
    path = write_bank(tmp_path_factory.mktemp("untold"), files, more=more, options={"clients": 'static = ["rm_id"]'})
    return open_bank(path, as_of="2022-12-31")


def words(messages: tuple[Message, ...]) -> list[str]:
    return [Wording("en", {}, currency="CHF").text(m).replace("\u00a0", " ") for m in messages]


@pytest.fixture(scope="module")
def page(bank: Bank) -> Exhibit:
    return shown(channels.changes(bank), bank)


@pytest.mark.parametrize(
    ("programme", "why"),
    [
        ("everybody", "The programme reached everybody: nobody shows what would have come without it."),
        ("too early", "The programme began before the bank's records do: there is no before to compare with."),
        ("few managers", "Fewer than five relationship managers on one side of every comparison"),
        ("rich only", "Those reached and the others have nothing in common: there is nobody like them"),
    ],
)
def test_the_page_says_of_which_programme_nothing_can_be_told_and_why(page: Exhibit, programme: str, why: str) -> None:
    assert any(programme in said and why in said for said in words(page.refusals)), words(page.refusals)
    assert not [e for e in page.estimates if e["group"]["programme"] == programme]


def test_one_start_is_told_against_those_never_reached_and_steps_for_all_against_those_not_yet(page: Exhibit) -> None:
    told = {e["group"]["programme"] for e in page.estimates if e["name"] == "change_effect" and e["value"] is not None}
    assert told == {"works", "at once", "all in steps"}
    rows = {row["name"]: row for row in page.tables[0].rows}
    assert words((rows["at once"]["how"],)) == ["at once, not by lot"]
    basis = words(page.basis)
    assert any("“all in steps”" in b and "too few were never reached" in b for b in basis)
    assert any("“at once”" in b and "never reached" in b and "too few" not in b for b in basis)


def test_units_that_leave_are_told_beside_the_effect_that_does_not_count_them(page: Exhibit) -> None:
    caveats = words(page.caveats)
    assert any("money that left with those who closed their accounts is not in it" in c for c in caveats)
    assert any(c.startswith("“at once”: of those reached") and "left a year after its start" in c for c in caveats)
    rates = {e["name"]: e for e in page.estimates if e["group"] == {"programme": "at once", "outcome": "left"}}
    # Of thirteen managers an interval cannot be told: such a side is left out.
    assert not any(c.startswith("“works”: of those reached") for c in caveats)
    for name in ("change_left_reached", "change_left_others"):
        assert rates[name]["low"] < 12 * LEAVE < rates[name]["high"], rates[name]


def test_where_the_last_change_cannot_be_told_its_own_pages_say_so(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, why in (("rich only", "nothing in common"), ("too early", "before the bank's records do")):
        section = bank.settings.channels.model_copy(update={"changes": (name,)})
        monkeypatch.setattr(bank, "settings", bank.settings.model_copy(update={"channels": section}))
        grown = shown(channels.rollout(bank), bank)
        said = words((grown.title, *grown.sentences, *grown.refusals))
        assert any(why in s for s in said), said
        assert "cannot be told" in words((shown(channels.changes(bank), bank).title,))[0]
