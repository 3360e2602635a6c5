"""The notebooks of a run: executed two at a time, the pages of each written as soon as it is through."""

import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from insights.data import places
from insights.data.snapshot import Bank
from insights.errors import InsightsError
from insights.reports.annex import rows_taken_in
from insights.reports.earlier import Earlier, earlier_packs
from insights.reports.exhibits.base import Message
from insights.reports.findings import FILE, read_findings
from insights.reports.history import read_pack
from insights.reports.nursery import FIXED, NurseryError
from insights.reports.pack import FAILED, About, Report, Run, make_report, pack_head
from insights.reports.publish import SECRET
from insights.reports.published import EARLIER, PUBLISHED, write_earlier, write_published
from insights.reports.published import REPORT as SUMMARY
from insights.reports.split import PART_ENV
from insights.reports.stamp import make_stamp
from insights.reports.work import ABOUT_THE_DELIVERY, Job, Work, already_there
from insights.topics.quality import intake

if TYPE_CHECKING:
    from insights.reports.kernel import Failure, Kernels

AT_ONCE = 2


def execute_all(work: Work, bank: Bank, jobs: Sequence[Job]) -> tuple[Run, dict[Job, Report]]:
    """Execute all notebooks, two at a time, and write the pages of each as soon as it is through.

    The summary comes last: it reads what the others found. Where one of them failed it is not begun.
    """
    from insights.reports.kernel import Kernels

    secret, kernels = secrets.token_hex(32), Kernels()
    done: dict[Job, Report] = {}
    head, usual = pack_head(work.settings, work.parameters), work.reports == work.settings.reports_dir
    earlier = earlier_packs(work.reports, work.settings.state, head, usual=usual)
    write_earlier(work.earlier, earlier)
    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(AT_ONCE + 1) as writers:
        try:
            # Reports about clients wait for models; the one about the delivery needs none and fits in at the end.
            order = sorted(jobs, key=lambda job: job.report in ABOUT_THE_DELIVERY)
            first, last = [j for j in order if j.report != SUMMARY], [j for j in order if j.report == SUMMARY]
            executed: dict[Future[Any], Job] = {pool.submit(_execute, j, work, secret, kernels): j for j in first}
            stamp = make_stamp(bank, work.parameters)
            work.log["stamp"] = stamp.data_form()
            about = About(bank.settings, bank.as_of, bank.window_from)
            rows = rows_taken_in(intake(bank), bank)
            plan = Run(about, work.parameters, stamp, work.languages, secret, tuple(work.notebooks), rows=rows)
            beside = {job.report for job in jobs} | already_there(work)
            written: dict[Future[Any], Job] = {}
            remembered: Future[str] | None = None
            while executed or written or last:
                if last and remembered is None and len(executed) <= AT_ONCE:
                    # It needs none of the others, so it fills in when the last have begun and only those; the summary
                    # finds its measures worked out.
                    remembered = writers.submit(_remember, work, stamp.data)
                if not executed and not written:
                    if any(report.state == FAILED for report in done.values()):
                        break
                    _hand_over(work, done.values(), earlier)
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


def _remember(work: Work, data: str) -> str:
    """Have the memory of this run made; return how that went. A run is not worth less for having none."""
    try:
        function, env = "insights.reports.memory:remember", {**os.environ, **work.env}
        made = work.nursery.call(function, work.parameters, work.memory, data, env=env)
    except (InsightsError, NurseryError) as error:
        return f"none: {error}"
    return "written" if made else "none: it cannot be written"


def _hand_over(work: Work, done: Iterable[Report], earlier: Earlier) -> None:
    """Write for the summary what the other reports found, those of this run and those that it will carry over."""
    made = {report.name: report for report in done}
    findings = {name: list(report.findings) for name, report in made.items()}
    leads = {name: list(report.leads) for name, report in made.items()}
    current = work.reports / work.pack_name
    if already_there(work):
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
    write_published(work.published, [f for name in order for f in findings[name]], leads, earlier)


def _execute(job: Job, work: Work, secret: str, kernels: "Kernels") -> "tuple[Any, Failure | None]":
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


def _kernel_env(job: Job, work: Work, secret: str) -> dict[str, str]:
    env = FIXED | work.env | {SECRET: secret, "INSIGHTS_HOME": str(places.home())}
    if job.report == SUMMARY:
        env[PUBLISHED] = str(work.published)
    if job.part is None:
        env[EARLIER] = str(work.earlier)
    else:
        env[PART_ENV] = json.dumps({"column": job.part.column, "value": job.part.value})
    return env


def _page(work: Work, plan: Run, job: Job, notebook: Any, failure: "Failure | None", beside: set[str]) -> Report:
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
