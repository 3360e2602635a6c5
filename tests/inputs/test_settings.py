"""Every mistake in bank.toml is answered by what was found, what was expected, and what to do."""

from pathlib import Path

import pytest

from insights.data import places
from insights.data.settings import Settings, load_settings
from insights.errors import SettingsError

REPOSITORY = Path(__file__).parents[2]

GOOD = """
[bank]
id = "some_bank"
name = "Some Bank"
currency = "CHF"
language = "zh-CN"

[reports]
languages = ["en"]

[window]
complete_from = 2021-11-01

[pseudonyms]
key_env = "SOME_BANK_KEY"

[labels.leave_reason.surrender]
en = "Surrender"
"zh-CN" = "退保"

[extracts.crm]
path = "crm.csv"

[tables.clients]
path = "clients.csv"
null_when = { left_on = { column = "Status", equals = ["active", 1] } }
[tables.clients.columns]
client_id = "Nr"
joined_on = "Start"
left_on = "End"
leave_reason = "Why"
[tables.clients.codes]
leave_reason = { "A" = "competitor", "S" = "surrender" }

[tables.contacts]
query = "SELECT id AS client_id, day AS contacted_on, 'phone' AS channel, yes AS resolved FROM crm"
codes.resolved = { "J" = true, "N" = false }

[tables.surveys]
path = "survey.csv"
items = ["item_quality", "item_trust"]
columns = { client_id = "Nr", invited_on = "Sent", item_trust = "Q7" }
"""


def load(tmp_path: Path, text: str, **more: Path) -> Settings:
    (tmp_path / "bank.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path / "bank.toml", **more)


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert caught.value.found
    assert caught.value.todo
    return str(caught.value)


def test_good_settings_are_read(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert settings.bank.id == "some_bank"
    assert settings.reports.languages == ["zh-CN", "en"], "the bank's own language comes first and is always made"
    assert settings.path == tmp_path / "bank.toml"
    assert settings.raw == tmp_path / "data/raw"
    assert settings.own_codes("clients") == {"leave_reason": ("surrender",)}
    assert settings.tables["contacts"].codes["resolved"] == {"J": "true", "N": "false"}
    assert settings.tables["clients"].null_when["left_on"].equals == ["active", "1"]


def test_folders_lie_in_the_home_and_end_in_the_bank(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    home = places.home()
    assert settings.processed == home / "data/processed/some_bank"
    assert settings.reports_dir == home / "reports/some_bank"
    assert settings.state == home / "state/some_bank"
    assert settings.lists_dir == home / "lists/some_bank"


def test_raw_folder_can_be_overridden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(tmp_path, GOOD, raw=Path("elsewhere")).raw == tmp_path / "elsewhere"


def test_home_is_named_or_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "project" / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "project" / "bank.toml").touch()
    monkeypatch.chdir(below)
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "named"))
    assert places.home() == tmp_path / "named"
    monkeypatch.delenv("INSIGHTS_HOME")
    assert places.home() == tmp_path / "project"


def test_mapped_columns_of_files_queries_and_items(tmp_path: Path) -> None:
    tables = load(tmp_path, GOOD).tables
    assert tables["clients"].mapped("clients", ["Nr", "region"])["client_id"] == "Nr"
    assert "region" not in tables["clients"].mapped("clients", ["Nr", "region"]), (
        "a file's columns are named one by one"
    )
    assert tables["contacts"].mapped("contacts", ["client_id", "other"]) == {"client_id": "client_id"}
    assert tables["surveys"].mapped("surveys", ["Nr"])["item_quality"] == "item_quality"
    assert tables["surveys"].mapped("surveys", ["Nr"])["item_trust"] == "Q7"


UNKNOWN_KEYS = [
    ("[window]", "[windw]", "'windw' in bank.toml", "window"),
    ("complete_from", "complete_form", "[window]", "complete_from"),
    ("key_env", "key_evn", "[pseudonyms]", "key_env"),
    ('path = "clients.csv"', 'paht = "clients.csv"', "[tables.clients]", "path"),
    ('path = "crm.csv"', 'pth = "crm.csv"', "[extracts.crm]", "path"),
    ('column = "Status"', 'colum = "Status"', "[tables.clients.null_when.left_on]", "column"),
    ("currency =", "curency =", "[bank]", "currency"),
]


