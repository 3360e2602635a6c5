"""Writes the demo bank: the extracts that its systems would deliver, its settings, and beside them the truth."""

import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from insights.demo.bank import begin, run
from insights.demo.extracts.dirt import Dirt
from insights.demo.extracts.extract import Extract
from insights.demo.extracts.faults import Planted
from insights.demo.extracts.render import Renderer
from insights.demo.extracts.settings_file import OWN, bank_toml
from insights.demo.extracts.specs import EXTRACTS
from insights.demo.law import Law
from insights.demo.money.control import ADJUSTMENTS, plant_difference
from insights.demo.money.monthly import REVENUE_KINDS
from insights.demo.rows import Rows
from insights.demo.truth.record import write_truth
from insights.errors import ParameterError

MARKER = "DEMO_BANK.txt"
MARKER_TEXT = (
    "This folder holds a made-up bank, written by `insights demo`. Nobody in it exists. The command may replace it.\n"
)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class DemoSummary:
    """What was written: rows per table (faults included), files in ``out``, planted faults, and the last month."""

    out: Path
    truth: Path
    tables: dict[str, int]
    files: tuple[str, ...]
    planted: tuple[Planted, ...]
    last_month: date
    clients: int
    months: int
    seed: int
    language: str


def write_demo(
    out: Path,
    *,
    clients: int = 5000,
    months: int = 60,
    seed: int = 1,
    language: str = "en",
    law: Law | None = None,
    progress: Progress | None = None,
) -> DemoSummary:
    """Write the demo bank to the folder ``out`` and its truth beside it (``<out>_truth``), and say what was written.

    The same arguments give the same bytes. A demo bank that is there already is replaced in one step at the end; any
    other folder with something in it is refused (ParameterError), as are impossible arguments.
    """
    out, law = Path(out).absolute(), law or Law()
    truth = out.with_name(out.name + "_truth")
    _check(out, language)
    say = progress or (lambda line: None)
    say(f"{clients:,} clients, {months} months: burn-in of {law.burn_in_months} months")
    try:
        process = begin(law, clients, months, seed)
    except ValueError as error:
        raise ParameterError(f"no demo bank can be made: {error}", todo="choose other numbers") from None
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        made, made_truth = Path(work) / "extracts", Path(work) / "truth"
        made.mkdir()
        made_truth.mkdir()
        renderer = Renderer(language)
        dirt = Dirt(law, process.clock, clients, seed, renderer)
        with _Files(made, language, renderer, dirt, process.clock.burn_in, say) as files:
            totals = run(process, files.take)
            adjustments = plant_difference(law, process.clock, totals)
            files.take("control_totals", totals, process.clock.total - 1)
        (made / ADJUSTMENTS).write_text(adjustments, encoding="utf-8")
        (made / "bank.toml").write_text(
            bank_toml(language, process.clock.window_from, ".", pulse=law.surveys.pulse), encoding="utf-8"
        )
        (made / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        summary = DemoSummary(
            out=out,
            truth=truth,
            tables=files.counts,
            files=tuple(sorted(path.name for path in made.iterdir())),
            planted=dirt.planted,
            last_month=process.clock.last_day.replace(day=1),
            clients=clients,
            months=months,
            seed=seed,
            language=language,
        )
        write_truth(made_truth, process, summary.planted, language, files.counts, files.frauds)
        _swap(made_truth, truth)
        _swap(made, out)
    say(f"wrote {sum(files.counts.values()):,} rows in {len(summary.files)} files to {out}")
    return summary


class _Files:
    """Opens one file per table when its first rows come, and closes all at the end."""

    def __init__(
        self, folder: Path, language: str, renderer: Renderer, dirt: Dirt, burn_in: int, say: Progress
    ) -> None:
        self.folder, self.language, self.renderer, self.dirt = folder, language, renderer, dirt
        self.burn_in, self.say = burn_in, say
        self.counts: dict[str, int] = {}
        self.frauds: list[str] = []
        """Numbers of the bookings that are frauds: part of the truth."""
        self._open: dict[str, pa.csv.CSVWriter | pa.parquet.ParquetWriter] = {}

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *exception: object) -> None:
        for writer in self._open.values():
            writer.close()

    def take(self, name: str, rows: Rows, t: int) -> None:
        """Write a month's rows, or all rows of a table that comes once."""
        extract = EXTRACTS[name]
        if name == "revenue":
            rows = _wide(rows)
        elif name == "balances" and (t - self.burn_in) % 12 == 0:
            self.say(f"month {t - self.burn_in + 1}")
        table = self.renderer.table(extract, rows)
        if name in ("clients", "prospects"):
            table = self.dirt.clients_table(table) if name == "clients" else self.dirt.prospects_table(table)
            (self.folder / extract.file).write_bytes(self._encoded(name, extract, table))
        else:
            if name == "transactions":
                self.frauds += table.filter(pa.array(rows["fraud"])).column(extract.fields[0].raw).to_pylist()
            table = self.dirt.apply(name, table, t)
            self._writer(name, extract, table.schema).write_table(table)
        self.counts[name] = self.counts.get(name, 0) + table.num_rows

    def _writer(self, name: str, extract: Extract, schema: pa.Schema) -> pa.csv.CSVWriter | pa.parquet.ParquetWriter:
        if name not in self._open:
            path = self.folder / extract.file
            if extract.kind == "parquet":
                self._open[name] = pa.parquet.ParquetWriter(path, schema, compression="zstd")
            else:
                self._open[name] = pa.csv.CSVWriter(path, schema, write_options=_options(extract))
        return self._open[name]

    def _encoded(self, name: str, extract: Extract, table: pa.Table) -> bytes:
        """Return a small file as bytes in its encoding; some lines of the register are in the old one."""
        buffer = io.BytesIO()
        pa.csv.write_csv(table, buffer, write_options=_options(extract))
        data = buffer.getvalue()
        if extract.local_encoding:
            return data.decode().encode(OWN[self.language]["old_encoding"])
        return self.dirt.foreign_bytes(data) if name == "clients" else data


def _options(extract: Extract) -> pa.csv.WriteOptions:
    return pa.csv.WriteOptions(delimiter=extract.delimiter, quoting_style="needed")


def _wide(rows: Rows) -> Rows:
    """Return one row per client and month with one amount per kind, as the profitability system delivers it."""
    kinds = len(REVENUE_KINDS)
    amounts = rows["amount"].reshape(-1, kinds)
    return {
        "client_id": rows["client_id"][::kinds],
        "month": rows["month"][::kinds],
        **{kind: amounts[:, j] for j, kind in enumerate(REVENUE_KINDS)},
    }


def _check(out: Path, language: str) -> None:
    if language not in OWN:
        raise ParameterError(f"no demo bank in {language!r}", expected=" or ".join(OWN), todo="choose one of them")
    for folder in (out, out.with_name(out.name + "_truth")):
        if not folder.exists():
            continue
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARKER).is_file()):
            raise ParameterError(
                f"{folder} is there already and is not a demo bank",
                expected="a new folder, an empty one, or a demo bank to replace",
                todo="name another folder",
            )


def _swap(made: Path, goal: Path) -> None:
    """Put the finished folder in the place of the old one."""
    if goal.exists():
        old = made.with_name(made.name + ".old")
        goal.rename(old)
        made.rename(goal)
        shutil.rmtree(old)
    else:
        made.rename(goal)
