"""Writes in bulk: chunks bounded in bytes and number, and every single result read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import elastic_transport
import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_client import meaning, told, translated
from archiver.adapters.index.elastic_document import Operation
from archiver.errors import IntegrityError, UnreachableError, UsageError

CHUNK_BYTES = 5_000_000
CHUNK_COUNT = 1_000
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before what was turned away for now is sent again; after the last, the index is out of reach."""

_LATER = frozenset({429, 502, 503, 504})
_NEWER, _TOO_LARGE = 409, 413
_ANSWER = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"


class Bulk:
    """Sends writes to one target. Safe for several threads, and to repeat: an older version never replaces a newer one."""

    def __init__(
        self, client: elasticsearch.Elasticsearch, address: Address, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._address, self._sleep = client.options(max_retries=0), address, sleep

    def send(self, target: str, operations: Sequence[Operation]) -> None:
        """On return every write is durable, or was older than what is there.

        Args:
            target: an alias of the index written to; it is never made by being written to.

        Raises:
            UnreachableError: some writes were turned away again and again.
            IntegrityError: the index refuses a document's form.
        """
        waiting = list(operations)
        if not waiting:
            return
        for pause in (*PAUSES, None):
            waiting, why = self._attempt(target, waiting)
            if not waiting:
                return
            if pause is None:
                raise UnreachableError(
                    f"the index at {self._address} does not take {len(waiting)} of {len(operations)} documents now: {why}",
                    remedy="see whether the cluster is up and has room (`minutier doctor`); what is missing is sent again later",
                )
            self._sleep(pause)

    def _attempt(self, target: str, operations: list[Operation]) -> tuple[list[Operation], str]:
        """What has to be sent again, and why."""
        body: Any = b"".join(operation.lines(target) for operation in operations)
        try:
            answer = self._client.bulk(operations=[body], filter_path=_ANSWER, include_source_on_error=False).body
        except (elastic_transport.TlsError, elasticsearch.UnsupportedProductError):
            with translated(self._address):
                raise
        except elasticsearch.ApiError as error:
            if error.meta.status == _TOO_LARGE:
                return self._halves(target, operations, error)
            if error.meta.status in _LATER:
                return operations, ": ".join(told(error.body))
            raise meaning(self._address, error.meta.status, error.body) from error
        except elastic_transport.ConnectionTimeout as error:
            raise UnreachableError(f"the index at {self._address} does not answer", remedy="run the same again later") from error
        except elastic_transport.TransportError as error:
            return operations, error.message
        return self._judged(operations, answer)

    def _judged(self, operations: list[Operation], answer: Mapping[str, Any]) -> tuple[list[Operation], str]:
        """One result a write: done, newer already there, to be sent again, or an error that names the document."""
        results = answer.get("items", [])
        if len(results) != len(operations):
            raise IntegrityError(f"the index at {self._address} answered {len(results)} of {len(operations)} writes")
        again, why = list[Operation](), ""
        for operation, result in zip(operations, results, strict=True):
            found = result["index"]
            if found["status"] in _LATER:
                again.append(operation)
                why = ": ".join(told(found.get("error")))
            elif found["status"] != _NEWER and found["status"] >= 300:
                raise self._refused(operation, found)
        return again, why

    def _refused(self, operation: Operation, result: Mapping[str, Any]) -> Exception:
        error = meaning(self._address, result["status"], result.get("error"))
        return type(error)(f"document {operation.document_id} is not indexed: {error}", remedy=error.remedy)

    def _halves(self, target: str, operations: list[Operation], error: elasticsearch.ApiError) -> tuple[list[Operation], str]:
        """The server takes smaller requests than ours: each half alone."""
        if len(operations) == 1:
            size = len(operations[0].source)
            raise UsageError(
                f"document {operations[0].document_id} makes a request of {size:,} bytes, more than the index's server takes",
                remedy="raise http.max_content_length on the server",
            ) from error
        middle = len(operations) // 2
        halves = [self._attempt(target, operations[:middle]), self._attempt(target, operations[middle:])]
        return [operation for again, _ in halves for operation in again], next((why for _, why in halves if why), "")


def chunks(operations: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Bounded in bytes and number; of one document only the newest version of a chunk is kept."""
    chunk: dict[str, Operation] = {}
    size = 0
    for operation in operations:
        before = chunk.get(operation.document_id)
        if before is not None and before.version > operation.version:
            continue
        if chunk and (len(chunk) >= CHUNK_COUNT or size + len(operation.source) > CHUNK_BYTES):
            yield list(chunk.values())
            chunk, size = {}, 0
        chunk[operation.document_id] = operation
        size += len(operation.source)
    if chunk:
        yield list(chunk.values())
