"""Manifests: CSV or JSON Lines, a document a line, with its class, grants and metadata.

Columns `path` (needed), `collection`, `class`, `grants` (separated by `;`) are ours; every other column is declared
metadata. A line that cannot be used is an entry with a problem: the others go on.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from archiver.adapters.sources.files import LocalFiles
from archiver.adapters.sources.listing import entry_at
from archiver.errors import UsageError
from archiver.ports.sources import SourceEntry

OURS = {"path", "collection", "class", "grants"}
_CELL = 16 * 1024 * 1024


def manifest(path: str) -> Iterator[SourceEntry]:
    """Entries of the manifest at `path`; relative paths are taken from the manifest's own folder.

    Raises:
        UsageError: it cannot be opened, or a CSV has no `path` column.
    """
    try:
        stream = open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")  # noqa: SIM115  # closed below
    except OSError as error:
        raise UsageError(
            f"the manifest {path} cannot be read: {os.strerror(error.errno or 0)}", remedy="name a readable CSV or JSONL file"
        ) from error
    with stream:
        first = stream.read(1)
        stream.seek(0)
        rows = _json_rows(stream) if first == "{" or path.endswith((".jsonl", ".ndjson")) else _csv_rows(stream, path)
        files, folder = LocalFiles(), os.path.dirname(os.path.abspath(path))
        for number, row in rows:
            yield _entry(files, folder, number, row)


def _entry(files: LocalFiles, folder: str, number: int, row: dict[str, Any] | str) -> SourceEntry:
    if isinstance(row, str):
        return SourceEntry(f"line {number}", number, problem=row)
    path = row.get("path")
    if not isinstance(path, str) or not path:
        return SourceEntry(f"line {number}", number, problem='no "path" on this line')
    entry = entry_at(files, os.path.join(folder, path), number)
    grants = row.get("grants") or ()
    declared = {
        str(k): v if isinstance(v, str) else json.dumps(v) for k, v in row.items() if k not in OURS and v not in (None, "")
    }
    return replace(
        entry,
        collection=str(row.get("collection") or ""),
        retention_class=str(row.get("class") or ""),
        grants=tuple(g.strip() for g in (grants.split(";") if isinstance(grants, str) else map(str, grants)) if g.strip()),
        declared=declared,
    )


def _json_rows(stream: TextIO) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"not a JSON object: {error}"
            continue
        yield number, row if isinstance(row, dict) else "not a JSON object: write one object a line"


def _csv_rows(stream: TextIO, path: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    csv.field_size_limit(_CELL)
    head = stream.readline()
    delimiter = max(",;\t|", key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
    if "path" not in names:
        raise UsageError(
            f'the manifest {path} has no "path" column; its first line is: {head.strip()[:200]!r}',
            remedy="begin it with a line such as: path,class,document_date",
        )
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"not a CSV line: {error}"
            continue
        if not cells:
            continue
        if len(cells) > len(names):
            yield number, f"{len(cells)} values for {len(names)} columns: put values that hold {delimiter!r} in double quotes"
            continue
        yield number, dict(zip(names, cells, strict=False))
