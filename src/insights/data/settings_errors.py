"""A validation error of the settings in words: what is wrong, where, and what was probably meant."""

import difflib
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from insights.errors import SettingsError


def first_error(error: ValidationError, model: type[BaseModel], file: str) -> SettingsError:
    """Return the first of the errors, with the number of the others.

    An unknown key is answered with the nearest known one. Values are not repeated: the wrong one may be a secret.
    """
    errors = error.errors(include_url=False, include_input=False)
    unknown = [e for e in errors if e["type"] == "extra_forbidden"]
    first = (unknown or errors)[0]
    place = [str(part) for part in first["loc"] if part != "[key]"]
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = known_keys(model, place[:-1])
        return unknown_name(f"key {place[-1]!r}", where(place[:-1], file), place[-1], known, others)
    if first["type"] == "missing":
        found = f"{where(place[:-1], file)} has no {place[-1]!r}{others}"
        return SettingsError(found, expected=f"a value for {place[-1]}", todo=f"add {place[-1]} = ...")
    said = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return SettingsError(
        f"{where(place, file)}: {said}{others}", expected=_expected(first), todo=f"correct it in {file}"
    )


def unknown_name(what: str, place: str, name: str, known: Iterable[str], others: str = "") -> SettingsError:
    """Return the error for a name that is not in ``known``, with the nearest one that is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}?" if near else "see the commented bank.toml"
    return SettingsError(f"unknown {what} in {place}{others}", expected=f"one of {', '.join(known)}", todo=meant)


def where(place: Sequence[str], file: str) -> str:
    """Return the place as it is written in TOML: ``[tables.clients] of bank.toml``."""
    return f"[{'.'.join(place)}] of {file}" if place else file


def known_keys(model: Any, place: Sequence[str]) -> list[str]:
    """Return the keys that the model allows at the place (a path of keys from its root)."""
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[part].annotation
        else:
            model = typing.get_args(model)[-1]  # dict[str, X]: any key leads to an X
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _expected(error: Any) -> str:
    context = error.get("ctx") or {}
    if "pattern" in context:
        return f"a value that matches {context['pattern']}"
    return str(context["expected"]) if "expected" in context else ""
