"""`minutier get`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from archiver.cli.context import Context, pass_context
from archiver.cli.written_down import write_down
from archiver.domain.display import safe
from archiver.errors import AlreadyExistsError, UnreachableError


@click.command("get")
@click.argument("document_id", metavar="ID")
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write it; - for standard output.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option("--password-file", metavar="FILE", help="Passwords for a member of an encrypted container, one a line.")
@pass_context
def command(context: Context, document_id: str, output: str, force: bool, password_file: str | None) -> None:
    """Write a document's bytes to a file, with the digest checked on the way.

    The file appears only when every byte was checked. A member is read out of its container.
    """
    from archiver.cli.run_import import read_passwords
    from archiver.services.destroyed import require_there
    from archiver.services.retrieve import Retrieve

    with context.open_scoped() as archive:
        document = context.document(archive, document_id)
        require_there(archive.catalog, document)
        write_down(context, archive, "downloaded", document_id=document.id)
        chunks = Retrieve(archive.catalog, archive.objects, archive.members).content(document, read_passwords(password_file))
        if output == "-":
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            return
        written = _write(Path(output), chunks, force=force)
    if context.as_json:
        context.emit({"id": document.id, "file": str(Path(output).absolute()), "size": written, "sha256": document.sha256})
    else:
        context.note(f"Wrote {written:,} bytes to {safe(output)}; SHA-256 {document.sha256} checked")


def _write(path: Path, chunks: Iterator[bytes], *, force: bool) -> int:
    if path.exists() and not force:
        raise AlreadyExistsError(f"{path} exists", remedy="name another file, or add --force")
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".minutier-")
    except OSError as error:
        raise UnreachableError(
            f"cannot write in {path.parent}: {error.strerror}", remedy="name a file in a folder you may write to"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            written = sum(stream.write(chunk) for chunk in chunks)
        os.chmod(draft, 0o666 & ~_umask())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return written


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
