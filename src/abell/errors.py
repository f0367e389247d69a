"""What is said to a person when Abell cannot do what was asked: one clear message, and a remedy."""

from __future__ import annotations


class AbellError(Exception):
    """Abell itself could not do it. `message` says what is wrong, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint


class OptionError(AbellError, ValueError):
    """A value that does not mean anything: names the option, the value and what would do."""

    def __init__(self, option: str, value: object, problem: str, hint: str = "") -> None:
        super().__init__(f"{option} {value!r}: {problem}" if value else f"{option}: {problem}", hint)
        self.option = option


class RefusedError(AbellError):
    """The engine answered, and the answer is no. `code` is the engine's word for why."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class DisconnectedError(AbellError):
    """The connection to the engine ended before its answer."""


class NoAnswerError(DisconnectedError):
    """The connection holds, but no answer came in time: the engine hangs."""


class NoEngineError(AbellError):
    """There is no engine to talk to, and none could be started."""
