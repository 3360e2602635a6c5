"""Small banks with a survey, for tests of the loyalty report."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank

ITEMS = tuple(f"item_{factor}_{j}" for factor in ("quality", "brand") for j in (1, 2, 3))
OUTCOME = "item_recommend"
SECTION = """[loyalty]
outcome = ["item_recommend"]
outcome_scale = [0, 10]
scale = [1, 5]
not_applicable = [0]

[loyalty.factors]
quality = ["item_quality_1", "item_quality_2", "item_quality_3"]
brand = ["item_brand_1", "item_brand_2", "item_brand_3"]
"""


@cache
def demo(folder: Path) -> Bank:
    """Return the small demo bank, opened once for all tests of a process: what it has worked out is kept in it."""
    return open_bank(folder / "bank.toml", as_of="2026-10-31")


def made_up_survey(n: int = 400, *, waves: int = 2, seed: int = 1) -> pd.DataFrame:
    """Return invitations of n clients in each wave: two correlated factors, three items each, and a recommendation."""
    rng = np.random.default_rng(seed)
    rows = n * waves
    behind = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], rows)
    noisy = 0.8 * np.repeat(behind, 3, axis=1) + 0.6 * rng.standard_normal((rows, 6))
    marks = 1 + np.searchsorted([-1.5, -0.6, 0.3, 1.1], noisy)
    told = np.clip(np.rint(7 + behind @ [1.2, 0.4] + 0.8 * rng.standard_normal(rows)), 0, 10)
    wave = np.repeat(np.arange(waves), n)
    invited = pd.to_datetime([f"{2021 + w}-03-15" for w in wave])
    frame = pd.DataFrame({"client_id": np.tile(np.arange(1, n + 1), waves), "invited_on": invited, "wave": wave + 1})
    frame["answered_on"] = frame["invited_on"] + pd.to_timedelta(rng.integers(1, 20, rows), unit="D")
    frame["language"] = np.where(rng.random(rows) < 0.5, "de", "fr")
    for j, item in enumerate(ITEMS):
        frame[item] = marks[:, j]
    frame[OUTCOME] = told.astype(int)
    silent = rng.random(rows) < 0.4
    frame.loc[silent, ["answered_on"]] = pd.NaT
    for item in (*ITEMS, OUTCOME):
        frame[item] = frame[item].astype("Int64").mask(silent)
    return frame


def survey_bank(
    folder: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows,
    *,
    n: int = 400,
    waves: int = 2,
    section: str = SECTION,
    as_of: str = "2023-12-31",
) -> Bank:
    """Open a bank whose clients answered ``change(made_up_survey(n))``."""
    rows = change(made_up_survey(n, waves=waves))
    rng = np.random.default_rng(2)
    regions = np.where(rng.random(n) < 0.3, "North", "South")
    clients = "client_id,joined_on,region\n" + "".join(
        f"{k},2015-0{1 + k % 9}-01,{r}\n" for k, r in enumerate(regions, 1)
    )
    items = ", ".join(f'"{c}"' for c in rows.columns if c.startswith("item_"))
    config = write_bank(
        folder,
        {"clients": clients, "surveys": rows.to_csv(index=False, date_format="%Y-%m-%d")},
        more=section,
        options={"surveys": f"items = [{items}]"},
    )
    return open_bank(config, as_of=as_of)
