"""Pydantic's findings about a policy file, in the words of the file: which class, which key, what to write instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from retention.policy_rules import nearest
from retention.policy_shape import ClassShape, CollectionShape, GrantsShape, PolicyShape, ShapeError
from retention.policy_tree import Path

_SHAPES: dict[Path, type[BaseModel]] = {
    (): PolicyShape,
    ("classes", "*"): ClassShape,
    ("collections", "*"): CollectionShape,
    ("collections", "*", "grants"): GrantsShape,
}
_EXPECTED = {
    "string_type": "a text",
    "dict_type": "a mapping of names",
    "model_type": "a mapping of keys",
    "tuple_type": "a list such as [one, two]",
}


def explained(error: ValidationError, tree: object) -> Iterator[tuple[Path, str, str, bool]]:
    """(path, what, remedy, whether the place is the value rather than its key) for each finding."""
    for finding in error.errors(include_url=False):
        path: Path = tuple(part for part in finding["loc"] if part != "[key]")
        what, remedy, at_value = _told(finding["type"], finding, path, tree)
        yield path, f"{_subject(path, finding['type'])}{what}", remedy, at_value and finding["loc"][-1:] != ("[key]",)


def _told(kind: str, finding: Any, path: Path, tree: object) -> tuple[str, str, bool]:
    context = finding.get("ctx", {})
    if kind == "missing":
        return f"`{path[-1]}` is missing", f"write `{path[-1]}:` and its value", False
    if kind == "extra_forbidden":
        known = _keys(path[:-1])
        return f"unknown key `{path[-1]}`{nearest(str(path[-1]), known)}", f"known keys are {', '.join(known)}", False
    if kind == "literal_error":
        value = _at(tree, path)
        return f"cannot be {_shown(value)}", f"write one of {context['expected']}", True
    if isinstance(inner := context.get("error"), ShapeError):
        return inner.what, inner.remedy, True
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, not {_shown(_at(tree, path))}", f"write {_EXPECTED[kind]}", True
    return str(finding["msg"]), "see the reference of the policy file", True


def _subject(path: Path, kind: str) -> str:
    """ "class X: period " ..."""
    if kind in ("missing", "extra_forbidden"):
        path = path[:-1]
    if not path:
        return "" if kind in ("missing", "extra_forbidden") else "the policy "
    parts = [f"item {part + 1}" if isinstance(part, int) else part for part in path]
    if parts[0] in ("classes", "collections") and len(parts) > 1:
        noun = "class" if parts[0] == "classes" else "collection"
        keys = " ".join(parts[2:])
        if kind in ("missing", "extra_forbidden"):
            return f"{noun} {parts[1]}: " + (f"{keys}: " if keys else "")
        return f"{noun} {parts[1]}: {keys} " if keys else f"{noun} {parts[1]} "
    return f"{' '.join(parts)} "


def _keys(path: Path) -> list[str]:
    generic: Path = tuple("*" if depth == 1 else part for depth, part in enumerate(path))
    shape = _SHAPES.get(generic)
    return [field.alias or name for name, field in shape.model_fields.items()] if shape else []


def _at(tree: object, path: Path) -> object:
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
    return tree


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, str):
        return repr(value[:80])
    return "a mapping" if isinstance(value, dict) else "a list"
