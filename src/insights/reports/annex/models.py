"""The models of the reports: which finding shows that one is in use, what tests its assumptions, how it did.

Words stand in ``words``. Numbers are read from what the pack told: a model whose tests are not in it says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from insights.reports.annex.told import Told, of


@dataclass(frozen=True)
class Number:
    """An estimate that a finding tells: its name, exactly its group, and as what kind of number it is written."""

    finding: str
    name: str
    group: tuple[tuple[str, str], ...] = ()
    kind: str = "number"


@dataclass(frozen=True)
class Model:
    """A model; ``finding`` shows that it is in use, ``tests`` are the findings that test what it assumes.

    ``did`` are numbers of how it did out of time, ``beside`` those of its benchmark, or against it.
    """

    name: str
    finding: str
    tests: tuple[str, ...] = ()
    did: tuple[Number, ...] = ()
    beside: tuple[Number, ...] = ()

    @property
    def report(self) -> str:
        """The report that it belongs to."""
        return self.finding.partition(".")[0]


PRECISION, LOGIT, TREES, SEGMENT = "precision", "logit", "trees", "segment"
"""As ``models.needs.trials`` names them, which is slow to import."""

_ALL, _TOLD, _AGAIN = (("test", "all"),), (("of", "told"),), (("of", "again"),)
_MEAN, _OWN = (("forecast", "mean_rate"),), (("forecast", "own_rate"),)

MODELS = (
    Model(
        "segments",
        "clients.segments",
        ("clients.choice",),
        (Number("clients.choice", "agreement", (("of", "resamples"),)),),
        (Number("clients.choice", "agreement", (("of", "quarters/12"),)),),
    ),
    Model(
        "leaving",
        "lifecycle.outlook",
        ("lifecycle.driver_checks", "lifecycle.censoring"),
        tuple(Number("lifecycle.backtest", name, _ALL) for name in ("auc", "slope", "ratio")),
        (Number("lifecycle.backtest", "skill", _ALL, "percent"),),
    ),
    Model(
        "curves", "lifecycle.exit_incidence", ("lifecycle.exit_incidence", "lifecycle.survival", "lifecycle.censoring")
    ),
    Model("stages", "lifecycle.stage_life", ("lifecycle.stage_life",)),
    Model(
        "value",
        "value.worth",
        ("lifecycle.driver_checks",),
        (Number("value.hindsight", "ranks", _TOLD), Number("value.hindsight", "held", _TOLD, "percent")),
        (Number("value.hindsight", "ranks", _AGAIN), Number("value.hindsight", "gain", _TOLD, "money")),
    ),
    Model(
        "streams",
        "value.stream_worth",
        ("value.stream_checks", "value.stream_holdout"),
        (),
        (
            Number("value.stream_holdout", "holdout_difference", _MEAN),
            Number("value.stream_holdout", "holdout_difference", _OWN),
        ),
    ),
    Model(
        "loyalty",
        "loyalty.levers",
        ("loyalty.levers", "loyalty.attitude", "loyalty.invariance", "loyalty.forecast"),
        (),
        (Number("loyalty.forecast", "forecast_skill", (), "percent"),),
    ),
    Model(
        "needs",
        "needs.overview",
        ("needs.fairness",),
        tuple(Number("needs.score", PRECISION, (("way", way),), "percent") for way in (LOGIT, TREES)),
        (Number("needs.score", PRECISION, (("way", SEGMENT),), "percent"),),
    ),
    Model("effects", "channels.changes", ("channels.rollout",)),
    Model(
        "prospects",
        "channels.prospects",
        ("channels.prospects",),
        (
            Number("channels.prospects", "prospects_trial_first", (), "percent"),
            Number("channels.prospects", "prospects_trial_ratio"),
        ),
        (Number("channels.prospects", "prospects_trial_rule", (), "percent"),),
    ),
    Model("defaults", "risk.credit", (), (Number("risk.credit", "observed_expected"),)),
    Model("alarms", "risk.reputation"),
    Model("market", "risk.market", ("risk.market",)),
    Model(
        "fraud",
        "risk.fraud",
        (),
        (Number("risk.fraud", "of_known", (), "percent"), Number("risk.fraud", "pr_auc")),
        (Number("risk.fraud", "pr_auc_blind"),),
    ),
    Model(
        "complaints",
        "risk.service",
        ("risk.service",),
        (Number("risk.service", "auc"), Number("risk.service", "ratio")),
        (Number("risk.service", "captured", (), "percent"),),
    ),
    Model("liquidity", "risk.liquidity"),
    Model("collateral", "risk.collateral"),
    Model("changes", "summary.changes", ("summary.changes",)),
)


def in_use(told: Iterable[Told], report: str) -> Iterator[Model]:
    """Yield the models of a report that its findings show in use."""
    own = list(told)
    yield from (m for m in MODELS if m.report == report and any(t.estimates for t in of(own, m.finding)))


def read(told: Iterable[Told], number: Number) -> Mapping[str, Any] | None:
    """Return the row of a number with a value; None where these findings do not tell it."""
    for one in of(told, number.finding):
        for row in one.estimates:
            if row["name"] == number.name and tuple(row["group"].items()) == number.group and row["value"] is not None:
                return row
    return None
