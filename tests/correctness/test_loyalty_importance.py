"""Importance, priorities and trends: a real survey of 250 clients, and banks whose answers were made to order."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import ITEMS, OUTCOME, survey_bank
from shown import shown, title

from insights.data.snapshot import Bank, open_bank
from insights.reports.wording import Wording
from insights.topics import loyalty
from insights.topics.evidence import Answer

ROOT = Path(__file__).parents[2]
FACTORS = ("image", "expectation", "quality", "value", "satisfaction")


@pytest.fixture(scope="module")
def spanish(shared: Path) -> Iterator[Bank]:
    """The 250 clients of a Spanish bank, through the mapping of the examples."""
    config = ROOT / "examples" / "bank_loyalty_survey" / "bank.toml"
    raw = shared / "data" / "bank_loyalty_survey"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSIGHTS_KEY", "ab" * 32)
        with open_bank(config, as_of="2020-12-31", raw=raw) as bank:
            yield bank


def exact(answer: object) -> Any:
    assert isinstance(answer, Answer)
    return answer.exact


def values(rows: pd.DataFrame, kind: str, measure: str) -> dict[str, float]:
    own = rows[(rows["kind"] == kind) & (rows["measure"] == measure)]
    return dict(zip(own["factor"], own["value"], strict=True))


@pytest.mark.acceptance("bank_loyalty_survey")
def test_the_real_survey_has_the_reference_values(spanish: Bank, acceptance: dict[str, Any]) -> None:
    entry = acceptance["bank_loyalty_survey"]
    tol = entry["tol"]
    rows = exact(loyalty.importance(spanish)).rows
    assert values(rows, "plain", "weight") == pytest.approx(entry["standardised_beta"], abs=tol)
    shares = {name: share / entry["r_squared"] for name, share in entry["lmg"].items()}
    assert values(rows, "plain", "share") == pytest.approx(shares, abs=tol / entry["r_squared"])
    assert values(rows, "plain", "vif") == pytest.approx(entry["vif"], abs=5e-5)  # given to four decimals
    assert values(rows, "plain", "r_squared")[""] == pytest.approx(entry["r_squared"], abs=tol)
    found = exact(loyalty.measurement(spanish)).factors
    alpha = found[found["measure"] == "alpha"].set_index("factor")["value"].to_dict()
    assert alpha == pytest.approx(entry["cronbach_alpha"], abs=tol)


def test_the_negative_weight_of_expectation_is_explained_and_is_no_finding(spanish: Bank) -> None:
    exhibit = shown(loyalty.importance(spanish), spanish)
    wording = Wording("en", spanish.settings.labels)
    assert "expectation" not in wording.text(exhibit.title)
    assert "negative" not in wording.text(exhibit.title)
    (told,) = (t for t in map(wording.text, exhibit.sentences) if "negative weight" in t)
    assert told.startswith("expectation has a negative weight in a regression on all factors, though by itself")
    assert "The factors overlap (its variance is inflated 3.5 times)" in told
    assert told.endswith("that is no finding.")


def test_every_question_of_the_real_survey_is_answered_or_refused_in_words(spanish: Bank) -> None:
    told = {name: shown(getattr(loyalty, name)(spanish), spanish) for name in loyalty.__all__}
    for name in ("levers", "behaviour"):
        (refusal,) = told[name].refusals
        assert refusal.values["needs"] == ["clients.left_on", "[window] complete_from"]
    for exhibit in told.values():
        for refusal in exhibit.refusals:
            assert "{reason}" not in refusal.id, refusal
    assert exact(loyalty.invariance(spanish)).levels.keys() <= {"segment"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """Quality moves the recommendation three times as much as brand, and brand falls from wave to wave."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        falls = (rows["wave"] - 1) * (rows["client_id"] % 2)
        for item in ITEMS[3:]:
            rows[item] = (rows[item] - falls).clip(lower=1)
        return rows

    with survey_bank(tmp_path_factory.mktemp("small"), change, n=800, waves=3, as_of="2024-12-31") as bank:
        yield bank


