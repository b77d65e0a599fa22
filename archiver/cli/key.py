"""`minutier key`: keys that programs call with, keys that persons sign with, and the archive's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, pass_context
from archiver.cli.key_api import api_keys, create, is_api_key, line_of, rotate, value_of
from archiver.cli.key_sign import sign
from archiver.domain.display import safe
from archiver.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.ports.retention_rows import Signer
    from archiver.services.signers import Signers

_MOST_BYTES = 4096
_KINDS = ("archive", "person", "api")


@click.group("key")
def command() -> None:
    """Keys that programs call with, keys that persons sign with, and the archive's own.

    \b
    create, rotate         an API key, for a program
    new, enroll, sign      a key for a person, who signs with it
    show, export           the archive's own
    list, revoke           keys of every kind
    """


command.add_command(create)
command.add_command(rotate)
command.add_command(sign)


@command.command("new")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--passphrase-file", metavar="PATH", help="Take the passphrase from the first line of this file; - for standard input."
)
@click.option("--no-passphrase", is_flag=True, help="Leave the private key open: whoever has the file can sign with it.")
@pass_context
def new(context: Context, file: Path, passphrase_file: str | None, no_passphrase: bool) -> None:
    """Make a pair of keys for yourself: FILE, which stays yours alone, and FILE.pub, to be enrolled.

    Needs no archive. Whoever approves a purge signs with such a key; make it on your own machine.
    """
    from archiver.adapters.keys.personal import PUBLIC_SUFFIX, PersonalKey

    if passphrase_file and no_passphrase:
        raise UsageError("--passphrase-file and --no-passphrase exclude each other", remedy="give one of them")
    made = PersonalKey.create(file, None if no_passphrase else passphrase(passphrase_file, confirm=True))
    value = {"key": made.key_id, "private": str(file), "public": str(file) + PUBLIC_SUFFIX, "encrypted": not no_passphrase}
    lines = [
        f"key {made.key_id}",
        f"  {file}  private: keep it, show it to nobody",
        f"  {file}{PUBLIC_SUFFIX}  public: have it enrolled",
    ]
    context.answer(value, [safe(line) for line in lines])


@command.command("enroll")
@click.argument("person", metavar="PERSON")
@click.argument("file", metavar="FILE.pub", type=click.Path(path_type=Path))
@pass_context
def enroll(context: Context, person: str, file: Path) -> None:
    """Take a public key for PERSON's: what is signed with it counts as theirs from now on.

    Be sure that it came from them: compare the key's id. A person may have several keys; a key is one person's alone.
    """
    from archiver.adapters.keys.personal import read_public

    context.require_owner()
    public_key = read_public(file)
    with context.open(writable=True) as archive:
        signer, fresh = signers(archive).enroll(person, public_key, by=context.principal.name)
    how = "is enrolled" if fresh else "was enrolled already"
    context.answer(_value(signer) | {"new": fresh}, [safe(f"key {signer.key_id} {how} for {signer.person}")])


@command.command("revoke")
@click.argument("key_id", metavar="KEYID")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@pass_context
def revoke(context: Context, key_id: str, reason: str) -> None:
    """Let nobody use this key any more. It stays listed.

    An API key opens nothing from the next call on. Nothing signed with a person's key is accepted: an approval that is not carried
    out yet counts no more.
    """
    if is_api_key(key_id):
        _revoke_api_key(context, key_id, reason)
        return
    with context.open(writable=True) as archive:
        signer, fresh = signers(archive).revoke(key_id, reason, by=context.principal.name)
    how = "is revoked" if fresh else f"was revoked already, on {signer.revoked_at:%Y-%m-%d}"
    context.answer(_value(signer) | {"new": fresh}, [safe(f"key {signer.key_id} of {signer.person} {how}")])


def _revoke_api_key(context: Context, key_id: str, reason: str) -> None:
    with context.open(writable=True, always=True) as archive:
        key, fresh = api_keys(archive).revoke(key_id, reason, by=context.principal.name)
        archive.enter_if_free()
    how = "is revoked" if fresh else f"was revoked already, on {key.revoked_at:%Y-%m-%d}"
    context.answer(value_of(key) | {"new": fresh}, [safe(f"API key {key.id} of {key.name} {how}")])


@command.command("list")
@click.option("--kind", type=click.Choice(_KINDS), help="Only keys of this kind.")
@pass_context
def list_(context: Context, kind: str | None) -> None:
    """Every API key and every person's key there ever was, and the archive's own."""
    kinds = (kind,) if kind else _KINDS
    with context.open() as archive:
        if "archive" in kinds:
            _list_own(context, archive)
        if "person" in kinds:
            _list_persons(context, archive)
        if "api" in kinds:
            _list_api_keys(context, archive)


def _list_own(context: Context, archive: Archive) -> None:
    from retention.signature import key_id

    own = archive_key(archive)
    context.answer({"key": key_id(own), "kind": "archive", "public": own.hex()}, [f"{key_id(own)}  the archive's own"])


def _list_persons(context: Context, archive: Archive) -> None:
    found = signers(archive).all()
    for signer in found:
        context.answer(_value(signer), [safe(f"{signer.key_id}  {signer.person}  {_since(signer)}")])
    if not found and not context.as_json:
        context.note(
            "No person's key is enrolled: `minutier key new FILE` makes one, `minutier key enroll PERSON FILE.pub` enrols it."
        )


def _list_api_keys(context: Context, archive: Archive) -> None:
    found, now = api_keys(archive).all(), archive.clock.now()
    for key in found:
        context.answer(value_of(key), [safe(line_of(key, now))])
    if not found and not context.as_json:
        context.note("There is no API key: `minutier key create` makes one for a program.")


@command.command("show")
@pass_context
def show(context: Context) -> None:
    """The archive's own public key, as PEM. An auditor needs it once, from you and not with a certificate."""
    from archiver.adapters.keys.personal import public_pem
    from retention.signature import key_id

    with context.open() as archive:
        own = archive_key(archive)
    pem = public_pem(own)
    context.answer({"key": key_id(own), "public": own.hex(), "pem": pem}, [f"key {key_id(own)}", *pem.splitlines()])


