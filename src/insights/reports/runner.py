"""A run: intake once, every notebook in a kernel of its own, and a pack that is linked only when it is complete.

Parameters are checked before anything runs. Whatever happens, the attempt's folder and the run log say how it ended.
"""

import json
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import insights
from insights.data import places
from insights.data.settings import Settings, load_settings
from insights.data.snapshot import Bank, open_bank
from insights.data.store import write_atomic
from insights.errors import InsightsError, ParameterError, RunError
from insights.models.groups import group_columns
from insights.reports.audit import who
from insights.reports.earlier import earlier_packs
from insights.reports.exhibits.base import Message
from insights.reports.findings import FILE, read_findings
from insights.reports.history import Attempt, link, new_attempt, publishing, read_pack, write_manifest
from insights.reports.listing import refresh_index
from insights.reports.lists import Lists, check_lists, write_lists
from insights.reports.memory import keep_memory
from insights.reports.nursery import FIXED, Nursery, NurseryError
from insights.reports.pack import (
    FAILED,
    About,
    Report,
    Run,
    carry_over,
    finish_pack,
    finish_parts,
    make_report,
    pack_head,
)
from insights.reports.parameters import RunParameters, check_against_bank
from insights.reports.publish import SECRET
from insights.reports.published import PUBLISHED, write_published
from insights.reports.published import REPORT as SUMMARY
from insights.reports.split import PART_ENV, Part, parts
from insights.reports.stamp import make_stamp
from insights.reports.wording import Wording

if TYPE_CHECKING:
    from insights.reports.kernel import Failure, Kernels

AT_ONCE = 2
NOTEBOOK = re.compile(r"\d\d_([a-z]+)\.ipynb")
ABOUT_THE_DELIVERY = ("quality",)
"""Reports about what the bank delivered, not about its clients: they have no part for some of the clients."""
WHOLE = (*ABOUT_THE_DELIVERY, SUMMARY)
"""Reports on the whole bank only."""

Listener = Callable[[str, int, int], None]
"""Is told what was done, and how many steps of how many are behind."""


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
    check_against_bank(parameters, settings, notebooks)
    check_lists(settings, reports := _reports_dir(parameters, settings))
    with (
        nullcontext(nursery) if nursery else Nursery() as starts,
        new_attempt(reports, settings.state, pack_head(settings, parameters)) as attempt,
    ):
        work = _Work(parameters, settings, notebooks, reports, attempt, starts, listen)
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


@dataclass
class _Work:
    """One run under way. ``log`` becomes the run log: it alone knows clock, paths and hashes of raw files."""

    parameters: RunParameters
    settings: Settings
    notebooks: Mapping[str, Path]
    reports: Path
    attempt: Attempt
    nursery: Nursery
    listen: Listener
    log: dict[str, Any] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        return self.parameters.languages_for(self.settings)

    @property
    def published(self) -> Path:
        """The file in which the summary finds what the other reports found."""
        return self.attempt.private / "published.json"

    @property
    def memory(self) -> Path:
        """The file with what this run will leave for the runs after it."""
        return self.attempt.private / "memory"

    @property
    def pack_name(self) -> str:
        split = self.parameters.split
        return self.parameters.as_of.isoformat() + (f"-by-{split}" if split else "")


@dataclass(frozen=True)
class _Job:
    """One notebook to execute, for all clients or for a part of them."""

    report: str
    notebook: Path
    part: Part | None = None

    def __str__(self) -> str:
        return self.report + (f" ({self.part.slug})" if self.part else "")


def _make_pack(work: _Work) -> Path:
    work.listen("intake", 0, 0)
    Thread(target=import_module, args=("insights.reports.kernel",), daemon=True).start()  # it takes half a second
    parameters = work.parameters
    with open_bank(parameters.config, as_of=parameters.as_of, raw=parameters.raw) as bank:
        _check_bank(parameters, bank)
        work.log |= {"raw_files": bank.processed.files, "processed": bank.processed.path.name}
        jobs = _jobs(work, bank)
        names = [job.report for job in jobs]
        lists = None if parameters.split else _beside(lambda: _lists(work, names))
        plan, done = _execute_all(work, bank, jobs)
        if lists is not None:
            wait([lists])
        work.log["reports"] = {str(job): report.state for job, report in done.items()}
        failed = {job: report for job, report in done.items() if report.state == FAILED}
        if failed:
            _finish(work, plan, done, [], all_packs="../../index.html")
            raise _run_error(failed, work.attempt)
        if lists is not None:
            made, contents = lists.result()
            for line in write_lists(made, bank, work.attempt.id, contents):
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