def test_the_more_important_factor_comes_first_in_both_ways(small: Bank) -> None:
    rows = exact(loyalty.importance(small)).rows
    for kind in ("plain", "corrected"):
        shares = values(rows, kind, "share")
        assert sum(shares.values()) == pytest.approx(1)
        assert shares["quality"] > 0.7
        assert sum(values(rows, kind, "johnson").values()) == pytest.approx(1)
    assert values(rows, "corrected", "weight")["quality"] > values(rows, "plain", "weight")["quality"]
    assert values(rows, "corrected", "r_squared")[""] > values(rows, "plain", "r_squared")[""]
    exhibit = shown(loyalty.importance(small), small)
    assert title(exhibit).startswith("product and service quality goes with loyalty the most")


def test_performance_is_the_mean_mark_of_the_highest_possible(small: Bank) -> None:
    found = exact(loyalty.priorities(small))
    whole = found.cells[found.cells["segment"] == "all"].set_index("factor")
    from insights.models.loyalty.answers import answers, latest

    rows = latest(answers(small))
    expected = np.average((rows["quality"] - 1) / 4, weights=rows["weight"])
    assert whole.loc["quality", "performance"].value == pytest.approx(expected)
    assert whole.loc["quality", "place"] == "keep"
    assert whole.loc["brand", "place"] == "later"
    assert whole["clear"].all()
    shown(loyalty.priorities(small), small)


def test_a_fall_is_seen_and_its_size_is_right(small: Bank) -> None:
    found = exact(loyalty.trends(small)).rows
    slopes = found[found["what"] == "slope"].set_index("score")
    # Half of the clients mark brand one lower a year, where their mark allows it.
    assert slopes.loc["brand", "value"] == pytest.approx(-0.4, abs=0.12)
    assert slopes.loc["brand", "p_holm"] < 0.001
    assert slopes.loc["quality", "p_holm"] > 0.05
    exhibit = shown(loyalty.trends(small), small)
    assert title(exhibit).startswith("brand image has fallen by")


def test_topics_are_counted_by_the_last_entry_of_each_client_in_a_half_year(tmp_path: Path) -> None:
    from small_bank import write_bank

    from insights.topics.loyalty.trends import _spoken

    notes = (
        "client_id,noted_on,topic\n1,2021-02-01,fees\n1,2021-05-01,service\n1,2021-09-01,fees\n"
        "2,2021-06-30,fees\n3,2020-12-31,service\n"
    )
    clients = "client_id,joined_on\n1,2015-01-01\n2,2015-01-01\n3,2015-01-01\n"
    bank = open_bank(write_bank(tmp_path, {"clients": clients, "notes": notes}), as_of="2022-12-31")
    found = _spoken(bank, "notes", "noted_on", "2021-03-15")
    assert found.cells[["half", "topic", "clients"]].to_numpy().tolist() == [
        ["2021-01-01", "fees", 1],
        ["2021-01-01", "service", 1],
        ["2021-07-01", "fees", 1],
    ]


def test_matrix_leaves_out_what_is_withheld() -> None:
    from insights.reports.exhibits.base import Figure, Message
    from insights.reports.figures import draw

    points = [
        {"label": "a", "x": 0.6, "y": 0.2, "x_low": 0.5, "x_high": 0.7, "y_low": 0.1, "y_high": 0.3},
        {"label": "<b>", "x": 0.9, "y": math.nan},
        {"label": "c & d", "x": 0.8, "y": 0.5},
    ]
    data = {"points": points, "x_kind": "percent", "y_kind": "percent", "x_label": "across", "y_label": "up"}
    figure = Figure("matrix", data | {"corners": ["one", "two", "three", "four"]}, Message("Factors"))
    for narrow in (False, True):
        svg = draw(figure, Wording("en", {}), narrow=narrow)
        assert "c &amp; d" in svg.replace("C", "c")
        assert "&lt;b&gt;" not in svg
        assert all(word in svg for word in ("one", "two", "three", "four"))


def test_outcome_is_not_a_driver_of_itself(small: Bank) -> None:
    assert OUTCOME not in exact(loyalty.importance(small)).rows["factor"].to_list()
