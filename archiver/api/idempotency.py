"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request sent again is answered, not done, again.

Only what was done is kept: a request that failed may come again under its key, mended or not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header, Response

from archiver.api.asked import Asked
from archiver.errors import InProgressError, KeyReusedError, UnreachableError
from archiver.ports.replies import Claim, Reply

REPLAYED = "Idempotent-Replayed"

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[\x21-\x7e]*$",
        description="Chosen by the caller, one for each thing to be done. Sent again within a day with the same request it gives the "
        "same answer, with `Idempotent-Replayed: true`; with another request it gives 422.",
    ),
]
"""The header, for routes; "" where there is none."""


def request_digest(route: str, said: Any) -> str:
    """Of everything a request says: `said` is a value that JSON can hold."""
    return hashlib.sha256(f"{route}\n{json.dumps(said, sort_keys=True)}".encode()).hexdigest()


def once(asked: Asked, key: str, digest: str, do: Callable[[bool], Reply]) -> Response:
    """The answer of `do`, or the one that it gave before. Blocks as `do` does.

    Args:
        key: "" does it every time.
        do: is told whether an attempt that was cut off may have done it already.

    Raises:
        KeyReusedError: the key was used for another request.
        InProgressError: the same request is being worked on.
    """
    if not key:
        return _response(do(False))
    claim = claimed(asked, key, digest)
    if isinstance(claim, Reply):
        return _response(claim, replayed=True)
    try:
        reply = do(claim is Claim.AGAIN)
    except UnreachableError:  # it may have been done, and only not be written down: whoever comes again goes on with it
        asked.front.serving.replies.leave(asked.caller.principal.name, key)
        raise
    except BaseException:
        dropped(asked, key)
        raise
    return kept(asked, key, reply)


def claimed(asked: Asked, key: str, digest: str) -> Reply | Claim:
    """Whose the key is, when it may be used.

    Raises:
        KeyReusedError, InProgressError: it may not; see `once`.
    """
    serving = asked.front.serving
    found = serving.replies.claim(asked.caller.principal.name, key, digest, serving.clock.now())
    if found is Claim.OTHER:
        raise KeyReusedError(
            "this Idempotency-Key was used for another request", remedy="choose a new key for each thing to be done"
        )
    if found is Claim.RUNNING:
        raise InProgressError("the same request is being worked on", remedy="send it again in a moment for its answer")
    return found


def kept(asked: Asked, key: str, reply: Reply) -> Response:
    """The answer, once it is kept for whoever sends the request again; "" keeps nothing."""
    if key:
        asked.front.serving.replies.keep(asked.caller.principal.name, key, reply)
    return _response(reply)


def dropped(asked: Asked, key: str) -> None:
    """Nothing was done: the key may be used again."""
    asked.front.serving.replies.drop(asked.caller.principal.name, key)


def replayed(reply: Reply) -> Response:
    """An answer that was given before."""
    return _response(reply, replayed=True)


def _response(reply: Reply, *, replayed: bool = False) -> Response:
    headers = {**reply.headers, **({REPLAYED: "true"} if replayed else {})}
    return Response(reply.body, reply.status, headers, "application/json")
