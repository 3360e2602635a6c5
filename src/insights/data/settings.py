"""Settings of a bank, read from ``bank.toml`` and checked before anything runs."""

import hashlib
import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, field_validator, model_validator

from insights.data import places
from insights.data.settings_channels import ChannelsSection
from insights.data.settings_checks import check_labels, check_table
from insights.data.settings_errors import first_error
from insights.data.settings_lifecycle import LifecycleSection
from insights.data.settings_loyalty import LoyaltySection, check_loyalty
from insights.data.settings_market import IndicesSection
from insights.data.settings_needs import NeedsSection
from insights.data.settings_risk import RiskSection
from insights.data.settings_segments import SegmentsSection
from insights.data.settings_sources import EnvName, Section, Source, TableSource
from insights.data.settings_targets import Target, TargetName
from insights.data.settings_value import ValueSection
from insights.data.tables import TABLES
from insights.errors import SettingsError

Language = Literal["en", "zh-CN"]
Labels = dict[str, dict[str, dict[str, str]]]


def load_settings(path: Path, *, raw: Path | None = None) -> "Settings":
    """Read and check ``bank.toml``; ``raw`` (relative to the working directory) overrides ``[paths] raw``.

    Raises SettingsError: file missing or not TOML; a key unknown, missing or of the wrong type; a mapping to a table or
    column that does not exist, or without a required column. The message names the place and, for a name that is
    nearly right, the right one. It never repeats a value that could be a secret.
    """
    path = Path(path).expanduser().resolve()
    data = _read_toml(path)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise first_error(error, Settings, path.name) from None
    check_labels(settings.labels, path.name)
    for name, source in settings.tables.items():
        check_table(name, source, settings.labels, path.name)
    surveys = settings.tables.get("surveys")
    check_loyalty(settings.loyalty, surveys.items if surveys else (), path.name)
    settings._path, settings._home = path, places.home()
    settings._raw = Path(raw).expanduser().resolve() if raw else (path.parent / settings.paths.raw).resolve()
    return settings


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone such as Europe/Zurich or Asia/Shanghai") from None
    return value


class BankSection(Section):
    """Who the bank is. ``id`` names everything that belongs to it."""

    id: str = Field(pattern=r"^[a-z0-9_]+$", max_length=40)
    name: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    language: Language = "en"
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"


class PathsSection(Section):
    """Folders: ``raw`` relative to ``bank.toml``, the others to the project's home."""

    raw: str = "data/raw"
    processed: str = "data/processed"
    reports: str = "reports"
    state: str = "state"
    lists: str = "lists"


class ReportsSection(Section):
    """Languages of the reports, the bank's own first, and the time one notebook may take."""

    languages: list[Language] = Field(default_factory=list)
    time_limit_seconds: int = Field(default=600, ge=1)


class WindowSection(Section):
    """From when leavers are completely recorded, when a month's figures are known, and the clock of durations.

    What becomes known more than ``late_after_days`` after its date is noted at intake as late.
    """

    complete_from: date | None = None
    reporting_delay_days: int = Field(default=0, ge=0, le=366)
    late_after_days: int = Field(default=14, ge=1, le=3660)
    clock: Literal["months", "days"] = "months"

    @field_validator("complete_from")
    @classmethod
    def _month_start(cls, value: date | None) -> date | None:
        if value and value.day != 1:
            raise ValueError("not the first day of a month")
        return value


class DisclosureSection(Section):
    """What may be shown: clients per cell, rounding, and the share of a sum that one or two clients may hold."""

    mode: Literal["bank", "public_data"] = "bank"
    min_clients: int = Field(default=10, ge=2)
    round_to: int = Field(default=5, ge=1)
    dominance_largest: float = Field(default=0.5, gt=0, le=1)
    dominance_two: float = Field(default=0.75, gt=0, le=1)


SECRET_FROM_MANAGERS = frozenset({"fraud_alerts", "incidents_by_manager", "staff_conduct"})
"""Lists that no recipient has who hands lists on to relationship managers."""


class Recipient(Section):
    """Who receives restricted lists: a group of the operating system, and the lists it may read.

    ``by_manager`` names those beside which there is a folder with a file for every relationship manager, for him alone.
    """

    group: str = Field(min_length=1)
    lists: list[str] = Field(min_length=1)
    by_manager: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _not_for_managers(self) -> "Recipient":
        secret = sorted(SECRET_FROM_MANAGERS.intersection((*self.lists, *self.by_manager)))
        if secret and self.by_manager:
            raise ValueError(
                f"who hands lists to relationship managers may not have {secret[0]}: suspicion of fraud never reaches "
                "them, nor do findings about staff. Name a recipient of its own for it, without by_manager"
            )
        return self


