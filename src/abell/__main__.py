"""The command `abell`: runs a verb, and turns what can go wrong into one clear message and an exit code."""

from __future__ import annotations

import io
import sys

import click

from abell.cli import exit_codes
from abell.cli.app import abell
from abell.errors import AbellError, OptionError, RefusedError
from abell.printable import printable_lines


def main(argv: list[str] | None = None) -> int:
    """The exit code. A verb returns its own, or None for 0."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = _invoke(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except click.ClickException as error:
        return _show(error)
    except OptionError as error:
        return _fail(error, exit_codes.USAGE)
    except RefusedError as error:
        return _fail(error, exit_codes.REJECTED if error.code == "rejected" else exit_codes.ABELL)
    except AbellError as error:
        return _fail(error, exit_codes.ABELL)
    except BrokenPipeError:
        _forget_stdout()
        return exit_codes.BROKEN_PIPE
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return _fail(AbellError(what), exit_codes.ABELL)
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.CANCELLED


def _invoke(argv: list[str]) -> int:
    """Not `abell.main`, which hides a broken pipe behind the exit code 1."""
    try:
        with abell.make_context("abell", argv) as context:
            return abell.invoke(context) or 0
    except click.exceptions.Exit as leaving:  # --help, --version
        return leaving.exit_code


def _show(error: click.ClickException) -> int:
    text = io.StringIO()
    error.show(text)
    print(printable_lines(text.getvalue().rstrip("\n")), file=sys.stderr)
    return exit_codes.USAGE


def _fail(error: AbellError, code: int) -> int:
    print(f"abell: {printable_lines(str(error))}", file=sys.stderr)
    return code


def _forget_stdout() -> None:
    """So that the interpreter does not complain, while it leaves, of what it could not write."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
