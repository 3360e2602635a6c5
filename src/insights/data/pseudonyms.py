"""Keyed pseudonyms in place of every id, and the encrypted map that turns a list back for the person allowed.

A pseudonym is HMAC-SHA256 of the id under the bank's key, cut to 80 bits, one sub-key per kind of id: the same number
as a client and as a manager gives two unrelated pseudonyms. Without the key nobody can test a guess. The key comes from
an environment variable or from a file outside the repository. Two packaged keys serve only the demo bank and public
data.
"""

import base64
import getpass
import hashlib
import hmac
import json
import os
import re
import stat
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from insights.data.places import home
from insights.data.settings import Settings
from insights.data.store import folder_lock
from insights.errors import KeyFileError

DEMO_KEY = b"insights demo bank: made-up clients, this key protects nobody"
PUBLIC_KEY = b"insights public data: everybody may know these ids, nothing is protected"
PREFIXES = {
    "client": "c",
    "household": "h",
    "manager": "m",
    "prospect": "p",
    "request": "r",
    "counterparty": "x",
    "event": "e",
}
LEAST_CHARACTERS, LEAST_DISTINCT = 32, 8
BYTES, LETTERS = 10, 16
PSEUDONYM = re.compile(r"[a-z]{1,2}_[a-z2-7]{16}")
MAP_FILE = "ids.enc"
AUDIT_FILE = "reveal.jsonl"
HOW_TO = (
    'make a key with: python -c "import secrets; print(secrets.token_hex(32))", keep it in a password store, '
    "and name it in bank.toml: [pseudonyms] key_env = the name of an environment variable that holds it, "
    "or key_file = a file outside the repository that only you may read"
)


@dataclass(frozen=True)
class Key:
    """The bank's key. It never leaves this object except through what is derived from it."""

    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, settings: Settings) -> "Key":
        """Return the key of the bank, or raise KeyFileError with the way to make one."""
        secret = _configured(settings) or _packaged(settings)
        if secret is None:
            raise KeyFileError(f"no pseudonym key for bank {settings.bank.id!r}", expected="a key", todo=HOW_TO)
        return cls(secret)

    @property
    def id(self) -> str:
        """A short name of the key that tells nothing about it: it goes into the hash of processed data."""
        return self._derive("id", 8).hex()

    def pseudonyms(self, domain: str, ids: Iterable[str]) -> list[str]:
        """Return the pseudonyms of distinct ids of one kind (``client``, ``manager``, ...), in the same order."""
        secret = self._derive(f"pseudonym/{domain}", 32)
        digests = [hmac.digest(secret, normal(text).encode(), "sha256")[:BYTES] for text in ids]
        # Ten bytes are sixteen letters exactly, so all of them can be written out at once.
        letters = base64.b32encode(b"".join(digests)).decode().lower()
        prefix = PREFIXES.get(domain, domain[:2]) + "_"
        return [prefix + letters[start : start + LETTERS] for start in range(0, len(letters), LETTERS)]

    def record_secret(self, table: str) -> str:
        """Return the secret under which the engine itself hashes the numbers of a table's records."""
        return self._derive(f"record/{table}", 32).hex()

    def results_secret(self) -> bytes:
        """Return the secret that seals results kept on disk."""
        return self._derive("results", 32)

    def encrypt(self, data: bytes) -> bytes:
        """Return ``data`` compressed and encrypted (a different text each time, as it must be)."""
        return self._box().encrypt(zlib.compress(data, 6))

    def decrypt(self, data: bytes) -> bytes:
        """Return what ``encrypt`` was given; KeyFileError if it was another key's."""
        try:
            return zlib.decompress(self._box().decrypt(data))
        except InvalidToken:
            raise KeyFileError(
                "the id map does not open with this key",
                expected="the key under which the data was processed",
                todo="use that key; a list made under another key cannot be turned back",
            ) from None

    def _box(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._derive("id map", 32)))

    def _derive(self, purpose: str, length: int) -> bytes:
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"insights/1/{purpose}".encode()).derive(
            self.secret
        )


