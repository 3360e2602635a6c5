"""A whole run, from the extracts of the demo bank to a pack of reports, as the scheduler makes it every month."""

import re
import shutil
import signal
import subprocess
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from reports.packs import command, digests, environment, findings, insights, make_pack

from insights.data.settings import Settings, load_settings
from insights.data.tables import TABLES

AS_OF = "2026-06-30"
LATER = date(2026, 9, 15)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="module")
def pack(home: Path, demo_bank_small: Path) -> Path:
    """The pack that the others are held against."""
    return make_pack(home, demo_bank_small / "bank.toml", AS_OF)


def test_all_reports_come_in_both_languages(pack: Path) -> None:
    names = set(digests(pack))
    for report in (
        "index",
        "quality",
        "clients",
        "lifecycle",
        "value",
        "loyalty",
        "needs",
        "channels",
        "risk",
        "summary",
    ):
        assert {f"{report}.html", f"{report}.zh-CN.html"} <= names
    assert {"quality.intake", "lifecycle.survival", "lifecycle.exit_incidence"} <= set(findings(pack))


@pytest.mark.parametrize(
    "page", ["index", "quality", "clients", "lifecycle", "value", "loyalty", "needs", "channels", "risk", "summary"]
)
@pytest.mark.parametrize(("suffix", "lang"), [("", "en"), (".zh-CN", "zh-CN")])
def test_pages_stand_alone(pack: Path, page: str, suffix: str, lang: str) -> None:
    source = (pack / f"{page}{suffix}.html").read_text(encoding="utf-8")
    assert len(source.encode()) < 1_000_000
    assert f'<html lang="{lang}"' in source
    assert "Content-Security-Policy" in source
    assert "<script" not in source.lower()
    loaded = re.findall(r"""(?:src|href|action|xlink:href)\s*=\s*["']([^"']+)""", source) + re.findall(
        r"url\(([^)]+)\)", source
    )
    assert [
        a for a in loaded if re.match(r"\s*(?:[a-z]+:)?//|[a-z]+:(?!image/)", a.strip("\"'")) and "data:" not in a
    ] == []


def test_no_client_of_the_bank_is_in_the_pack(pack: Path, home: Path) -> None:
    tables = next((home / "data" / "processed" / "demo").glob("*/tables/clients.parquet"))
    ids = set(pd.read_parquet(tables, columns=["client_id"])["client_id"])
    for path in pack.rglob("*"):
        if path.is_file():
            words = set(re.findall(r"c_[a-z2-7]+", path.read_text(encoding="utf-8")))
            assert not words & ids, path.name


