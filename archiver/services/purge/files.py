"""What a purge leaves in the object store: plan, approvals, certificate. From them and the ledger its rows can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import BinaryIO

import zstandard

from archiver.domain.document import LockMode
from archiver.domain.purging import approval_key, certificate_key, plan_key, statement_key
from archiver.errors import AlreadyExistsError, NotFoundError
from archiver.ports.objects import Bucket, Lock, ObjectStore, Put, Staged
from archiver.ports.retention_rows import GivenApproval, Purge
from retention.plan import PlanItem

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode
KEPT = timedelta(days=11 * 366)
"""How long statements and certificates are locked: as long as the ledger's own files are at first."""


class PurgeFiles:
    """The files of purges in one store. Each is written once, and may be written again by a run that was cut off."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def stage_plan(self, items: Iterable[tuple[PlanItem, str]]) -> Staged:
        """Items of a plan with their payloads, written as they come."""
        return self._objects.stage(_packed(_line(item, payload) for item, payload in items))

    def discard(self, staged: Staged) -> None:
        """Of a plan that was not made."""
        self._objects.discard(staged)

    def keep_plan(self, purge: Purge, staged: Staged) -> None:
        """The items where they can be erased, the signed statement locked.

        Raises:
            AlreadyExistsError: another plan of that name was begun, and cut off.
        """
        (kept,) = self._objects.put([Put(Bucket.DELETABLE, plan_key(purge.id), staged=staged)])
        if kept.info.sha256 != staged.sha256:
            raise AlreadyExistsError(f"a plan {purge.id} was begun before, and cut off", remedy="choose another name")
        said = {
            "statement": purge.plan,
            "key": purge.plan_key,
            "signature": purge.plan_signature,
            "criteria": dict(purge.criteria),
            "withheld": purge.withheld,
        }
        self._keep(statement_key(purge.id), said, purge.made_at)

    def keep_approval(self, purge_id: str, number: int, given: GivenApproval, now: datetime) -> None:
        """An approval without the approver's name and the visa's words, which may be personal: those lie with the plan."""
        said = {name: value for name, value in asdict(given).items() if name not in ("approver", "visa")}
        self._keep(approval_key(purge_id, number), said, now)
        if given.visa:
            body = _encoded({"visa": dict(given.visa)})
            self._objects.put([Put(Bucket.DELETABLE, f"purges/{purge_id}/visa-{number}.json", body=body)])

    def keep_certificate(self, purge_id: str, chunks: Iterable[bytes], now: datetime, *, more: bool) -> str:
        """The certificate, locked; its SHA-256. What lies there already stays.

        Args:
            more: another one was issued before, with something not destroyed that now is; else the one there is kept.
        """
        number = self._issued(purge_id) + 1 if more else 1
        staged, key = self._objects.stage(chunks), certificate_key(purge_id, number)
        put = Put(Bucket.LOCKED, key, staged=staged, lock=Lock(LockMode.GOVERNANCE, now + KEPT))
        return self._objects.put([put])[0].info.sha256

    def _issued(self, purge_id: str) -> int:
        number = 0
        while self._objects.versions(Bucket.LOCKED, certificate_key(purge_id, number + 1)):
            number += 1
        return number

    def certificate(self, purge_id: str) -> BinaryIO:
        """The certificate issued last, for reading.

        Raises:
            NotFoundError: there is none yet.
        """
        found = self._objects.versions(Bucket.LOCKED, certificate_key(purge_id, max(1, self._issued(purge_id))))
        if not found:
            raise NotFoundError(
                f"purge {purge_id} has no certificate yet", remedy=f"`minutier purge run {purge_id}` ends with one"
            )
        return self._objects.open(found[0].ref)

    def _keep(self, key: str, said: Mapping[str, object], now: datetime) -> None:
        self._objects.put([Put(Bucket.LOCKED, key, body=_encoded(said), lock=Lock(LockMode.GOVERNANCE, now + KEPT))])


def _line(item: PlanItem, payload: str) -> bytes:
    return _encoded({"collection": item.collection, "salt": item.salt.hex(), "payload": payload})


def _encoded(value: Mapping[str, object]) -> bytes:
    return _encode(value).encode("ascii") + b"\n"


def _packed(lines: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=3).compressobj()
    for line in lines:
        if packed := compressor.compress(line):
            yield packed
    yield compressor.flush()
