"""An archive that takes deposits, and callers that hand them in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers, eventually

POLICY = """
collections:
  invoices: {class: FR-ACCOUNTING, grants: {read: [group:finance]}}
  letters: {class: FR-ACCOUNTING, grants: {read: [group:finance, group:post]}}
  board: {class: FR-ACCOUNTING, grants: {read: [group:board]}}
  mixed: {class: FR-ACCOUNTING, grants: {read: [group:finance], deny: [group:trainees]}}
classes:
  FR-ACCOUNTING: {title: "Pièces comptables", period: P10Y, from: received, basis: "C. com. L123-22", lock: governance, then: destroy}
  FR-OTHER: {title: "Autres", period: P1Y, from: received, basis: "C. civ. 2224", lock: governance, then: destroy}
"""


@contextmanager
def depositable(kind: str, folder: Path) -> Iterator[Minutier]:
    """An archive with a policy: "embedded", or on "servers" that read by themselves, or by "workers"."""
    if kind == "embedded":
        archive = Minutier(folder / "archive")
        archive.run("init")
        yield with_policy(archive)
        return
    with archive_on_servers(folder / "archive", broker="rabbitmq" if kind == "workers" else "") as archive:
        yield with_policy(archive)


def with_policy(archive: Minutier) -> Minutier:
    """The archive, under `POLICY`."""
    path = archive.home.parent / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    archive.run("policy", "apply", path)
    return archive


class Client:
    """One caller with a token, in this process or over a socket."""

    def __init__(self, http: Any, token: str) -> None:
        self.http, self.headers = http, {"Authorization": f"Bearer {token}"}

    def deposit(
        self,
        body: bytes,
        *,
        code: int | None = 202,
        name: str = "minute.txt",
        headers: dict[str, str] | None = None,
        part: dict[str, str] | None = None,
        file_first: bool = False,
        **metadata: Any,
    ) -> httpx2.Response:
        """Hand in; `headers` of the request, `part`: of the file's part."""
        said = json.dumps({"collection": "invoices"} | metadata)
        parts = [("metadata", (None, said, "application/json")), ("file", (name, body, "application/octet-stream", part or {}))]
        files = parts[::-1] if file_first else parts
        answer: httpx2.Response = self.http.post("/v1/documents", files=files, headers=self.headers | (headers or {}))
        assert code is None or answer.status_code == code, f"{answer.status_code}: {answer.text}"
        return answer

    def id_of(self, body: bytes, **more: Any) -> str:
        """The id of a new document."""
        return str(self.deposit(body, **more).json()["id"])

    def get(self, path: str, code: int = 200, **headers: str) -> httpx2.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: httpx2.Response = self.http.get(f"/v1/{path}", headers=self.headers | given)
        assert answer.status_code == code, f"{answer.status_code}: {answer.text}"
        return answer

    def content(self, document: str, code: int = 200, **headers: str) -> httpx2.Response:
        return self.get(f"documents/{document}/content", code, **headers)

    def archived(self, document: str, seconds: float = 60) -> dict[str, Any]:
        """What is said of it once it is read."""

        def looked() -> Any:
            found = self.get(f"documents/{document}").json()
            return found if found["state"] != "received" else None

        found: dict[str, Any] = eventually(looked, seconds, 0.1)
        return found

    def total(self, query: str, code: int = 200) -> int:
        """How many documents a search finds."""
        answer = self.http.post("/v1/search", json={"query": query}, headers=self.headers)
        assert answer.status_code == code, answer.text
        return int(answer.json()["total"])