class ListsSection(Section):
    """Recipients of restricted lists, by the name of their folder."""

    recipients: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")], Recipient] = Field(default_factory=dict)


class PseudonymsSection(Section):
    """Where the key of the pseudonyms is found; the key itself is never written into the settings."""

    key_env: EnvName | None = None
    key_file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_key(cls, data: Any) -> Any:
        if secret := {"key", "secret", "password", "passphrase"} & set(data if isinstance(data, dict) else ()):
            raise ValueError(
                f"{min(secret)} is written into the file, where it is copied and seen. Take it out, make a new key, "
                "and name its place by key_env (an environment variable) or key_file"
            )
        return data

    @model_validator(mode="after")
    def _one_place(self) -> "PseudonymsSection":
        if self.key_env and self.key_file:
            raise ValueError("both key_env and key_file name the key; expected one of them")
        return self


class Settings(Section):
    """All settings of one bank. Absolute folders are properties: they depend on where the file lies."""

    bank: BankSection
    paths: PathsSection = PathsSection()
    reports: ReportsSection = ReportsSection()
    window: WindowSection = WindowSection()
    disclosure: DisclosureSection = DisclosureSection()
    lists: ListsSection = ListsSection()
    lifecycle: LifecycleSection = LifecycleSection()
    market: IndicesSection = IndicesSection()
    value: ValueSection = ValueSection()
    loyalty: LoyaltySection = LoyaltySection()
    segments: SegmentsSection = SegmentsSection()
    channels: ChannelsSection = ChannelsSection()
    needs: NeedsSection = NeedsSection()
    risk: RiskSection = RiskSection()
    targets: dict[TargetName, Target] = Field(default_factory=dict)
    pseudonyms: PseudonymsSection = PseudonymsSection()
    labels: Labels = Field(default_factory=dict)
    extracts: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Source] = Field(default_factory=dict)
    tables: dict[str, TableSource] = Field(default_factory=dict)

    _path: Path = PrivateAttr()
    _raw: Path = PrivateAttr()
    _home: Path = PrivateAttr()

    @model_validator(mode="after")
    def _own_language_first(self) -> "Settings":
        others = [language for language in self.reports.languages if language != self.bank.language]
        languages = list(dict.fromkeys([self.bank.language, *others]))
        self.__dict__["reports"] = self.reports.model_copy(update={"languages": languages})
        return self

    @property
    def path(self) -> Path:
        """The settings file, absolute."""
        return self._path

    @property
    def raw(self) -> Path:
        """The folder of the extracts, absolute."""
        return self._raw

    @property
    def processed(self) -> Path:
        """The bank's folder of processed tables."""
        return self._home / self.paths.processed / self.bank.id

    @property
    def reports_dir(self) -> Path:
        """The bank's folder of report packs."""
        return self._home / self.paths.reports / self.bank.id

    @property
    def state(self) -> Path:
        """The bank's restricted folder of what later runs need."""
        return self._home / self.paths.state / self.bank.id

    @property
    def lists_dir(self) -> Path:
        """The bank's folder of restricted lists."""
        return self._home / self.paths.lists / self.bank.id

    def own_codes(self, table: str) -> dict[str, tuple[str, ...]]:
        """Return the bank's own codes of the table's columns, as ``schema(table, extra_codes=...)`` takes them."""
        coded = [c.name for c in TABLES[table].columns if c.kind == "code"]
        return {name: tuple(self.labels[name]) for name in coded if name in self.labels}

    def fingerprint(self) -> str:
        """Return a hash of the settings that shape processed data: not of folders, languages or thresholds.

        The raw files, the key and the code version shape it too; their hashes are taken where they are read.
        """
        shaping = self.model_dump(mode="json", include={"extracts", "tables", "window"})
        shaping["bank"] = [self.bank.id, self.bank.currency, self.bank.time_zone]
        shaping["codes"] = {column: sorted(codes) for column, codes in self.labels.items()}
        shaping["mode"] = self.disclosure.mode
        text = json.dumps(shaping, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _read_toml(path: Path) -> dict[str, Any]:
    make = "name the bank's settings file by --config; the commented bank.toml of the project is a model to copy"
    if not path.is_file():
        raise SettingsError(f"there is no settings file {path}", expected="a bank.toml", todo=make)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise SettingsError(
            f"{path.name} is not text in UTF-8", expected="a TOML file saved as UTF-8", todo="save it again as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path.name} is not TOML: {error}",
            expected='TOML, as in key = "value"',
            todo="correct the line named above",
        ) from None