@pytest.mark.parametrize(
    ("section", "key"), [("value", "market_series"), ("risk.market", "indices")], ids=["value", "risk"]
)
def test_a_key_that_has_moved_is_answered_with_its_place(tmp_path: Path, section: str, key: str) -> None:
    said = complaint(tmp_path, GOOD + f'\n[{section}]\n{key} = ["equity_index"]\n')
    assert f"[{section}]" in said
    assert f"{key} has moved: write it as [market] indices" in said


@pytest.mark.parametrize(("right", "wrong", "place", "nearest"), UNKNOWN_KEYS)
def test_unknown_key_is_answered_with_the_nearest(
    tmp_path: Path, right: str, wrong: str, place: str, nearest: str
) -> None:
    said = complaint(tmp_path, GOOD.replace(right, wrong))
    assert "unknown key" in said
    assert place in said
    assert f"did you mean '{nearest}'?" in said


MISTAKES = [
    ("[tables.clients", "[tables.cleints", "unknown table 'cleints' in [tables]", "did you mean 'clients'?"),
    ("joined_on =", "joind_on =", "unknown column 'joind_on' in [tables.clients.columns]", "did you mean 'joined_on'?"),
    ("{ left_on", "{ left_no", "unknown column 'left_no' in [tables.clients.null_when]", "did you mean 'left_on'?"),
    ('joined_on = "Start"', "", "does not say where the required column 'joined_on' comes from", "add joined_on"),
    (
        "[tables.clients.codes]\nleave_reason",
        "[tables.clients.codes]\njoined_on",
        "joined_on holds no codes",
        "take them",
    ),
    ('"competitor"', '"competiter"', "unknown code 'competiter'", "did you mean 'competitor'?"),
    ("2021-11-01", "2021-11-30", "[window.complete_from] of bank.toml: not the first day of a month", "correct it"),
    ('"zh-CN"\n', '"fr"\n', "[bank.language]", "'en' or 'zh-CN'"),
    ('"zh-CN" = ', "zh = ", "unknown language 'zh'", "did you mean 'zh-CN'?"),
    ('"some_bank"', '"Some Bank"', "[bank.id]", "^[a-z0-9_]+$"),
    ('"CHF"', '"Franken"', "[bank.currency]", "^[A-Z]{3}$"),
    ('id = "some_bank"', "", "[bank] of bank.toml has no 'id'", "add id = ..."),
    ("[labels.leave_reason", "[labels.leave_raeson", "unknown code column 'leave_raeson'", "'leave_reason'?"),
    ('"item_quality",', '"quality",', "declares the item 'quality'", "names like item_*"),
    ('item_trust = "Q7"', 'item_brand = "Q7"', "maps the item 'item_brand' without declaring it", "add 'item_brand'"),
    ('path = "crm.csv"', 'encoding = "utf-9"\npath = "crm.csv"', "[extracts.crm.encoding]", "not a text encoding"),
    (
        'path = "clients.csv"',
        'path = "c.csv"\ndates = ["DD.MM.YYYY"]',
        "[tables.clients.dates.0]",
        "the year or the month",
    ),
    (
        'path = "clients.csv"',
        'path = "clients.csv"\nexpected = ["regoin"]',
        "unknown column 'regoin' in [tables.clients.expected]",
        "did you mean 'region'?",
    ),
    (
        'path = "clients.csv"',
        'path = "clients.csv"\nexpected = ["region"]',
        "expects 'region' to be filled and does not say where it comes from",
        "add region",
    ),
    ('path = "crm.csv"', 'database_env = "CRM"', "database_env and select belong together", "correct it"),
    ('path = "crm.csv"', "", "nothing says where the rows come from", "exactly one of path, database_env"),
    (
        'path = "clients.csv"',
        'path = "clients.csv"\nquery = "SELECT 1"',
        "both path and query say where the rows come from",
        "exactly one of path, database_env, query",
    ),
    (
        'path = "clients.csv"',
        'path = "clients.csv"\nconstant = { joined_on = 2020-01-01 }',
        "says twice where 'joined_on' comes from",
        "keep one",
    ),
    (
        'path = "clients.csv"',
        'path = "clients.csv"\nconsent_column = "ok"',
        "consent_column and consent_values belong together",
        "correct it",
    ),
    (
        'path = "clients.csv"',
        'path = "clients.csv"\ndecimal = ","\nthousands = ","',
        "decimal and thousands are the same",
        "correct it",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "found", "help"), MISTAKES)
def test_mistake_is_told(tmp_path: Path, right: str, wrong: str, found: str, help: str) -> None:
    assert right in GOOD
    said = complaint(tmp_path, GOOD.replace(right, wrong))
    assert found in said
    assert help in said


