"""The reference page of the interface for programs, from its own description (OpenAPI)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archiver.api.app import create_app
from archiver.api.problems import BY_STATUS, STATUS
from archiver.domain.caller import Permission

_EVERYWHERE = {"400", "401", "403", "404", "429", "500", "503"}

INTRODUCTION = """`minutier serve` answers under `/v1`; `/openapi.json` is the same in a form that generators of clients read.

- **Who asks**: `Authorization: Bearer` and an API key or a token ([keys and tokens](../howto/keys-and-tokens.md)). The scope a route needs stands beside it; what is seen is decided by groups alone.
- **Why**: the header `Minutier-Purpose`, kept with the entry that each answer leaves in the access log; the setting `api_purpose` can make it a must.
- **Failures** are `application/problem+json` (RFC 9457) with `code`, `detail`, `remedy`, and `errors` where several things are wrong. Codes are those of the [command line](errors.md).
- **What may not be seen does not exist**: the same 404, whether there is no such document or none for you.
- **How often**: `RateLimit` and `RateLimit-Policy` say what is left; 429 and 503 come with `Retry-After`.
- **Pages**: send `next_cursor` back as `cursor`, with the same question. A cursor serves the one who got it, with the groups it was given for.
- **Repeating a POST**: with the same `Idempotency-Key` it is carried out once, and the same answer comes again for a day.
- Any route may answer 400, 401, 403, 404, 429, 500 and 503; others stand beside it."""


def api() -> str:
    """The page."""
    described = create_app(Path("unused")).openapi()
    parts = [
        "# The interface for programs (HTTP)",
        "GENERATED",
        INTRODUCTION,
        "## Scopes",
        _scopes(),
        "## Codes",
        _codes(),
        "## Routes",
    ]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation))
    parts += ["## Bodies", *_schemas(described["components"]["schemas"])]
    return "\n\n".join(parts) + "\n"


def _scopes() -> str:
    text = " ".join((Permission.__doc__ or "").split("\n\n", 1)[1].split())
    return "\n".join(f"- {one.strip().rstrip('.')}." for one in text.split(". ") if one.strip())


def _codes() -> str:
    known = {**STATUS, **{code: status for status, code in BY_STATUS.items()}}
    rows = [f"| `{code}` | {status} |" for code, status in sorted(known.items(), key=lambda item: (item[1], item[0]))]
    return "\n".join(["| code | status |", "|---|---|", *rows])


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    scopes = [scope for one in operation.get("security", []) for scopes in one.values() for scope in scopes]
    either = operation.get("x-any-scope", [])
    needs = (
        f"scope `{'` or `'.join(either)}`"
        if either
        else f"scope `{'`, `'.join(scopes)}`"
        if scopes
        else "any key or token"
        if "security" in operation
        else "no key"
    )
    also = sorted(set(operation["responses"]) - _EVERYWHERE)
    lines = [f"### {method.upper()} {path}", f"`{operation['operationId']}`, {needs}; answers {', '.join(also)}."]
    lines.append(" ".join(operation.get("description", "").split("Raises:")[0].split()))
    body = operation.get("requestBody", {}).get("content", {})
    for media, kind in body.items():
        lines.append(f"Takes {_named(kind['schema'])} as `{media}`.")
        lines += [_table(kind["schema"])] if "properties" in kind["schema"] else []
        inner = kind["schema"].get("properties", {}).get("metadata", {})
        lines += [f"The part `metadata` is JSON:\n\n{_table(inner)}"] if "properties" in inner else []
    success = next((operation["responses"][status] for status in sorted(operation["responses"]) if status < "300"), None)
    for media, kind in (success or {}).get("content", {}).items():
        if "$ref" in kind.get("schema", {}):
            lines.append(f"Gives {_named(kind['schema'])} as `{media}`.")
    parameters = [
        f"- `{one['name']}` ({one['in']}): {one.get('description', '')}".rstrip(": ") for one in operation.get("parameters", [])
    ]
    shown = [one for one in parameters if "Minutier-Purpose" not in one and "`id` (path)" not in one]
    return "\n\n".join([*filter(None, lines), *(["\n".join(shown)] if shown else [])])


def _schemas(schemas: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        if "properties" not in schema:
            continue
        said = " ".join(schema.get("description", "").split())
        yield "\n\n".join(filter(None, (f"### {name}", said, _table(schema))))


def _table(schema: dict[str, Any]) -> str:
    rows = [
        f"| `{field}` | {_type(kind)} | {'yes' if field in schema.get('required', ()) else 'no'} | {_line(kind)} |"
        for field, kind in schema["properties"].items()
    ]
    return "\n".join(["| field | type | required | meaning |", "|---|---|---|---|", *rows])


_BOUNDS = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("maxLength", "{} characters at most"),
    ("maxItems", "{} items at most"),
)
"""Of a field, as OpenAPI and as the page say them."""


def _line(kind: dict[str, Any]) -> str:
    said = [" ".join(kind.get("description", "").split()).rstrip(".")]
    said += [words.format(f"{kind[name]:,}") for name, words in _BOUNDS if name in kind]
    if kind.get("default") not in (None, "", [], {}):
        said.append(f"default {kind['default']}")
    return "; ".join(filter(None, said)).replace("|", "\\|")


def _named(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return f"[{name}](#{name.lower()})" if name else "a body"


def _type(kind: dict[str, Any]) -> str:
    if "$ref" in kind:
        return _named(kind)
    if "anyOf" in kind:
        return " or ".join(_type(one) for one in kind["anyOf"])
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    if "const" in kind:
        return f"`{kind['const']}`"
    if kind.get("type") == "array":
        return f"list of {_type(kind.get('items', {}))}"
    if isinstance(kind.get("additionalProperties"), dict):
        return f"mapping to {_type(kind['additionalProperties'])}"
    return str(kind.get("format", kind.get("type", "any")))
