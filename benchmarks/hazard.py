"""Discrete-time hazards against statsmodels and scikit-learn where they are installed, each in its own process."""

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from _processes import Work, answer, compare

NAMES = [f"x{k}" for k in range(26)]


def main(large: bool) -> None:
    """Print seconds, memory and ratios; ``large`` adds ten million rows (about 3 GB of memory)."""
    peers = {"logit, 10^6 x 26: statsmodels": "statsmodels", "logit, 10^6 x 26: scikit-learn": "sklearn"}
    compare(__file__, "logit, 10^6 x 26", peers)
    compare(__file__, "complementary log-log, 10^6 x 26", {"cloglog, 10^6 x 26: statsmodels": "statsmodels"})
    compare(__file__, "the same with 120 months and 40 managers", {})
    if large:
        compare(__file__, "logit, 10^7 x 26", {"logit, 10^7 x 26: scikit-learn": "sklearn"}, repeats=1)


def _rows(n: int, link: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return columns in single precision and events in about 1.7 percent of the rows."""
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((n, 26), dtype=np.float32)
    eta = columns @ rng.normal(0, 0.2, 26).astype(np.float32) - 4.5
    hazard = 1 / (1 + np.exp(-eta)) if link == "logit" else -np.expm1(-np.exp(eta))
    return columns, rng.random(n) < hazard


def _ours(n: int, link: str, *, months: bool = False) -> Work:
    from insights.stats.hazard import discrete_hazard

    columns, event = _rows(n, link)
    discrete_hazard((NAMES, columns[:50_000]), event[:50_000], link=link)  # imports
    options = {}
    if months:
        rng = np.random.default_rng(2)
        options = {"baseline": rng.integers(0, 120, n), "cluster": rng.integers(0, 40, n)}
    return lambda: _first(discrete_hazard((NAMES, columns), event, link=link, **options).table)  # type: ignore[union-attr,arg-type]


def _first(table: "object") -> float:
    return float(table.set_index("name")["estimate"]["x0"])  # type: ignore[attr-defined]


def _statsmodels(link: str) -> Work:
    import statsmodels.api as sm

    columns, event = _rows(10**6, link)
    design, outcome = sm.add_constant(columns.astype(float)), event.astype(float)
    if link == "logit":
        return lambda: sm.Logit(outcome, design).fit(disp=0).params[1]
    family = sm.families.Binomial(sm.families.links.CLogLog())
    return lambda: sm.GLM(outcome, design, family=family).fit().params[1]


def _sklearn(n: int) -> Work:
    from sklearn.linear_model import LogisticRegression

    columns, event = _rows(n, "logit")
    return lambda: LogisticRegression(C=np.inf, tol=1e-6, max_iter=1000).fit(columns, event).coef_[0, 0]


WORKS: dict[str, Callable[[], Work]] = {
    "logit, 10^6 x 26": lambda: _ours(10**6, "logit"),
    "logit, 10^6 x 26: statsmodels": lambda: _statsmodels("logit"),
    "logit, 10^6 x 26: scikit-learn": lambda: _sklearn(10**6),
    "complementary log-log, 10^6 x 26": lambda: _ours(10**6, "cloglog"),
    "cloglog, 10^6 x 26: statsmodels": lambda: _statsmodels("cloglog"),
    "the same with 120 months and 40 managers": lambda: _ours(10**6, "cloglog", months=True),
    "logit, 10^7 x 26": lambda: _ours(10**7, "logit"),
    "logit, 10^7 x 26: scikit-learn": lambda: _sklearn(10**7),
}

if __name__ == "__main__" and not answer(WORKS):
    main("--large" in sys.argv[1:])
