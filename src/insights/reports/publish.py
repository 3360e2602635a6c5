"""The only door out: an answer is protected, computed, put into words, and sealed.

Whatever a notebook shows through ``show`` was computed from protected evidence, and carries a seal that the exporter
checks. The seal keeps out what was shown by mistake, or by another run. It does not hold against an author who means to
get round it: his code runs in the kernel that holds the secret, and so his notebook is reviewed like any program.
"""

import hashlib
import hmac
import importlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from insights.data.snapshot import Bank
from insights.errors import DisclosureError
from insights.reports.disclosure import protect
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.codec import from_json, to_json
from insights.reports.exhibits.rows import needed
from insights.reports.exhibits.untold import untold
from insights.topics.evidence import Answer, Evidence, NotAvailable, RiskCounts

EXHIBIT_MIME = "application/vnd.insights.exhibit+json"
SECRET = "INSIGHTS_RUN_SECRET"
"""The environment variable in which the runner gives a notebook the secret of its run."""

Writer = Callable[[Answer, Any, Bank], Exhibit]

_OWN_SECRET = secrets.token_hex(32)


@dataclass(frozen=True)
class Published:
    """An exhibit that passed disclosure control, with its seal: ``exhibit`` as JSON, ``seal`` in hexadecimal."""

    exhibit: dict[str, Any]
    seal: str

    @property
    def bundle(self) -> dict[str, Any]:
        """What an output of a notebook holds under ``EXHIBIT_MIME``, and ``verify`` accepts."""
        return {"exhibit": self.exhibit, "seal": self.seal}


def show(answer: Answer | NotAvailable, bank: Bank) -> None:
    """Show an answer in a notebook as its exhibit: sealed for the exporter, as HTML for people at the screen."""
    from IPython.display import display

    published = publish(answer, bank)
    data: dict[str, Any] = {EXHIBIT_MIME: published.bundle}
    if not os.environ.get(SECRET):  # In a run nobody looks at it.
        from insights.reports.screen import screen_html

        data["text/html"] = screen_html(from_json(published.exhibit), bank.settings)
    display(data, raw=True)


def headline(asked: Answer | NotAvailable | Callable[[Bank], Answer | NotAvailable], bank: Bank) -> None:
    """Print the title of an answer's exhibit at the screen, as the report has it; in a run, print nothing.

    ``asked`` is the answer, or better the question (``lifecycle.survival``): a run then does not even ask it.
    """
    if not os.environ.get(SECRET):
        from insights.reports.screen import title

        answer = asked(bank) if callable(asked) else asked
        print(title(from_json(publish(answer, bank).exhibit), bank.settings))


def publish(answer: Answer | NotAvailable, bank: Bank, writers: Mapping[str, Writer] | None = None) -> Published:
    """Return the sealed exhibit of an answer: evidence protected, results computed from that, then put into words.

    ``writers`` maps the kinds of answers to the functions that write their exhibits (default: those of the answer's
    topic). What cannot be asked of this bank, or has too few clients, becomes an exhibit that says so. Raises
    DisclosureError where there is no writer, or where evidence or exhibit hold something that cannot be protected.
    """
    exhibit = to_json(_exhibit(answer, bank, writers))
    return Published(exhibit, _seal(exhibit, _secret()))


def verify(bundle: Any, secret: str) -> Exhibit:
    """Return the exhibit of an output; DisclosureError unless its seal was made under this secret for this content."""
    exhibit, seal = (bundle.get("exhibit"), bundle.get("seal")) if isinstance(bundle, dict) else (None, None)
    valid = bool(secret) and isinstance(seal, str)
    if not valid or not hmac.compare_digest(str(seal).encode(), _seal(exhibit, secret).encode()):
        raise DisclosureError(
            "an exhibit carries no valid seal of this run",
            expected="an output of show(...), unchanged since this run made it",
            todo="run the notebook again and leave its outputs as they are",
        )
    return from_json(exhibit)


def _exhibit(answer: Answer | NotAvailable, bank: Bank, writers: Mapping[str, Writer] | None) -> Exhibit:
    if isinstance(answer, NotAvailable):
        return Exhibit(answer.id, untold(answer.id), refusals=(needed(answer.needs),))
    writer = (_writers(answer.kind) if writers is None else writers).get(answer.kind)
    if writer is None:
        raise DisclosureError(
            f"there is no writer for answers of kind {answer.kind!r}",
            expected="an entry in WRITERS of the topic's module in insights.reports.exhibits",
            todo="write it, or correct the answer's kind",
        )
    rules = bank.settings.disclosure
    evidence = protect(answer.evidence, rules)
    if _nothing_left(evidence) and not _nothing_left(answer.evidence):
        least = {"least": rules.min_clients}
        return Exhibit(
            answer.id,
            Message("Cannot be shown: too few clients"),
            refusals=(
                Message("Every group has fewer than {least:count} clients or exits, or would give one away.", least),
            ),
            basis=(Message("As of {as_of:date}.", {"as_of": bank.as_of.isoformat()}),),
        )
    # The writer gets the protected answer: the exact evidence goes no further than this function.
    answer = answer.with_evidence(evidence)
    return writer(answer, answer.estimate(evidence), bank)


def _nothing_left(evidence: dict[str, Evidence]) -> bool:
    return any(isinstance(part, RiskCounts) and part.counts.empty for part in evidence.values())


def _writers(kind: str) -> Mapping[str, Writer]:
    """Return the writers of the topic, the part of the kind before its first dot."""
    topic = kind.split(".", 1)[0]
    name = f"insights.reports.exhibits.{topic}"
    try:
        found: Mapping[str, Writer] = importlib.import_module(name).WRITERS
    except ModuleNotFoundError as error:
        if error.name != name:  # The module is there, and lacks one of its own.
            raise
        return {}
    return found


def _secret() -> str:
    return os.environ.get(SECRET) or _OWN_SECRET


def _seal(exhibit: Any, secret: str) -> str:
    """Return the seal: HMAC-SHA256 of the canonical JSON of the exhibit."""
    text = json.dumps(exhibit, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.new(secret.encode(), f"{EXHIBIT_MIME}\n{text}".encode(), hashlib.sha256).hexdigest()
