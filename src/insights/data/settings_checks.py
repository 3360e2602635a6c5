"""Checks of a mapping against the canonical tables: does every name exist, and is every required column there."""

from collections.abc import Iterable, Mapping

from insights.data.settings_errors import unknown_name, where
from insights.data.settings_sources import TableSource
from insights.data.tables import CODED_KINDS, TABLES, Column, TableSpec
from insights.errors import SettingsError

LANGUAGES = ("en", "zh-CN")
Labels = Mapping[str, Mapping[str, Mapping[str, str]]]


def check_table(name: str, source: TableSource, labels: Labels, file: str) -> None:
    """Raise SettingsError for the first thing in ``[tables.<name>]`` that does not fit the canonical table."""
    if name not in TABLES:
        raise unknown_name(f"table {name!r}", where(["tables"], file), name, TABLES)
    spec, place = TABLES[name], ["tables", name]
    for section, columns in _named_columns(source).items():
        for column in columns:
            if spec.column(column) is None:
                raise unknown_name(f"column {column!r}", where([*place, section], file), column, _columns(spec))
    _check_items(spec, source, where(place, file))
    _check_once(source, where(place, file))
    _check_required(spec, source, where(place, file))
    _check_expected(source, where(place, file))
    for column, codes in source.codes.items():
        _check_codes(spec, column, codes.values(), labels, where([*place, "codes", column], file))


def check_labels(labels: Labels, file: str) -> None:
    """Raise SettingsError for labels of what has no codes, or in a language that reports are not made in.

    Codes are those of code columns, the interests of clients, the factors, items and changes of [loyalty], the streams
    of [value], the treatments of [segments], the scenarios of [risk.market], why a threshold of [risk] was revised, who
    answers for a goal, the parts of [needs], and the legal bases and purposes of sources.
    """
    coded = {c.name for spec in TABLES.values() for c in spec.columns if c.kind == "code"} | {
        "interests",
        "factor",
        "item",
        "stream",
        "treatment",
        "change",
        "scenario",
        "revision",
        "owner",
        "part",
        "legal_basis",
        "purpose",
    }
    for column, codes in labels.items():
        if column not in coded:
            raise unknown_name(f"code column {column!r}", where(["labels"], file), column, coded)
        for code, texts in codes.items():
            for language in texts:
                if language not in LANGUAGES:
                    place = where(["labels", column, code], file)
                    raise unknown_name(f"language {language!r}", place, language, LANGUAGES)


def _named_columns(source: TableSource) -> dict[str, Iterable[str]]:
    return {
        "columns": source.columns,
        "codes": source.codes,
        "constant": source.constant,
        "null_when": source.null_when,
        "row_number": [source.row_number] if source.row_number else [],
        "static": source.static,
        "expected": source.expected,
    }


def _columns(spec: TableSpec) -> list[str]:
    return [c.name for c in spec.columns] + (["currency"] if spec.money else [])


def _check_items(spec: TableSpec, source: TableSource, place: str) -> None:
    patterns = [c for c in spec.columns if c.is_pattern]
    if source.items and not patterns:
        raise SettingsError(
            f"{place} declares items",
            expected="items only in [tables.surveys], [tables.clients] and [tables.client_history]",
            todo="take them out",
        )
    for item in source.items:
        if item in spec.names or spec.column(item) is None:
            wanted = " or ".join(c.name for c in patterns)
            raise SettingsError(
                f"{place} declares the item {item!r}", expected=f"names like {wanted}", todo="rename it"
            )
    for column in source.columns:
        if patterns and column not in spec.names and column != "currency" and column not in source.items:
            raise SettingsError(
                f"{place} maps the item {column!r} without declaring it",
                expected="every item in items = [...]",
                todo=f"add {column!r} to items",
            )


def _check_once(source: TableSource, place: str) -> None:
    given = [*source.columns, *source.constant, *([source.row_number] if source.row_number else [])]
    if twice := sorted({column for column in given if given.count(column) > 1}):
        raise SettingsError(
            f"{place} says twice where {twice[0]!r} comes from",
            expected="each column once in columns, constant or row_number",
            todo="keep one of them",
        )


def _check_required(spec: TableSpec, source: TableSource, place: str) -> None:
    if source.is_query:
        return  # a query may give the column its canonical name; intake sees whether it does
    given = {*source.columns, *source.constant, source.row_number}
    missing = [column for column in spec.required if column not in given]
    missing += [" or ".join(group) for group in spec.one_of if not given & set(group)]
    if missing:
        raise SettingsError(
            f"{place} does not say where the required column {missing[0]!r} comes from"
            + (f" (nor {', '.join(missing[1:])})" if missing[1:] else ""),
            expected=f"the required columns of {spec.name}: {', '.join(spec.required)}",
            todo=f'add {missing[0].split(" or ")[0]} = "name in the extract" to columns, or a constant',
        )


def _check_expected(source: TableSource, place: str) -> None:
    if source.is_query:
        return
    given = {*source.columns, *source.constant, *source.items, source.row_number}
    if absent := [column for column in source.expected if column not in given]:
        raise SettingsError(
            f"{place} expects {absent[0]!r} to be filled and does not say where it comes from",
            expected="only columns that the mapping reads",
            todo=f'add {absent[0]} = "name in the extract" to columns, or take it out of expected',
        )


def _check_codes(spec: TableSpec, name: str, codes: Iterable[str], labels: Labels, place: str) -> None:
    column = spec.column(name)
    assert column is not None, "its name was checked before"
    if column.kind not in CODED_KINDS:
        raise SettingsError(
            f"{place}: {name} holds no codes but a {column.kind}",
            expected=f"codes only for columns such as {', '.join(_coded(spec)[:4])}",
            todo="take them out",
        )
    known = _known_codes(column, labels)
    for code in codes:
        if known is not None and code not in known:
            raise unknown_name(f"code {code!r}", place, code, known)


def _known_codes(column: Column, labels: Labels) -> set[str] | None:
    """Return the codes that values may be mapped to; None where any is allowed."""
    if column.kind == "flag":
        return {"true", "false"}
    if column.kind == "code" and column.codes is not None:
        return {*column.codes, *labels.get(column.name, {})}
    return None


def _coded(spec: TableSpec) -> list[str]:
    return [c.name for c in spec.columns if c.kind in CODED_KINDS and c.name != "withdrawn"]
