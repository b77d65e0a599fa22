"""Reading the ledger's files from the object store, bounded and checked against what was confirmed when they were written."""

from __future__ import annotations

from archiver.domain.digest import of_bytes
from archiver.domain.ledger_files import FILE_LIMIT
from archiver.errors import IntegrityError
from archiver.ports.objects import ObjectInfo, ObjectStore


def read_file(objects: ObjectStore, info: ObjectInfo) -> bytes:
    """The bytes of one of the ledger's files.

    Raises:
        IntegrityError: it is longer than any such file, or not what was written.
    """
    with objects.open(info.ref) as stream:
        body = stream.read(FILE_LIMIT + 1)
    if len(body) > FILE_LIMIT:
        raise IntegrityError(f"{info.ref.key} is longer than {FILE_LIMIT} bytes, as no file of the ledger is")
    if of_bytes(body) != info.sha256:
        raise IntegrityError(f"{info.ref.key} is not what was written: its SHA-256 is not the one confirmed then")
    return body
