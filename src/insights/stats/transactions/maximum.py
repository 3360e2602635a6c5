"""Maximum likelihood for a handful of parameters: a damped Newton search within bounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

Flags = npt.NDArray[np.bool_]
Objective = Callable[[Floats], tuple[float, Floats, Floats]]
"""Takes parameters (k) and returns the value, the gradient (k) and the Hessian (k, k)."""

STEP = 2.0
"""No parameter moves further in one step; on a log scale that is a factor of seven."""
TINY = 1e-16
"""The gain that a further step still promises (log-likelihood units) at which the search ends."""
ENOUGH = 1e-9
"""A promised gain that is good enough where rounding stops the search: 5e-5 standard errors."""


@dataclass(frozen=True)
class Maximum:
    """Where the search ended: ``gain`` is what one more step still promised; ``fixed`` marks parameters at a bound."""

    at: Floats
    value: float
    hessian: Floats
    gain: float
    fixed: Flags
    steps: int

    @property
    def converged(self) -> bool:
        """Whether the gradient is as good as zero and the surface bends down in every free direction."""
        free = ~self.fixed
        if not self.gain < ENOUGH:
            return False
        return not free.any() or bool(np.linalg.eigvalsh(self.hessian[np.ix_(free, free)]).max() < 0)

    @property
    def covariance(self) -> Floats:
        """The inverse of minus the Hessian (k, k); parameters at a bound count as known, their rows are 0."""
        free = np.ix_(~self.fixed, ~self.fixed)
        covariance = np.zeros_like(self.hessian)
        covariance[free] = np.linalg.inv(-self.hessian[free])
        return covariance


def maximise(objective: Objective, start: Floats, low: Floats, high: Floats, steps: int = 200) -> Maximum:
    """Return the maximum of a smooth function over a box, from one start.

    Each step is Newton's, with the eigenvalues of the Hessian turned to point uphill, cut at ``STEP``, and halved until
    the value does not fall. A parameter at a bound whose gradient points outwards is held there.
    """
    at = np.clip(start, low, high)
    value, gradient, hessian = objective(at)
    gain, fixed, done = np.inf, np.zeros(len(at), dtype=bool), 0
    while done < steps:
        fixed = ((at <= low) & (gradient < 0)) | ((at >= high) & (gradient > 0))
        step, promised = _step(gradient, hessian, ~fixed)
        stalled = promised < ENOUGH and promised > 0.25 * gain
        gain = promised
        if gain < TINY or stalled:
            break
        # What rounding of a long sum may take away is no fall.
        floor = value - 1e-13 * abs(value)
        for _ in range(40):
            trial = np.clip(at + step, low, high)
            found = objective(trial)
            if found[0] >= floor:
                break
            step = step / 2
        else:
            break
        at, (value, gradient, hessian), done = trial, found, done + 1
    return Maximum(at, value, hessian, gain, fixed, done)


def best_start(objective: Objective, starts: Sequence[Floats], low: Floats, high: Floats, steps: int = 200) -> Maximum:
    """Return the best end of searches from several starts."""
    ends = [maximise(objective, start, low, high, steps) for start in starts]
    return max(ends, key=lambda end: (end.converged, end.value))


def _step(gradient: Floats, hessian: Floats, free: Flags) -> tuple[Floats, float]:
    """Return the step (0 for parameters held) and the gain it promises."""
    step = np.zeros_like(gradient)
    if not free.any():
        return step, 0.0
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
    size = np.maximum(np.abs(values), 1e-12 * max(float(np.abs(values).max()), 1e-300))
    step[free] = vectors @ ((vectors.T @ gradient[free]) / size)
    promised = float(gradient @ step) / 2
    return step / max(1.0, float(np.abs(step).max()) / STEP), promised
