"""Random numbers by name: every part of the bank has a stream of its own, so a new part changes no other."""

import numpy as np


def stream(seed: int, part: str) -> np.random.Generator:
    """Return the generator of one part; the same seed (>= 0) and name give the same numbers on every machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(part.encode()))))


def uneven_choice(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """Draw one column per row of ``shares`` (rows need not sum to 1), as int8."""
    edges = np.cumsum(shares, axis=1)
    point = rng.random(len(shares)) * edges[:, -1]
    chosen: np.ndarray = (point[:, None] >= edges[:, :-1]).sum(axis=1).astype(np.int8)
    return chosen
