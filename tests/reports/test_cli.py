"""The command line: clean messages, honest exit codes, nothing loaded before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_bank import CLIENTS, write_bank

from insights.cli import main

ROWS = "A1,2020-01-01,2026-09-30,competitor,north,1960\nA2,2020-01-01,,,south,1970\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def insights(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_the_version_is_told() -> None:
    done = insights("--version")
    assert done.exit_code == 0
    assert done.output.startswith("insights 0.")


def test_help_names_every_command() -> None:
    output = insights("--help").output
    for command in ("run", "check", "demo", "history", "reveal"):
        assert command in output


def test_an_unknown_option_is_a_usage_error() -> None:
    assert insights("run", "--nonsense").exit_code == 2
    assert insights("run", "--config", "bank.toml").exit_code == 2  # no as-of date
    assert insights("demo", "--clients", "many").exit_code == 2


def test_wrong_parameters_are_told_before_the_settings_are_read(home: Path) -> None:
    done = insights("run", "--config", "nowhere.toml", "--as-of", "2026-02-30", "--language", "fr")
    assert done.exit_code == 2
    assert "'2026-02-30' is not a day of the calendar" in done.stderr
    assert "no wording in 'fr'" in done.stderr
    assert not home.exists()


def test_a_fault_is_a_message_and_not_a_traceback(home: Path, tmp_path: Path) -> None:
    done = insights("run", "--config", tmp_path / "nowhere.toml", "--as-of", "2026-10-31")
    assert done.exit_code == 1
    assert done.stderr.startswith("SettingsError: there is no settings file")
    assert "expected:" in done.stderr
    assert "to do:" in done.stderr
    assert "Traceback" not in done.output


def test_a_column_that_is_not_mapped_stops_the_run_before_intake(home: Path, tmp_path: Path) -> None:
    config = write_bank(tmp_path, {"clients": CLIENTS + ROWS})
    done = insights("run", "--config", config, "--as-of", "2026-10-31", "--by", "regoin")
    assert done.exit_code == 2
    assert "did you mean 'region'?" in done.stderr
    assert not home.exists()


def test_an_error_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("insights.data.settings.load_settings", lambda *a, **k: 1 / 0)
    assert isinstance(insights("history", "--config", tmp_path / "x.toml").exception, ZeroDivisionError)


def test_check_tells_what_is_wrong_and_no_value(home: Path, tmp_path: Path) -> None:
    bad = "SECRET9,2021-05-01,2020-01-01,competitor,north,1960\n"
    done = insights(
        "check", "--config", write_bank(tmp_path, {"clients": CLIENTS + ROWS + bad}), "--as-of", "2026-10-31"
    )
    assert done.exit_code == 0
    assert "quarantined 1: the client left before he joined" in done.output
    assert "the extracts can be used" in done.output
    assert "SECRET9" not in done.output


def test_check_fails_when_a_required_table_cannot_be_built(home: Path, tmp_path: Path) -> None:
    config = write_bank(tmp_path, {"clients": CLIENTS + ROWS})
    (tmp_path / "raw" / "clients.csv").write_text("client_id,region\nA1,north\n")
    done = insights("check", "--config", config, "--as-of", "2026-10-31")
    assert done.exit_code == 1
    assert "clients cannot be built" in done.output
    assert "joined_on" in done.output
    assert "the extracts cannot be used yet" in done.output


def test_history_of_nothing_is_no_error(home: Path, tmp_path: Path) -> None:
    assert insights("history").exit_code == 0
    done = insights("history", "--config", write_bank(tmp_path, {"clients": CLIENTS + ROWS}))
    assert (done.exit_code, done.output.split()) == (0, ["demo", "no", "pack", "yet"])


def test_demo_writes_a_bank_and_says_what_it_made(tmp_path: Path) -> None:
    done = insights(
        "demo", "--clients", "60", "--months", "12", "--seed", "3", "--language", "zh-CN", "--out", tmp_path / "d"
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "d" / "bank.toml").is_file()
    assert "60 clients over 12 months up to 2026-10, seed 3" in done.stdout


def test_demo_refuses_what_it_cannot_make(tmp_path: Path) -> None:
    assert insights("demo", "--months", "1", "--out", tmp_path / "d").exit_code == 2
    assert not (tmp_path / "d").exists()


def test_importing_the_package_or_its_command_line_loads_no_engine() -> None:
    code = (
        "import sys, insights, insights.cli; print([m for m in ('pandas', 'duckdb', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_gives_a_notebook_its_two_names() -> None:
    import insights as package
    from insights.data.snapshot import open_bank
    from insights.reports.publish import show

    assert (package.open_bank, package.show) == (open_bank, show)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
