"""The truth beside the extracts: the law, what was planted, and what nobody at the bank sees. Only tests read it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from insights.demo.bank import latent_frame
from insights.demo.faults import Planted
from insights.demo.process import Process
from insights.demo.render import entity_id

MARKER = "DEMO_BANK.txt"


def write_truth(
    folder: Path,
    process: Process,
    planted: Sequence[Planted],
    clients: int,
    months: int,
    language: str,
    rows: dict[str, int],
) -> None:
    """Write ``truth.json``, ``clients.parquet`` and ``managers.parquet``."""
    truth: dict[str, Any] = {
        "arguments": {"clients": clients, "months": months, "seed": process.seed, "language": language},
        "window_from": process.clock.window_from.isoformat(),
        "last_day": process.clock.last_day.isoformat(),
        "law": process.law.as_dict(),
        "planted": [asdict(kind) for kind in planted],
        "rows": rows,
        "orders_against_tolerance": process.unsuitable_orders,
        "crash_month": str(process.clock.month_start(process.market.crash_month))[:7],
        "dominant_client": _client(process.dominant),
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    frame = latent_frame(process)
    frame["client_id"] = [_client(i) for i in range(len(frame))]
    frame["type"] = np.array(process.law.people.type_names)[frame["type"]]
    pa.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / "clients.parquet")
    managers = process.managers
    columns = {
        "rm_id": [entity_id("manager", i) for i in range(len(managers.effect))],
        "effect": managers.effect,
        "skill": managers.skill,
        "programme_month": managers.programme - process.clock.burn_in + 1,
    }
    pa.parquet.write_table(pa.table(columns), folder / "managers.parquet")
    (folder / MARKER).write_text("The truth behind a made-up bank, written by `insights demo`.\n", encoding="utf-8")


def _client(position: int) -> str | None:
    return entity_id("client", position) if position >= 0 else None
