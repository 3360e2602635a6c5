"""Numbers at risk for exits that are counted in fives, such that the curve does not drift from the exact one."""

import numpy as np

from insights.reports.disclosure.rounding import Floats, Ints, nearest


def at_risk_of_steps(at_risk: Floats, events: Floats, counted: Ints, base: int, least: int) -> tuple[Ints, Ints]:
    """Return (places of the steps, number at risk of each), multiples of ``base``, for one group.

    ``at_risk`` and ``events`` (K) are exact, ``counted`` (K) the same events in batches. Five exits from a group of n
    are not five times one exit from n: others come and go between them. So a step gets the number at risk at which
    its batch leaves the share that the exact curve has after as many exits. What is lost by rounding one number at
    risk is made good at the next step, as far as a change by ``base`` can. No number is below ``least`` (rounded) or
    below its own exits.
    """
    places = np.flatnonzero(counted)
    exact = _survival_by_exits(at_risk, events, counted.cumsum()[places].astype(float))
    told = np.zeros(len(places), dtype=np.int64)
    before, shown = 1.0, 1.0
    for k, (place, after) in enumerate(zip(places, exact, strict=True)):
        batch = float(counted[place])
        plain = _leaving(batch, before, after, otherwise=at_risk[place])
        mended = np.clip(_leaving(batch, shown, after, otherwise=np.inf), plain - base, plain + base)
        told[k] = max(int(nearest(max(mended, least), base)), int(batch))
        before, shown = after, shown * (1 - batch / told[k])
    return places, told


def _leaving(batch: float, before: float, after: float, *, otherwise: float) -> float:
    """Return the number at risk of which ``batch`` exits leave the share ``after`` of the share ``before``."""
    return batch * before / (before - after) if before - after > 1e-12 else otherwise


def _survival_by_exits(at_risk: Floats, events: Floats, exits: Floats) -> Floats:
    """Return the exact share still there after each of these numbers of exits, in between by straight lines."""
    when = (events > 0) & (at_risk > 0)
    if not when.any():
        return np.ones(exits.shape)
    total = np.concatenate([[0.0], events[when].cumsum()])
    share = np.concatenate([[1.0], np.cumprod(np.clip(1 - events[when] / at_risk[when], 0, 1))])
    # A batch may be ahead of the last exit: the line goes on as the last one did.
    ahead = np.maximum(exits - total[-1], 0) * (share[-2] - share[-1]) / events[when][-1]
    return np.asarray(np.maximum(np.interp(exits, total, share) - ahead, 0.0))
