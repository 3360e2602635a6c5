"""The command line: ``insights demo | check | run | watch | history | reveal | client``.

What a command is asked is checked before it does anything. A fault of the user's or of the data's is told on the error
channel in two or three lines, without a traceback; the exit code is 1, or 2 where the command itself was wrong.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from insights.errors import InsightsError, ParameterError

FAULT, USAGE = 1, 2


class _Commands(click.Group):
    """Commands whose faults are told without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an InsightsError becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except InsightsError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            ctx.exit(USAGE if isinstance(error, ParameterError) else FAULT)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from insights.reports.stamp import code_version

        click.echo(f"insights {code_version()}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show the version.")
def main() -> None:
    """Client analytics and reports for a private bank: from its extracts to reports that a manager can open."""


_config = click.option("--config", required=True, metavar="FILE", help="The bank's settings, bank.toml.")
_as_of = click.option(
    "--as-of", required=True, metavar="DAY", help="What was known at the end of this day: 2026-10-31."
)
_raw = click.option("--raw", metavar="DIR", help="Where the extracts are, instead of [paths] raw.")


@main.command()
@_config
@_as_of
@_raw
@click.option("--out", metavar="DIR", help="Where packs go, instead of [paths] reports.")
@click.option("--report", "reports", multiple=True, metavar="NAME", help="Renew this report only; may be repeated.")
@click.option("--by", metavar="COLUMN", help="Group exhibits by a column of clients.")
@click.option(
    "--split",
    metavar="COLUMN",
    help="One pack for each value of a column of clients. Give each reader his own pack, not several.",
)
@click.option("--language", "languages", multiple=True, metavar="CODE", help="Besides the bank's own; may be repeated.")
def run(**given: Any) -> None:
    """Make a pack of reports; its index page is named on the last line."""
    from insights.reports.nursery import Nursery, collect_rarely

    collect_rarely()
    with Nursery() as nursery:  # it begins to import at once, beside what this process imports and takes in
        from insights.reports.parameters import check_parameters

        parameters = check_parameters(**given)
        from insights.reports.runner import run as make_pack

        with _progress() as listen:
            index = make_pack(parameters, listen, nursery)
    click.echo(index.absolute().as_uri())


@main.command()
@_config
@click.option("--as-of", metavar="DAY", help="The as-of day of the run to come; today where it is left out.")
@_raw
def check(config: str, as_of: str | None, raw: str | None) -> None:
    """Say what is wrong with the extracts and how much of it, without showing a client's value."""
    from datetime import date

    from insights.data.intake import check as check_extracts
    from insights.data.settings import load_settings
    from insights.reports.parameters import check_parameters

    parameters = check_parameters(config=config, as_of=as_of or date.today(), raw=raw)
    report = check_extracts(load_settings(parameters.config, raw=parameters.raw), parameters.as_of)
    click.echo(str(report))
    click.echo("the extracts can be used" if report.ok else "the extracts cannot be used yet")
    sys.exit(0 if report.ok else FAULT)


@main.command()
@_config
@_as_of
@_raw
@click.option("--since", metavar="DAY", help="Compare with this day as it was known then, not with the last watch.")
def watch(config: str, as_of: str, raw: str | None, since: str | None) -> None:
    """Write what is new since the last watch into the restricted lists: for a daily schedule, between packs.

    New open risks, suspicious payments, clients who speak of something new, channels in trouble and outbreaks, by the
    rules and with the restrictions of the reports. It is near-real-time batch: it knows what the extracts hold.
    """
    from insights.reports.parameters import check_parameters
    from insights.reports.watch import watch as watch_bank

    parameters = check_parameters(config=config, as_of=as_of, raw=raw)
    before = check_parameters(config=config, as_of=since).as_of if since else None
    for line in watch_bank(parameters.config, parameters.as_of, parameters.raw, before):
        click.echo(line)