def _lists(work: _Work, reports: Sequence[str]) -> Lists:
    """Return the restricted lists and their files, made in a process of their own while the notebooks run."""
    made: Lists = work.nursery.call("insights.reports.lists:lists_and_files", work.parameters, reports)
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


def _jobs(work: _Work, bank: Bank) -> list[_Job]:
    wanted = [name for name in work.notebooks if not work.parameters.reports or name in work.parameters.reports]
    if SUMMARY in _already_there(work) and SUMMARY not in wanted:
        wanted.append(SUMMARY)  # it speaks of the reports that are renewed
    if not work.parameters.split:
        return [_Job(name, work.notebooks[name]) for name in wanted]
    wanted = [name for name in wanted if name not in WHOLE]
    return [_Job(n, work.notebooks[n], part) for part in parts(bank, work.parameters.split) for n in wanted]


def _execute_all(work: _Work, bank: Bank, jobs: Sequence[_Job]) -> tuple[Run, dict[_Job, Report]]:
    """Execute all notebooks, two at a time, and write the pages of each as soon as it is through.

    The summary comes last: it reads what the others found. Where one of them failed it is not begun.
    """
    from insights.reports.kernel import Kernels

    secret, kernels = secrets.token_hex(32), Kernels()
    done: dict[_Job, Report] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(AT_ONCE) as writers:
        try:
            # Reports about clients wait for models; the one about the delivery needs none and fits in at the end.
            order = sorted(jobs, key=lambda job: job.report in ABOUT_THE_DELIVERY)
            first, last = [j for j in order if j.report != SUMMARY], [j for j in order if j.report == SUMMARY]
            executed: dict[Future[Any], _Job] = {pool.submit(_execute, j, work, secret, kernels): j for j in first}
            stamp = make_stamp(bank, work.parameters)
            work.log["stamp"] = stamp.data_form()
            about = About(bank.settings, bank.as_of, bank.window_from)
            plan = Run(about, work.parameters, stamp, work.languages, secret, tuple(work.notebooks))
            beside = {job.report for job in jobs} | _already_there(work)
            written: dict[Future[Any], _Job] = {}
            remembered: Future[str] | None = None
            while executed or written or last:
                if not executed and not written:
                    if any(report.state == FAILED for report in done.values()):
                        break
                    _hand_over(work, done.values())
                    # Beside the summary, which works out the same measures: whoever is first leaves them to the other.
                    remembered = pool.submit(_remember, work, stamp.data)
                    executed = {pool.submit(_execute, j, work, secret, kernels): j for j in last}
                    last = []
                ended, _ = wait([*executed, *written], return_when=FIRST_COMPLETED)
                for future in ended:
                    if future in executed:
                        job = executed.pop(future)
                        notebook, failure = future.result()
                        written[writers.submit(_page, work, plan, job, notebook, failure, beside)] = job
                    else:
                        job = written.pop(future)
                        done[job] = future.result()
                        work.listen(f"{job}: {done[job].state}", len(done), len(jobs))
            if remembered is not None:
                work.log["memory"] = remembered.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            writers.shutdown(wait=False, cancel_futures=True)
            kernels.kill()
            raise
    return plan, {job: done[job] for job in jobs if job in done}


def _remember(work: _Work, data: str) -> str:
    """Have the memory of this run made; return how that went. A run is not worth less for having none."""
    try:
        made = work.nursery.call("insights.reports.memory:remember", work.parameters, work.memory, data)
    except (InsightsError, NurseryError) as error:
        return f"none: {error}"
    return "written" if made else "none: it cannot be written"


