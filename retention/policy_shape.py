"""The shapes a policy file has, for pydantic: what each key may hold, and the JSON Schema an editor can use.

Loaded only to read a policy file; the values everything else works with are in `retention.policy`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from retention.days import zone
from retention.errors import PeriodError, RetentionError
from retention.period import Period
from retention.policy import Trigger, TriggerKind

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_FIELD = r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}"
_TRIGGER = rf"received|metadata\.{_FIELD}|event\.{_FIELD}"
_GROUP = r"group:[^\s:,][^\s,]{0,127}"
_LANGUAGE = r"[a-z]{2}"
_PERIOD = r"P(?=[0-9]|T[0-9])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T.+)?"


class ShapeError(ValueError):
    """A value is not of its form. Pydantic hands it on inside its own error."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


def _formed(pattern: str, remedy: str) -> Callable[[object], object]:
    form = re.compile(pattern)

    def check(value: object) -> object:
        if isinstance(value, str) and not form.fullmatch(value):
            raise ShapeError(f"cannot be {value[:80]!r}", remedy)
        return value

    return check


def _period(value: object) -> object:
    if isinstance(value, str):
        try:
            Period.parse(value)
        except PeriodError as error:
            raise ShapeError(str(error), error.remedy) from error
    return value


def _zone(value: object) -> object:
    if isinstance(value, str):
        try:
            zone(value)
        except RetentionError as error:
            raise ShapeError(f"{value[:80]!r} is no time zone", error.remedy) from error
    return value


def _empty_mapping(value: object) -> object:
    return {} if value is None else value


def _some_text(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ShapeError("is empty", "write a few words, or leave the key out where it may be absent")
    return value


def _said(pattern: str) -> Any:
    """The form, for the JSON Schema; the check itself is `_formed`, whose message says what to write."""
    return Field(json_schema_extra={"pattern": f"^({pattern})$"})


NAME_REMEDY = "begin with a letter or digit, then letters, digits, `.`, `_` or `-`: at most 64 in all"
TRIGGER_REMEDY = "write `received`, `metadata.` and a declared field, or `event.` and its name"
GROUP_REMEDY = "grants are groups, never users: write `group:` and its name, such as group:finance"
LANGUAGE_REMEDY = "write the two small letters of ISO 639-1, such as fr or en"

Name = Annotated[str, BeforeValidator(_formed(_NAME, NAME_REMEDY)), _said(_NAME)]
PeriodText = Annotated[str, BeforeValidator(_period), _said(_PERIOD)]
TriggerText = Annotated[str, BeforeValidator(_formed(_TRIGGER, TRIGGER_REMEDY)), _said(_TRIGGER)]
Group = Annotated[str, BeforeValidator(_formed(_GROUP, GROUP_REMEDY)), _said(_GROUP)]
Language = Annotated[str, BeforeValidator(_formed(_LANGUAGE, LANGUAGE_REMEDY)), _said(_LANGUAGE)]
ZoneName = Annotated[str, BeforeValidator(_zone)]
Words = Annotated[str, BeforeValidator(_some_text), Field(max_length=1_000)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class GrantsShape(_Shape):
    """Who may read the documents of a collection, and who may not whatever else they may."""

    read: tuple[Group, ...] = ()
    deny: tuple[Group, ...] = ()


class CollectionShape(_Shape):
    """A collection of documents."""

    retention_class: Name = Field(alias="class", description="class of its documents unless one is given for them")
    grants: GrantsShape = GrantsShape()
    languages: tuple[Language, ...] = ()


class ClassShape(_Shape):
    """A class of documents that are kept equally long for the same reason."""

    title: Words
    period: PeriodText | None = Field(None, description="the minimum the law requires, ISO 8601")
    limit: PeriodText | None = Field(None, description="the maximum the law allows, ISO 8601")
    trigger: TriggerText | None = Field(None, alias="from", description="the day period and limit count from")
    basis: Words | None = Field(None, description="the text of law")
    lock: Literal["compliance", "governance", "rolling", "none"] = "governance"
    then: Literal["destroy", "review", "transfer", "keep"] = "review"
    visa: Literal["required", "none"] = "none"
    ceiling: PeriodText | None = Field(None, description="how far the last day may lie after the day the archive learned of it")


class PolicyShape(_Shape):
    """A retention policy of Minutier."""

    time_zone: ZoneName = Field("UTC", description="IANA name of the zone whose days are counted")
    collections: Annotated[dict[Name, CollectionShape], BeforeValidator(_empty_mapping)] = Field(default_factory=dict)
    classes: Annotated[dict[Name, ClassShape], BeforeValidator(_empty_mapping)] = Field(default_factory=dict)


def trigger_of(text: str) -> Trigger:
    """The trigger a valid `from` names."""
    kind, _, name = text.partition(".")
    return Trigger(TriggerKind(kind), name)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the policy file, for editors. It says a little less than `policy check` does."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PolicyShape.model_json_schema()}