@main.command()
@click.option("--config", metavar="FILE", help="One bank only; without it every bank under reports/.")
@click.option("--out", metavar="DIR", help="Where packs were written by run --out.")
@click.option("--compare", nargs=2, metavar="DAY DAY", help="Say what changed between the packs of two days.")
@click.option("--all", "every", is_flag=True, help="With --compare: every number, its change, and how it was compared.")
def history(config: str | None, out: str | None, compare: tuple[str, str] | None, every: bool) -> None:
    """List the packs that are there, how they were made, and the runs that failed; or compare any two of them."""
    from insights.data import places
    from insights.data.settings import load_settings
    from insights.reports.audit import broken_lines
    from insights.reports.listing import history_lines

    settings = load_settings(Path(config)) if config else None
    if compare is not None:
        from insights.reports.compare import comparison_lines

        if settings is None:
            raise ParameterError("--compare needs --config", todo="name the bank's settings by --config")
        reports = Path(out) / settings.bank.id if out else settings.reports_dir
        for line in comparison_lines(settings, reports, *compare, every=every):
            click.echo(line)
        return
    root = Path(out) if out else settings.reports_dir.parent if settings else places.home() / "reports"
    folders = sorted(f for f in root.iterdir() if f.is_dir()) if root.is_dir() else []
    banks = [root / settings.bank.id] if settings else folders
    for bank in banks:
        lines = list(history_lines(bank))
        if lines or settings:
            click.echo(bank.name)
        for line in lines or (["no pack yet"] if settings else []):
            click.echo(f"  {line}")
    if settings and (broken := broken_lines(settings.state)):
        click.echo(f"  the audit log was changed by hand: line {', '.join(str(n) for n in broken)}")
    if not banks:
        click.echo(f"no packs in {root}")


@main.command()
@_config
@click.option("--list", "listed", required=True, metavar="FILE", help="A restricted list (CSV).")
def reveal(config: str, listed: str) -> None:
    """Turn the pseudonyms of a restricted list back, into a file for you alone; the audit log records it."""
    from insights.data.settings import load_settings
    from insights.reports.lists import reveal_list

    click.echo(str(reveal_list(Path(listed), load_settings(Path(config)))))


@main.command()
@click.argument("pseudonym")
@_config
@_as_of
@_raw
@click.option(
    "--recipient", metavar="NAME", help="Who gets it, as under [lists.recipients]; the first who may, if left out."
)
def client(pseudonym: str, config: str, as_of: str, raw: str | None, recipient: str | None) -> None:
    """Write the file of one client, with what changed in three months, into a recipient's restricted folder."""
    from insights.data.snapshot import open_bank
    from insights.reports.lists import write_client_file
    from insights.reports.parameters import check_parameters

    parameters = check_parameters(config=config, as_of=as_of, raw=raw)
    bank = open_bank(parameters.config, as_of=parameters.as_of, raw=parameters.raw)
    click.echo(str(write_client_file(pseudonym, bank, recipient)))


@main.command()
@click.option("--clients", type=click.IntRange(min=1), default=5000, show_default=True, help="Clients in the window.")
@click.option("--months", type=click.IntRange(min=1), default=60, show_default=True, help="Months, up to October 2026.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed, another bank.")
@click.option("--language", default="en", show_default=True, metavar="CODE", help="Names and places: en or zh-CN.")
@click.option("--out", default="data/raw/demo", show_default=True, metavar="DIR", help="Where the extracts go.")
def demo(clients: int, months: int, seed: int, language: str, out: str) -> None:
    """Write the extracts of a made-up bank, as its systems would deliver them."""
    from insights.demo import write_demo

    made = write_demo(
        Path(out),
        clients=clients,
        months=months,
        seed=seed,
        language=language,
        progress=lambda line: click.echo(line, err=True),
    )
    rows = sum(made.tables.values())
    click.echo(f"{len(made.files)} files with {rows:,} rows of {len(made.tables)} tables in {made.out}")
    click.echo(f"{made.clients:,} clients over {made.months} months up to {made.last_month:%Y-%m}, seed {made.seed}")
    click.echo(f"the truth behind them, for tests only: {made.truth}")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield what the runner tells its progress to: a bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield lambda text, done, total: click.echo(f"[{done}/{total}] {text}" if total else text, err=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(text: str, done: int, total: int) -> None:
            bar.update(task, description=text.replace("[", "\\["), completed=done, total=total or None)

        yield tell


if __name__ == "__main__":
    main()
