"""A run from a few-line bank through notebooks made on the spot: what becomes a pack, and what must not."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small_bank import CLIENTS, write_bank

from insights.errors import DisclosureError, InsightsError, ParameterError, RunError, SettingsError
from insights.reports.findings import read_findings
from insights.reports.history import packs, read_pack, unfinished
from insights.reports.nursery import Nursery
from insights.reports.parameters import check_parameters
from insights.reports.runner import find_notebooks
from insights.reports.runner import run as make_pack

AS_OF = "2026-10-31"
OPEN = """from insights import open_bank, show
from insights.topics import {topic}
bank = open_bank(config, as_of=as_of, raw=raw)"""
GOOD = {"quality": "show(quality.legal_basis(bank), bank)", "lifecycle": "show(lifecycle.last_year(bank), bank)"}
NUMBERS = {"quality": "01", "lifecycle": "03"}
RECIPIENTS = '[reports]\nlanguages = ["zh-CN"]\n\n[lists.recipients.desk]\ngroup = "nobody-here"\nlists = ["leavers"]\n'


class House:
    """A home with notebooks and a small bank, and the runs made in it."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.folder, self.home, self.nursery = folder, folder / "home", nursery
        self.reports = self.home / "reports" / "demo"
        self.state = self.home / "state" / "demo"
        self.config = write_bank(folder, {"clients": clients()}, more=RECIPIENTS)
        self.write(**GOOD)

    def write(self, **cells: str) -> None:
        (self.home / "notebooks").mkdir(parents=True, exist_ok=True)
        for report, code in cells.items():
            parameters = new_code_cell(
                'config = "bank.toml"\nas_of = ""\nraw = None\nby = None', metadata={"tags": ["parameters"]}
            )
            head = new_code_cell(OPEN.format(topic=report))
            made = new_notebook(cells=[new_markdown_cell("# A title"), parameters, head, new_code_cell(code)])
            nbformat.write(made, self.home / "notebooks" / f"{NUMBERS[report]}_{report}.ipynb")

    def run(self, **more: Any) -> Path:
        parameters = check_parameters(**{"config": str(self.config), "as_of": AS_OF, **more})
        return make_pack(parameters, nursery=self.nursery)

    @property
    def pack(self) -> Path:
        return self.reports / AS_OF


