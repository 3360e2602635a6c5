"""How many classes there are: by information, by stability, and only if one is not enough."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.mixture.model import Mixture, fit_mixture
from insights.stats.mixture.one_class import one_class_test
from insights.stats.mixture.rows import MixtureRows
from insights.stats.mixture.stability import Stability, bootstrap_stability
from insights.stats.results import Result, TestResult

SOURCE = "Biernacki, Celeux & Govaert (2000) for ICL; Hennig (2007) for stability; McLachlan (1987) for one class"
STABLE = 0.75
SIGNIFICANT = 0.01
CHOSEN, WORSE, SMALL, UNSTABLE, NO_BETTER = "chosen", "worse", "small", "unstable", "no better than one"
"""What became of each number of classes."""


@dataclass(frozen=True)
class Choice(Result):
    """How many classes there are.

    ``table``: one row per number of classes: classes, loglik, parameters, bic, icl, smallest (share), jaccard (of the
    least stable class; nan where not needed), rand (mean), verdict. ``mixture`` is the one chosen, ``stability`` its
    own (None for one class). ``checks``: the test of one class (no p-value where one class was best anyway).
    """

    mixture: Mixture = field(kw_only=True)
    stability: Stability | None = field(kw_only=True)


def choose_classes(
    rows: MixtureRows,
    keys: npt.ArrayLike | pd.Series,
    *,
    seed: str,
    most: int = 6,
    least_share: float = 0.03,
    replicates: int = 20,
) -> Choice:
    """Return the mixture with as many classes as the data bear, at most ``most``.

    Numbers of classes are tried in the order of their ICL. One counts if no class is smaller than ``least_share``, if
    every class comes again when units are drawn anew (mean Jaccard of at least 0.75), and if one class is not enough
    (``one_class_test``, p < 0.01). One class is what is left where none does. ``keys`` name the units.
    """
    number = sum(map(ord, seed))
    fits = {k: fit_mixture(rows, k, seed=number) for k in range(1, most + 1) if rows.n >= 10 * k}
    table = pd.DataFrame(
        {
            "classes": list(fits),
            "loglik": [m.loglik for m in fits.values()],
            "parameters": [m.parameters for m in fits.values()],
            "bic": [m.bic for m in fits.values()],
            "icl": [m.icl for m in fits.values()],
            "smallest": [float(m.share.min()) for m in fits.values()],
            "jaccard": np.nan,
            "rand": np.nan,
            "verdict": WORSE,
        },
        index=list(fits),
    )
    test = TestResult("one class", "there is one class", reason="no other number of classes was better")
    for k in table.sort_values("icl", kind="stable")["classes"]:
        if k == 1:
            break
        if table.loc[k, "smallest"] < least_share:
            table.loc[k, "verdict"] = SMALL
            continue
        stability = bootstrap_stability(rows, fits[k], keys, seed=f"{seed}/{k}", replicates=replicates)
        table.loc[k, "jaccard"] = float(stability.mean_jaccard.min())
        table.loc[k, "rand"] = float(stability.rand.mean())
        if stability.mean_jaccard.min() < STABLE:
            table.loc[k, "verdict"] = UNSTABLE
            continue
        test = one_class_test(rows, int(k), seed=number)
        if test.p_value is not None and test.p_value < SIGNIFICANT:
            table.loc[k, "verdict"] = CHOSEN
            return _choice(table, test, fits[k], stability)
        table.loc[k, "verdict"] = NO_BETTER
        break
    table.loc[1, "verdict"] = CHOSEN
    return _choice(table, test, fits[1], None)


def _choice(table: pd.DataFrame, test: TestResult, mixture: Mixture, stability: Stability | None) -> Choice:
    return Choice(
        table=table.reset_index(drop=True), checks=(test,), source=SOURCE, mixture=mixture, stability=stability
    )
