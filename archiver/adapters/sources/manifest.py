"""Manifests: CSV or JSON Lines, a document a line, with its class, grants and metadata.

Columns `path` (needed), `collection`, `class`, `grants` (separated by `;`) are ours; every other column is declared
metadata. A line that cannot be used is an entry with a problem: the others go on.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from archiver.adapters.sources.csv_rows import LONGEST, csv_rows
from archiver.adapters.sources.files import LocalFiles
from archiver.adapters.sources.listing import entry_at
from archiver.domain.access import group_name
from archiver.errors import UsageError
from archiver.ports.sources import SourceEntry

OURS = {"path", "collection", "class", "grants"}

Row = dict[str, Any] | str
"""Column to value; or, of a line that cannot be used, why."""


def manifest(path: str) -> Iterator[SourceEntry]:
    """Entries of the manifest at `path`; relative paths are taken from the manifest's own folder. Opened at once, read later.

    Raises:
        UsageError: it cannot be opened, or a CSV has no `path` column.
    """
    stream = _opened(path)
    try:
        first = stream.read(1)
        stream.seek(0)
        is_json = first == "{" or path.endswith((".jsonl", ".ndjson"))
        rows: Iterator[tuple[int, Row]] = _json_rows(stream) if is_json else csv_rows(stream, path)
    except BaseException:
        stream.close()
        raise
    return _entries(stream, rows, os.path.dirname(os.path.abspath(path)))


def fingerprint(path: str) -> str:
    """What tells that a manifest is still the same file as when its import began.

    Raises:
        UsageError: it cannot be opened.
    """
    with _opened(path) as stream:
        found = os.fstat(stream.fileno())
    return f"{found.st_size}-{found.st_mtime_ns}"


def _opened(path: str) -> TextIO:
    try:
        stream = open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")  # noqa: SIM115  # closed by whom it is given to
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        raise UsageError(f"the manifest {path} cannot be read: {why}", remedy="name a readable CSV or JSONL file") from error
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise UsageError(
            f"the manifest {path} is no regular file", remedy="write it to a file first, so that a resume can read it"
        )
    return stream


def _entries(stream: TextIO, rows: Iterator[tuple[int, Row]], folder: str) -> Iterator[SourceEntry]:
    files = LocalFiles()
    with stream:
        for number, row in rows:
            yield _entry(files, folder, number, row)


def _entry(files: LocalFiles, folder: str, number: int, row: Row) -> SourceEntry:
    if isinstance(row, str):
        return SourceEntry(f"line {number}", number, problem=row)
    path = row.get("path")
    if not isinstance(path, str) or not path:
        return SourceEntry(f"line {number}", number, problem='no "path" on this line')
    try:
        grants = _grants(row.get("grants"))
    except UsageError as error:
        return SourceEntry(os.path.join(folder, path), number, problem=f"{error} ({error.remedy})")
    declared = {
        str(key): value if isinstance(value, str) else json.dumps(value)
        for key, value in row.items()
        if key not in OURS and value not in (None, "")
    }
    return replace(
        entry_at(files, os.path.join(folder, path), number),
        collection=str(row.get("collection") or ""),
        retention_class=str(row.get("class") or ""),
        grants=grants,
        declared=declared,
    )


def _grants(value: object) -> tuple[str, ...]:
    """The groups of a line: a list, or text with `;` between them.

    Raises:
        UsageError: it is neither, or names something else than groups.
    """
    if value is None:
        return ()
    groups = value.split(";") if isinstance(value, str) else value
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise UsageError('"grants" is no list of groups', remedy="write them with ; between, or as a JSON list of texts")
    return tuple(group_name(group) for group in groups if group.strip())


def _json_rows(stream: TextIO) -> Iterator[tuple[int, Row]]:
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith("\n"):
            while (more := stream.readline(LONGEST)) and not more.endswith("\n"):
                pass
            yield number, f"longer than {LONGEST:,} characters"
        elif line.strip():
            yield number, _json_row(line)


def _json_row(line: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"not a JSON object: {error}"
    return row if isinstance(row, dict) else "not a JSON object: write one object a line"
