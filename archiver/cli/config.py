"""`minutier config`."""

from __future__ import annotations

import os
from dataclasses import dataclass

import click

from archiver.cli.context import Context, pass_context


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its value and where that comes from."""

    name: str
    value: object
    origin: str


@click.group("config")
def command() -> None:
    """Show the settings in force."""


@command.command("show")
@pass_context
def show(context: Context) -> None:
    """Every setting, its value, and where that comes from: the environment, minutier.toml in the archive, or the default."""
    from archiver.bootstrap import HOME
    from archiver.settings import OUTSIDE, PREFIX, URLS, load, without_password

    settings, origins = load(context.home)
    place = "--archive" if context.archive else HOME if os.environ.get(HOME) else "default"
    rows = [Row("archive", str(context.home), place)]
    shown = {name: without_password(getattr(settings, name)) or "(embedded)" for name in URLS}
    shown |= {name: without_password(getattr(settings, name)) or "(none)" for name in OUTSIDE}
    rows += [Row(name, shown.get(name, getattr(settings, name)), origins[name]) for name in settings.__struct_fields__]
    for row in rows:
        variable = HOME if row.name == "archive" else PREFIX + row.name.upper()
        body = {"setting": row.name, "value": row.value, "origin": row.origin, "variable": variable}
        context.answer(body, [f"{row.name:<18} {row.value!s:<24} {row.origin:<12} {variable}"])
