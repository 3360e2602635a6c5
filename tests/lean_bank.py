"""A demo bank with some of its tables only: what a test does not look at need not come in."""

from pathlib import Path

MEMORY = (
    *("clients", "client_history", "relationships", "balances", "transactions", "revenue", "holdings", "products"),
    *("contacts", "complaints", "surveys", "loans"),
)
"""What the memory of packs reads."""


def lean_settings(bank: Path, place: Path, tables: tuple[str, ...] = MEMORY) -> Path:
    """Write the settings of a demo bank (its folder) with these tables only, and return them.

    To be opened with ``raw=bank``. The same bank, place and tables share what came in.
    """
    kept, text = False, []
    for line in (bank / "bank.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            head = line.lstrip("[").partition("]")[0]
            kept = not head.startswith("tables.") or head.split(".")[1] in tables
        if kept:
            text.append(line)
    place.mkdir(parents=True, exist_ok=True)
    path = place / "bank.toml"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path
