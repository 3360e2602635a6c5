"""What the tests of the predictions say in words: plainly, and also where the predictions were of no use."""

import math
from typing import Any

import pandas as pd

from insights.reports.exhibits.base import Message
from insights.reports.exhibits.told import find
from insights.stats.results import Estimate
from insights.topics.lifecycle.backtest import ALL, CHALLENGER, SEEN, UNSEEN

TOP = 10


def title_of(scores: pd.DataFrame) -> Message:
    """Return the finding: how much more often those named as the riskiest left."""
    lift, top = find(scores, test=ALL, score="lift", group=0), find(scores, test=ALL, score="observed", group=TOP)
    if lift is None or top is None:
        return Message("How well the predictions foresaw who left")
    values = {"lift": lift.value, "low": lift.low, "high": lift.high, "share": top.value}
    if lift.low <= 1:
        return Message(
            "Those named as the riskiest tenth did not leave clearly more often than others: {lift:tenths} times the "
            "average ({low:tenths} to {high:tenths})",
            values,
        )
    skill = find(scores, test=ALL, score="skill", group=0)
    if skill is not None and skill.low <= 0:
        return Message(
            "Those named as the riskiest tenth left {lift:tenths} times as often as the average ({low:tenths} to "
            "{high:tenths}), but the predictions were no better than the rate of the year before",
            values,
        )
    return Message(
        "Of the clients named as the riskiest tenth {share:percent} left within a year: {lift:tenths} times the "
        "average ({low:tenths} to {high:tenths})",
        values,
    )


def sentences(counts: pd.DataFrame, scores: pd.DataFrame, facts: dict[str, Any]) -> tuple[Message, ...]:
    """Return what the tests found: the riskiest tenth, ranking, level, spread, and which model is used and why."""
    said = [_named(counts, scores), _ranking(scores), _level(scores, facts), _spread(scores), _error(scores)]
    said += [_model(scores, facts), _managers(scores)]
    return tuple(s for s in said if s is not None)


def _named(counts: pd.DataFrame, scores: pd.DataFrame) -> Message | None:
    capture = find(scores, test=ALL, score="capture", group=0)
    lift = find(scores, test=ALL, score="lift", group=0)
    if TOP not in counts.index or capture is None or lift is None:
        return None
    named, left = (float(counts[column].to_numpy(float)[counts.index == TOP][0]) for column in ("all", "left"))
    if math.isnan(left):
        return None
    values = {"named": named, "left": left, "share": left / named, "lift": lift.value, "capture": capture.value}
    return Message(
        "Of the {named:count} clients that would have been named as the riskiest tenth, {left:count} left within a "
        "year ({share:percent}); that is {lift:tenths} times the average. {capture:percent} of all who left were among "
        "them.",
        values,
    )


def _ranking(scores: pd.DataFrame) -> Message | None:
    auc = find(scores, test=ALL, score="auc", group=0)
    if auc is None:
        return None
    return Message(
        "Of one client who left and one who stayed, the one who left had been given the higher risk in {value:percent} "
        "of all pairs ({low:percent} to {high:percent}); a coin gives 50%.",
        _values(auc),
    )


def _level(scores: pd.DataFrame, facts: dict[str, Any]) -> Message | None:
    ratio = find(scores, test=ALL, score="ratio", group=0)
    if ratio is None:
        return None
    each = [e for day in facts["days"] if (e := find(scores, test=day, score="ratio", group=0)) is not None]
    values = _values(ratio) | {"expected": 100.0, "found": 100 * ratio.value}
    if len(each) < 2:
        return Message("For every {expected:count} clients expected to leave, {found:count} left.", values)
    values |= {"least": 100 * min(e.value for e in each), "most": 100 * max(e.value for e in each)}
    return Message(
        "For every {expected:count} clients expected to leave, {found:count} left; in the single tests between "
        "{least:count} and {most:count}.",
        values,
    )


def _spread(scores: pd.DataFrame) -> Message | None:
    slope = find(scores, test=ALL, score="slope", group=0)
    if slope is None:
        return None
    values = _values(slope)
    if slope.high < 1:
        return Message(
            "The risks were too far apart: clients differed less than they were told to (slope {value:number}, "
            "{low:number} to {high:number}).",
            values,
        )
    if slope.low > 1:
        return Message(
            "The risks were too close together: clients differed more than they were told to (slope {value:number}, "
            "{low:number} to {high:number}).",
            values,
        )
    return Message(
        "The risks were spread as they should be, as far as can be told (slope {value:number}, {low:number} to "
        "{high:number}; 1 is right).",
        values,
    )


def _error(scores: pd.DataFrame) -> Message | None:
    skill = find(scores, test=ALL, score="skill", group=0)
    if skill is None:
        return None
    values = _values(skill) | {"worse": -skill.value}
    if skill.low > 0:
        return Message(
            "Against telling everybody the rate of the year before, the squared error is {value:percent} smaller "
            "({low:percent} to {high:percent}).",
            values,
        )
    if skill.high < 0:
        return Message(
            "Telling everybody the rate of the year before would have been better: the squared error of the "
            "predictions is {worse:percent} larger.",
            values,
        )
    return Message(
        "In squared error the predictions were not clearly better than telling everybody the rate of the year before."
    )


def _model(scores: pd.DataFrame, facts: dict[str, Any]) -> Message:
    gap = find(scores, test=CHALLENGER, score="brier_difference", group=0)
    if facts["model"] == CHALLENGER:
        return Message(
            "Boosted trees had the smaller error out of time: on page one and in the lists the risk of each client is "
            "theirs. How many leave in all, for which reasons and why, is told by the hazard regression."
        )
    if gap is None:
        return Message("The hazard regression is used; too few clients left to put boosted trees beside it.")
    if gap.low > 0:
        return Message("The hazard regression is used: the error of boosted trees out of time was larger.")
    return Message("The hazard regression is used: boosted trees were not clearly better out of time.")


def _managers(scores: pd.DataFrame) -> Message | None:
    unseen, seen = (find(scores, test=t, score="auc", group=0) for t in (UNSEEN, SEEN))
    if unseen is None or seen is None:
        return None
    return Message(
        "For clients of relationship managers whom the model had not seen, {unseen:percent} of the pairs were ranked "
        "rightly in the last test, against {seen:percent} with them.",
        {"unseen": unseen.value, "seen": seen.value},
    )


def _values(e: Estimate) -> dict[str, Any]:
    return {"value": e.value, "low": e.low, "high": e.high}
