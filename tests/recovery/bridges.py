"""Parts of the bridge between two dates held against those that the law of a simulated bank gives in closed form."""

from pathlib import Path

import numpy as np
from recovery.harness import Compared
from small_bank import write_bank

from insights.data.months import month_end
from insights.data.snapshot import open_bank
from insights.models.value.bridge import LOST, NEW, PARTS, Bridge, bridge, earlier_ground
from insights.models.value.changed import MARKET, MODEL, MOVED, RETENTION
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.stats.inputs import Floats
from insights.stats.results import Estimate

CLIENTS, CAME, MANAGERS, MONTHS = 600, 90, 30, 48
AS_OF = "2023-12-31"
LEAVING, FLOW, SWING, EXPOSURE, RATE, COST = 0.011, 0.001, 0.02, 0.6, 0.006 / 12, 50.0
MARKET_MEAN, MARKET_SD = 0.003, 0.02
YEARS, DISCOUNT_RATE = 5, 0.08
CAPITAL = 0.08 * 0.15
"""Cost of the capital that a year's income ties up, by the settings: a share of the income."""
MORE = f"""[value]
horizon_years = {YEARS}
market_return = {(1 + EXPOSURE * MARKET_MEAN) ** 12 - 1:.6f}
"""


def write_law_bank(folder: Path, seed: int) -> Path:
    """Write a bank whose clients leave at one rate, and whose assets grow by one flow and one market."""
    rng = np.random.default_rng(seed)
    market = EXPOSURE * rng.normal(MARKET_MEAN, MARKET_SD, MONTHS)
    begin = np.where(np.arange(CLIENTS) < CLIENTS - CAME, 0, 1 + rng.integers(0, MONTHS - 3, CLIENTS))
    left = begin + rng.geometric(LEAVING, CLIENTS)
    assets = np.exp(rng.normal(12, 1, CLIENTS))
    days = [f"{2020 + t // 12}-{1 + t % 12:02d}" for t in range(MONTHS)]
    heads = {
        "clients": "client_id,joined_on,left_on,leave_reason,birth_year,rm_id",
        "balances": "client_id,month,category,amount,market_change",
        "transactions": "client_id,booked_on,kind,amount",
        "revenue": "client_id,month,kind,amount",
    }
    lines: dict[str, list[str]] = {name: [head] for name, head in heads.items()}
    for k in range(CLIENTS):
        joined = f"{days[begin[k]]}-01" if begin[k] else f"201{k % 9}-0{1 + k % 9}-01"
        end = f"{days[left[k]]}-15,competitor" if left[k] < MONTHS else ","
        lines["clients"].append(f"{k},{joined},{end},{1940 + k % 40},m{k % MANAGERS}")
    for t in range(MONTHS):
        change, flow = assets * market[t], assets * rng.normal(FLOW, SWING, CLIENTS)
        here = np.flatnonzero((begin <= t) & (t < left))
        assets[here] += change[here] + flow[here]
        for k in here:
            lines["balances"].append(f"{k},{days[t]}-28,funds,{assets[k]:.2f},{change[k]:.2f}")
            kind = "inflow" if flow[k] > 0 else "outflow"
            lines["transactions"].append(f"{k},{days[t]}-10,{kind},{flow[k]:.2f}")
            lines["revenue"].append(f"{k},{days[t]}-28,fee,{assets[k] * RATE:.2f}")
            lines["revenue"].append(f"{k},{days[t]}-28,cost_to_serve,{-COST:.2f}")
    files = {name: "\n".join(rows) + "\n" for name, rows in lines.items()}
    return write_bank(folder, files, delay=0, more=MORE, options={"clients": 'static = ["birth_year", "rm_id"]'})


def true_values(assets: Floats) -> Floats:
    """Return what clients with these assets are worth by the law."""
    months = np.arange(1, 12 * YEARS + 1)
    weight = (1 - LEAVING) ** months * (1 + DISCOUNT_RATE) ** (-months / 12)
    growth = (1 + FLOW + EXPOSURE * MARKET_MEAN) ** months
    return np.asarray(assets * RATE * (1 - CAPITAL) * (weight @ growth) - COST * weight.sum())


def bridge_parts(folder: Path, seed: int) -> dict[str, Compared]:
    """Compare the parts of a bank's bridge over a year, and their sum, with those by the law.

    What clients moved and what markets did changed the values of those who stayed by what the law makes of their
    assets; nothing else about them changed, so that what was learnt since, and what is known of who stays, truly moved
    nothing.
    """
    with open_bank(write_law_bank(folder / f"law_{seed}", seed), as_of=AS_OF) as bank:
        now, found = lifetime_values(bank), bridge(bank)
        assert isinstance(now, LifetimeValues)
        assert isinstance(found, Bridge)
        earlier, _ = earlier_ground(bank, month_end(found.before), now)
        was = dict(zip(earlier.inputs.start.client, earlier.inputs.start.assets, strict=True))  # type: ignore[union-attr]
        held = dict(zip(now.inputs.start.client, now.inputs.start.assets, strict=True))
        growth = _market_growth(bank, earlier.inputs.start.at, now.inputs.start.at)  # type: ignore[union-attr]
    a, b = (np.array([x[k] for k in was if k in held]) for x in (was, held))
    worth = float(true_values(np.ones(1))[0] - true_values(np.zeros(1))[0])  # of a unit of assets
    moved = b / (a * growth)
    truth = {
        LOST: -float(true_values(np.array([x for k, x in was.items() if k not in held])).sum()),
        NEW: float(true_values(np.array([x for k, x in held.items() if k not in was])).sum()),
        MOVED: worth * float((a * (moved - 1) * (1 + growth) / 2).sum()),
        MARKET: worth * float((a * (growth - 1) * (1 + moved) / 2).sum()),
        RETENTION: 0.0,
        MODEL: 0.0,
    }
    answers = {name: _answer(found, (name,)) for name in truth}
    compared = {name: Compared(truth[name], answers[name]) for name in truth}
    return compared | {"whole change": Compared(sum(truth.values()), _answer(found, PARTS))}


def _market_growth(bank: object, first: int, last: int) -> float:
    from insights.models.value.money import money

    book = money(bank)  # type: ignore[arg-type]
    assert book is not None
    assert book.growth is not None
    own = book.growth[:, first + 1 : last + 1]
    return float(np.prod(np.median(own, axis=0)))


def _answer(found: Bridge, parts: tuple[str, ...]) -> Estimate:
    value, low, high = found.interval(parts)
    off = found.drawn[[PARTS.index(name) for name in parts]].sum(axis=0)
    return Estimate(value, low, high, level=0.95, se=float(off.std()), n=len(found.clients), unit="CHF")