def normal(text: str) -> str:
    """Return the form of an id that is hashed: NFC, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def write_map(folder: Path, key: Key, known: dict[str, dict[str, str]]) -> None:
    """Write the encrypted map (pseudonym -> id, by domain) of what is stored in ``folder``."""
    path = folder / MAP_FILE
    path.write_bytes(key.encrypt(json.dumps(known, ensure_ascii=False, sort_keys=True).encode()))
    path.chmod(0o600)


def read_map(folder: Path, key: Key) -> dict[str, str]:
    """Return pseudonym -> id of the processed folder, all domains together (their prefixes differ)."""
    known: dict[str, dict[str, str]] = json.loads(key.decrypt((folder / MAP_FILE).read_bytes()))
    return {pseudonym: original for domain in known.values() for pseudonym, original in domain.items()}


def reveal(list_file: Path, settings: Settings) -> pd.DataFrame:
    """Return a restricted list (CSV) with the original id beside each pseudonym column, and write it to the audit log.

    For every column that holds pseudonyms there is a new one, ``<column>_original`` (empty where the id is not known
    any more, for example after retention). Raises KeyFileError if no processed data can be opened with the bank's key.
    The log line says who, when, which file (by hash) and how many ids, never which.
    """
    key = Key.load(settings)
    content = list_file.read_bytes()
    table = pd.read_csv(list_file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    known = _all_maps(settings, key)
    columns = [name for name in table if table[name].map(lambda text: bool(PSEUDONYM.fullmatch(text))).any()]
    revealed = 0
    for name in columns:
        originals = table[name].map(lambda text: known.get(text, ""))
        revealed += int((originals != "").sum())
        table.insert(int(table.columns.get_loc(name)) + 1, f"{name}_original", originals)  # type: ignore[arg-type]
    _log(settings, list_file.name, hashlib.sha256(content).hexdigest(), revealed)
    return table


def _all_maps(settings: Settings, key: Key) -> dict[str, str]:
    """Return the union of the maps of all processed data of the bank that this key opens, the newest last."""
    folders = sorted(settings.processed.glob(f"*/{MAP_FILE}"), key=lambda path: path.stat().st_mtime)
    known: dict[str, str] = {}
    failed: KeyFileError | None = None
    for path in folders:
        try:
            known.update(read_map(path.parent, key))
        except KeyFileError as error:
            failed = error
    if not known:
        raise failed or KeyFileError(
            f"no processed data of bank {settings.bank.id!r} is here",
            expected="an id map beside the processed tables",
            todo="run `insights run` once with the same bank.toml, raw files and key",
        )
    return known


def _log(settings: Settings, name: str, digest: str, revealed: int) -> None:
    """Append one line to the bank's reveal log; it is only ever appended to."""
    path = settings.state / AUDIT_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": _who(),
        "action": "reveal",
        "list": name,
        "sha256": digest,
        "ids": revealed,
    }
    with folder_lock(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")
            log.flush()
            os.fsync(log.fileno())


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return f"uid {os.getuid()}"


def _configured(settings: Settings) -> bytes | None:
    """Return the key that bank.toml points to; None if it points to none (or to a variable that is not set)."""
    named = settings.pseudonyms
    if named.key_file:
        return _checked(_read_key_file(Path(named.key_file), settings), settings)
    if not named.key_env:
        return None
    text = os.environ.get(named.key_env, "").strip()
    if text:
        return _checked(text.encode(), settings)
    if _packaged(settings) is not None:
        return None
    raise KeyFileError(
        f"the environment variable {named.key_env!r} is not set",
        expected=f"the pseudonym key of bank {settings.bank.id!r} in it",
        todo=HOW_TO,
    )


def _packaged(settings: Settings) -> bytes | None:
    if settings.bank.id == "demo":
        return DEMO_KEY
    return PUBLIC_KEY if settings.disclosure.mode == "public_data" else None


def _read_key_file(path: Path, settings: Settings) -> bytes:
    path = path.expanduser()
    path = (path if path.is_absolute() else settings.path.parent / path).resolve()
    if not path.is_file():
        raise KeyFileError("the pseudonym key file is not there", expected="the file named by key_file", todo=HOW_TO)
    if any(path.is_relative_to(folder.resolve()) for folder in (home(), settings.path.parent)):
        raise KeyFileError(
            "the pseudonym key file lies inside the project's folder",
            expected="a file outside the repository: whoever has the code must not have the key",
            todo="move it, for example to ~/.config/insights/, and change key_file",
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            "the pseudonym key file can be read by others",
            expected="permissions 0600",
            todo="run chmod 600 on it, and make a new key if others may have seen it",
        )
    return path.read_bytes().strip()


def _checked(secret: bytes, settings: Settings) -> bytes:
    if secret in (DEMO_KEY, PUBLIC_KEY) and secret != _packaged(settings):
        raise KeyFileError(
            f"the pseudonym key of bank {settings.bank.id!r} is one that comes with this package",
            expected="a key of the bank's own: everybody has the packaged ones",
            todo=HOW_TO,
        )
    if len(secret) < LEAST_CHARACTERS or len(set(secret)) < LEAST_DISTINCT:
        raise KeyFileError(
            f"the pseudonym key is too weak: {len(secret)} characters, {len(set(secret))} of them different",
            expected=f"at least {LEAST_CHARACTERS} random characters",
            todo=HOW_TO,
        )
    return secret