def _hand_over(work: _Work, done: Iterable[Report]) -> None:
    """Write for the summary what the other reports found, those of this run and those that it will carry over."""
    made = {report.name: report for report in done}
    findings = {name: list(report.findings) for name, report in made.items()}
    leads = {name: list(report.leads) for name, report in made.items()}
    current = work.reports / work.pack_name
    if _already_there(work):
        try:
            told, found = read_pack(current)["reports"], read_findings(current / FILE)
        except (ValueError, OSError):  # the run will say so when it carries the reports over
            told, found = [], []
        for report in told:
            name = str(report["name"])
            if name not in made and name != SUMMARY:
                findings[name] = [finding for finding in found if finding["report"] == name]
                leads[name] = list(report.get("leads", ()))
    order = [name for name in work.notebooks if name in findings]
    head, usual = pack_head(work.settings, work.parameters), work.reports == work.settings.reports_dir
    earlier = earlier_packs(work.reports, work.settings.state, head, usual=usual)
    write_published(work.published, [f for name in order for f in findings[name]], leads, earlier)


def _execute(job: _Job, work: _Work, secret: str, kernels: "Kernels") -> "tuple[Any, Failure | None]":
    """Execute one notebook in the attempt's private folder."""
    from insights.reports.kernel import execute

    folder = work.attempt.private / str(job).replace(" ", "")
    folder.mkdir(mode=0o700)
    parameters = work.parameters
    with tempfile.TemporaryDirectory(dir=folder, prefix=".ipython-") as profile:
        return execute(
            job.notebook,
            folder / job.notebook.name,
            parameters={
                "config": str(parameters.config),
                "as_of": parameters.as_of.isoformat(),
                "raw": str(parameters.raw) if parameters.raw else None,
                "by": parameters.by,
            },
            env=_kernel_env(job, work, secret) | {"IPYTHONDIR": profile},  # nobody's own start-up files run in a report
            seconds=work.settings.reports.time_limit_seconds,
            kernels=kernels,
            nursery=work.nursery,
        )


def _kernel_env(job: _Job, work: _Work, secret: str) -> dict[str, str]:
    env = FIXED | {SECRET: secret, "INSIGHTS_HOME": str(places.home())}
    if job.report == SUMMARY:
        env[PUBLISHED] = str(work.published)
    if job.part:
        env[PART_ENV] = json.dumps({"column": job.part.column, "value": job.part.value})
    return env


def _page(work: _Work, plan: Run, job: _Job, notebook: Any, failure: "Failure | None", beside: set[str]) -> Report:
    """Return the report of an executed notebook with its pages written; a failed one says why."""
    if failure is None:
        folder = work.attempt.folder / job.part.slug if job.part else work.attempt.folder
        try:
            return make_report(plan, job.report, notebook, folder, beside, job.part, work.nursery)
        except InsightsError as error:
            return Report(
                job.report, FAILED, {}, Message("{error}", {"error": f"{type(error).__name__}: {error.found}"})
            )
    return Report(job.report, FAILED, {}, failure.in_words())


def _already_there(work: _Work) -> set[str]:
    """Return the reports that the current pack holds and this run would carry over."""
    if not work.parameters.reports or work.parameters.split:
        return set()
    return {name for name in work.notebooks if (work.reports / work.pack_name / f"{name}.html").exists()}


def _finish(work: _Work, plan: Run, done: Mapping[_Job, Report], carried: Sequence[Report], *, all_packs: str) -> None:
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


def _run_error(failed: Mapping[_Job, Report], attempt: Attempt) -> RunError:
    english = Wording("en")
    told = "; ".join(f"{job}: {english.text(report.reason or '')}" for job, report in failed.items())
    return RunError(
        f"the run failed in {told}",
        expected="every notebook runs to its end and shows sealed exhibits only",
        todo=f"see the executed notebooks in {attempt.private}; the last good pack is still in its place",
    )


@contextmanager
def _told(work: _Work) -> Iterator[None]:
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


def _close_manifest(work: _Work, outcome: str) -> None:
    """Mark the attempt as failed, keeping what its manifest says of the reports that did finish."""
    path = work.attempt.folder / "pack.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest.pop("begun", None)
    write_manifest(work.attempt.folder, manifest | {"complete": False, "outcome": outcome})


def _reports_dir(parameters: RunParameters, settings: Settings) -> Path:
    return parameters.out / settings.bank.id if parameters.out else settings.reports_dir


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
