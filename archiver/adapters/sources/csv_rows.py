"""Rows of a CSV file that may hold broken ones: each broken line is told, and costs no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from archiver.errors import UsageError

LONGEST = 1024 * 1024
"""Characters of one line at most."""
MOST_LINES = 1_000
"""Lines a quoted value may run over. A quote that is never closed costs one line, not all that follow."""


def csv_rows(stream: TextIO, path: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Line number and values by column, or why the line cannot be used. The header is read at once.

    Raises:
        UsageError: the header has no `path`, or a column twice.
    """
    csv.field_size_limit(LONGEST)
    head = stream.readline(LONGEST)
    delimiter = max(",;\t|", key=head.count)
    return _rows(_Lines(stream), _names(head, delimiter, path), delimiter)


def _names(head: str, delimiter: str, path: str) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        names = []
    if "path" not in names:
        raise UsageError(
            f'the manifest {path} has no "path" column; its first line is: {head.strip()[:200]!r}',
            remedy="begin it with a line such as: path,class,document_date",
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise UsageError(f"the manifest {path} has two columns named {min(twice)!r}", remedy="give each column its own name")
    return [name or f"column {place}" for place, name in enumerate(names, 1)]


class _Lines:
    """Lines of a stream, of which those of a broken row can be given back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._again, self._taken = stream, deque[str](), list[str]()
        self.number = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) > MOST_LINES:
            raise csv.Error("a quote is not closed")
        line = self._again.popleft() if self._again else self._stream.readline(LONGEST)
        if not line:
            raise StopIteration
        self._taken.append(line)
        self.number += 1
        return line

    def begin(self) -> None:
        """A new row begins here."""
        self._taken = []

    def give_back(self) -> None:
        """All lines of this row but its first are read again."""
        self._again.extendleft(reversed(self._taken[1:]))
        self.number -= len(self._taken[1:])


def _rows(lines: _Lines, names: list[str], delimiter: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    while True:
        lines.begin()
        number = lines.number + 1
        try:
            cells = next(csv.reader(lines, delimiter=delimiter, strict=True))
        except StopIteration:
            return
        except csv.Error as error:
            lines.give_back()
            yield number, f"not a CSV line: {error}"
            continue
        if len(cells) > len(names):
            yield number, f"{len(cells)} values for {len(names)} columns: put values that hold {delimiter!r} in double quotes"
        elif cells:
            yield number, dict(zip(names, cells, strict=False))
