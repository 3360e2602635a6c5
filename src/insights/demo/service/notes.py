"""Coded notes of visits: the tone follows the client's latent satisfaction."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import Rows
from insights.demo.service.contacts import until_left

TOPICS = ("family", "retirement", "succession", "performance", "fees", "service", "other bank")


def note_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``notes``; clients who look elsewhere speak of the other bank more often."""
    p, risk = process.law.notes, month.risk
    of = np.flatnonzero(rng.random(len(risk.at)) < p.rate)
    n = len(of)
    topic = rng.integers(0, len(TOPICS) - 1, n)
    elsewhere = rng.random(n) < np.where(risk.intention[of], p.other_bank_intention, p.other_bank)
    tone = p.sentiment_satisfaction * risk.satisfaction[of] + p.sentiment_sd * rng.standard_normal(n)
    rows: Rows = {
        "client_id": risk.at[of],
        "noted_on": process.clock.day(month.t, rng.random(n)),
        "topic": np.where(elsewhere, len(TOPICS) - 1, topic).astype(np.int8),
        "sentiment": np.round(np.clip(tone, -1, 1), 1),
    }
    return until_left(rows, "noted_on", process.state)
