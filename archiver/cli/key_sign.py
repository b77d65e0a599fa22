"""`minutier key sign`: sign an approval on a machine of one's own, without an archive."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.domain.display import safe
from archiver.errors import NotPermittedError, UsageError
from retention.errors import StatementError
from retention.statements import Approval

_MOST_BYTES = 64 * 1024


@click.command("sign")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--statement", metavar="FILE", required=True, help="The approval that was drawn up for your key; - for standard input."
)
@click.option(
    "--passphrase-file", metavar="PATH", help="Take the passphrase from the first line of this file; - for standard input."
)
@click.option("--yes", is_flag=True, help="You have read what you sign: do not ask.")
@pass_context
def sign(context: Context, file: Path, statement: str, passphrase_file: str | None, yes: bool) -> None:
    """Sign an approval with your own key FILE, here: the key stays with you. Needs no archive.

    Shown is what it says; signed is nothing but an approval of a purge, drawn up for this very key. The signature is written to
    standard output.
    """
    from archiver.adapters.keys.personal import PersonalKey
    from archiver.cli.key import passphrase

    if statement == passphrase_file == "-":
        raise UsageError("standard input cannot be both", remedy="give the statement or the passphrase in a file")
    text = _read(statement)
    approval = _approval(text)
    for line in _said(approval):
        context.note(safe(line))
    if not yes:
        _require_yes(statement)
    key = PersonalKey.load(file, lambda: passphrase(passphrase_file))
    if key.exposed:
        context.note(safe(f"warning: {key.exposed}"))
    if approval.key_id != key.key_id:
        raise NotPermittedError(
            f"this approval was drawn up for the key {approval.key_id}, not for {key.key_id}",
            remedy="have it drawn up for your own key",
        )
    signature = key.sign(text.encode("ascii")).hex()
    context.answer({"purge": approval.purge, "key": key.key_id, "statement": text, "signature": signature}, [signature])


def _read(file: str) -> str:
    try:
        with click.open_file(file, "rb") as stream:
            return str(stream.read(_MOST_BYTES).decode("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read as a statement", remedy="name a file that holds it") from error


def _approval(text: str) -> Approval:
    try:
        return Approval.parse(text)
    except StatementError as error:
        raise UsageError(str(error), remedy="only the approval of a purge is signed here, as it was drawn up") from error


def _said(approval: Approval) -> list[str]:
    lines = [
        f"Approval of purge {approval.purge} of archive {approval.archive}: {counted(approval.documents, 'document')}",
        f"  root of the plan  {approval.root.hex()}",
        f"  given             {approval.given:%Y-%m-%d %H:%M} UTC, until {approval.expires:%Y-%m-%d %H:%M} UTC",
    ]
    if approval.empties:
        lines.append(f"  will be empty     {', '.join(approval.empties)}")
    return [*lines, "  with visa         yes"] if approval.visa else lines


def _require_yes(statement: str) -> None:
    if statement == "-" or not sys.stdin.isatty():
        raise UsageError("nobody is at a terminal to say yes to it", remedy="--yes, once you have read it")
    click.confirm("Sign it?", abort=True, err=True)
