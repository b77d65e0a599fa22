"""Personally enrolled keys: who may sign for whom, since when, and until when."""

from __future__ import annotations

from dataclasses import replace

from archiver.domain.ledger import LedgerEvent
from archiver.domain.persons import person_name
from archiver.domain.reasons import stated_reason
from archiver.errors import AlreadyExistsError, NotFoundError, RefusedError
from archiver.ports.clock import Clock
from archiver.ports.keys import Keys
from archiver.ports.retention_rows import RetentionRows, Signer
from archiver.services.register import Register
from retention.signature import key_id

ENROLLED = "key-enrolled"
"""Kind of the ledger entry that a person's key was enrolled: holds the key itself, and its person by pseudonym."""

REVOKED = "key-revoked"
"""Kind of the ledger entry that a key is not to be trusted for what is signed from now on."""


class Signers:
    """Enrols keys and revokes them. A key belongs to one person; a person may have several; none is ever forgotten."""

    def __init__(self, rows: RetentionRows, register: Register, keys: Keys, clock: Clock) -> None:
        self._rows, self._register, self._keys, self._clock = rows, register, keys, clock

    def enroll(self, person: str, public_key: bytes, *, by: str) -> tuple[Signer, bool]:
        """Take a public key (raw, 32 bytes) for that person's; the key as enrolled, and whether it is new. Safe to repeat.

        Raises:
            AlreadyExistsError: it is another person's.
            RefusedError: it was revoked, or is the archive's own.
            UsageError: no name of a person.
        """
        name, found = person_name(person), self._known(key_id(public_key))
        if found is not None:
            return _same(found, name), False
        self._require_personal(public_key)
        who, now = self._register.enter(name), self._clock.now()
        signer = Signer(key_id(public_key), name, who, public_key.hex(), now, by)
        details = {"key": signer.key_id, "public": signer.public_key, "person": who, "by": self._register.enter(by)}
        try:
            self._rows.add_signer(signer, [LedgerEvent(ENROLLED, "", now, details)])
        except AlreadyExistsError:
            return _same(self._rows.signer(signer.key_id), name), False
        return signer, True

    def revoke(self, given: str, reason: str, *, by: str) -> tuple[Signer, bool]:
        """Trust nothing signed with this key from now on; the key, and whether it was still trusted. An approval that
        is not carried out yet counts no more. Safe to repeat.

        Args:
            given: the key's id.
            reason: for people; kept in the ledger's erasable part.

        Raises:
            NotFoundError: no such key was enrolled.
            UsageError: no reason.
        """
        words = stated_reason(reason, "a key is revoked for a reason")
        signer = self.signer(given)
        if signer.revoked_at is not None:
            return signer, False
        now = self._clock.now()
        details = {"key": given, "person": signer.pseudonym, "reason": words, "by": self._register.enter(by)}
        self._rows.revoke_signer(given, now, [LedgerEvent(REVOKED, "", now, details)])
        return replace(signer, revoked_at=now), True

    def signer(self, given: str) -> Signer:
        """The enrolled key with this id.

        Raises:
            NotFoundError: there is none.
        """
        found = self._known(given)
        if found is None:
            raise NotFoundError(f"no person's key {given[:40]!r} is enrolled", remedy="`minutier key list` shows those that are")
        return found

    def all(self) -> list[Signer]:
        """Every key ever enrolled, oldest first."""
        return self._rows.signers()

    def _known(self, given: str) -> Signer | None:
        try:
            return self._rows.signer(given)
        except NotFoundError:
            return None

    def _require_personal(self, public_key: bytes) -> None:
        try:
            self._keys.public_key(key_id(public_key))
        except NotFoundError:
            return
        raise RefusedError(
            "this is the archive's own key, which signs heads and certificates and is nobody's",
            remedy="`minutier key new FILE` makes a key for a person",
        )


def _same(found: Signer, name: str) -> Signer:
    if found.person != name:
        raise AlreadyExistsError(
            f"key {found.key_id} is enrolled for somebody else",
            remedy="a key is one person's alone: `minutier key new FILE` makes another",
        )
    if found.revoked_at is not None:
        raise RefusedError(
            f"key {found.key_id} was revoked on {found.revoked_at:%Y-%m-%d}, which is not taken back",
            remedy="`minutier key new FILE` makes another",
        )
    return found