def test_rows_after_the_date_change_nothing_but_quality(pack: Path, demo_bank_small: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(demo_bank_small, raw)
    settings = load_settings(raw / "bank.toml")
    planted = [name for name in settings.tables if _plant(settings, name)]
    assert len(planted) >= len(settings.tables) - 2  # tables without any date have nothing to plant
    # One language is enough: the pages of both are written from the same exhibits.
    text = (raw / "bank.toml").read_text(encoding="utf-8")
    (raw / "bank.toml").write_text(text.replace('languages = ["en", "zh-CN"]', 'languages = ["en"]'), encoding="utf-8")
    other = make_pack(tmp_path / "home", raw / "bank.toml", AS_OF)
    for report in ("clients", "lifecycle", "value", "loyalty", "needs", "channels", "risk"):
        ours, theirs = ((folder / f"{report}.html").read_text(encoding="utf-8") for folder in (pack, other))
        (other_language,) = re.findall(r" *<a [^>]*hreflang=[^\n]*\n", ours)
        assert theirs == ours.replace(other_language, ""), report
    before, after = findings(pack), findings(other)
    assert {k: v for k, v in before.items() if not k.startswith("quality.")} == {
        k: v for k, v in after.items() if not k.startswith("quality.")
    }
    assert before["quality.intake"] != after["quality.intake"]  # the rows did arrive


def test_killed_in_the_middle_the_last_good_pack_stands(pack: Path, home: Path, demo_bank_small: Path) -> None:
    before = digests(pack)
    target = (pack.parent / AS_OF).resolve()
    run = subprocess.Popen(
        command("run", "--config", demo_bank_small / "bank.toml", "--as-of", AS_OF),
        env=environment(home),
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    runs = pack.parent / ".runs"
    known = {p.name for p in runs.iterdir()}
    for _ in range(600):
        if any(p.name not in known and any(p.iterdir()) for p in runs.iterdir()):
            break
        time.sleep(0.1)
    else:
        pytest.fail("the run never began an attempt")
    time.sleep(3)  # kernels are at work
    assert run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert (pack.parent / AS_OF).resolve() == target
    assert digests(pack) == before
    visible = sorted(p.name for p in pack.parent.iterdir() if p.is_dir() and not p.name.startswith("."))
    assert visible == [AS_OF]
    assert "interrupted" in insights(home, "history").stdout
    # The next run goes on from what was kept on disk, and makes the same bytes as the first, which found nothing.
    renewed = ("quality", "value", "risk")
    asked = [word for name in renewed for word in ("--report", name)]
    after = digests(make_pack(home, demo_bank_small / "bank.toml", AS_OF, *asked))
    pages = [name for name in before if name.endswith(".html") and not name.startswith("index")]
    assert len(pages) == 20  # nine reports and the annex, in two languages
    assert {name: after[name] for name in pages} == {name: before[name] for name in pages}


def test_two_runs_at_once_do_not_mix_and_make_the_same_bytes(demo_bank_small: Path, tmp_path: Path) -> None:
    home = tmp_path / "both"
    home.mkdir()
    reports = ("quality", "risk")
    asked = [word for name in reports for word in ("--report", name)]
    call = command("run", "--config", demo_bank_small / "bank.toml", "--as-of", AS_OF, *asked)
    runs = [
        subprocess.Popen(call, env=environment(home), cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    told = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    made = home / "reports" / "demo"
    one, other = (digests(attempt) for attempt in sorted((made / ".runs").iterdir()))
    assert one == other == digests(made / AS_OF)
    assert len([name for name in one if name.startswith(reports)]) == 2 * len(reports)


def _plant(settings: Settings, name: str) -> bool:
    """Append rows dated after the as-of date to the extract of a table; return False if it has no date."""
    source, spec = settings.tables[name], TABLES[name]
    dated = [(c.name, source.columns[c.name]) for c in spec.columns if c.name in source.columns and c.kind in DATES]
    if not dated or source.path is None:
        return False
    path = settings.raw / source.path
    frame = _read(path, source.encoding, source.delimiter)
    rows = frame.iloc[:3].copy()
    for column, raw in dated:
        day = LATER.replace(day=1) if spec.column(column).kind == "month" else LATER
        is_date = isinstance(frame[raw].iloc[0], date)  # Parquet carries days as days
        rows[raw] = day if is_date else day.strftime(source.dates[0]) if source.dates else day.isoformat()
    if name in ("clients", "prospects"):
        rows[source.columns[spec.key[0]]] = [f"PLANTED{i}" for i in range(len(rows))]
    _append(path, frame, rows, source.encoding, source.delimiter)
    return True


DATES = ("date", "month", "timestamp")


def _read(path: Path, encoding: str, delimiter: str) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(
        path, sep=delimiter, encoding=encoding, encoding_errors="replace", dtype=str, keep_default_na=False
    )


def _append(path: Path, frame: pd.DataFrame, rows: pd.DataFrame, encoding: str, delimiter: str) -> None:
    if path.suffix == ".parquet":
        for column in frame:
            rows[column] = rows[column].astype(frame[column].dtype)
        pd.concat([frame, rows], ignore_index=True).to_parquet(path, index=False)
        return
    text = rows.to_csv(sep=delimiter, index=False, header=False)
    with path.open("ab") as file:
        file.write(text.encode(encoding))


@pytest.fixture(autouse=True)
def _no_home_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSIGHTS_KEY", raising=False)