def clients() -> str:
    """90 clients in three regions, one of them small; 24 leave in the last year."""
    lines = []
    for i in range(90):
        region = "north" if i < 45 else "south" if i < 84 else "harbour"
        gone = f"2026-0{1 + i % 6}-15,competitor" if i % 4 == 0 and region != "harbour" else ","
        lines.append(f"C{i},20{15 + i % 7}-0{1 + i % 9}-10,{gone},{region},{1950 + i % 40}")
    return CLIENTS + "\n".join(lines) + "\n"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Path:
    """A home in which one good run was made; the tests copy it."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSIGHTS_HOME", str(folder / "home"))
        House(folder, nursery).run()
    return folder


@pytest.fixture
def house(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nursery: Nursery) -> House:
    folder = tmp_path / "house"
    shutil.copytree(first, folder, symlinks=True)
    monkeypatch.setenv("INSIGHTS_HOME", str(folder / "home"))
    return House(folder, nursery)


def test_a_pack_is_complete_and_says_what_it_is(house: House) -> None:
    files = set(contents(house.pack))
    pages = {f"{name}{suffix}.html" for name in ("index", "annex", "quality", "lifecycle") for suffix in ("", ".zh-CN")}
    assert files == pages | {"findings.json", "pack.json"}
    manifest = read_pack(house.pack)
    assert [(r["name"], r["state"]) for r in manifest["reports"]] == [
        ("quality", "complete"),
        ("lifecycle", "complete"),
    ]
    assert [f["id"] for f in read_findings(house.pack / "findings.json")] == [
        "quality.legal_basis",
        "lifecycle.last_year",
    ]
    assert 'href="lifecycle.html"' in (house.pack / "index.html").read_text()
    assert f"{AS_OF}/index.html" in (house.reports / "index.html").read_text()
    assert (house.pack / "../index.html").resolve() != house.reports  # the link back leads to the bank's own index


def test_a_pack_knows_no_clock_no_attempt_no_path_and_no_raw_file(house: House) -> None:
    (attempt,) = [p.name for p in (house.reports / ".runs").iterdir()]
    log = json.loads((house.state / "runs" / attempt / "run.json").read_text())
    (digest,) = log["raw_files"].values()
    for name, content in contents(house.pack).items():
        for secret in (attempt, log["began"][:16], str(house.folder.parent), digest, log["processed"]):
            assert secret.encode() not in content, name


def test_executed_notebooks_stay_private_and_out_of_the_reports(house: House) -> None:
    assert not list(house.home.joinpath("reports").rglob("*.ipynb"))
    kept = list(house.state.rglob("*.ipynb"))
    assert len(kept) == 2
    assert {stat.S_IMODE(p.stat().st_mode) for p in kept} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in house.state.rglob("*") if p.is_dir()} == {0}
    assert stat.S_IMODE((house.reports / ".runs").stat().st_mode) == 0o711


def test_the_same_run_gives_the_same_bytes(house: House) -> None:
    before, target = contents(house.pack), house.pack.resolve()
    index = house.run()
    assert index == house.pack / "index.html"
    assert house.pack.resolve() != target
    assert contents(house.pack) == before


def test_the_recipients_get_their_lists(house: House) -> None:
    folder = house.home / "lists" / "demo" / "desk"
    assert sorted(p.name for p in folder.iterdir()) == [f"leavers-{AS_OF}{s}" for s in (".csv", ".parquet", ".xlsx")]
    assert len((folder / f"leavers-{AS_OF}.csv").read_text().splitlines()) == 1 + 21


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('client C7 left')", "lifecycle: code cell 3 stopped with ValueError"),
        ("import os\nos._exit(0)", "lifecycle: its process ended in code cell 3"),
        ("import sys\nshow(lifecycle.last_year(bank), bank)\nsys.exit()", "lifecycle: it ended before code cell 3 was"),
        # It has left the kernel before the cell ends: a print at the very end can come too late to be looked at.
        (
            "import time\nprint('client C7 left')\ntime.sleep(1)",
            "lifecycle: DisclosureError: cell 4 of the notebook shows something that did not",
        ),
        ("bank", "did not pass disclosure control"),
        ("pass", "lifecycle: RunError: report 'lifecycle' shows no exhibit"),
    ],
)
def test_a_failed_notebook_leaves_the_last_good_pack(house: House, code: str, said: str) -> None:
    before, target = contents(house.pack), house.pack.readlink()
    house.write(lifecycle=code)
    with pytest.raises(RunError) as error:
        house.run()
    assert said in error.value.found
    assert "C7" not in str(error.value)
    assert house.pack.readlink() == target
    assert contents(house.pack) == before
    (failed,) = unfinished(house.reports)
    assert failed.state == "failed"
    assert {r["name"]: r["state"] for r in failed.manifest["reports"]} == {"quality": "complete", "lifecycle": "failed"}
    assert (failed.folder / "quality.html").is_file()
    assert not (failed.folder / "lifecycle.html").exists()
    assert "Incomplete" in (failed.folder / "index.html").read_text()
    assert stat.S_IMODE(failed.folder.stat().st_mode) == 0o700
    assert failed.name in (house.reports / "index.html").read_text()
    assert "client C7" not in "".join(p.read_text() for p in failed.folder.iterdir())


def test_a_notebook_over_its_time_is_a_failure(house: House) -> None:
    house.config.write_text(house.config.read_text().replace("[reports]", "[reports]\ntime_limit_seconds = 6"))
    house.write(lifecycle="while True: pass")
    with pytest.raises(RunError, match="lifecycle: code cell 3 was still running at the time limit"):
        house.run(reports=["lifecycle"])


def test_a_seal_of_another_run_does_not_pass(house: House) -> None:
    house.write(lifecycle="import os\nos.environ['INSIGHTS_RUN_SECRET'] = 'guessed'\n" + GOOD["lifecycle"])
    with pytest.raises(RunError, match="carries no valid seal of this run"):
        house.run(reports=["lifecycle"])


def test_one_report_is_renewed_and_the_others_are_carried_over(house: House) -> None:
    before = contents(house.pack)
    house.write(quality="1 / 0", lifecycle="show(lifecycle.tenure(bank), bank)")
    house.run(reports=["lifecycle"])
    after = contents(house.pack)
    assert {n: after[n] for n in after if n.startswith("quality")} == {
        n: before[n] for n in before if n.startswith("quality")
    }
    assert after["lifecycle.html"] != before["lifecycle.html"]
    assert [f["id"] for f in read_findings(house.pack / "findings.json")] == ["quality.legal_basis", "lifecycle.tenure"]
    assert [r["state"] for r in read_pack(house.pack)["reports"]] == ["carried over", "complete"]
    assert "Carried over from an earlier run" in after["index.html"].decode()
    house.run(reports=["lifecycle"])
    assert contents(house.pack) == after


def test_the_annexes_are_gathered_alone_and_every_report_is_carried_over(house: House) -> None:
    annex = house.pack / "annex.html"
    before = annex.read_text()
    for heading in ("Data quality", "Client lifecycle", "Models and methods", "Tests, registered and executed"):
        assert heading in before
    house.run(reports=["annex"])
    assert [r["state"] for r in read_pack(house.pack)["reports"]] == ["carried over", "carried over"]
    assert annex.read_text() == before
    with pytest.raises(ParameterError, match="there is no pack of 2026-09-30 whose annexes could be gathered"):
        house.run(reports=["annex"], as_of="2026-09-30")


def test_pages_under_other_rules_of_disclosure_are_not_carried_over(house: House) -> None:
    house.config.write_text(house.config.read_text() + "\n[disclosure]\nmin_clients = 5\n")
    with pytest.raises(RunError, match="made under other rules of disclosure"):
        house.run(reports=["lifecycle"])


def test_a_damaged_pack_is_not_carried_over(house: House) -> None:
    (house.pack / "quality.html").write_text("changed by hand")
    with pytest.raises(RunError, match=r"cannot be carried over: quality\.html was changed"):
        house.run(reports=["lifecycle"])


def test_a_split_makes_a_pack_for_every_value_with_enough_clients(house: House) -> None:
    house.write(lifecycle="show(lifecycle.last_year(bank), bank)\nshow(lifecycle.survival(bank), bank)")
    index = house.run(split="region")
    umbrella = house.reports / f"{AS_OF}-by-region"
    assert index == umbrella / "index.html"
    names = sorted(p.name for p in umbrella.iterdir() if p.is_dir())
    # "harbour" has 6 clients; one of the others goes with it, or the whole less that one would tell the six.
    assert names in (["north"], ["south"])
    part = umbrella / names[0]
    assert not (part / "quality.html").exists()
    assert "harbour" not in "".join(p.read_text() for p in umbrella.rglob("*") if p.is_file())
    (year, survival) = read_findings(part / "findings.json")
    assert year["part"] == survival["part"] == {"region": names[0]}
    assert sum(row["value"] or 0 for row in year["estimates"]) <= 45
    assert [p.name for p in packs(house.reports)] == [f"{AS_OF}-by-region", AS_OF]
    assert read_pack(umbrella)["parts"] == {names[0]: names[0]}


def test_a_split_without_any_large_value_is_refused(house: House) -> None:
    house.config.write_text(house.config.read_text() + "\n[disclosure]\nmin_clients = 60\n")
    with pytest.raises(RunError, match="no value of 'region' has enough clients"):
        house.run(split="region")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("{as_of},{data},A. <b>Keller</b>\n", "A. <b>Keller</b>"),
        ("{as_of},another hash,A. Keller\n", "draft"),
        ("2026-09-30,{data},A. Keller\n", "draft"),
    ],
)
def test_a_pack_is_approved_only_for_the_very_data(house: House, lines: str, status: str) -> None:
    data = read_pack(house.pack)["stamp"]["data"]
    text = "as_of,canonical_hash,approved_by\n" + lines.format(as_of=AS_OF, data=data)
    (house.config.parent / "approvals.csv").write_text(text)
    house.run(reports=["lifecycle"])
    assert read_pack(house.pack)["stamp"]["status"] == status
    page = (house.pack / "lifecycle.html").read_text()
    assert ("Approved by A. &lt;b&gt;Keller" in page) == (status != "draft")


def test_approvals_that_cannot_be_read_are_not_passed_over(house: House) -> None:
    (house.config.parent / "approvals.csv").write_text("as_of;canonical_hash\n")
    with pytest.raises(SettingsError, match=r"approvals\.csv has no column"):
        house.run(reports=["lifecycle"])


def test_managements_own_words_stand_on_the_index(house: House) -> None:
    folder = house.config.parent / "commentary"
    folder.mkdir()
    (folder / f"{AS_OF}.md").write_text("A *good* year <script>alert(1)</script>")
    (folder / f"{AS_OF}.zh-CN.md").write_text("好年景")
    house.run(reports=["lifecycle"])
    english, chinese = (house.pack / f"index{suffix}.html" for suffix in ("", ".zh-CN"))
    assert "&lt;script&gt;alert(1)" in english.read_text()
    assert "<script" not in english.read_text()
    assert "好年景" in chinese.read_text()


def test_languages_and_folder_can_be_asked_for(house: House) -> None:
    index = house.run(languages=["en"], out=str(house.folder / "elsewhere"), by="region")
    assert index == house.folder / "elsewhere" / "demo" / AS_OF / "index.html"
    pages = ["annex.html", "index.html", "lifecycle.html", "quality.html"]
    assert sorted(p.name for p in index.parent.glob("*.html")) == pages
    assert read_pack(index.parent)["stamp"]["by"] == "region"


def test_before_the_first_client_there_is_nothing_to_report(house: House) -> None:
    with pytest.raises(ParameterError, match="no client is known as of 2001-01-01"):
        house.run(as_of="2001-01-01")
    assert not (house.reports / "2001-01-01").exists()
    assert unfinished(house.reports)[0].state == "failed"


def test_lists_among_the_reports_stop_the_run_before_it_begins(house: House) -> None:
    with pytest.raises(DisclosureError, match="inside the folder of reports"):
        house.run(out=str(house.home / "lists"))


def test_a_damaged_extract_is_an_attempt_that_failed(house: House) -> None:
    (house.folder / "raw" / "clients.csv").write_bytes(b"")
    with pytest.raises(InsightsError):
        house.run()
    assert [p.state for p in unfinished(house.reports)] == ["failed"]
    assert [p.state for p in packs(house.reports)] == ["complete"]


def command(house: House, *more: str) -> "subprocess.Popen[str]":
    call = [sys.executable, "-m", "insights", "run", "--config", str(house.config), "--as-of", AS_OF, *more]
    env: Mapping[str, str] = {**os.environ, "INSIGHTS_HOME": str(house.home)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(call, env=env, text=True, cwd=house.home, preexec_fn=_hear_interrupts, **pipes)


def _hear_interrupts() -> None:
    """A shell that starts the tests in its background has all below it ignore the interrupt; a terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_last_line_is_the_address_of_the_index(house: House) -> None:
    out, err = (run := command(house, "--report", "lifecycle", "--language", "en")).communicate(timeout=200)
    assert run.returncode == 0, err
    assert out.splitlines()[-1] == (house.pack / "index.html").as_uri()
    assert "[1/1] lifecycle: complete" in err


