"""Texts are encoded by several threads of a worker at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from archiver.services.texts import decode, encode
from tests.support.documents import extraction


def test_threads_do_not_disturb_each_other() -> None:
    texts = [f"Thread {number} says {word} " * 40_000 for number in range(4) for word in ("oui", "non")]
    start = Barrier(len(texts))

    def roundtrips(text: str) -> bool:
        start.wait()
        return all(decode(encode("a" * 64, extraction(text))).text == text for _ in range(15))

    with ThreadPoolExecutor(len(texts)) as threads:
        assert all(threads.map(roundtrips, texts))
