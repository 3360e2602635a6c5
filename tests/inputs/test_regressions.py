"""Every bad input to a hazard regression ends in a message that helps."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.hazard import HazardModel, discrete_hazard

GOOD: dict[str, Any] = {"design": (["x"], np.arange(200.0)[:, None] % 7), "events": (np.arange(200) % 3 == 0)}


def test_the_good_example_is_good() -> None:
    assert isinstance(discrete_hazard(**GOOD), HazardModel)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"link": "probit"}, "the link is 'probit'; expected one of cloglog, logit"),
        ({"level": 95}, "the confidence level is 95; expected a share"),
        ({"events": np.arange(200) % 3}, "66 values of events are neither 0 nor 1; expected flags, or trials"),
        ({"events": [1, 0]}, r"events has shape \(2,\); expected \(200,\)"),
        ({"events": [np.nan] * 200}, "200 values of events are missing or infinite"),
        ({"trials": np.zeros(200)}, "67 rows have events below 0 or beyond their trials"),
        ({"weight": -np.ones(200)}, "200 weights are negative; expected weights >= 0"),
        ({"offset": np.full(200, np.inf)}, "200 values of offset are missing or infinite"),
        ({"baseline": [1, 2]}, r"baseline has shape \(2,\); expected \(200,\)"),
        ({"baseline": [None] * 200}, "200 values of baseline are missing; expected a label for every row"),
        (
            {"random_intercept": np.arange(200) % 9, "robust": True},
            "a random intercept was given with weights or robust",
        ),
        ({"design": (["x", "x"], np.zeros((200, 2)))}, "the columns x stand in the design more than once"),
        ({"design": (["x", "z"], np.zeros((200, 3)))}, r"the design has shape \(200, 3\); expected \(n, 2\)"),
        ({"design": pd.DataFrame({"a": ["b"] * 200, "c": 1.0})}, "the columns a do not hold numbers"),
        ({"design": pd.DataFrame({"a": [np.nan] * 200, "c": 1.0})}, "values of a are missing or infinite"),
    ],
)
def test_wrong_input_to_a_discrete_hazard(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        discrete_hazard(**(GOOD | changed))


def test_columns_of_a_prediction_must_be_those_of_the_fit() -> None:
    model = discrete_hazard(**GOOD)
    assert isinstance(model, HazardModel)
    with pytest.raises(ValueError, match="the columns are z; expected those of the fit: x"):
        model.predict((["z"], np.zeros((1, 1))))
    with pytest.raises(ValueError, match="no coefficient is called 'z'; expected one of"):
        model.coefficient("z")
