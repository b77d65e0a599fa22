"""What every command is given: where the archive is, who asks, and how to answer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.errors import NotPermittedError, UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.domain.access import Principal, Scope
    from archiver.domain.document import Document


_OBEYED = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Controls that JSON itself leaves as they are, marks that reverse or hide, and halves of characters."""


class Context:
    """Global options, and the answers' form."""

    def __init__(self, archive: str | None, *, as_json: bool, principal: str | None, groups: tuple[str, ...]) -> None:
        self.archive, self.as_json = archive, as_json
        self._principal, self._groups = principal, groups
        if groups and not principal:
            raise UsageError("--group without --as", remedy="name who asks: --as anna --group finance")

    @property
    def home(self) -> Path:
        """Where the archive is."""
        from archiver.bootstrap import home_of

        return home_of(self.archive)

    def open(self, *, writable: bool = False, beside: bool = False, always: bool = False) -> Archive:
        """The archive, for what only its owner may do or see. `beside`: it may run while others write, on servers; `always`:
        everywhere.

        Raises:
            NotPermittedError: somebody else asks.
        """
        from archiver.bootstrap import Archive

        self.require_owner()
        return Archive(self.home, writable=writable, beside=beside, always=always)

    def open_scoped(self) -> Archive:
        """The archive, for a command that answers within `scope` only. What others than the owner are shown is written down,
        whoever else writes."""
        from archiver.bootstrap import Archive

        logged = not self.principal.owner
        return Archive(self.home, writable=logged, always=logged)

    def require_owner(self) -> None:
        """Nobody named by --as goes past here.

        Raises:
            NotPermittedError: somebody else than the owner asks.
        """
        if not self.principal.owner:
            raise NotPermittedError(
                "only the archive's owner may do this",
                remedy="leave --as out; with it there are: search, show, get, evidence, explain, export",
            )

    @property
    def principal(self) -> Principal:
        """Who asks: the archive's local owner unless --as says otherwise."""
        from archiver.domain.access import Principal, group_name

        if self._principal is None:
            return Principal.local_owner()
        return Principal(self._principal, frozenset(group_name(group) for group in self._groups))

    @property
    def scope(self) -> Scope:
        """What whoever asks may see."""
        from archiver.domain.access import scope_of

        return scope_of(self.principal)

    def document(self, archive: Archive, given: str) -> Document:
        """The document with this id, or the only one whose id begins so, if whoever asks may see it."""
        from archiver.services.retrieve import find

        return find(archive.catalog, self.scope, given)

    def emit(self, value: Mapping[str, Any]) -> None:
        """One result as a JSON line, with what a terminal would obey or hide written as JSON's own escapes."""
        line = json.dumps(value, ensure_ascii=False, default=str)
        sys.stdout.write(_OBEYED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", line) + "\n")

    def say(self, text: str = "") -> None:
        """A line for a person, on standard output."""
        click.echo(text)

    def note(self, text: str) -> None:
        """A line about how it goes, on standard error."""
        click.echo(text, err=True)

    def answer(self, value: Mapping[str, Any], lines: Iterable[str]) -> None:
        """The result as JSON or as lines, as was asked for."""
        if self.as_json:
            self.emit(value)
        else:
            for line in lines:
                self.say(line)


def counted(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


pass_context = click.make_pass_decorator(Context)
