"""What comes back and how long requests take: by hand, against chance, and with what is still going on."""

import numpy as np
import pandas as pd
import pytest

from insights.models.channels.matters import AGAIN, EXCESS, HANDED, ORDINARY, OTHER_CHANNEL, SETTLED_AGAIN, come_back
from insights.models.channels.requests import GIVEN_UP, HOW, KIND, LONG, MEDIAN, NO_STAFF, SELF, STEP, Requests, measure
from insights.stats.results import Estimate, NotEstimable

END = pd.Timestamp("2024-12-31")


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def contacts(clients: int, days: list[int], channels: list[str], topic: str = "fees") -> pd.DataFrame:
    """Return the same contacts of every client: a day since the start of 2023 and a channel each."""
    first = pd.Timestamp("2023-01-01")
    rows = [
        {
            "client": c,
            "day": first + pd.Timedelta(days=d),
            "channel": k,
            "topic": topic,
            "resolved": 1.0,
            "mark": 5.0 + i,
        }
        for c in range(clients)
        for i, (d, k) in enumerate(zip(days, channels, strict=True))
    ]
    return pd.DataFrame(rows).assign(until=pd.NaT)


def test_a_matter_that_comes_back_by_another_channel_by_hand() -> None:
    """On day 0 in the app, on day 10 by phone, on day 200 by phone: the first comes back, the others do not."""
    rows = contacts(25, [0, 10, 200], ["app", "phone", "phone"])
    found = come_back(rows, END, 30, ("app",))
    told = {(m.channel, m.measure): m for m in found.measured}
    assert estimate(told["app", AGAIN].found).value == 1
    assert estimate(told["phone", AGAIN].found).value == 0
    assert estimate(told["phone", AGAIN].found).high > 0  # never seen is not never
    assert estimate(told["", AGAIN].found).value == pytest.approx(1 / 3)
    assert estimate(told["app", HANDED].found).value == 1
    assert estimate(told["app", SETTLED_AGAIN].found).value == 1
    assert ("phone", HANDED) not in told
    assert found.moves.to_dict("records") == [{"channel": "app", "to": "phone", "pairs": 25}]
    spread = {m.channel: m for m in found.spread}
    assert estimate(spread[OTHER_CHANNEL].found).value == 1


def test_another_topic_or_another_client_is_another_matter() -> None:
    rows = pd.concat([contacts(25, [0], ["app"]), contacts(25, [5], ["phone"], "cards")])
    found = come_back(rows, END, 30, ("app",))
    assert all(estimate(m.found).value == 0 for m in found.measured if m.measure == AGAIN)
    assert found.moves.empty


def test_who_left_or_could_not_yet_come_back_is_not_followed() -> None:
    rows = contacts(25, [0], ["app"])
    gone = rows.assign(until=pd.Timestamp("2023-02-15"))
    late = rows.assign(day=pd.Timestamp("2024-11-01"))
    for own in (gone, late):
        assert all(isinstance(m.found, NotEstimable) for m in come_back(own, END, 30, ("app",)).measured)


@pytest.mark.parametrize("chance", [0.0, 0.10])
def test_what_comes_back_is_told_from_clients_who_are_often_in_contact_anyway(chance: float) -> None:
    rng, inside = np.random.default_rng(5), 0
    for _ in range(30):
        rate = rng.gamma(1.0, 1.0, 800)
        number = rng.poisson(6 * rate)
        client = np.repeat(np.arange(800), number)
        day = rng.integers(0, 700, len(client))
        again = rng.random(len(client)) < chance
        client, day = np.append(client, client[again]), np.append(day, day[again] + rng.integers(1, 30, again.sum()))
        rows = pd.DataFrame({"client": client, "day": pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")})
        rows = rows.assign(channel="phone", topic="fees", resolved=1.0, mark=np.nan, until=pd.NaT)
        told = {m.measure: m for m in come_back(rows, END, 30, ()).measured if not m.channel}
        excess = estimate(told[EXCESS].found)
        assert estimate(told[ORDINARY].found).value > 0.2  # by chance alone many come back
        # Of all contacts, those that came back included, chance / (1 + chance) were followed by one of theirs.
        inside += excess.low < chance / (1 + chance) < excess.high
    assert inside >= 25  # of 30 at 95 %: 28 or 29, and 25 is the 2 % point


def steps(
    kind: str, count: int, lengths: tuple[int, ...], *, gave: int | None = None, alone: bool = False
) -> pd.DataFrame:
    """Return requests whose steps take so many days; the step ``gave`` is the last and given up."""
    lines = []
    for r in range(count):
        day = pd.Timestamp("2024-03-01")
        for k, days in enumerate(lengths):
            row = {"request_id": f"{kind}{gave}{alone}{r}", "kind": kind, "step": f"s{k}", "opened_on": day}
            day = day + pd.Timedelta(days=days)
            row |= {"closed_on": day, "abandoned": gave == k, "client_id": f"{kind}{r}{gave}", "self_service": alone}
            lines.append(row)
            if gave == k:
                break
    return pd.DataFrame(lines)


def found_of(rows: pd.DataFrame) -> dict[tuple[str, str, str], Estimate]:
    found: Requests = measure(rows, pd.Timestamp("2024-01-01"), END)
    return {(m.division, m.value, m.measure): m.found for m in found.measured if isinstance(m.found, Estimate)}


def test_times_and_giving_up_by_hand() -> None:
    rows = pd.concat([steps("card", 30, (1, 4, 2)), steps("card", 10, (1, 9, 0), gave=1)])
    told = found_of(rows)
    assert told[KIND, "card", MEDIAN].value == 7
    assert told[KIND, "card", LONG].value == 10
    assert told[KIND, "card", GIVEN_UP].value == pytest.approx(0.25)
    assert told[STEP, "s1", GIVEN_UP].value == pytest.approx(0.25)
    assert told[STEP, "s0", GIVEN_UP].value == 0
    assert told[STEP, "s2", GIVEN_UP].n_events is None
    assert told[STEP, "s1", MEDIAN].value == 4
    assert measure(rows, pd.Timestamp("2024-01-01"), END).steps == ("s0", "s1", "s2")


def test_requests_that_are_not_done_lengthen_the_time_and_count_as_given_up_nowhere() -> None:
    done, stuck = (
        steps("card", 30, (1, 4)),
        steps("card", 40, (1, 4)).assign(request_id=lambda r: r["request_id"] + "x"),
    )
    stuck.loc[stuck["step"] == "s1", "closed_on"] = pd.NaT
    stuck["client_id"] += "x"
    told = found_of(pd.concat([done, stuck]))
    assert (KIND, "card", MEDIAN) not in told  # fewer than half have ended
    assert told[KIND, "card", GIVEN_UP].value == 0
    volume = measure(pd.concat([done, stuck]), pd.Timestamp("2024-01-01"), END).volume
    assert volume.to_dict("records") == [{"kind": "card", "requests": 70, "open": 40}]


def test_a_request_begun_alone_that_staff_took_on_is_a_hand_over() -> None:
    alone, handed = steps("card", 30, (1, 4), alone=True), steps("card", 10, (1, 8), alone=True, gave=None)
    handed["request_id"] += "h"
    handed["client_id"] += "h"
    handed.loc[handed["step"] == "s1", "self_service"] = False
    told = found_of(pd.concat([alone, handed]))
    assert told[KIND, "card", SELF].value == pytest.approx(0.75)
    assert told[KIND, "card", "handed_over"].value == pytest.approx(0.25)
    assert told[HOW, NO_STAFF, MEDIAN].value == 5
