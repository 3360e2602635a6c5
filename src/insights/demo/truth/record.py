"""The truth beside the extracts: the law, what was planted, and what nobody at the bank sees. Only tests read it."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from insights.demo.bank import latent_frame
from insights.demo.extracts.faults import Planted
from insights.demo.extracts.render import entity_id
from insights.demo.law import Law, PeopleLaw
from insights.demo.people.clients import factor_covariance
from insights.demo.people.registry import papers_expired
from insights.demo.process import Process
from insights.demo.service.surveys import FACTORS
from insights.demo.truth.segments import adjusted_rand, best_types
from insights.stats.importance import lmg_shares, relative_weights

MARKER = "DEMO_BANK.txt"
MARGINAL = "marginal.toml"
MARGINAL_PARTS = (
    "burn_in_months",
    "retention_programme_month",
    "retention_programme_share",
    "people",
    "managers",
    "leaving",
    "intention",
    "market",
    "wealth",
    "products",
    "offers",
    "payments",
    "contacts",
)


def write_truth(
    folder: Path,
    process: Process,
    planted: Sequence[Planted],
    language: str,
    rows: dict[str, int],
    frauds: Sequence[str],
) -> None:
    """Write ``truth.json``, ``clients.parquet``, ``managers.parquet``, ``payers.parquet`` and ``frauds.parquet``."""
    law, clock = process.law, process.clock
    truth: dict[str, Any] = {
        "arguments": {
            "clients": process.clients,
            "months": clock.months,
            "seed": process.seed,
            "language": language,
        },
        "window_from": clock.window_from.isoformat(),
        "last_day": clock.last_day.isoformat(),
        "law": law.as_dict(),
        "planted": [asdict(kind) for kind in planted],
        "rows": rows,
        "counts": counts(process),
        "orders_against_tolerance": process.unsuitable_orders,
        "crash_month": str(clock.month_start(process.market.crash_month))[:7],
        "dominant_client": _client(process.dominant),
        "segments_best_ari": adjusted_rand(process.people.kind, best_types(law, process.people)),
        "loyalty": loyalty(law.people),
        "marginal": marginal() if marginal_hash(law) == marginal()["law"] else None,
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
    payers = pd.DataFrame(process.payments.payers())
    payers["client_id"] = [_client(i) for i in payers["client_id"]]
    pa.parquet.write_table(pa.Table.from_pandas(payers, preserve_index=False), folder / "payers.parquet")
    numbers = pa.table({"transactions_id": pa.array(list(frauds), pa.string())})
    pa.parquet.write_table(numbers, folder / "frauds.parquet")
    (folder / MARKER).write_text("The truth behind a made-up bank, written by `insights demo`.\n", encoding="utf-8")


def counts(process: Process) -> dict[str, int]:
    """Return how often what is planted in the process itself happened, for the tests of the reports that look for it.

    ``papers_expired`` counts clients in force on the last day, ``collateral_breaches`` month ends at which a loan was
    larger than its collateral.
    """
    state = process.state
    return {
        "clients_in_force": int(state.present.sum()),
        "papers_expired": papers_expired(process.law, len(state.present), int(state.present.sum())),
        "returns": int((state.spell - 1).sum()),
        "referred": int((state.referrer >= 0).sum()),
        "referral_dependent": int(state.dependent.sum()),
        "frauds": process.payments.frauds,
        "collateral_breaches": process.loans.breaches,
        "loans_defaulted": int((process.loans.default_month >= 0).sum()),
    }


def loyalty(p: PeopleLaw) -> dict[str, dict[str, float]]:
    """Return by factor what makes up attitude: its weight, and its share in their sum and in what they explain.

    ``lmg`` (Shapley) and ``johnson`` are the shares of the variance of attitude that the five factors explain among new
    clients, and so of any outcome that depends on them through attitude alone; those still there after years differ a
    little, because the dissatisfied are gone.
    """
    weights, between = np.asarray(p.loyalty_weights), factor_covariance(p)
    last = between @ weights
    covariance = np.block([[between, last[:, None]], [last[None, :], np.ones((1, 1))]])[None]
    parts = {"weight": weights, "weight_share": weights / weights.sum()}
    for name, shares in (("lmg", lmg_shares(covariance)[0]), ("johnson", relative_weights(covariance)[0])):
        parts[name] = shares / shares.sum()
    return {name: dict(zip(FACTORS, values.tolist(), strict=True)) for name, values in parts.items()}


def marginal() -> dict[str, Any]:
    """Return the marginal parameters of the default law: what a model without the latent covariates aims at.

    ``parameters`` and ``errors`` (Monte-Carlo standard errors) by covariate, ``clients``, ``months``, ``events``, and
    ``law``, the hash of the law they belong to. Kept in ``marginal.toml``, made by
    ``python -m insights.demo.truth.marginal``.
    """
    return tomllib.loads(resources.files("insights.demo.truth").joinpath(MARGINAL).read_text(encoding="utf-8"))


def marginal_hash(law: Law) -> str:
    """Return the hash of the parts of the law on which the marginal parameters depend."""
    law_of = law.as_dict()
    parts = {name: law_of[name] for name in MARGINAL_PARTS}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _client(position: int) -> str | None:
    return entity_id("client", position) if position >= 0 else None