def test_a_failed_run_exits_with_its_name_and_no_traceback(house: House) -> None:
    house.write(lifecycle="raise KeyError('C7')")
    out, err = (run := command(house, "--report", "lifecycle")).communicate(timeout=200)
    assert run.returncode == 1
    assert "lifecycle: code cell 3 stopped with KeyError" in err
    assert "Traceback" not in err + out
    assert "C7" not in err + out


def test_killed_in_the_middle_nothing_half_made_is_seen(house: House) -> None:
    before, marker = contents(house.pack), house.folder / "kernel.pid"
    house.write(lifecycle=f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(300)")
    run = command(house)
    deadline = time.monotonic() + 120
    while not (marker.exists() and marker.read_text()):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [p.state for p in unfinished(house.reports)] == ["running"]
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert contents(house.pack) == before
    assert [p.state for p in packs(house.reports)] == ["complete"]
    assert [p.state for p in unfinished(house.reports)] == ["interrupted"]
    visible = {p.name for p in house.reports.iterdir() if not p.name.startswith(".")}
    assert visible == {AS_OF, "index.html", "index.zh-CN.html"}
    assert _ends(int(marker.read_text()))  # the kernel does not outlive its run
    house.write(**GOOD)
    house.run()
    assert contents(house.pack) == before


def test_an_interrupted_run_takes_its_kernels_with_it(house: House) -> None:
    marker = house.folder / "kernel.pid"
    house.write(lifecycle=f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(300)")
    run = command(house, "--report", "lifecycle")
    while not (marker.exists() and marker.read_text()):
        assert run.poll() is None, run.communicate()
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode != 0
    assert _ends(int(marker.read_text()))
    assert [p.state for p in unfinished(house.reports)] == ["failed"]


def test_two_runs_at_once_do_not_mix(house: House) -> None:
    failures: list[BaseException] = []

    def one(**more: Any) -> None:
        try:
            house.run(**more)
        except BaseException as error:
            failures.append(error)

    house.write(lifecycle="show(lifecycle.last_year(bank), bank)\nif by:\n    show(lifecycle.survival(bank, by), bank)")
    runs = [threading.Thread(target=one, kwargs=more) for more in ({}, {"by": "region"})]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert failures == []
    attempts = {p.name: read_pack(p) for p in (house.reports / ".runs").iterdir()}
    assert len(attempts) == 3
    for name, manifest in attempts.items():
        grouped = any(".by_" in f["id"] for f in read_findings(house.reports / ".runs" / name / "findings.json"))
        assert grouped == (manifest["by"] == "region")
    assert house.pack.resolve().name in attempts


def test_notebooks_are_found_in_the_home_or_beside_the_source(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(find_notebooks()) == ["quality", "lifecycle"]
    assert find_notebooks()["quality"].is_relative_to(house.home)
    monkeypatch.setenv("INSIGHTS_HOME", str(house.folder / "empty"))
    assert find_notebooks()["quality"].name == "01_quality.ipynb"


def _ends(pid: int) -> bool:
    """Whether the process is gone within a few seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").is_file() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return True
        time.sleep(0.1)
    return False
