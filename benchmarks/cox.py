"""Cox models, concordance and survival of many rows against lifelines, each in a process of its own."""

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from _processes import Work, answer, compare

Array = npt.NDArray[np.float64]
NAMES = [f"x{k}" for k in range(20)]


def main(large: bool) -> None:
    """Print seconds, memory and ratios; ``large`` adds the slow ways of lifelines at full size."""
    repeats = 1
    compare(__file__, "Cox, 10^6 x 20, months", {"Cox, 10^6 x 20, months: lifelines": "lifelines"}, repeats)
    compare(__file__, "Cox, 10^5 x 20, continuous", {"Cox, 10^5 x 20, continuous: lifelines": "lifelines"}, repeats)
    compare(__file__, "Cox, start-stop, months", {"Cox, start-stop, months: lifelines": "lifelines"}, repeats)
    compare(__file__, "Cox, start-stop, continuous", {"Cox, start-stop, continuous: lifelines": "lifelines"}, repeats)
    size = "10^6" if large else "10^5"
    compare(__file__, f"concordance, {size}", {f"concordance, {size}: lifelines": "lifelines"}, repeats)
    compare(__file__, "concordance, 10^6, months", {}, repeats)
    compare(__file__, "survival of 10^6 x 60", {"survival of 10^6 x 60: lifelines": "lifelines"}, repeats)


def _spells(n: int, *, whole: bool) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((n, 20))
    gone = rng.exponential(1 / (0.006 * np.exp(columns @ rng.normal(0, 0.2, 20))))
    seen = rng.uniform(1, 240, n)
    time = np.minimum(gone, seen)
    return columns, np.ceil(time) if whole else time, gone <= seen


def _stretches(*, whole: bool) -> tuple[Array, Array, Array, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return columns, start, stop, event and unit of 20,000 units: rows by month, or 7 stretches of any length."""
    rng, n = np.random.default_rng(2), 20_000
    number = rng.integers(1, 56, n) if whole else np.full(n, 7)
    unit = np.repeat(np.arange(n), number)
    length = np.ones(len(unit)) if whole else rng.exponential(4.0, len(unit))
    first = np.cumsum(number) - number
    stop = np.cumsum(length)
    stop -= np.repeat(stop[first] - length[first], number)
    start = np.where(np.arange(len(unit)) == np.repeat(first, number), 0.0, stop - length)
    event = np.zeros(len(unit), dtype=bool)
    event[np.cumsum(number) - 1] = rng.random(n) < 0.4
    return rng.standard_normal((len(unit), 5)), start, stop, event, unit


def _ours(n: int, *, whole: bool) -> Work:
    from insights.stats.cox import cox

    columns, time, event = _spells(n, whole=whole)
    cox((NAMES, columns[:2000]), time[:2000], event[:2000])  # imports
    return lambda: cox((NAMES, columns), time, event).table["estimate"][0]  # type: ignore[union-attr]


def _lifelines(n: int, *, whole: bool) -> Work:
    from lifelines import CoxPHFitter

    columns, time, event = _spells(n, whole=whole)
    frame = pd.DataFrame(columns, columns=NAMES).assign(time=time, event=event)
    CoxPHFitter().fit(frame.head(2000), "time", "event")
    return lambda: CoxPHFitter().fit(frame, "time", "event").params_.iloc[0]


def _ours_stretches(*, whole: bool) -> Work:
    from insights.stats.cox import cox

    columns, start, stop, event, _ = _stretches(whole=whole)
    cox((NAMES[:5], columns[:20000]), stop[:20000], event[:20000], entry=start[:20000])
    return lambda: cox((NAMES[:5], columns), stop, event, entry=start).table["estimate"][0]  # type: ignore[union-attr]


def _lifelines_stretches(*, whole: bool) -> Work:
    from lifelines import CoxTimeVaryingFitter

    columns, start, stop, event, unit = _stretches(whole=whole)
    frame = pd.DataFrame(columns, columns=NAMES[:5]).assign(start=start, stop=stop, event=event, unit=unit)
    columns_of = {"id_col": "unit", "event_col": "event", "start_col": "start", "stop_col": "stop"}
    CoxTimeVaryingFitter().fit(frame[frame["unit"] < 300], **columns_of)
    return lambda: CoxTimeVaryingFitter().fit(frame, **columns_of).params_.iloc[0]


def _risks(n: int, *, whole: bool) -> tuple[Array, npt.NDArray[np.bool_], Array]:
    rng = np.random.default_rng(3)
    risk = rng.normal(size=n)
    gone, seen = rng.exponential(100 / np.exp(risk)), rng.uniform(1, 240, n)
    time = np.minimum(gone, seen)
    return np.ceil(time) if whole else time, gone <= seen, risk


def _ours_concordance(n: int, *, whole: bool = False) -> Work:
    from insights.stats.cox.concordance import concordance

    time, event, risk = _risks(n, whole=whole)
    return lambda: concordance(time, event, risk).value  # type: ignore[union-attr]


def _lifelines_concordance(n: int) -> Work:
    from lifelines.utils import concordance_index

    time, event, risk = _risks(n, whole=False)
    return lambda: concordance_index(time, -risk, event)


def _ours_survival() -> Work:
    from insights.stats.cox import CoxModel, cox

    columns, time, event = _spells(10_000, whole=True)
    model = cox((NAMES, columns), time, event)
    assert isinstance(model, CoxModel)
    many = np.tile(columns, (100, 1))
    return lambda: model.survival((NAMES, many), range(1, 61), dtype=np.float32)[-1, -1]


def _lifelines_survival() -> Work:
    from lifelines import CoxPHFitter

    columns, time, event = _spells(10_000, whole=True)
    frame = pd.DataFrame(columns, columns=NAMES).assign(time=time, event=event)
    model = CoxPHFitter().fit(frame, "time", "event")
    many = pd.DataFrame(np.tile(columns, (100, 1)), columns=NAMES)
    return lambda: model.predict_survival_function(many, times=range(1, 61)).iloc[-1, -1]


WORKS: dict[str, Callable[[], Work]] = {
    "Cox, 10^6 x 20, months": lambda: _ours(10**6, whole=True),
    "Cox, 10^6 x 20, months: lifelines": lambda: _lifelines(10**6, whole=True),
    "Cox, 10^5 x 20, continuous": lambda: _ours(10**5, whole=False),
    "Cox, 10^5 x 20, continuous: lifelines": lambda: _lifelines(10**5, whole=False),
    "Cox, start-stop, months": lambda: _ours_stretches(whole=True),
    "Cox, start-stop, months: lifelines": lambda: _lifelines_stretches(whole=True),
    "Cox, start-stop, continuous": lambda: _ours_stretches(whole=False),
    "Cox, start-stop, continuous: lifelines": lambda: _lifelines_stretches(whole=False),
    "concordance, 10^5": lambda: _ours_concordance(10**5),
    "concordance, 10^5: lifelines": lambda: _lifelines_concordance(10**5),
    "concordance, 10^6": lambda: _ours_concordance(10**6),
    "concordance, 10^6: lifelines": lambda: _lifelines_concordance(10**6),
    "concordance, 10^6, months": lambda: _ours_concordance(10**6, whole=True),
    "survival of 10^6 x 60": _ours_survival,
    "survival of 10^6 x 60: lifelines": _lifelines_survival,
}

if __name__ == "__main__" and not answer(WORKS):
    main("--large" in sys.argv[1:])
