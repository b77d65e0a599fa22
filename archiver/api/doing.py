"""A change that a caller asks for, made once for each `Idempotency-Key`, and answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Response
from pydantic import BaseModel

from archiver.api import idempotency
from archiver.api.asked import Asked
from archiver.domain.accesses import Act
from archiver.ports.replies import Reply


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a change."""

    value: BaseModel
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def done_once(asked: Asked, key: str, route: str, said: BaseModel | None, do: Callable[[bool], Done]) -> Response:
    """The answer of `do`, or the one that it gave before to this request.

    Args:
        key: see `idempotency`; "" does it every time.
        route: method and path, ids filled in.
        do: is told whether an attempt that was cut off may have done it already.

    Raises:
        KeyReusedError, InProgressError: see `idempotency.once`.
    """
    digest = idempotency.request_digest(route, said.model_dump(mode="json", by_alias=True) if said else None)

    def reply(again: bool) -> Reply:
        done = do(again)
        return Reply(done.status, done.value.model_dump_json(by_alias=True).encode(), dict(done.headers))

    answer = idempotency.once(asked, key, digest, reply)
    if idempotency.REPLAYED in answer.headers:
        asked.told(Act.VIEWED, about=f"the answer given before to {route}", status=answer.status_code)
    return answer


def name_for(asked: Asked, key: str, kind: str) -> str:
    """A name for what is made under this key, so that an attempt that was cut off is gone on with; "" without a key."""
    if not key:
        return ""
    digest = hashlib.sha256(f"{asked.caller.principal.name}\n{key}".encode()).hexdigest()
    return f"{kind}-{digest[:16]}"
