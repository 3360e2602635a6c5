"""Every bad input to a regression for durations ends in a message that helps."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.cox import CoxModel, cox
from insights.stats.cox.concordance import concordance
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.proportional import proportional_hazards_test

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


SPELLS: dict[str, Any] = {
    "design": (["x"], np.arange(200.0)[:, None] % 7),
    "exit": 1 + np.arange(200) % 11,
    "event": np.arange(200) % 2,
}


def test_the_good_spells_are_good() -> None:
    assert isinstance(cox(**SPELLS), CoxModel)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ties": "exact"}, "ties are 'exact'; expected efron or breslow"),
        ({"level": 0}, "the confidence level is 0; expected a share"),
        ({"event": np.arange(200)}, "198 values of event are neither 0 nor 1; expected flags"),
        ({"exit": [1.0]}, r"exit has shape \(1,\); expected \(200,\)"),
        ({"exit": np.full(200, np.nan)}, "200 values of exit are missing or infinite"),
        ({"entry": np.full(200, 1.0)}, "19 rows are never at risk: their entry is not before their exit"),
        ({"weight": -np.ones(200)}, "200 weights are negative; expected weights >= 0"),
        ({"strata": [None] * 200}, "200 values of strata are missing; expected a label for every row"),
        ({"cluster": ["a"]}, r"cluster has shape \(1,\); expected \(200,\)"),
        ({"design": pd.DataFrame({"a": ["b"] * 200})}, "the columns a do not hold numbers"),
    ],
)
def test_wrong_input_to_a_cox_model(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cox(**(SPELLS | changed))


def test_wrong_input_to_what_follows_a_cox_model() -> None:
    model = cox(**SPELLS)
    assert isinstance(model, CoxModel)
    with pytest.raises(ValueError, match="the transform is 'square'; expected km, identity, log, rank"):
        proportional_hazards_test(model, "square")
    with pytest.raises(ValueError, match="the terms name z, not columns of the model; expected each of x at most once"):
        proportional_hazards_test(model, terms={"both": ["x", "z"]})
    early = cox(SPELLS["design"], SPELLS["exit"] - 1, SPELLS["event"])
    assert isinstance(early, CoxModel)
    with pytest.raises(ValueError, match="some events are at month 0, which has no logarithm"):
        proportional_hazards_test(early, "log")
    with pytest.raises(ValueError, match=r"risk has shape \(1,\); expected \(2,\)"):
        concordance([1, 2], [1, 0], [1])
    with pytest.raises(ValueError, match="1 weights are negative"):
        concordance([1, 2], [1, 0], [1, 2], weight=[1, -1])
