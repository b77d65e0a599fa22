"""What people are handed of a purge: the plan to read before approving, the certificate, and an annex for a judge."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from archiver.errors import IntegrityError, NotFoundError, UsageError
from archiver.ports.retention_rows import Purge, PurgeItem
from archiver.services.whole_file import whole_file
from retention.annex import FORMAT, Annex, write_annex
from retention.plan import PlanItem, plan_root
from retention.statements import PlanStatement

PLAN = "minutier-plan/1"
_CHUNK = 1024 * 1024


def save_plan(file: Path, purge: Purge, items: Iterable[PurgeItem]) -> None:
    """Write a plan: its statement on the first line, then an item a line. Holds ids and digests, so it is not for everybody.

    Raises:
        UsageError: the file exists already, or cannot be made.
    """
    head = {"format": PLAN, "statement": purge.plan, "key": purge.plan_key, "signature": purge.plan_signature}
    with fresh(file) as out:
        out.write(_line(head))
        for one in items:
            out.write(_line({"payload": one.item.payload(purge.id), "salt": one.item.salt.hex()}))


def require_same_plan(file: Path, purge: Purge) -> None:
    """Is what is in the file this very plan, to the last item?

    Raises:
        IntegrityError: it was changed, or is another.
        UsageError: it is no plan.
    """
    try:
        with open(file, "rb") as stream:
            head = json.loads(next(stream, b"{}"))
            if head.get("format") != PLAN:
                raise UsageError(f"{file} is not a plan", remedy="`minutier purge show PURGE --save FILE` writes one")
            root = plan_root(PlanItem.committed(bytes.fromhex(one["salt"]), one["payload"]) for one in map(json.loads, stream))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} is not a plan: {error}", remedy="`minutier purge show PURGE --save FILE` writes one") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", remedy="name the file of the plan") from error
    if head["statement"] != purge.plan:
        raise IntegrityError(
            f"{file} is another plan than {purge.id}, or was changed by hand",
            remedy=f"`minutier purge show {purge.id} --save FILE`",
        )
    if root != PlanStatement.parse(purge.plan).root:
        raise IntegrityError(
            f"{file} was changed by hand: its items do not lead to the root of the plan {purge.id}",
            remedy=f"nothing was approved; `minutier purge show {purge.id} --save FILE` writes the plan as it is",
        )


def save_certificate(stream: BinaryIO, out: Path | None) -> None:
    """Write the certificate as signed JSON to `out`, or to standard output.

    Raises:
        UsageError: the file exists already, or cannot be made.
    """
    with fresh(out) if out else _standard() as file:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            file.write(chunk)


def save_annex(out: Path | None, archive_id: str, purge: Purge, items: Iterable[PurgeItem], document_id: str) -> None:
    """Write what opens the commitment to one document.

    Raises:
        NotFoundError: it is not in the plan.
    """
    found = next((one.item for one in items if one.item.document_id == document_id), None)
    if found is None:
        raise NotFoundError(
            f"document {document_id} is not in purge {purge.id}", remedy=f"`minutier purge show {purge.id} --items`"
        )
    annex = Annex(FORMAT, archive_id, purge.id, found.position, found.salt.hex(), found.payload(purge.id))
    with fresh(out) if out else _standard() as file:
        file.write(write_annex(annex))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


@contextmanager
def fresh(file: Path) -> Iterator[BinaryIO]:
    """A new file for people, whole or not at all.

    Raises:
        UsageError: it exists already, or cannot be made.
    """
    try:
        with whole_file(file) as out:
            yield out
    except FileExistsError as error:
        raise UsageError(f"{file} exists already", remedy="name another file, or remove that one") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="name another file") from error


@contextmanager
def _standard() -> Iterator[BinaryIO]:
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
