"""The engine: order of events, counts, limits, and what hostile containers come to."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.adapters.extraction import budget as budget_module
from archiver.adapters.extraction.engine import run
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Extraction, Finished, Found, Limits, Outcome, Started, Step
from tests.support.archives import by_name, found, pax_bomb, stub_read, tarred, task, zipped


@pytest.fixture
def write(tmp_path: Path):
    def _write(data: bytes, name: str = "case.zip") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return _write


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files go to a folder that must be empty after every test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def _run(path: Path, limits: Limits | None = None, **more):
    return list(run(task(path, **more), limits or Limits(), read=stub_read))


def test_members_come_before_their_container_and_the_original_last(write) -> None:
    inner = zipped([("deep.txt", b"deep")])
    events = _run(write(zipped([("a.txt", b"a"), ("inner.zip", inner), ("z.txt", b"z")])))
    assert [event.locator[-1].name if event.locator else "" for event in found(events)] == [
        "a.txt",
        "deep.txt",
        "inner.zip",
        "z.txt",
        "",
    ]
    assert isinstance(events[-1], Finished)


def test_each_result_carries_digest_size_and_its_containers_digest(write) -> None:
    inner = zipped([("deep.txt", b"deep")])
    outer = zipped([("inner.zip", inner)])
    results = by_name(_run(write(outer)))
    assert results["deep.txt"].sha256 == hashlib.sha256(b"deep").hexdigest()
    assert results["deep.txt"].size == 4
    assert results["deep.txt"].parent_sha256 == results["inner.zip"].sha256 == hashlib.sha256(inner).hexdigest()
    assert results["inner.zip"].parent_sha256 == results[""].sha256 == hashlib.sha256(outer).hexdigest()
    assert results[""].parent_sha256 == ""
    assert results["deep.txt"].locator == (Step("zip", 0, "inner.zip"), Step("zip", 0, "deep.txt"))


def test_started_always_names_what_is_being_read(write) -> None:
    last = None
    for event in run(task(write(zipped([("a.txt", b"a"), ("b.txt", b"b")]))), Limits(), read=stub_read):
        if isinstance(event, Started):
            last = event.locator
        elif isinstance(event, Found):
            assert event.locator == last


def test_an_archives_text_lists_its_members_safely(write) -> None:
    results = by_name(_run(write(zipped([("Bail Lefèvre.pdf", b"x"), ("evil\x1b[2J.txt", b"y")]))))
    assert "Bail Lefèvre.pdf\n" in results[""].extraction.text
    assert "\x1b" not in results[""].extraction.text
    assert (results[""].expected, results[""].failed) == (2, 0)
    assert results[""].extraction.outcome is Outcome.COMPLETE


@pytest.mark.parametrize("name", ["/etc/passwd", "../../up.txt", "C:\\x\\y.txt", "a" * 300, "nul\x00byte", "."])
def test_hostile_names_are_data_and_never_paths(write, name: str, scratch: Path) -> None:
    before = set(os.listdir("/etc"))
    members = by_name(_run(write(tarred([(name, b"bytes")]), "case.tar")))
    assert any(result.sha256 == hashlib.sha256(b"bytes").hexdigest() for result in members.values())
    assert set(os.listdir("/etc")) == before


def test_duplicate_names_are_two_members(write) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped([("same.txt", b"one"), ("same.txt", b"two")])
    steps = [event.locator[-1].index for event in found(_run(write(data))) if event.locator]
    assert steps == [0, 1]


def test_links_and_devices_in_a_tar_are_listed_failures(write) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (
            ("soft", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("dev", tarfile.CHRTYPE),
            ("pipe", tarfile.FIFOTYPE),
        ):
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, "/etc/passwd"
            archive.addfile(header)
        archive.addfile(tarfile.TarInfo("folder/"), None)
    results = by_name(_run(write(out.getvalue(), "case.tar")))
    for name in ("soft", "hard", "dev", "pipe"):
        assert (results[name].extraction.outcome, results[name].size, results[name].sha256) == (Outcome.UNSUPPORTED, -1, "")
    assert results[""].failed == 4


def test_depth_limit_is_too_deep_at_the_container_and_above(write) -> None:
    data = zipped([("leaf.txt", b"leaf")])
    for level in range(5):
        data = zipped([(f"level{level}.zip", data)])
    results = by_name(_run(write(data), replace(Limits(), depth=3)))
    assert results["level2.zip"].extraction.outcome is Outcome.TOO_DEEP
    assert "3" in results["level2.zip"].extraction.reason
    assert results["level2.zip"].sha256
    assert results[""].extraction.outcome is Outcome.TOO_DEEP
    assert "leaf.txt" not in results


def test_containers_at_the_depth_limit_without_members_are_not_too_deep(write) -> None:
    results = by_name(_run(write(zipped([("empty.zip", zipped([]))])), replace(Limits(), depth=1)))
    assert results["empty.zip"].extraction.outcome is Outcome.COMPLETE


def test_entry_limit_stops_the_walk_and_names_its_number(write) -> None:
    data = zipped([(f"{number}.txt", b"x") for number in range(20)])
    results = found(_run(write(data), replace(Limits(), entries=7)))
    assert len(results) == 8
    assert results[-1].extraction.outcome is Outcome.TOO_LARGE
    assert "7" in results[-1].extraction.reason
    assert (results[-1].expected, results[-1].failed) == (7, 0)


def test_entry_limit_is_for_the_whole_original(write) -> None:
    inner = zipped([(f"{number}.txt", b"x") for number in range(6)])
    results = found(_run(write(zipped([("a.zip", inner), ("b.zip", inner)])), replace(Limits(), entries=10)))
    assert len([result for result in results if result.locator]) == 10


def test_expanded_bytes_limit_lists_what_is_left_in_a_zip(write) -> None:
    data = zipped([(f"{number}.txt", b"x" * 1000) for number in range(10)], zipfile.ZIP_STORED)
    results = found(_run(write(data), replace(Limits(), expanded_bytes=3500)))
    root = results[-1]
    assert root.extraction.outcome is Outcome.TOO_LARGE
    assert "3500" in root.extraction.reason
    assert (root.expected, root.failed) == (10, 7)
    assert [result.extraction.outcome for result in results[3:10]] == [Outcome.TOO_LARGE] * 7


def test_expanded_bytes_limit_ends_a_compressed_tar(write) -> None:
    data = gzip.compress(tarred([(f"{number}.txt", b"x" * 1000) for number in range(10)]))
    root = found(_run(write(data, "case.tgz"), replace(Limits(), expanded_bytes=3500)))[-1]
    assert root.extraction.outcome is Outcome.TOO_LARGE
    assert (root.expected, root.failed) == (4, 1)


def test_ratio_limit_counts_from_a_floor(write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(gzip.compress(b"0" * 2_000_000), "zeros.gz")
    assert found(_run(path))[-1].extraction.outcome is Outcome.COMPLETE
    monkeypatch.setattr(budget_module, "RATIO_FROM", 1_000_000)
    root = found(_run(path))[-1]
    assert root.extraction.outcome is Outcome.TOO_LARGE
    assert "200 to 1" in root.extraction.reason


def test_one_oversized_member_does_not_cost_the_others(write) -> None:
    data = zipped([("big.bin", b"x" * 5000), ("small.txt", b"small")])
    results = by_name(_run(write(data), replace(Limits(), member_bytes=1000)))
    assert results["big.bin"].extraction.outcome is Outcome.TOO_LARGE
    assert results["small.txt"].extraction.outcome is Outcome.COMPLETE
    assert (results[""].extraction.outcome, results[""].failed) == (Outcome.TOO_LARGE, 1)


def test_a_header_that_claims_gigabytes_is_refused_unread(write) -> None:
    root = found(_run(write(pax_bomb(3 * 1024**3), "bomb.tar")))[-1]
    assert root.extraction.outcome in (Outcome.TOO_LARGE, Outcome.CORRUPT)


def test_poison_is_reported_without_being_opened(write) -> None:
    data = zipped([("a.txt", b"a"), ("bad.bin", b"bad"), ("c.txt", b"c")])
    poison = (Step("zip", 1, "bad.bin"),)
    opened = []

    def read(source: Source) -> Extraction:
        opened.append(source.name)
        return stub_read(source)

    events = list(run(task(write(data), poison=(poison,)), Limits(), read=read))
    results = by_name(events)
    assert opened == ["a.txt", "c.txt"]
    assert (results["bad.bin"].extraction.outcome, results["bad.bin"].size) == (Outcome.CRASHED, -1)
    assert (results[""].extraction.outcome, results[""].failed) == (Outcome.PARTIAL, 1)
    assert not any(isinstance(event, Started) and event.locator == poison for event in events)


def test_a_poisoned_original_is_not_opened(write) -> None:
    events = _run(write(zipped([("a.txt", b"a")])), poison=((),))
    assert [type(event) for event in events] == [Found, Finished]
    assert found(events)[0].extraction.outcome is Outcome.CRASHED


def test_a_reader_that_fails_costs_one_member(write) -> None:
    def read(source: Source) -> Extraction:
        if source.name == "b.txt":
            raise KeyError("a defect")
        return stub_read(source)

    results = by_name(list(run(task(write(zipped([("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]))), Limits(), read=read)))
    assert results["b.txt"].extraction.outcome is Outcome.CRASHED
    assert results["c.txt"].extraction.outcome is Outcome.COMPLETE


def test_a_full_disk_is_not_the_documents_fault(write) -> None:
    def read(source: Source) -> Extraction:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        list(run(task(write(zipped([("a.txt", b"a")]))), Limits(), read=read))


def test_leaving_early_leaves_no_temporary_file(write) -> None:
    events = run(task(write(zipped([("a.txt", b"a"), ("b.txt", b"b")]))), Limits(), read=stub_read)
    for event in events:
        if isinstance(event, Found):
            break
    events.close()


def test_a_truncated_member_gives_its_text_but_no_digest(write) -> None:
    data = gzip.compress(("ligne de texte\n" * 10_000).encode())
    results = by_name(_run(write(data[: len(data) // 2], "journal.txt.gz")))
    member = results["journal.txt"]
    assert (member.extraction.outcome, member.size, member.sha256) == (Outcome.PARTIAL, -1, "")
    assert member.extraction.text.startswith("ligne de texte")
    assert results[""].failed == 1
    assert results[""].extraction.outcome is not Outcome.COMPLETE


def test_a_bad_header_inside_a_tar_is_not_taken_for_its_end(write) -> None:
    data = bytearray(tarred([("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]))
    data[1024 + 100] ^= 0xFF  # the second header
    root = found(_run(write(bytes(data), "case.tar")))[-1]
    assert root.extraction.outcome is Outcome.PARTIAL
    assert "header" in root.extraction.reason


def test_a_zip_without_its_directory_is_scanned(write) -> None:
    data = zipped([("a.txt", b"first"), ("b.txt", b"second" * 100)])
    results = by_name(_run(write(data[: data.index(b"PK\x01\x02")])))
    assert results["a.txt"].extraction.text == "first"
    assert results["b.txt"].extraction.text == "second" * 100
    assert results[""].extraction.outcome is Outcome.PARTIAL


def test_a_damaged_member_does_not_end_the_walk(write) -> None:
    data = bytearray(zipped([("a.txt", b"a" * 50), ("b.txt", b"b" * 50), ("c.txt", b"c" * 50)], zipfile.ZIP_STORED))
    data[data.index(b"b" * 50)] = 0
    results = by_name(_run(write(bytes(data))))
    assert results["b.txt"].sha256 == ""
    assert results["c.txt"].extraction.outcome is Outcome.COMPLETE
    assert (results[""].expected, results[""].failed, results[""].extraction.outcome) == (3, 1, Outcome.PARTIAL)


def test_a_compressed_tar_is_one_step(write) -> None:
    results = by_name(_run(write(gzip.compress(tarred([("a.txt", b"a")])), "case.tgz")))
    assert results["a.txt"].locator == (Step("tar", 0, "a.txt"),)


def test_when_no_member_can_be_unpacked_the_file_as_a_whole_is_read(write) -> None:
    data = bytearray(zipped([("a.txt", b"a" * 100)]))
    for magic, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(magic) + place, 6)

    def read(source: Source) -> Extraction:
        return Extraction(Outcome.COMPLETE, "application/zip", text="read by another")

    root = found(list(run(task(write(bytes(data))), Limits(), read=read)))[-1]
    assert root.extraction.outcome is Outcome.PARTIAL
    assert root.extraction.text == "a.txt\nread by another"
    assert root.failed == 1


def test_a_listing_cut_short_is_partial(write) -> None:
    data = zipped([(f"facture-{number}.txt", b"x") for number in range(10)])
    root = found(_run(write(data), replace(Limits(), text_chars=40)))[-1]
    assert root.extraction.outcome is Outcome.PARTIAL
    assert "40" in root.extraction.reason
    assert root.expected == 10
    assert len(root.extraction.text) <= 41
