"""Matters and their paths: put together by hand, with complaints beside those of other times, and pain in money."""

import numpy as np
import pandas as pd
import pytest

from insights.models.channels import paths as way
from insights.stats.results import Estimate

START = pd.Timestamp("2022-01-01")
FEW = ["client_id", "day", "channel", "topic", "resolved", "mark", "cost"]


def contacts(lines: list[tuple[str, int, str, str, float, float, float]]) -> pd.DataFrame:
    rows = pd.DataFrame(lines, columns=FEW)
    return rows.assign(day=START + pd.to_timedelta(rows["day"], unit="D"))


NAN = float("nan")
LINES = [
    ("a", 0, "phone", "fees", 0.0, NAN, 10.0),
    ("a", 20, "email", "fees", 0.0, NAN, 5.0),
    ("a", 45, "phone", "fees", 1.0, 8.0, 10.0),
    ("a", 80, "app", "fees", 1.0, 3.0, 1.0),  # more than thirty days later: a matter of its own, with a low mark
    ("a", 10, "phone", "cards", 1.0, NAN, 10.0),  # another topic
    ("b", 0, "email", "fees", 0.0, NAN, 5.0),
    ("b", 5, "email", "fees", 0.0, NAN, 5.0),
    ("b", 9, "email", "fees", 0.0, NAN, 5.0),
    ("b", 12, "email", "fees", 0.0, NAN, 5.0),
    ("c", 3, "phone", "not recorded", 1.0, 9.0, 10.0),  # what it was about is not known: in no matter
]


def test_contacts_near_each_other_about_one_topic_are_one_matter() -> None:
    found = way.matters_of(contacts(LINES), 30).set_index(["client_id", "topic", "begun"]).sort_index()
    assert found["path"].to_list() == ["phone", "phone>email>phone", "app", "email>email>email>+"]
    assert found["contacts"].to_list() == [1, 3, 1, 4]
    assert found["well"].to_list() == [1.0, 1.0, 0.0, 0.0]
    assert found["cost"].to_list() == [10.0, 25.0, 1.0, 20.0]
    assert found["extra"].to_list() == [0.0, 15.0, 0.0, 15.0]
    untold = way.matters_of(contacts([("d", 0, "phone", "fees", NAN, NAN, 1.0)]), 30)
    assert untold["well"].isna().all()


def test_complaints_are_held_against_those_of_the_same_client_at_other_times() -> None:
    found = way.matters_of(contacts(LINES), 30).assign(until=pd.NaT)
    filed = pd.DataFrame({"client_id": ["a", "b", "b"], "filed_on": START + pd.to_timedelta([70, 400, 110], unit="D")})
    told = way.followed(found, filed, START + pd.Timedelta(days=500), 30).set_index("path")
    # The matter of b runs from day 0 to 42 with the days after it; the ordinary span from day 102 to 144.
    assert told["complained"].to_dict() == {
        "phone": 0.0,
        "phone>email>phone": 1.0,
        "app": 0.0,
        "email>email>email>+": 0,
    }
    assert told["ordinary"].to_dict() == {"phone": 0.0, "phone>email>phone": 0.0, "app": 0.0, "email>email>email>+": 1}
    early = way.followed(found, filed, START + pd.Timedelta(days=144), 30)
    assert set(early["path"]) == {"phone", "email>email>email>+"}  # of the others the ordinary span is not over
    left = way.followed(found.assign(until=START + pd.Timedelta(days=143)), None, START + pd.Timedelta(days=500), 30)
    assert set(left["path"]) == {"phone"}
    assert left["complained"].isna().all()


def test_pain_is_volume_times_dissatisfaction_times_value_and_covers_what_was_planted() -> None:
    """Of two topics one ends badly twice as often, of clients of a known mean value."""
    inside, first = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = 400
        client = rng.integers(0, 150, n)
        worth = rng.gamma(2.0, 500.0, 150)
        topic = rng.random(n) < 0.5
        found = pd.DataFrame({"client_id": [f"c{c:03d}" for c in client], "topic": np.where(topic, "fees", "cards")})
        well = (rng.random(n) > np.where(topic, 0.4, 0.2)).astype(float)
        found = found.assign(channel="phone", path="phone", contacts=1, cost=10.0, extra=0.0, well=well)
        found = found.assign(complained=np.nan, ordinary=np.nan, worth=worth[client])
        told = way.measure(found, 30, "CHF", "margin")
        pains = {s.of[0]: s.found for s in told.pains if s.measure == way.PAIN}
        first += next(iter(pains)) == "fees"
        one = pains["fees"]
        assert isinstance(one, Estimate)
        own = topic.sum()  # the interval is for the matters there are, of clients like these
        inside += one.low < own * 0.4 * 1000.0 < one.high
        assert one.value == pytest.approx(((1 - well) * worth[client])[topic].sum())
    assert inside >= 51  # of 60 at 95 %: 57
    assert first >= 57


def test_the_largest_of_those_hit_is_known_to_the_rule_of_dominance() -> None:
    found = way.matters_of(contacts(LINES), 30).assign(until=pd.NaT, complained=np.nan, ordinary=np.nan)
    many = pd.concat([found.assign(client_id=found["client_id"] + str(k)) for k in range(30)], ignore_index=True)
    worth = np.where(many["client_id"] == "b0", 1e6, 1.0)
    told = way.measure(many.assign(worth=worth), 30, "CHF", "margin")
    pain = next(s for s in told.pains if s.of == ("fees", "email") and s.measure == way.PAIN)
    assert pain.sizes == (1e6, 1.0, 1e6 + 29)
    assert (pain.clients, pain.matters) == (30, 30)


def test_a_share_rests_on_the_fewer_of_two_sides() -> None:
    found = way.matters_of(contacts(LINES), 30).assign(until=pd.NaT, complained=0.0, ordinary=0.0, worth=1.0)
    many = pd.concat([found.assign(client_id=found["client_id"] + str(k)) for k in range(30)], ignore_index=True)
    many.loc[:2, "complained"] = 1.0
    steps = {(s.of, s.measure): s for s in way.measure(many, 30, "CHF", "margin").steps}
    assert steps[("",), way.COMPLAINED].matters == 3  # three complaints are told to nobody
    assert steps[("",), way.ORDINARY].matters == 120  # that there was none is
    told = steps[("",), way.COMPLAINED].found
    assert isinstance(told, Estimate)
    assert told.low >= 0
