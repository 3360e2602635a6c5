"""Keys: refused ones by their message; pseudonyms; the way back for the person allowed."""

import hashlib
import hmac
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from small_bank import CLIENTS, settings_of

from insights.data.intake import prepare
from insights.data.pseudonyms import DEMO_KEY, MAP_FILE, PUBLIC_KEY, Key, reveal
from insights.data.settings import Settings
from insights.errors import KeyFileError

AS_OF = date(2021, 12, 31)
GOOD = "".join(chr(97 + i % 23) for i in range(40))
FILES = {"clients": CLIENTS + "17,2019-03-01,,,north,1960\n18,2019-03-01,,,north,1960\n"}


def bank(folder: Path, more: str = "", id: str = "real") -> Settings:
    return settings_of(folder, FILES, id=id, more=more)


def key_file(folder: Path, content: bytes = GOOD.encode(), mode: int = 0o600) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return f'[pseudonyms]\nkey_file = "{path}"'


@pytest.fixture
def bank_folder(tmp_path: Path) -> Path:
    return tmp_path / "bank"


def test_bank_without_key_is_told_how_to_make_one(bank_folder: Path) -> None:
    with pytest.raises(KeyFileError, match=r"no pseudonym key for bank 'real'") as error:
        prepare(bank(bank_folder), as_of=AS_OF)
    assert "secrets.token_hex(32)" in error.value.todo


def test_variable_that_is_not_set(bank_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(KeyFileError, match="'NO_SUCH_KEY' is not set"):
        Key.load(bank(bank_folder, '[pseudonyms]\nkey_env = "NO_SUCH_KEY"'))


def test_key_from_the_environment_and_from_a_file_are_the_same(
    bank_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_KEY", GOOD + "\n")
    from_variable = Key.load(bank(bank_folder, '[pseudonyms]\nkey_env = "BANK_KEY"'))
    from_file = Key.load(bank(bank_folder, key_file(tmp_path / "keys", GOOD.encode() + b"\n")))
    assert from_variable.id == from_file.id
    assert GOOD not in repr(from_variable)


@pytest.mark.parametrize(("weak", "why"), [("short", "5 characters"), ("ab" * 30, "2 of them different")])
def test_weak_key(bank_folder: Path, tmp_path: Path, weak: str, why: str) -> None:
    with pytest.raises(KeyFileError, match=why):
        Key.load(bank(bank_folder, key_file(tmp_path / "keys", weak.encode())))


def test_key_file_missing_readable_by_others_or_in_the_project(bank_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="is not there"):
        Key.load(bank(bank_folder, f'[pseudonyms]\nkey_file = "{tmp_path}/none"'))
    with pytest.raises(KeyFileError, match="can be read by others"):
        Key.load(bank(bank_folder, key_file(tmp_path / "keys", mode=0o640)))
    bank_folder.mkdir(exist_ok=True)
    with pytest.raises(KeyFileError, match="inside the project's folder"):
        Key.load(bank(bank_folder, key_file(bank_folder / "keys")))


@pytest.mark.parametrize("packaged", [DEMO_KEY, PUBLIC_KEY])
def test_packaged_keys_are_refused_for_a_real_bank(bank_folder: Path, tmp_path: Path, packaged: bytes) -> None:
    with pytest.raises(KeyFileError, match="comes with this package"):
        Key.load(bank(bank_folder, key_file(tmp_path / "keys", packaged)))


def test_demo_and_public_data_bring_a_key_each(bank_folder: Path) -> None:
    demo = Key.load(bank(bank_folder, id="demo"))
    public = Key.load(bank(bank_folder, '[disclosure]\nmode = "public_data"'))
    assert {demo.secret, public.secret} == {DEMO_KEY, PUBLIC_KEY}


def test_pseudonym_is_a_keyed_hash_with_a_key_of_its_own_per_kind() -> None:
    key = Key(GOOD.encode())
    client, manager = key.pseudonyms("client", ["17"])[0], key.pseudonyms("manager", ["17"])[0]
    assert client[:2] == "c_"
    assert manager[:2] == "m_"
    assert client[2:] != manager[2:]
    assert key.pseudonyms("client", [" 17 "]) == [client]
    assert key.pseudonyms("client", ["e\u0301", "\u00e9"])[0] == key.pseudonyms("client", ["\u00e9"])[0]
    assert Key(GOOD.encode() + b"x").pseudonyms("client", ["17"]) != [client]
    plain = hmac.digest(GOOD.encode(), b"17", hashlib.sha256).hex()
    assert plain not in client
    many = key.pseudonyms("client", (str(i) for i in range(20_000)))
    assert len(set(many)) == 20_000
    assert {len(one) for one in many} == {18}


def test_reveal_turns_a_list_back_and_logs_it(bank_folder: Path, tmp_path: Path) -> None:
    settings = bank(bank_folder, key_file(tmp_path / "keys"))
    made = prepare(settings, as_of=AS_OF)
    ids = pd.read_parquet(made.path / "tables" / "clients.parquet")["client_id"].tolist()
    listed = tmp_path / "leavers.csv"
    listed.write_text("client_id,region\n" + "".join(f"{one},north\n" for one in [*ids, "c_" + "a" * 16]))
    table = reveal(listed, settings)
    assert list(table.columns) == ["client_id", "client_id_original", "region"]
    assert sorted(table["client_id_original"]) == ["", "17", "18"]
    log = (settings.state / "reveal.jsonl").read_text().splitlines()
    line = json.loads(log[-1])
    assert line["ids"] == 2
    assert line["sha256"] == hashlib.sha256(listed.read_bytes()).hexdigest()
    assert not {"17", "18", *ids} & set(line.values())
    reveal(listed, settings)
    assert len((settings.state / "reveal.jsonl").read_text().splitlines()) == len(log) + 1


def test_id_map_is_encrypted_and_opens_with_its_own_key_only(bank_folder: Path, tmp_path: Path) -> None:
    made = prepare(bank(bank_folder, key_file(tmp_path / "keys"), id="locked"), as_of=AS_OF)
    content = (made.path / MAP_FILE).read_bytes()
    assert content.startswith(b"gAAAA")  # a Fernet token
    assert sorted(json.loads(Key(GOOD.encode()).decrypt(content))["client"].values()) == ["17", "18"]
    other = bank(bank_folder, key_file(tmp_path / "others", GOOD[::-1].encode()), id="locked")
    listed = tmp_path / "list.csv"
    listed.write_text("client_id\nc_" + "a" * 16 + "\n")
    with pytest.raises(KeyFileError, match="does not open with this key"):
        reveal(listed, other)
    with pytest.raises(KeyFileError, match="no processed data of bank 'empty'"):
        reveal(listed, bank(bank_folder, key_file(tmp_path / "keys"), id="empty"))
