"""A bank of a few hundred clients with assets, bookings and revenue by simple rules, for tests of client value."""

from pathlib import Path

import numpy as np
from small_bank import write_bank

MONTHS = 36
AS_OF = "2022-12-31"
MANAGERS = 24
OF_RICH = ",referred_by,acquisition_source"


def write_value_bank(
    folder: Path,
    *,
    scale: float = 1.0,
    clients: int = 400,
    drop: tuple[str, ...] = (),
    more: str = "",
    seed: int = 3,
    cost: float = 50.0,
    came: int = 0,
    within: int = MONTHS - 3,
    deep: float | None = None,
    rich: bool = False,
) -> Path:
    """Write the bank and return its ``bank.toml``; ``scale`` multiplies all money, ``drop`` leaves tables out.

    Clients joined before the window opens in January 2020, but for the last ``came``, who join ``within`` so many
    months of it. Assets move with one market and the client's own flows; revenue is 60 basis points a year on them,
    less ``cost`` a month. All in whole units, and revenue in cents, before they are scaled. About a third of the
    clients leave in three years.
    With ``deep`` the richer hold a second category more often, and whoever does pays ``deep`` times the fee.
    With ``rich`` clients have contacts, holdings and referrals too.
    """
    rng = np.random.default_rng(seed)
    market = rng.normal(0.003, 0.02, MONTHS)
    lot = np.random.default_rng(seed + 1)
    lines: dict[str, list[str]] = {
        "clients": ["client_id,joined_on,left_on,leave_reason,region,birth_year,rm_id" + OF_RICH * rich],
        "balances": ["client_id,month,category,amount,market_change"],
        "transactions": ["client_id,booked_on,kind,amount"],
        "revenue": ["client_id,month,kind,amount"],
    }
    if rich:
        lines["contacts"] = ["client_id,contacted_on,channel,handling_minutes"]
        lines["holdings"] = ["client_id,month,product_id,amount"]
    for k in range(clients):
        assets, exposure = round(float(np.exp(rng.normal(12, 1)))), rng.uniform(0.2, 1.0)
        second = deep is not None and lot.random() < 1 / (1 + np.exp(-1.5 * (np.log(assets) - 12)))
        begin = 1 + (k * 7) % within if k >= clients - came else 0
        left = next((t for t in range(begin, MONTHS) if rng.random() < 0.011), None)
        joined = f"{_month(begin)}-01" if begin else f"201{k % 9}-0{1 + k % 9}-01"
        end = f"{_month(left)}-15,{('competitor', 'death')[k % 3 == 0]}" if left is not None else ","
        lines["clients"].append(f"{k},{joined},{end},North,{1940 + k % 40},m{k % MANAGERS}")
        if rich:
            lines["clients"][-1] += f",{k - 1 if k % 5 == 0 and k else ''},{('referral', 'fair')[k % 10 > 4]}"
        rate = 0.006 / 12 * (deep if second and deep is not None else 1.0)
        for t in range(begin, MONTHS if left is None else left):
            change = round(assets * exposure * market[t])
            flow = round(assets * rng.normal(0.001, 0.02))
            assets += change + flow
            lines["balances"].append(f"{k},{_month(t)}-28,funds,{scale * (assets - second):.2f},{scale * change:.2f}")
            if rich and (k + t) % 4 == 0:
                lines["contacts"].append(f"{k},{_month(t)}-12,phone,{10 + 7 * (k % 13)}")
            if rich and t % 3 == 2:
                for name in ("fund", "bond") if k % 2 else ("fund",):
                    lines["holdings"].append(f"{k},{_month(t)}-28,{name},{scale * round(assets / 3):.2f}")
            if second:
                lines["balances"].append(f"{k},{_month(t)}-28,cash,{scale:.2f},0.00")
            kind = "inflow" if flow > 0 else "outflow"
            lines["transactions"].append(f"{k},{_month(t)}-10,{kind},{scale * flow:.2f}")
            lines["revenue"].append(f"{k},{_month(t)}-28,fee,{scale * round(assets * rate, 2):.2f}")
            lines["revenue"].append(f"{k},{_month(t)}-28,cost_to_serve,{-cost * scale:.2f}")
    files = {name: "\n".join(rows) + "\n" for name, rows in lines.items() if name not in drop}
    options = {"clients": 'static = ["birth_year", "rm_id"]'}
    return write_bank(folder, files, delay=0, more=more, options=options)


def _month(t: int) -> str:
    return f"{2020 + t // 12}-{1 + t % 12:02d}"
