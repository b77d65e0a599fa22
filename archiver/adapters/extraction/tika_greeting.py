"""Whom we talk to: a Tika server of the version we know, and whether it lets a request set its own time limit."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from archiver.adapters.extraction.tika_http import Answer, TikaClient
from archiver.errors import UnreachableError

MAJOR = "3"
TIMEOUT_HEADER = "X-Tika-Timeout-Millis"
_VERSION = re.compile(rb"Apache Tika (\d+)(\.\d[\w.-]*)\s*")
_VERSION_SECONDS = 5.0
_PROBE_SECONDS = 30.0
_PROBE = b"minutier"
NOT_NOW = (429, 502, 503, 504)
"""Statuses of a server that starts, stops or is full, or of a proxy before it."""


class NotNowError(Exception):
    """The server, or a proxy before it, answers that it can't answer yet."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """`version`: such as "3.3.2". `limits_time`: whether requests may say how long they may take."""

    version: str
    limits_time: bool


def greeting(client: TikaClient, seconds: float) -> Greeting:
    """Ask for the version, and try whether `seconds` may be set as a request's time limit.

    Raises:
        NotNowError: try again.
        UnreachableError: another major version, or no Tika server. Waiting won't help.
        AwayError, DroppedError, OvertimeError, LongAnswerError: see `TikaClient`.
    """
    answer = client.get("/version", _VERSION_SECONDS)
    return Greeting(_version(client.shown, answer), _limits_time(client, seconds))


def time_limit(seconds: float) -> dict[str, str]:
    """The header that sets it."""
    return {TIMEOUT_HEADER: str(int(seconds * 1000))}


def _version(shown: str, answer: Answer) -> str:
    if answer.status in NOT_NOW:
        raise NotNowError(f"it answers {answer.status}")
    found = _VERSION.fullmatch(answer.body) if answer.status == 200 else None
    if found is None:
        raise UnreachableError(
            f"what answers at {shown} is no Tika server (status {answer.status} to /version)",
            remedy="correct MINUTIER_TIKA_URL; a user and password go before the host name",
        )
    major, rest = (part.decode("ascii") for part in found.groups())
    if major != MAJOR:
        raise UnreachableError(
            f"the server at {shown} is Tika {major}{rest}; this program reads with Tika {MAJOR}",
            remedy=f"run tika-server-standard {MAJOR}.x there",
        )
    return f"{major}{rest}"


def _limits_time(client: TikaClient, seconds: float) -> bool:
    """A server refuses more than its own limit (500) and less than its minimum (400)."""
    with tempfile.NamedTemporaryFile(prefix="minutier-", suffix=".txt") as probe:
        probe.write(_PROBE)
        probe.flush()
        headers = {"Accept": "application/json", **time_limit(seconds)}
        answer = client.put("/tika/body", Path(probe.name), headers, _PROBE_SECONDS, 1024 * 1024)
    if answer.status in NOT_NOW:
        raise NotNowError(f"it answers {answer.status}")
    return answer.status == 200 and _PROBE in answer.body
