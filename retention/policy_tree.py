"""A policy file as plain mappings, lists and texts, with the place of each: YAML's safe core and nothing else of it.

Refused: anchors, aliases, tags, merge keys, duplicated keys, several documents, deep nesting, large files, other
encodings than UTF-8. Scalars stay text, so that `no` is a language and not a false.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from retention.errors import Problem

MAX_BYTES = 1_048_576
MAX_DEPTH = 8

Tree = dict[str, "Tree"] | list["Tree"] | str | None
Path = tuple[str | int, ...]

_PLAIN_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Placed:
    """A tree and where its parts stand: `places[path]` is (line, column) from 1, of the key for a mapping's entry."""

    tree: Tree = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, what: str, remedy: str, *, at_value: bool = False) -> None:
        """Note a problem at the nearest place known for `path`."""
        known = self.values if at_value else self.places
        while path and path not in known:
            path, known = path[:-1], self.places
        self.problems.append(Problem(*known.get(path, (0, 0)), what, remedy))


def read_tree(data: bytes) -> Placed:
    """Parse a policy file. What cannot be read at all, or must not be, is in `problems`; the tree then holds the rest."""
    placed = Placed()
    text = _decoded(data, placed)
    if text is None:
        return placed
    try:
        _Builder(placed, yaml.parse(text, Loader=_loader())).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        said = error.problem or "not YAML"
        placed.problems.append(Problem(*place, f"not YAML: {said}", "check indentation, colons and quotes at this place"))
    except yaml.YAMLError as error:
        placed.problems.append(Problem(0, 0, f"not YAML: {str(error).splitlines()[0]}", "remove characters that are not text"))
    return placed


def _loader() -> Any:
    """libyaml's parser where PyYAML was built with it (ten times faster), its own otherwise. Only events are used of either."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _decoded(data: bytes, placed: Placed) -> str | None:
    if len(data) > MAX_BYTES:
        size = f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        placed.problems.append(Problem(0, 0, size, "a policy lists classes and collections only: check that this is the policy"))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        placed.problems.append(Problem(line, column, "not UTF-8", "save the file as UTF-8"))
        return None


class _RefusedNodeError(Exception):
    """Parsing cannot go on safely; the problem is noted."""


class _Builder:
    """Builds the tree from parser events, one level at a time."""

    def __init__(self, placed: Placed, events: Iterator[yaml.Event]) -> None:
        self._placed, self._events = placed, events

    def document(self) -> None:
        try:
            self._document()
        except _RefusedNodeError:
            self._placed.tree = None

    def _document(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self._placed.places:
                    self._refuse(event, "a second YAML document begins here", "keep one policy in one file")
                self._placed.places[()] = self._placed.values[()] = _place(event)
                self._placed.tree = self._node(next(self._events), ())

    def _node(self, event: yaml.Event, path: Path) -> Tree:
        self._check(event, path)
        self._placed.values[path] = _place(event)
        self._placed.places.setdefault(path, _place(event))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return _scalar(event)

    def _check(self, event: yaml.Event, path: Path) -> None:
        if isinstance(event, yaml.NodeEvent) and (isinstance(event, yaml.AliasEvent) or event.anchor is not None):
            self._refuse(event, "anchors and aliases (& and *) are not read in a policy", "write the value out in full")
        tag = event.tag if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) else None
        if tag is not None:
            self._refuse(event, f"the tag {tag[:60]} is not read in a policy", "write the plain value without a tag (!…)")
        if len(path) > MAX_DEPTH:
            self._refuse(
                event, f"nested deeper than {MAX_DEPTH} levels", "a policy is no deeper than collections → name → grants → read"
            )

    def _mapping(self, path: Path) -> Tree:
        entries: dict[str, Tree] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key in entries:
                first = self._placed.places[(*path, key)]
                what = f"the key {key!r} is there twice; it is first at line {first[0]}"
                self._placed.problems.append(Problem(*_place(event), what, "remove one of them"))
                self._skip(next(self._events))
                continue
            self._placed.places[(*path, key)] = _place(event)
            entries[key] = self._node(next(self._events), (*path, key))
        return entries

    def _sequence(self, path: Path) -> Tree:
        items: list[Tree] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _key(self, event: yaml.Event, path: Path) -> str:
        self._check(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "a mapping or list stands where a name should", "write a name, a colon and its value")
        value: str = event.value
        return value

    def _skip(self, event: yaml.Event) -> None:
        """Pass over one node: its problems are noted, its content forgotten."""
        elsewhere = _Builder(Placed(problems=self._placed.problems), self._events)
        elsewhere._node(event, ())

    def _refuse(self, event: yaml.Event, what: str, remedy: str) -> NoReturn:
        self._placed.problems.append(Problem(*_place(event), what, remedy))
        raise _RefusedNodeError


def _scalar(event: yaml.Event) -> str | None:
    if not isinstance(event, yaml.ScalarEvent) or (event.value in _PLAIN_NULLS and not event.style):
        return None
    value: str = event.value
    return value


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
