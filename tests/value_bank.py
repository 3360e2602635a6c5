"""A bank of a few hundred clients with assets, bookings and revenue by simple rules, for tests of client value."""

from pathlib import Path

import numpy as np
from small_bank import write_bank

MONTHS = 36
AS_OF = "2022-12-31"
MANAGERS = 24


def write_value_bank(
    folder: Path, *, scale: float = 1.0, clients: int = 400, drop: tuple[str, ...] = (), more: str = "", seed: int = 3
) -> Path:
    """Write the bank and return its ``bank.toml``; ``scale`` multiplies all money, ``drop`` leaves tables out.

    Clients joined before the window opens in January 2020. Assets move with one market and the client's own flows;
    revenue is 60 basis points a year on them, less 50 a month. All in whole units,
    and revenue in cents, before they are scaled. About a third of the clients leave in three years.
    """
    rng = np.random.default_rng(seed)
    market = rng.normal(0.003, 0.02, MONTHS)
    lines: dict[str, list[str]] = {
        "clients": ["client_id,joined_on,left_on,leave_reason,region,birth_year,rm_id"],
        "balances": ["client_id,month,category,amount,market_change"],
        "transactions": ["client_id,booked_on,kind,amount"],
        "revenue": ["client_id,month,kind,amount"],
    }
    for k in range(clients):
        assets, exposure = round(float(np.exp(rng.normal(12, 1)))), rng.uniform(0.2, 1.0)
        left = next((t for t in range(MONTHS) if rng.random() < 0.011), None)
        end = f"{_month(left)}-15,{('competitor', 'death')[k % 3 == 0]}" if left is not None else ","
        lines["clients"].append(f"{k},201{k % 9}-0{1 + k % 9}-01,{end},North,{1940 + k % 40},m{k % MANAGERS}")
        for t in range(MONTHS if left is None else left):
            change = round(assets * exposure * market[t])
            flow = round(assets * rng.normal(0.001, 0.02))
            assets += change + flow
            lines["balances"].append(f"{k},{_month(t)}-28,funds,{scale * assets:.2f},{scale * change:.2f}")
            kind = "inflow" if flow > 0 else "outflow"
            lines["transactions"].append(f"{k},{_month(t)}-10,{kind},{scale * flow:.2f}")
            lines["revenue"].append(f"{k},{_month(t)}-28,fee,{scale * round(assets * 0.006 / 12, 2):.2f}")
            lines["revenue"].append(f"{k},{_month(t)}-28,cost_to_serve,{-50 * scale:.2f}")
    files = {name: "\n".join(rows) + "\n" for name, rows in lines.items() if name not in drop}
    options = {"clients": 'static = ["birth_year", "rm_id"]'}
    return write_bank(folder, files, delay=0, more=more, options=options)


def _month(t: int) -> str:
    return f"{2020 + t // 12}-{1 + t % 12:02d}"
