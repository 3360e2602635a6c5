"""A run: intake once, every notebook in a kernel of its own, and a pack that is linked only when it is complete.

Parameters are checked before anything runs. Whatever happens, the attempt's folder and the run log say how it ended.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Thread

import insights
from insights.data import places
from insights.data.intake import taken_in
from insights.data.settings import Settings, load_settings
from insights.data.snapshot import Bank, open_bank
from insights.data.store import write_atomic
from insights.errors import InsightsError, ParameterError, RunError
from insights.models.groups import group_columns
from insights.reports.annex.page import NAME as ANNEX
from insights.reports.audit import who
from insights.reports.execution import execute_all
from insights.reports.history import Attempt, link, new_attempt, publishing, write_manifest
from insights.reports.listing import refresh_index
from insights.reports.lists import Lists, check_lists, write_lists
from insights.reports.memory import keep_memory
from insights.reports.nursery import Nursery
from insights.reports.pack import FAILED, Report, Run, carry_over, finish_pack, finish_parts, pack_head
from insights.reports.parameters import RunParameters, check_against_bank
from insights.reports.published import REPORT as SUMMARY
from insights.reports.split import Part
from insights.reports.wording import Wording
from insights.reports.work import Job, Listener, Work, jobs_of

NOTEBOOK = re.compile(r"\d\d_([a-z]+)\.ipynb")


def run(
    parameters: RunParameters,
    listen: Listener = lambda text, done, total: None,
    nursery: Nursery | None = None,
) -> Path:
    """Make a pack and return the path of its index page.

    ``nursery`` is one that the caller has begun and will close (None: the run has its own). Raises ParameterError
    before anything runs; what intake raises; RunError, naming every notebook that did not run to its end or showed what
    it may not. Until the new pack is complete the last good one stays in its place.
    """
    settings = load_settings(parameters.config, raw=parameters.raw)
    notebooks = find_notebooks()
    check_against_bank(parameters, settings, [*notebooks, ANNEX])
    check_lists(settings, reports := _reports_dir(parameters, settings))
    with (
        nullcontext(nursery) if nursery else Nursery() as starts,
        new_attempt(reports, settings.state, pack_head(settings, parameters)) as attempt,
    ):
        work = Work(parameters, settings, notebooks, reports, attempt, starts, listen)
        with _told(work):
            return _make_pack(work)


def find_notebooks() -> dict[str, Path]:
    """Return the notebooks by the name of their report, in order: ``notebooks/03_lifecycle.ipynb`` is ``lifecycle``.

    They lie in the project's home, else beside the source of this package.
    """
    tried = [places.home() / "notebooks", Path(insights.__file__).parents[2] / "notebooks"]
    for folder in tried:
        found = {m[1]: path for path in sorted(folder.glob("*.ipynb")) if (m := NOTEBOOK.fullmatch(path.name))}
        if found:
            return found
    raise RunError(
        "there are no notebooks to run",
        expected="files like 03_lifecycle.ipynb in the folder notebooks of the project",
        todo="run inside a checkout of the project, or set INSIGHTS_HOME to one",
    )


def _make_pack(work: Work) -> Path:
    work.listen("intake", 0, 0)
    Thread(target=import_module, args=("insights.reports.kernel",), daemon=True).start()  # it takes half a second
    parameters = work.parameters
    with open_bank(parameters.config, as_of=parameters.as_of, raw=parameters.raw) as bank:
        _check_bank(parameters, bank)
        work.env |= taken_in(bank.settings, bank.as_of, bank.processed)
        work.log |= {"raw_files": bank.processed.files, "processed": bank.processed.path.name}
        jobs = jobs_of(work, bank)
        if not jobs and not (work.reports / work.pack_name).exists():
            raise ParameterError(
                f"there is no pack of {parameters.as_of.isoformat()} whose annexes could be gathered",
                expected="a pack of this day; each one brings its annex with it",
                todo="run all reports, without --report",
            )
        names = [job.report for job in jobs]
        lists = None if parameters.split or not jobs else _beside(lambda: _lists(work, names))
        plan, done = execute_all(work, bank, jobs)
        if lists is not None:
            wait([lists])
        work.log["reports"] = {str(job): report.state for job, report in done.items()}
        failed = {job: report for job, report in done.items() if report.state == FAILED}
        if failed:
            _finish(work, plan, done, [], all_packs="../../index.html")
            raise _run_error(failed, work.attempt)
        if lists is not None:
            made, files = lists.result()
            for line in write_lists(made, bank, work.attempt.id, files):
                work.listen(line, len(jobs), len(jobs))
        with publishing(work.reports):
            current = work.reports / work.pack_name
            carried = []
            if parameters.reports and not parameters.split and current.exists():
                carried = carry_over(plan, current, work.attempt.folder, names)
            _finish(work, plan, done, carried, all_packs="../index.html")
            if any(job.report == SUMMARY for job in jobs):
                keep_memory(work.memory, work.settings.state, work.pack_name)
            return link(work.reports, work.pack_name, work.attempt) / "index.html"


def _beside(make: Callable[[], Lists]) -> Future[Lists]:
    """Return the lists that a thread of their own will have made; a run that is interrupted does not wait for it."""
    future: Future[Lists] = Future()

    def work() -> None:
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future


def _lists(work: Work, reports: Sequence[str]) -> Lists:
    """Return the restricted lists and their files, made in a process of their own while the notebooks run."""
    function, env = "insights.reports.lists:lists_and_files", {**os.environ, **work.env}
    made: Lists = work.nursery.call(function, work.parameters, reports, env=env)
    return made


def _check_bank(parameters: RunParameters, bank: Bank) -> None:
    """Raise ParameterError for what only the data can tell."""
    if bank.table("clients").count().execute() == 0:
        raise ParameterError(
            f"no client is known as of {bank.as_of.isoformat()}",
            expected="a day after the first client joined",
            todo="choose a later --as-of",
        )
    columns = group_columns(bank)
    for option in ("by", "split"):
        name = getattr(parameters, option)
        if name is not None and name not in columns:
            raise ParameterError(
                f"{option}: the clients delivered have no column {name!r}",
                expected=f"one of {', '.join(columns)}",
                todo="choose one of these, or map the column in [tables.clients] of bank.toml",
            )


def _finish(work: Work, plan: Run, done: Mapping[Job, Report], carried: Sequence[Report], *, all_packs: str) -> None:
    """Write the index pages, findings and manifest of the pack, or of one pack for each part and their index."""
    folder = work.attempt.folder
    if not work.parameters.split:
        finish_pack(plan, [*done.values(), *carried], folder, all_packs=all_packs)
        return
    by_part: dict[Part, list[Report]] = {}
    for job, report in done.items():
        if job.part:
            by_part.setdefault(job.part, []).append(report)
    finish_parts(plan, by_part, folder)


def _run_error(failed: Mapping[Job, Report], attempt: Attempt) -> RunError:
    english = Wording("en")
    told = "; ".join(f"{job}: {english.text(report.reason or '')}" for job, report in failed.items())
    return RunError(
        f"the run failed in {told}",
        expected="every notebook runs to its end and shows sealed exhibits only",
        todo=f"see the executed notebooks in {attempt.private}; the last good pack is still in its place",
    )


@contextmanager
def _told(work: Work) -> Iterator[None]:
    """Write down how the run ended, in the attempt's manifest, the run log, and the index of all packs."""
    work.log |= {"attempt": work.attempt.id, "who": who(), "began": _now()}
    work.log["parameters"] = work.parameters.model_dump(mode="json")
    work.log["outcome"] = "complete"
    try:
        yield
    except BaseException as error:
        found = f": {error.found}" if isinstance(error, InsightsError) else ""
        work.log["outcome"] = type(error).__name__ + found
        _close_manifest(work, work.log["outcome"])
        raise
    finally:
        work.log["ended"] = _now()
        log = json.dumps(work.log, ensure_ascii=False, indent=1, default=str) + "\n"
        write_atomic(work.attempt.private / "run.json", log.encode())
        with publishing(work.reports):
            refresh_index(work.reports, work.languages)


def _close_manifest(work: Work, outcome: str) -> None:
    """Mark the attempt as failed, keeping what its manifest says of the reports that did finish."""
    path = work.attempt.folder / "pack.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest.pop("begun", None)
    write_manifest(work.attempt.folder, manifest | {"complete": False, "outcome": outcome})


def _reports_dir(parameters: RunParameters, settings: Settings) -> Path:
    return parameters.out / settings.bank.id if parameters.out else settings.reports_dir


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
