"""Personally enrolled keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError as DuplicateKeyError

from archiver.adapters.catalog.engine import read, write
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.retention_tables import signers
from archiver.domain.ledger import LedgerEvent
from archiver.errors import AlreadyExistsError, NotFoundError
from archiver.ports.retention_rows import Signer


class SignerRows:
    """The part of `ports.retention_rows.RetentionRows` about personal keys."""

    engine: Engine

    def add_signer(self, signer: Signer, events: Iterable[LedgerEvent]) -> None:
        row = {name: getattr(signer, name) for name in Signer.__slots__}
        try:
            with write(self.engine) as connection:
                connection.execute(insert(signers), row)
                enqueue(connection, events)
        except DuplicateKeyError as error:
            raise AlreadyExistsError(
                f"the key {signer.key_id} is enrolled already",
                remedy="each person has keys of their own; `minutier key list` shows them",
            ) from error

    def revoke_signer(self, key_id: str, at: datetime, events: Iterable[LedgerEvent]) -> None:
        with write(self.engine) as connection:
            still = (signers.c.key_id == key_id) & signers.c.revoked_at.is_(None)
            if connection.execute(update(signers).where(still).values(revoked_at=at)).rowcount:
                enqueue(connection, events)

    def signers(self) -> list[Signer]:
        query = select(signers).order_by(signers.c.enrolled_at, signers.c.key_id)
        with read(self.engine) as connection:
            return [Signer(**row._mapping) for row in connection.execute(query)]

    def signer(self, key_id: str) -> Signer:
        with read(self.engine) as connection:
            row = connection.execute(select(signers).where(signers.c.key_id == key_id)).first()
        if row is None:
            raise NotFoundError(
                f"no person's key {key_id} is enrolled", remedy="`minutier key enroll PERSON FILE.pub` makes it known"
            )
        return Signer(**row._mapping)
