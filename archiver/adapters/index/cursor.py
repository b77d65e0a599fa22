"""Where the next page begins: an opaque text bound to the question it continues."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.errors import UsageError

_VERSION = 1
_WRONG = "the cursor does not belong to this search"
_REMEDY = "start again without a cursor"


@dataclass(frozen=True, slots=True)
class Position:
    """The last document shown: the rung it stood on, its sort key, its id. It need not exist any more."""

    score: float
    order: int
    document_id: str


def written(position: Position, request: SearchRequest, scope: Scope) -> str:
    """The cursor after `position`."""
    content = [_VERSION, _question(request, scope), position.score, position.order, position.document_id]
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).rstrip(b"=").decode()


def read(cursor: str, request: SearchRequest, scope: Scope) -> Position:
    """The position a cursor stands for.

    Raises:
        UsageError: it is no cursor, or one of another query, sort, or principal.
    """
    try:
        version, question, score, order, document_id = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        )
        position = Position(float(score), int(order), str(document_id))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise UsageError("the cursor is not one this program gave", remedy=_REMEDY) from error
    if version != _VERSION or question != _question(request, scope) or not 0 <= position.order < 1 << 63:
        raise UsageError(_WRONG, remedy=_REMEDY)
    return position


def _question(request: SearchRequest, scope: Scope) -> str:
    """Digest of everything that decides the order of answers (not of how many are shown at once)."""
    parts = [request.text, sorted(request.collections), request.sort, scope.everything, sorted(scope.groups)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
