"""The description of the interface (OpenAPI) as generators of clients need it: operations with names, and only answers that are given."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from archiver.api.measures import VERSION
from archiver.api.problems import Mistake, Problem

_SCHEMAS = "#/components/schemas/{model}"
_UNUSED = ("HTTPValidationError", "ValidationError")
_VERBS = {"GET": "get", "HEAD": "head", "PUT": "put", "DELETE": "delete", "POST": "create", "PATCH": "change"}


def operation_id(route: APIRoute) -> str:
    """A name as code has it, from method and path: `getDocumentText`, `listHolds`, `createHold`, `releaseHold`, `search`."""
    method = min(route.methods or {"GET"})
    parts = [part for part in route.path_format.removeprefix(VERSION).split("/") if part]
    names = [part for part in parts if not part.startswith("{")]
    ends_in_name = bool(parts) and not parts[-1].startswith("{")
    *owners, last = names
    if method == "POST" and ends_in_name and not last.endswith("s"):
        return _joined(last, [_one(owner) for owner in owners])
    many = ends_in_name and last.endswith("s") and method == "GET" and route.path_format.startswith(VERSION)
    return _joined("list" if many else _VERBS[method], [*map(_one, owners), last if many else _one(last)])


def description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _without_unused(
            get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        )
    return app.openapi_schema


def _without_unused(found: dict[str, Any]) -> dict[str, Any]:
    """What the framework would answer to a wrong form is not what is answered here, which is a problem with status 400."""
    schemas = found["components"]["schemas"]
    for operation in (operation for path in found["paths"].values() for operation in path.values()):
        operation["summary"] = operation.get("description", operation["summary"]).split("\n")[0].split(". ")[0].rstrip(".")
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    for name in _UNUSED:
        schemas.pop(name, None)
    for model in (Problem, Mistake):
        schema = model.model_json_schema(ref_template=_SCHEMAS)
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    return found


def _joined(verb: str, nouns: list[str]) -> str:
    words = [word for noun in (verb, *nouns) for word in noun.replace("-", " ").replace("_", " ").split()]
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _one(noun: str) -> str:
    """One of several: `batches` are `batch`."""
    if noun.endswith("ches"):
        return noun.removesuffix("es")
    return noun.removesuffix("s")
