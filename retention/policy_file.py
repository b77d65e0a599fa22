"""Reading and writing a policy file. A refused file is told everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from retention.errors import PolicyError, Problem
from retention.period import Period
from retention.policy import KEEP, RECEIVED, Collection, Disposal, Lock, Policy, RetentionClass
from retention.policy_messages import explained
from retention.policy_rules import class_findings, nearest, same_but_for_case
from retention.policy_shape import ClassShape, CollectionShape, PolicyShape, trigger_of
from retention.policy_tree import Placed, Tree, read_tree

_Shape = TypeVar("_Shape", bound=BaseModel)


def read_policy(data: bytes, *, version: int = 0, source: str = "policy") -> Policy:
    """The policy in a file's bytes. An empty file is a policy that keeps everything.

    Args:
        version: the number it has, or gets, in the archive.
        source: what messages call the file.

    Raises:
        PolicyError: something is wrong; its `problems` are all of it.
    """
    placed = read_tree(data)
    if not placed.problems or placed.tree is not None:
        _check(placed)
    if placed.problems:
        raise PolicyError(placed.problems, source=source)
    return _policy(PolicyShape.model_validate(_root(placed.tree)), version)


def policy_problems(data: bytes) -> tuple[Problem, ...]:
    """Everything wrong with a policy file, in file order; () for a good one."""
    try:
        read_policy(data)
    except PolicyError as error:
        return error.problems
    return ()


def write_policy(policy: Policy) -> bytes:
    """A policy as a file that `read_policy` reads back equal. The version is not part of it."""
    tree = {
        "time_zone": policy.time_zone,
        "collections": {name: _collection_tree(collection) for name, collection in policy.collections.items()},
        "classes": {name: _class_tree(found) for name, found in policy.classes.items()},
    }
    text: str = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=120)
    return text.encode()


def _root(tree: Tree) -> object:
    return {} if tree is None else tree


def _check(placed: Placed) -> None:
    root = _root(placed.tree)
    try:
        PolicyShape.model_validate(root)
    except ValidationError as error:
        for path, what, remedy, at_value in explained(error, root):
            placed.problem(path, what, remedy, at_value=at_value)
    if isinstance(root, dict):
        _check_classes(placed, root.get("classes"))
        _check_collections(placed, root.get("collections"), root.get("classes"))


def _check_classes(placed: Placed, classes: Tree) -> None:
    if not isinstance(classes, dict):
        return
    _check_case(placed, "classes", classes)
    for name, body in classes.items():
        shape = _valid(ClassShape, body)
        if shape is None:
            continue
        for key, what, remedy in class_findings(_class(name, shape), has_trigger=shape.trigger is not None):
            path = ("classes", name, key) if key else ("classes", name)
            placed.problem(path, f"class {name}: {what}", remedy)


def _check_collections(placed: Placed, collections: Tree, classes: Tree) -> None:
    if not isinstance(collections, dict):
        return
    _check_case(placed, "collections", collections)
    known = {KEEP, *(classes if isinstance(classes, dict) else ())}
    for name, body in collections.items():
        named = body.get("class") if isinstance(body, dict) else None
        if isinstance(named, str) and named not in known:
            what = f"collection {name}: class {named} is not defined{nearest(named, known)}"
            placed.problem(("collections", name, "class"), what, "name one of `classes`, or define it there", at_value=True)


def _check_case(placed: Placed, section: str, names: Mapping[str, Any]) -> None:
    for later, first in same_but_for_case(names):
        what = f"{section}: {later} and {first} differ by capitals only"
        placed.problem((section, later), what, "choose names that differ otherwise: not every file system tells capitals apart")


def _valid(shape: type[_Shape], body: Tree) -> _Shape | None:
    try:
        return shape.model_validate(body)
    except ValidationError:
        return None  # told already by the check of the whole file


def _policy(shape: PolicyShape, version: int) -> Policy:
    return Policy(
        version=version,
        time_zone=shape.time_zone,
        collections=MappingProxyType({name: _collection(name, body) for name, body in shape.collections.items()}),
        classes=MappingProxyType({name: _class(name, body) for name, body in shape.classes.items()}),
    )


def _collection(name: str, shape: CollectionShape) -> Collection:
    read, deny = (tuple(group.removeprefix("group:") for group in groups) for groups in (shape.grants.read, shape.grants.deny))
    return Collection(name, shape.retention_class, read, deny, shape.languages)


def _class(name: str, shape: ClassShape) -> RetentionClass:
    return RetentionClass(
        name=name,
        title=shape.title,
        period=_period(shape.period),
        limit=_period(shape.limit),
        trigger=trigger_of(shape.trigger) if shape.trigger else RECEIVED,
        basis=shape.basis or "",
        lock=Lock(shape.lock),
        then=Disposal(shape.then),
        visa=shape.visa == "required",
        ceiling=_period(shape.ceiling),
    )


def _period(text: str | None) -> Period | None:
    return None if text is None else Period.parse(text)


def _collection_tree(collection: Collection) -> dict[str, Any]:
    grants = {"read": [f"group:{name}" for name in collection.read], "deny": [f"group:{name}" for name in collection.deny]}
    return {"class": collection.retention_class, "grants": grants, "languages": list(collection.languages)}


def _class_tree(found: RetentionClass) -> dict[str, Any]:
    optional = {"period": found.period, "limit": found.limit, "basis": found.basis, "ceiling": found.ceiling}
    written = {key: str(value) for key, value in optional.items() if value not in (None, "")}
    fixed = {"title": found.title, "from": str(found.trigger), "lock": found.lock.value, "then": found.then.value}
    return fixed | written | ({"visa": "required"} if found.visa else {})