@command.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@pass_context
def export(context: Context, file: Path) -> None:
    """Write the archive's own public key to FILE: what `minutier certificate verify --key` takes."""
    from archiver.adapters.keys.new_file import write_new
    from archiver.adapters.keys.personal import public_pem
    from retention.signature import key_id

    with context.open() as archive:
        own = archive_key(archive)
    write_new(file, public_pem(own).encode("ascii"), 0o644)
    context.answer({"key": key_id(own), "public": own.hex(), "file": str(file)}, [safe(f"key {key_id(own)} in {file}")])


def signers(archive: Archive) -> Signers:
    """The enrolled keys of an open archive."""
    from archiver.services.register import Register
    from archiver.services.signers import Signers

    return Signers(archive.catalog, Register(archive.objects, archive.keys), archive.keys, archive.clock)


def archive_key(archive: Archive) -> bytes:
    """The raw public key that the archive signs with, on a host that only reads, too.

    Raises:
        NotFoundError: that host knows none yet.
    """
    from archiver.domain.ledger import Tree

    if archive.keys.can_sign:
        return archive.keys.public_key(archive.keys.signing_key_id())
    head = archive.ledger_rows.newest_head(Tree.CUSTODY)
    if head is None:
        raise NotFoundError(
            "the archive's key is not on this host, and nothing was signed with it yet",
            remedy="ask on the host where the archive was made",
        )
    return archive.keys.public_key(head.statement.key_id)


def passphrase(file: str | None, *, confirm: bool = False) -> bytes:
    """The passphrase in a file, or asked for on the terminal; never empty.

    Raises:
        UsageError: there is none, or nobody to ask.
    """
    given = _first_line(file) if file else _asked(confirm)
    if not given:
        raise UsageError("the passphrase is empty", remedy="write one, or leave the key open with --no-passphrase")
    return given


def _asked(confirm: bool) -> bytes:
    if not sys.stdin.isatty():
        raise UsageError("nobody is at a terminal to be asked for the passphrase", remedy="name a file: --passphrase-file PATH")
    words: str = click.prompt(
        "Passphrase", hide_input=True, confirmation_prompt=confirm, default="", show_default=False, err=True
    )
    return words.encode("utf-8", "surrogateescape")


def _first_line(file: str) -> bytes:
    try:
        with click.open_file(file, "rb") as stream:
            found: bytes = stream.readline(_MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", remedy="name the file that holds the passphrase") from error
    return found.rstrip(b"\r\n")


def _since(signer: Signer) -> str:
    since = f"enrolled {signer.enrolled_at:%Y-%m-%d} by {signer.enrolled_by}"
    return since + (f", revoked {signer.revoked_at:%Y-%m-%d}" if signer.revoked_at else "")


def _value(signer: Signer) -> dict[str, Any]:
    return {
        "key": signer.key_id,
        "kind": "person",
        "person": signer.person,
        "pseudonym": signer.pseudonym,
        "public": signer.public_key,
        "enrolled_at": signer.enrolled_at.isoformat(),
        "enrolled_by": signer.enrolled_by,
        "revoked_at": signer.revoked_at.isoformat() if signer.revoked_at else None,
    }
