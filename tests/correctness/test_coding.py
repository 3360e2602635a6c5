"""Answers put on one scale in one direction, and items that cannot be."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.coding import code_items

RNG = np.random.default_rng(5)


def five_marks(n: int = 200) -> np.ndarray:
    return RNG.integers(1, 6, n).astype(float)


def test_a_reversed_item_is_mirrored_and_another_scale_is_carried_over() -> None:
    items = pd.DataFrame({"a": [1.0, 5, 3], "b": [1.0, 5, 3], "c": [0.0, 100, 50], "d": [7.0, 1, 4]})
    scales = {"a": (1.0, 5.0), "b": (1.0, 5.0), "c": (0.0, 100.0), "d": (1.0, 7.0)}
    coded = code_items(items, scales, common=(1, 5), reversed_items=["b", "d"])
    assert coded.values["a"].tolist() == [1, 5, 3]
    assert coded.values["b"].tolist() == [5, 1, 3]
    assert coded.values["c"].tolist() == [1, 5, 3]
    assert coded.values["d"].tolist() == [1, 5, 3]
    assert coded.refused == {}
    assert coded.outside == {}


def test_zero_is_no_answer_on_one_to_five_and_a_mark_on_zero_to_ten() -> None:
    items = pd.DataFrame({"five": [0.0, 1, 5], "ten": [0.0, 1, 10]})
    coded = code_items(items, {"five": (1, 5), "ten": (0, 10)}, not_applicable=[0])
    assert np.isnan(coded.values["five"][0])
    assert coded.values["five"].notna().sum() == 2
    assert coded.values["ten"].tolist() == [0, 1, 10]
    assert coded.outside == {}


def test_a_slip_is_left_out_and_counted_but_a_wrong_scale_refuses_the_item() -> None:
    marks = five_marks()
    slip, seven = marks.copy(), np.clip(2 * marks - 3, 1, 7)
    slip[3] = 55
    coded = code_items(pd.DataFrame({"slip": slip, "seven": seven}), {"slip": (1, 5), "seven": (1, 5)})
    assert coded.outside == {"slip": 1}
    assert np.isnan(coded.values["slip"][3])
    assert coded.refused == {"seven": "answers to seven from 1 to 7 do not fit its scale from 1 to 5"}
    assert coded.values["seven"].isna().all()


@pytest.mark.parametrize(
    ("column", "scale", "reason"),
    [
        ([3.0] * 5, (1, 5), "everybody gave the same answer to x"),
        ([np.nan] * 5, (1, 5), "nobody answered x"),
        ([0.0] * 5, (1, 5), "nobody answered x"),
        ([1.0, 2, 3, 4, 5], None, "the scale of x is not stated"),
    ],
)
def test_an_item_that_says_nothing_is_refused_with_the_reason(column: list[float], scale, reason: str) -> None:
    coded = code_items(pd.DataFrame({"x": column}), {"x": scale}, not_applicable=[0])
    assert coded.refused == {"x": reason}


def test_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="some items hold text"):
        code_items(pd.DataFrame({"x": ["good", "bad"]}), {"x": (1, 5)})
