"""Every failure as a problem document (RFC 9457), with the command line's stable codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from archiver.api.shown import Shown
from archiver.errors import MinutierError, TooManyError
from retention.errors import RetentionError

_log = logging.getLogger("minutier.api")

MEDIA_TYPE = "application/problem+json"
TYPES = "urn:minutier:problem:"
RETRY_SECONDS = 5
_MOST_SAID = 5
"""Mistakes of one body that are told at most."""

STATUS = {
    "usage": 400,
    "date-invalid": 400,
    "period-invalid": 400,
    "statement-invalid": 400,
    "not-authenticated": 401,
    "not-permitted": 403,
    "not-found": 404,
    "too-slow": 408,
    "already-exists": 409,
    "in-progress": 409,
    "not-committed": 409,
    "refused": 409,
    "destroyed": 410,
    "too-large": 413,
    "key-reused": 422,
    "kept": 423,
    "too-many": 429,
    "integrity": 500,
    "busy": 503,
    "locked": 503,
    "unreachable": 503,
    "no-archive": 503,
    "lost-claim": 503,
    "interrupted": 503,
}
"""What each code of `archiver.errors` and `retention.errors` is over HTTP; any other is 500."""

BY_STATUS = {
    404: "no-such-resource",
    405: "method-not-allowed",
    408: "too-slow",
    413: "too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
}
"""Codes that the command line has no use for; anything else that HTTP itself refuses is `usage`."""

_IN_OTHER_WORDS = {
    400: ("the body cannot be read", "send JSON in UTF-8, as /openapi.json describes it"),
    404: ("there is nothing at this address", "see /openapi.json"),
    405: ("this address does not take this method", "see /openapi.json"),
}
"""What the framework itself refuses, and what to do."""

_OUTSIDE = {
    "locked": ("another run has the archive to itself just now", "ask again in a moment"),
    "unreachable": ("a part of the archive does not answer, so nothing is shown", "ask again in a moment"),
    "integrity": ("what is stored is not what was stored", "tell whoever runs the archive: `minutier verify` says more"),
    "error": ("the archive cannot answer this", "tell whoever runs the archive: its log says why"),
}
"""What callers are told of the inside. The error itself names folders, hosts and processes; it is in the log."""

CODES = frozenset({"error", "retention", "policy-invalid", "source", *STATUS, *BY_STATUS.values()})
"""Every code of an answer."""


class Mistake(BaseModel):
    """One thing that is wrong in what was sent."""

    where: Shown = Field(description="Where it is, such as `body.limit`.")
    what: Shown


class Problem(BaseModel):
    """A failure (RFC 9457). `code` is stable; `detail` and `remedy` are for people."""

    type: str = Field(description="`urn:minutier:problem:` and the code.")
    title: str
    status: int
    code: str
    detail: Shown
    remedy: Shown = Field("", description="What to do, or what to write instead.")
    errors: list[Mistake] = Field(default_factory=list, description="Each mistake in what was sent.")


@dataclass(frozen=True, slots=True)
class Failure:
    """A problem on its way out."""

    status: int
    code: str
    detail: str
    remedy: str = ""
    errors: tuple[Mistake, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """As it is sent."""
        body = Problem(
            type=TYPES + self.code,
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            remedy=self.remedy,
            errors=list(self.errors),
        )
        headers = {"Cache-Control": "no-store", **self.headers}
        return JSONResponse(body.model_dump(), self.status, headers, MEDIA_TYPE)


def failure_of(error: Exception) -> Failure:
    """What an exception is to whoever asked."""
    if isinstance(error, MinutierError | RetentionError):
        return _ours(error)
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    return Failure(500, "error", "this should not have happened; it is in the server's log", "please report it")


def _ours(error: MinutierError | RetentionError) -> Failure:
    status, headers = STATUS.get(error.code, 500), {}
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.seconds)
    elif status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    elif status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    said, remedy = str(error), error.remedy
    if status >= 500 and error.code != "busy":
        _log.warning("%s: %s", error.code, error)
        said, remedy = _OUTSIDE.get(error.code, _OUTSIDE["error"])
    return Failure(status, error.code, said, remedy, (), headers)


def _of_http(error: HTTPException) -> Failure:
    status = error.status_code
    said, remedy = _IN_OTHER_WORDS.get(status, (str(error.detail), ""))
    return Failure(status, BY_STATUS.get(status, "usage"), said, remedy, (), dict(error.headers or {}))


def _invalid(error: RequestValidationError) -> Failure:
    """Mistakes by place; what was sent is never said back."""
    found = tuple(_mistake(one) for one in error.errors()[:_MOST_SAID])
    return Failure(400, "usage", "what was sent is not of the form it must have", "see `errors`, and /openapi.json", found)


_WORDS = {
    "model_attributes_type": "is not read as JSON: send the header Content-Type: application/json",
    "extra_forbidden": "there is no such field",
    "string_pattern_mismatch": "is not of the form that /openapi.json gives for it",
}
"""Of mistakes whose usual words do not say what to write instead."""


def _mistake(one: Mapping[str, Any]) -> Mistake:
    kind, where, what = one["type"], ".".join(map(str, one["loc"])), str(one["msg"])
    if kind == "json_invalid":  # the place is a character, not a field
        place, why = one["loc"][-1], one.get("ctx", {}).get("error", "")
        return Mistake(where="body", what=f"is no JSON at character {place}: {why}" if isinstance(place, int) else what)
    return Mistake(where=where, what=_WORDS.get(kind, what))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems a route answers with, for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


ALWAYS = (400, 401, 403, 404, 429, 500, 503)
"""What any route with a caller may answer."""
