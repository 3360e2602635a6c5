"""First purchases foretold out of time: how near to whoever knows the law, and how far above simple rules."""

import math
from pathlib import Path

import numpy as np
import pytest
from needs_oracle import against_the_law

from insights.data.snapshot import open_bank
from insights.demo import write_demo
from insights.models.needs.rows import need_rows
from insights.models.needs.trials import POPULAR, PRECISION, SAME, SEGMENT, Trials, trials
from insights.stats.results import Estimate

SEEDS = range(301, 307)
"""Banks on which nothing was chosen."""
T_95 = 2.571
"""Of Student's distribution with as many degrees of freedom as there are banks, less one."""


@pytest.mark.long
def test_precision_is_within_a_tenth_of_the_oracle_and_clearly_above_both_rules(tmp_path: Path) -> None:
    """Six banks as large as the demo, at the managers' capacity, a year of dates of which nothing was known beforehand.

    The oracle knows the law, each client's type and whether he is online. Both are held to the true chance of those
    whom they choose, so that luck of who bought is in neither; the rules are also beaten in what was bought.
    """
    reached, best = [], []
    gains: dict[str, list[Estimate]] = {way: [] for way in (SEGMENT, POPULAR, SAME)}
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        write_demo(folder, clients=5_000, months=60, seed=seed, language="en")
        bank = open_bank(folder / "bank.toml", as_of="2026-10-31")
        rows, tried = need_rows(bank), trials(bank)
        assert rows is not None
        assert isinstance(tried, Trials)
        chance, oracle = against_the_law(bank, rows, tried, folder)
        reached.append(chance[tried.used])
        best.append(oracle)
        for way, own in gains.items():
            gain = tried.score(PRECISION, tried.used, way)
            assert isinstance(gain, Estimate)
            own.append(gain)
        told = {way: f"{own[-1].value:.4f} ({own[-1].low:.4f} to {own[-1].high:.4f})" for way, own in gains.items()}
        print(
            seed,
            f"{reached[-1]:.4f} of {oracle:.4f}: {reached[-1] / oracle:.3f}; above the rules by {told}",
            flush=True,
        )
    ratio = np.array(reached) / np.array(best)
    half = T_95 * ratio.std(ddof=1) / math.sqrt(len(ratio))
    pooled = sum(reached) / sum(best)
    print(f"pooled {pooled:.3f}; mean {ratio.mean():.3f} ({ratio.mean() - half:.3f} to {ratio.mean() + half:.3f})")
    assert pooled >= 0.9
    for way, own in gains.items():
        mean = sum(g.value for g in own) / len(own)
        se = math.sqrt(sum(g.se**2 for g in own if g.se is not None)) / len(own)
        print(f"above {way} by {mean:.4f} ({mean - 1.96 * se:.4f} to {mean + 1.96 * se:.4f})")
        assert mean - 1.96 * se > 0
