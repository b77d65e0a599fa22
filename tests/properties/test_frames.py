"""Whatever is said between parent and child arrives as it was; whatever else arrives is one kind of error."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archiver.adapters.extraction.frames import (
    FrameBuffer,
    Setup,
    decode_message,
    decode_setup,
    decode_task,
    encode_message,
    encode_setup,
    encode_task,
)
from archiver.domain.extraction import Extraction, ExtractionTask, Finished, Found, Limits, Outcome, Started, Step, Unreachable
from archiver.errors import IntegrityError

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
clean_text = st.text(max_size=20)
locators = st.lists(st.builds(Step, clean_text, st.integers(0, 2**40), any_text), max_size=4).map(tuple)
extractions = st.builds(
    Extraction,
    outcome=st.sampled_from(Outcome),
    media_type=clean_text,
    reason=clean_text,
    text=clean_text,
    metadata=st.dictionaries(clean_text, st.lists(clean_text, max_size=3), max_size=3),
    summary=st.dictionaries(clean_text, clean_text, max_size=3),
    findings=st.dictionaries(clean_text, st.integers(0, 2**31), max_size=3),
    cards=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=3).map(tuple),
)
messages = st.one_of(
    st.builds(Started, clean_text, locators),
    st.builds(Finished, clean_text),
    st.builds(Unreachable, clean_text, clean_text),
    st.builds(
        Found,
        clean_text,
        locators,
        st.integers(-1, 2**50),
        clean_text,
        clean_text,
        extractions,
        st.integers(0, 9),
        st.integers(0, 9),
    ),
)


def payloads(data: bytes) -> list[bytes]:
    frames = FrameBuffer(2**20)
    frames.feed(data)
    return list(frames.payloads())


@given(st.lists(messages, max_size=4))
def test_messages_come_through(said: list[Started | Finished | Found | Unreachable]) -> None:
    assert [decode_message(payload) for payload in payloads(b"".join(map(encode_message, said)))] == said


@given(
    st.builds(
        ExtractionTask,
        clean_text,
        any_text.map(lambda name: Path("/", name)),
        any_text,
        st.integers(0, 2**60),
        st.lists(any_text, max_size=3).map(tuple),
        st.lists(locators, max_size=3).map(tuple),
    )
)
def test_tasks_come_through(task: ExtractionTask) -> None:
    (payload,) = payloads(encode_task(task))
    assert decode_task(payload) == task


any_limits = st.builds(Limits, seconds=st.floats(0.1, 1e6), memory_bytes=st.integers(1, 2**40))


@given(st.builds(Setup, any_limits, clean_text, st.floats(0, 1e6), st.binary(max_size=20)))
def test_what_a_child_is_told_first_comes_through(setup: Setup) -> None:
    (payload,) = payloads(encode_setup(setup))
    assert decode_setup(payload) == setup


@given(any_text, any_text)
def test_lone_surrogates_in_a_text_become_replacement_characters_one_for_one(text: str, value: str) -> None:
    found = Found("id", (), 1, "", "", Extraction(Outcome.COMPLETE, "text/plain", text=text, metadata={"key": [value]}))
    (payload,) = payloads(encode_message(found))
    heard = decode_message(payload)
    assert isinstance(heard, Found)
    assert len(heard.extraction.text) == len(text)
    assert all(said == got or got == "\ufffd" for said, got in zip(text, heard.extraction.text, strict=True))


@given(st.binary(max_size=200))
def test_any_other_bytes_are_an_integrity_error(data: bytes) -> None:
    with contextlib.suppress(IntegrityError):
        decode_message(data)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_a_stream_of_anything_yields_payloads_or_an_integrity_error(data: bytes, step: int) -> None:
    frames = FrameBuffer(100)
    try:
        for start in range(0, len(data), step):
            frames.feed(data[start : start + step])
            assert all(len(payload) <= 100 for payload in frames.payloads())
    except IntegrityError:
        pass
