"""One tree of errors. Every message says what was found, what was expected, and what to do next."""


class InsightsError(Exception):
    """Base of everything this package raises on purpose.

    ``found`` never holds a client's value: messages end up on terminals and in logs.
    """

    def __init__(self, found: str, *, expected: str = "", todo: str = "") -> None:
        self.found, self.expected, self.todo = found, expected, todo
        lines = [found]
        if expected:
            lines.append(f"  expected: {expected}")
        if todo:
            lines.append(f"  to do:    {todo}")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the three parts when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.found, self.expected, self.todo))


def _rebuild(kind: type[InsightsError], found: str, expected: str, todo: str) -> InsightsError:
    return kind(found, expected=expected, todo=todo)


class SettingsError(InsightsError):
    """``bank.toml`` cannot be used as it is written."""


class SourceError(InsightsError):
    """An extract cannot be read: missing, empty, binary, cut off, in another encoding."""


class IntakeError(InsightsError):
    """A required table cannot be built from its extract."""


class KeyFileError(InsightsError):
    """The pseudonym key is missing, too short, or belongs to another bank."""


class SnapshotError(InsightsError):
    """The snapshot cannot answer: a table or column is missing or not known as of the date."""


class ParameterError(InsightsError):
    """A parameter of a run is unknown, of the wrong type, or impossible."""


class DisclosureError(InsightsError):
    """Something would be shown that did not pass disclosure control."""


class RunError(InsightsError):
    """A notebook failed, timed out, or ended early."""
