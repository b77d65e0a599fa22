"""A record says everything of its document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain import record
from archiver.domain.document import LockMode, State
from archiver.domain.extraction import Outcome, Step
from archiver.domain.identifiers import document_id
from archiver.errors import IntegrityError
from tests.support.documents import archived, identifier

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff"), max_size=20)
steps = st.builds(Step, texts, st.integers(0, 10**6), texts)


@st.composite
def documents(draw):
    locator = tuple(draw(st.lists(steps, max_size=3)))
    members = draw(st.integers(0, 5))
    ids = {"parent_id": identifier("p"), "root_id": identifier("r")} if locator else {}
    return replace(
        archived(),
        source=draw(texts),
        name=draw(texts),
        reason=draw(texts),
        declared=draw(st.dictionaries(texts, texts, max_size=3)),
        summary=draw(st.dictionaries(texts, texts, max_size=3)),
        grants=tuple(draw(st.lists(texts, max_size=3))),
        size=draw(st.integers(-1, 2**62)),
        state=draw(st.sampled_from([State.ARCHIVED, State.QUARANTINED])),
        outcome=draw(st.sampled_from(Outcome)),
        lock_mode=draw(st.sampled_from(LockMode)),
        retain_until=draw(st.none() | st.dates(date(1900, 1, 1))),
        received_at=draw(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        locator=locator,
        members=members,
        members_failed=draw(st.integers(0, members)),
        **ids,
    )


@given(documents())
def test_a_record_gives_its_document_back(document) -> None:
    raw = record.encode(document)
    assert record.decode(raw) == replace(document, record_sha256="")
    assert record.encode(record.decode(raw)) == raw
    assert raw.isascii()


@given(documents(), documents())
def test_different_documents_have_different_digests(one, other) -> None:
    assert (record.digest(one) == record.digest(other)) == (replace(one) == replace(other))


@given(st.binary(max_size=200) | documents().map(lambda one: record.encode(one)[:-1]))
def test_noise_is_no_record(raw: bytes) -> None:
    with pytest.raises(IntegrityError):
        record.decode(raw)


@given(st.sampled_from(["id", "digest", "retention", "outcome", "received_at", "grants"]), st.sampled_from([None, 5, "x", []]))
def test_a_field_of_another_kind_is_no_record(name: str, value: object) -> None:
    body = json.loads(record.encode(archived()))
    del body[name]
    with pytest.raises(IntegrityError):
        record.decode(json.dumps(body).encode())
    if name in ("digest", "retention", "outcome", "received_at"):
        with pytest.raises(IntegrityError):
            record.decode(json.dumps(body | {name: value}).encode())


parts = st.tuples(texts, texts, st.text("0123456789abcdef", max_size=64), st.integers(0, 9))


@given(parts, parts)
def test_ids_tell_apart_what_differs_anywhere(one, other) -> None:
    key = b"k" * 32
    assert (document_id(key, *one) == document_id(key, *other)) == (one == other)
    assert document_id(key, *one) != document_id(b"K" * 32, *one)
    assert document_id(key, *one)[14] == "8"
