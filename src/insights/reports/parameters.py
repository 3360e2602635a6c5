"""What a run may be asked for, typed and checked before anything runs (papermill itself would only warn)."""

import difflib
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from insights.data.settings import Settings
from insights.data.tables import TABLES
from insights.errors import ParameterError
from insights.models.groups import REFUSED_COLUMNS, REFUSED_KINDS
from insights.reports.wording import LANGUAGES

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def check_parameters(**given: Any) -> "RunParameters":
    """Return the parameters of a run, or raise ParameterError that lists everything wrong with them.

    ``config`` and ``as_of`` are needed; ``raw``, ``out``, ``reports``, ``by``, ``split`` and ``languages`` may be left
    out. Types are strict: a day is a date or a text like 2026-10-31, and nothing is guessed from another type.
    """
    try:
        return RunParameters.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        raise ParameterError(
            "; ".join(_fault(fault) for fault in error.errors()),
            expected="parameters of a run: " + ", ".join(RunParameters.model_fields),
            todo="correct what is named above; nothing has run",
        ) from None


def check_against_bank(parameters: "RunParameters", settings: Settings, reports: Iterable[str]) -> None:
    """Raise ParameterError, listing all, for what this bank or this package cannot do.

    ``reports`` are the names of the reports there are. Whether a mapped column holds anything is known after intake
    only; here it is enough that ``bank.toml`` maps it.
    """
    known = list(reports)
    faults = [
        f"there is no report {name!r}{_nearest(name, known)}, expected one of {', '.join(known)}"
        for name in parameters.reports
        if name not in known
    ]
    columns = groupable_columns(settings)
    for option in ("by", "split"):
        name = getattr(parameters, option)
        if name is not None and name not in columns:
            faults.append(_column_fault(option, name, columns))
    if parameters.by is not None and parameters.by == parameters.split:
        faults.append(f"by and split name the same column {parameters.by!r}: each pack would have one group")
    if faults:
        raise ParameterError("; ".join(faults), todo="correct what is named above; nothing has run")


def groupable_columns(settings: Settings) -> tuple[str, ...]:
    """Return the columns of clients that the bank maps and that make groups of clients."""
    return tuple(
        column.name
        for column in TABLES["clients"].columns
        if column.kind not in REFUSED_KINDS and column.name not in REFUSED_COLUMNS and _mapped(column.name, settings)
    )


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not ISO_DAY.fullmatch(value):
        raise ValueError(f"{value!r} is not written as a day, such as 2026-10-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a day of the calendar") from None


def _path(value: Any) -> Any:
    return Path(value).expanduser().resolve() if isinstance(value, str | Path) and str(value) else value


def _names(value: Any) -> Any:
    return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value


def _language(value: Any) -> Any:
    if isinstance(value, str) and value not in LANGUAGES:
        raise ValueError(f"there is no wording in {value!r}, expected one of {', '.join(LANGUAGES)}")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Location = Annotated[Path, BeforeValidator(_path)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Languages = Annotated[tuple[Annotated[str, BeforeValidator(_language)], ...], BeforeValidator(_names)]


class RunParameters(BaseModel):
    """Parameters of one run. Paths are absolute; empty ``reports`` means all, empty ``languages`` the bank's choice."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    config: Location
    as_of: Day
    raw: Location | None = None
    out: Location | None = None
    reports: Names = ()
    by: str | None = None
    split: str | None = None
    languages: Languages = ()

    def languages_for(self, settings: Settings) -> tuple[str, ...]:
        """Return the languages of the pack: the bank's own first, then those asked for here or in its settings."""
        own = settings.bank.language
        return (own, *(one for one in self.languages or settings.reports.languages if one != own))


def _fault(fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"] if not isinstance(part, int))
    if fault["type"] == "extra_forbidden":
        return f"there is no parameter {name!r}{_nearest(name, RunParameters.model_fields)}"
    if fault["type"] == "missing":
        return f"{name} is missing"
    if fault["type"] == "value_error":
        return f"{name}: {fault['ctx']['error']}"
    return f"{name} is a {type(fault['input']).__name__}: {fault['msg'].removeprefix('Input ')}"


def _column_fault(option: str, name: str, columns: tuple[str, ...]) -> str:
    spec = TABLES["clients"].column(name)
    choice = f"expected one of {', '.join(columns)}" if columns else "this bank maps none that could"
    if spec is None:
        return f"{option}: clients have no column {name!r}{_nearest(name, columns)}, {choice}"
    if spec.kind in REFUSED_KINDS:
        return (
            f"{option}: {name!r} identifies one person or household, results by it go into restricted lists; {choice}"
        )
    if name in REFUSED_COLUMNS:
        return f"{option}: {name!r} tells how a relationship ends and cannot group it; {choice}"
    return f"{option}: bank.toml does not map {name!r} of clients, {choice}"


def _mapped(name: str, settings: Settings) -> bool:
    for table in ("clients", "client_history"):
        source = settings.tables.get(table)
        if source is not None and (name in source.columns or name in source.constant or source.is_query):
            return True
    return False


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
