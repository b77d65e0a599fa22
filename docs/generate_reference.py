"""Writes the reference pages that come from the program itself: `python -m docs.generate_reference`.

A test compares the committed pages with what this gives, so no command, setting or error code stays without its page.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from archiver import errors
from archiver.cli.main import cli
from archiver.settings import FILE, PREFIX, Settings
from docs.describe_api import api
from retention import errors as retention_errors

REFERENCE = Path(__file__).parent / "reference"
GENERATED = "<!-- Written by docs/generate_reference.py: change the program, then run `make reference`. -->"
WIDTH = 100


def commands() -> str:
    """Every command and subcommand with its help, as the program prints it."""
    parts = ["# Commands", GENERATED, COMMANDS_NOTE]
    for path, text in _helps(cli, "minutier", None):
        parts += [f"## {path}", f"```text\n{text}\n```"]
    return "\n\n".join(parts) + "\n"


COMMANDS_NOTE = """Global options stand before the command: `minutier --archive FOLDER --json search …`.
Results go to standard output, progress and messages to standard error. Exit codes: [errors](errors.md)."""


def _helps(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = command.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent, **settings)
    yield path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _helps(inner, f"{path} {name}", context)


def settings() -> str:
    """Every setting with its default and meaning."""
    meanings = attributes(Settings)
    rows = [
        f"| `{name}` | `{PREFIX}{name.upper()}` | `{default}` | {meanings[name]} |"
        for name, default in ((f, getattr(Settings(), f)) for f in Settings.__struct_fields__)
    ]
    table = "\n".join(["| setting | environment | default | meaning |", "|---|---|---|---|", *rows])
    return "\n\n".join(["# Settings", GENERATED, SETTINGS_NOTE, table]) + "\n"


SETTINGS_NOTE = f"""A setting is taken from the environment, else from the file `{FILE}` in the archive's folder
(a setting a line: `workers = 4`), else it has its default. `minutier config show` prints those in force and where each
comes from. A setting in the file that does not exist is refused.

Where the archive is: the option `--archive`, else `MINUTIER_HOME`, else `./minutier-data`."""


def attributes(kind: type) -> dict[str, str]:
    """Name to meaning, from the `Attributes:` section of a docstring; names that share one line share its meaning."""
    section = inspect.cleandoc(kind.__doc__ or "").split("Attributes:", 1)[1]
    entries = re.findall(r"^    (\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", section, re.M)
    meanings = {}
    for names, text in entries:
        for name in names.split(", "):
            meanings[name] = re.sub(r"\s+", " ", text).strip()
    return meanings


def error_page() -> str:
    """Every error code with its exit code, and every exit code."""
    kinds = sorted(_errors(), key=lambda kind: (kind.exit_code, kind.code))
    rows = [f"| `{kind.code}` | {kind.exit_code} | {'yes' if kind.retryable else 'no'} | {_first_line(kind)} |" for kind in kinds]
    table = "\n".join(["| code | exit | worth trying again as it is | meaning |", "|---|---|---|---|", *rows])
    exits = "\n".join(["| exit | meaning |", "|---|---|", *(f"| {code} | {text} |" for code, text in EXITS.items())])
    return (
        "\n\n".join(["# Errors and exit codes", GENERATED, ERRORS_NOTE, "## Exit codes", exits, "## Error codes", table]) + "\n"
    )


ERRORS_NOTE = """A failure is one message on standard error that says what went wrong and where, and a line `→` with what to do.
With `--json` it is an object: `{"error": code, "message": …, "remedy": …}`. Codes are stable."""

EXITS = {
    0: "done",
    1: "error",
    2: "the command, query, manifest, policy or setting is not of the form it must have",
    3: "finished, some documents failed or wait: they are listed in the batch report",
    4: "integrity: what is stored is not what was stored",
    5: "refused by a lock, a hold or the policy",
    10: "no archive here",
    11: "the archive is being written by another run",
    12: "not permitted",
    75: "a part (disk, store, catalogue, index) does not answer now",
    130: "interrupted; can be resumed",
}


def _errors() -> Iterator[type[errors.MinutierError | retention_errors.RetentionError]]:
    pending: list[type] = [errors.MinutierError, retention_errors.RetentionError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind.__module__ in (errors.__name__, retention_errors.__name__):
            yield kind


def _first_line(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "").splitlines()[0].replace("|", "\\|")


def api_page() -> str:
    """Every route of the interface for programs, with its bodies."""
    return api().replace("GENERATED", GENERATED, 1)


PAGES = {"commands.md": commands, "settings.md": settings, "errors.md": error_page, "api.md": api_page}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"{os.path.relpath(REFERENCE / name)}\n")


if __name__ == "__main__":
    main()
