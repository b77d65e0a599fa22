"""Failures in words, with their exit codes."""

from __future__ import annotations

import json
import os
import sys
import traceback

import click

from archiver.domain.display import safe
from archiver.errors import MinutierError, UnreachableError
from retention.errors import RetentionError

INTERRUPTED = 130


def report(error: BaseException, *, as_json: bool) -> int:
    """Say what went wrong on standard error; returns the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough
        return 0
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
        _say("interrupted", "stopped", "", as_json=as_json)
        return INTERRUPTED
    if isinstance(error, OSError) and not isinstance(error, MinutierError):
        error = UnreachableError(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
    if isinstance(error, MinutierError | RetentionError):
        _say(error.code, str(error), error.remedy, as_json=as_json)
        return error.exit_code
    traceback.print_exception(error)
    _say("error", f"this should not have happened: {error!r}", "please report it with the lines above", as_json=as_json)
    return 1


def _say(code: str, message: str, remedy: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": code, "message": message, "remedy": remedy}), err=True)
        return
    click.echo(click.style("minutier: ", bold=True) + "\n  ".join(safe(line) for line in message.splitlines()), err=True)
    if remedy:
        click.echo("  → " + "\n    ".join(safe(line) for line in remedy.splitlines()), err=True)
