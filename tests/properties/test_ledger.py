"""Every form the ledger writes is read back as it was, and no other form is read at all."""

from __future__ import annotations

import contextlib
import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.ledger import LedgerEvent, Tree, canonical, parse_payload
from archiver.domain.ledger_files import (
    Opening,
    Segment,
    read_head,
    read_payloads,
    read_segment,
    write_head,
    write_payloads,
    write_segment,
)
from archiver.errors import IntegrityError
from retention.merkle import Frontier
from retention.signed_head import SignedHead, Statement

texts = st.text(st.characters(), max_size=20) | st.just("nom-\udce9-brisé\x00\u202e")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
events = st.builds(
    LedgerEvent,
    kind=st.from_regex(r"[a-z][a-z0-9_.-]{0,31}", fullmatch=True),
    document_id=texts,
    at=moments,
    details=st.dictionaries(texts, values, max_size=4),
)
hashes = st.binary(min_size=32, max_size=32)


@given(events)
def test_payloads(event):
    payload = canonical(event)
    assert payload.isascii()
    assert payload.isprintable()
    assert canonical(parse_payload(payload, Tree.CUSTODY)) == payload


@st.composite
def segments(draw):
    first = draw(st.integers(0, 10**11))
    frontier = Frontier(first, tuple(draw(hashes) for _ in range(first.bit_count())))
    return Segment(draw(st.sampled_from(Tree)), frontier, tuple(draw(st.lists(hashes, min_size=1, max_size=5))))


@st.composite
def heads(draw):
    statement = Statement(
        draw(st.sampled_from(Tree)),
        draw(st.integers(0, 10**12)),
        draw(hashes),
        draw(moments),
        draw(st.from_regex("[0-9a-f]{16}", fullmatch=True)),
    )
    return SignedHead(
        statement,
        draw(st.binary(min_size=64, max_size=64)),
        draw(st.integers(0, 10**12)),
        tuple(draw(st.lists(hashes, max_size=4))),
    )


@given(segments())
def test_segments(segment):
    assert read_segment(write_segment(segment)) == segment


@given(heads())
def test_heads(head):
    assert read_head(write_head(head)) == head


@given(st.lists(st.builds(Opening, st.integers(0, 10**12), hashes, events.map(canonical)), max_size=5))
def test_payload_files(openings):
    assert read_payloads(write_payloads(openings)) == openings


@given(st.data(), segments() | heads())
def test_a_file_with_a_changed_byte_is_not_read_as_the_same(draw, content):
    write, read = (write_segment, read_segment) if isinstance(content, Segment) else (write_head, read_head)
    body = bytearray(write(content))
    body[draw.draw(st.integers(0, len(body) - 1))] ^= draw.draw(st.integers(1, 255))
    with contextlib.suppress(IntegrityError):
        assert read(bytes(body)) != content


@pytest.mark.parametrize("read", [read_segment, read_head, read_payloads])
@given(body=st.binary(max_size=200) | st.just(b"[" * 20_000) | st.just(b'{"tree":"custody"}') | st.just(b"[]") | st.just(b"null"))
def test_garbage_is_an_integrity_error(read, body):
    with pytest.raises(IntegrityError):
        read(body)


@given(st.text(st.characters(codec="ascii"), max_size=60))
def test_lines_of_another_form_are_an_integrity_error(line):
    with pytest.raises(IntegrityError):
        read_payloads(gzip.compress(f"{line}\n".encode("ascii")))


def test_a_payload_file_that_unpacks_to_too_much_is_refused():
    with pytest.raises(IntegrityError, match="ends too early"):
        read_payloads(gzip.compress(b"0" * (65 * 1024 * 1024), compresslevel=9))


def test_a_cut_payload_file_is_refused():
    body = write_payloads([Opening(0, b"s" * 32, "{}")])
    for end in range(len(body)):
        with pytest.raises(IntegrityError):
            read_payloads(body[:end])
    with pytest.raises(IntegrityError):
        read_payloads(body + body)