@pytest.mark.parametrize("name", ["key", "secret", "password"])
def test_key_in_the_file_is_refused_and_not_repeated(tmp_path: Path, name: str) -> None:
    said = complaint(tmp_path, GOOD.replace('key_env = "SOME_BANK_KEY"', f'{name} = "4a8f0c11d2"'))
    assert f"{name} is written into the file" in said
    assert "key_env" in said
    assert "4a8f0c11d2" not in said


def test_secret_in_place_of_the_name_of_a_variable_is_not_repeated(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD.replace('"SOME_BANK_KEY"', '"Zm9vL2Jhcg=="'))
    assert "not the name of an environment variable" in said
    assert "Zm9vL2Jhcg" not in said
    url = 'database_env = "postgresql://u:pw123@h/d"\nselect = "SELECT 1"'
    said = complaint(tmp_path, GOOD.replace('path = "crm.csv"', url))
    assert "not the name of an environment variable" in said
    assert "pw123" not in said


def test_two_places_for_the_key_are_refused(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD.replace("key_env", 'key_file = "k"\nkey_env'))
    assert "both key_env and key_file" in said


def test_file_that_is_missing_not_toml_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no settings file .*none\.toml"):
        load_settings(tmp_path / "none.toml")
    assert "at line 3" in complaint(tmp_path, GOOD.replace('id = "some_bank"', "id = some_bank"))
    (tmp_path / "bank.toml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(SettingsError, match="not text in UTF-8"):
        load_settings(tmp_path / "bank.toml")


def test_fingerprint_changes_with_the_data_and_not_with_the_looks(tmp_path: Path) -> None:
    first = load(tmp_path, GOOD).fingerprint()
    for looks in (
        GOOD.replace('languages = ["en"]', 'languages = ["zh-CN"]'),
        GOOD.replace('"Some Bank"', '"Another Name"'),
        GOOD.replace('"Surrender"', '"Surrendered"'),
        GOOD.replace("[window]", "[disclosure]\nmin_clients = 20\n[window]"),
    ):
        assert load(tmp_path, looks).fingerprint() == first
    for data in (
        GOOD.replace('"Start"', '"Begin"'),
        GOOD.replace('{ "A"', '{ "B"'),
        GOOD.replace('"CHF"', '"EUR"'),
        GOOD.replace('"some_bank"', '"other_bank"'),
        GOOD.replace("2021-11-01", "2021-12-01"),
        GOOD.replace("FROM crm", "FROM crm WHERE day > '2020'"),
    ):
        assert load(tmp_path, data).fingerprint() != first


def test_fingerprint_does_not_hang_on_the_folder_or_the_process(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert load(tmp_path, GOOD).fingerprint() == load(other, GOOD, raw=tmp_path).fingerprint()


@pytest.mark.parametrize("path", ["bank.toml", "examples/eu_savings/bank.toml"])
def test_settings_of_the_project_are_good(path: str) -> None:
    settings = load_settings(REPOSITORY / path)
    assert "clients" in settings.tables
    assert settings.raw.is_absolute()


LOYALTY = """
[loyalty]
outcome = ["item_trust"]
outcome_scale = [0, 10]
scale = [1, 5]
[loyalty.factors]
quality = ["item_quality"]
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('["item_quality"]', '["item_qualty"]'), "unknown item 'item_qualty'.*did you mean 'item_quality'"),
        (('["item_quality"]', '["item_quality", "item_trust"]'), "item_trust stands twice"),
        (("[1, 5]", "[5, 1]"), r"the scale \[5, 1\] has its lowest mark not below its highest"),
        (("scale = [1, 5]", "scale = [1, 5]\nnot_applicable = [3]"), "not_applicable 3 is a mark on every scale"),
        (("quality =", "loyalty ="), "a factor cannot be called 'loyalty'"),
        (("scale = [1, 5]", "scale = [1, 5]\nscala = 3"), "unknown key 'scala'.*did you mean 'scale'"),
        (
            ("[loyalty.factors]", '[[loyalty.hypotheses]]\nfactor = "qualty"\n[loyalty.factors]'),
            "unknown factor 'qualty'.*did you mean 'quality'",
        ),
    ],
)
def test_the_reading_of_the_survey_is_checked(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert load(tmp_path, GOOD + LOYALTY).loyalty.items == ("item_quality", "item_trust")
    with pytest.raises(SettingsError, match=f"(?s){message}"):
        load(tmp_path, GOOD + LOYALTY.replace(*change))
