"""Walkers, one format at a time."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import py7zr
import pytest
import pyzipper
import zstandard

from archiver.adapters.extraction.containers.codecs import unpacked
from archiver.adapters.extraction.containers.entry import DamagedError, Entry, OversizeError, UnsupportedError
from archiver.adapters.extraction.containers.kinds import KINDS, kind_of
from archiver.adapters.extraction.containers.names import decoded
from archiver.adapters.extraction.detect import media_type
from archiver.adapters.extraction.source import ProtectedError, Source
from archiver.domain.extraction import Limits, Outcome
from tests.support.archives import PACKERS, cpio_newc, mbox, tarred, zipped

FILES = [("contrat.txt", b"Le bail"), ("vide.txt", b""), ("dossier/note.bin", bytes(range(256)) * 700)]


@pytest.fixture
def source(tmp_path: Path):
    def _source(data: bytes, name: str = "container", passwords: tuple[str, ...] = ()) -> Source:
        path = tmp_path / "stored"
        path.write_bytes(data)
        return Source(path, name, len(data), media_type(path, name), Limits(), passwords)

    return _source


def _content(entry: Entry) -> bytes:
    return b"".join(entry.chunks())


def _walk(source: Source) -> list[tuple[str, bytes]]:
    kind = kind_of(source)
    assert kind is not None, source.media_type
    return [(entry.name, _content(entry)) for entry in kind.walk(source)]


@pytest.mark.parametrize("packer", sorted(PACKERS))
def test_every_packer_gives_back_what_was_packed(source, packer: str) -> None:
    members = [(name[-9:], data) for name, data in FILES] if packer == "ar" else FILES
    assert _walk(source(PACKERS[packer](members))) == members


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        (gzip.compress, "gzip"),
        (bz2.compress, "bzip2"),
        (lzma.compress, "xz"),
        (lambda data: lzma.compress(data, lzma.FORMAT_ALONE), "lzma"),
        (zstandard.compress, "zstd"),
        (zlib.compress, "zlib"),
    ],
)
def test_compressors_hold_one_member_named_after_the_file(source, pack, kind: str) -> None:
    data = b"journal des ventes\n" * 30_000
    at_hand = source(pack(data), "ventes.csv.gz")
    found = kind_of(at_hand)
    assert found is KINDS[kind]
    assert _walk(at_hand) == [("ventes.csv", data)]


def test_compressed_streams_in_a_row_are_joined(source) -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstandard.compress):
        assert _walk(source(pack(b"one") + pack(b"two")))[0][1] == b"onetwo"


def test_gzip_name_comes_from_its_header(source, tmp_path: Path) -> None:
    out = io.BytesIO()
    with gzip.GzipFile("été.txt".encode().decode("latin-1"), "wb", fileobj=out) as file:
        file.write(b"x")
    assert _walk(source(out.getvalue()))[0][0] == "été.txt"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress, zstandard.compress])
def test_a_stream_cut_short_is_damage(source, pack) -> None:
    data = pack(bytes(range(256)) * 2000)
    at_hand = source(data[: len(data) - 6])
    with pytest.raises(DamagedError):
        _walk(at_hand)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress, zstandard.compress])
def test_garbage_after_a_good_start_is_damage(source, pack) -> None:
    data = pack(bytes(range(256)) * 2000)
    at_hand = source(data[:10] + b"\x55" * 400)
    with pytest.raises(DamagedError):
        _walk(at_hand)


def test_a_dictionary_of_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(b"\x5d" + struct.pack("<L", 0x80000000) + b"\xff" * 8 + b"\0" * 64)
    with pytest.raises(OversizeError):
        list(unpacked(path, "lzma"))


def test_a_zip_over_other_bytes_is_read_from_its_end(source) -> None:
    at_hand = source(b"MZ stub of a self-extractor" * 40 + zipped(FILES))
    assert [(entry.name, _content(entry)) for entry in KINDS["zip"].walk(at_hand)] == FILES


def test_zip64_fields_are_read(source) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(zipfile.ZipInfo("big"), "w", force_zip64=True) as file,
    ):
        file.write(b"x" * 1000)
    assert _walk(source(out.getvalue())) == [("big", b"x" * 1000)]


@pytest.mark.parametrize("encryption", [None, pyzipper.WZ_AES])
@pytest.mark.parametrize("size", [3, 70_000])
def test_encrypted_zip_members(source, encryption: str | None, size: int) -> None:
    data = _encrypted_zip(encryption, b"x" * size)
    entry = next(entries := KINDS["zip"].walk(source(data, passwords=("wrong", "sésame"))))
    assert _content(entry) == b"x" * size
    entries.close()
    for passwords in ((), ("wrong", "also wrong")):
        entry = next(entries := KINDS["zip"].walk(source(data, passwords=passwords)))
        with pytest.raises(ProtectedError):
            _content(entry)


def test_a_wrong_password_that_passes_the_quick_check_is_found_out(source) -> None:
    data = _encrypted_zip(None, b"x" * 500)
    colliding = next(word for number in range(5000) if _passes_quick_check(source, data, word := f"wrong{number}"))
    entry = next(entries := KINDS["zip"].walk(source(data, passwords=(colliding, "sésame"))))
    assert _content(entry) == b"x" * 500
    entries.close()


def _passes_quick_check(source, data: bytes, password: str) -> bool:
    entry = next(entries := KINDS["zip"].walk(source(data, passwords=(password,))))
    try:
        _content(entry)
    except ProtectedError:
        return False
    except DamagedError:
        return True
    finally:
        entries.close()
    raise AssertionError("the wrong password opened it")


def _encrypted_zip(encryption: str | None, data: bytes) -> bytes:
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=encryption) as archive:
        archive.setpassword("sésame".encode())
        if encryption is None:
            return _zipcrypto(b"secret.txt", data, "sésame".encode())
        archive.writestr("secret.txt", data)
    return out.getvalue()


def _zipcrypto(name: bytes, data: bytes, password: bytes) -> bytes:
    """A zip with traditional encryption, which no library at hand writes (APPNOTE 6.1)."""
    crc = zlib.crc32(data)
    keys = [0x12345678, 0x23456789, 0x34567890]

    def step(byte: int) -> None:
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = (keys[1] + (keys[0] & 0xFF)) * 134775813 + 1 & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def encrypted(plain: bytes) -> bytes:
        out = bytearray()
        for byte in plain:
            mask = keys[2] | 2
            out.append(byte ^ (mask * (mask ^ 1) >> 8 & 0xFF))
            step(byte)
        return bytes(out)

    for byte in password:
        step(byte)
    body = encrypted(b"\0" * 11 + bytes([crc >> 24]) + data)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 1, 0, 0, 33, crc, len(body), len(data), len(name), 0) + name
    record = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 1, 0, 0, 33, crc, len(body), len(data), len(name), 0, 0, 0, 0, 0, 0
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(record) + len(name), len(local) + len(body), 0)
    return local + body + record + name + end


def test_methods_of_another_age_are_unsupported(source) -> None:
    data = bytearray(zipped([("a.txt", b"a" * 100)]))
    for magic, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(magic) + place, 6)
    entries = KINDS["zip"].walk(source(bytes(data)))
    with pytest.raises(UnsupportedError, match="implode"):
        _content(next(entries))


@pytest.mark.parametrize(
    ("raw", "dos", "name"),
    [
        ("été.txt".encode(), False, "été.txt"),
        ("été.txt".encode("cp850"), True, "été.txt"),
        ("été.txt".encode("cp850"), False, "\udc82t\udc82.txt"),
        ("文字.txt".encode("shift-jis"), True, "\udc95\udcb6\udc8e\udc9a.txt"),
    ],
)
def test_names_in_unknown_encodings_can_be_turned_back(raw: bytes, dos: bool, name: str) -> None:
    assert decoded(raw, dos=dos) == name
    if not dos:
        assert name.encode("utf-8", "surrogateescape") == raw


@pytest.mark.parametrize("password", [None, "sésame"])
def test_7z_members_in_blocks_and_empty_ones(source, password: str | None) -> None:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password) as archive:
        for name, data in FILES:
            archive.writestr(data, name)
    at_hand = source(out.getvalue(), passwords=("wrong", password) if password else ())
    assert sorted(_walk(at_hand)) == sorted(FILES)


def test_7z_members_can_be_opened_out_of_order_and_skipped(source) -> None:
    out = io.BytesIO()
    members = [(f"{number}.txt", bytes([number]) * 1000) for number in range(1, 9)]
    with py7zr.SevenZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(data, name)
    for entry in KINDS["7z"].walk(source(out.getvalue())):
        if entry.name in ("3.txt", "7.txt"):
            assert (entry.name, _content(entry)) in members


def test_7z_without_its_password_lists_names_only_when_they_are_in_the_clear(source) -> None:
    for header_encryption in (False, True):
        out = io.BytesIO()
        with py7zr.SevenZipFile(out, "w", password="x", header_encryption=header_encryption) as archive:
            archive.writestr(b"data", "secret.txt")
        at_hand = source(out.getvalue())
        if header_encryption:
            with pytest.raises(ProtectedError):
                _walk(at_hand)
        else:
            (entry,) = KINDS["7z"].walk(at_hand)
            assert (entry.name, entry.problem) == ("secret.txt", Outcome.ENCRYPTED)


def test_cabinets_stored_and_mszip(source) -> None:
    first, second = b"premier " * 5000, b"second"
    for method in (0, 1):
        assert _walk(source(_cabinet([("a.txt", first), ("b.txt", second)], method))) == [("a.txt", first), ("b.txt", second)]


def test_a_cabinet_block_that_fails_its_checksum_is_damage(source) -> None:
    data = _cabinet([("a.txt", b"some content of the cabinet")], 0)
    assert _walk(source(data))
    with pytest.raises(DamagedError, match="checksum"):
        _walk(source(data.replace(b"content", b"Content")))


def test_a_checksum_behind_the_last_member_is_verified(source) -> None:
    for pack in (tarred, cpio_newc):
        data = bytearray(gzip.compress(pack(FILES) + b"\0" * 400_000))
        data[-6] ^= 1  # in the CRC-32
        entries = kind_of(at_hand := source(bytes(data))).walk(at_hand)
        assert [next(entries).name for _ in FILES] == [name for name, _ in FILES]
        with pytest.raises(DamagedError):
            next(entries)


def test_cabinet_methods_without_a_free_reader_are_listed(source) -> None:
    (entry,) = KINDS["cab"].walk(source(_cabinet([("a.txt", b"x")], 3)))
    assert (entry.problem, entry.reason) == (Outcome.UNSUPPORTED, "compressed with LZX")


def _cabinet_checksum(data: bytes) -> int:
    total = 0
    for start in range(0, len(data), 4):
        word = data[start : start + 4]
        total ^= int.from_bytes(word, "little" if len(word) == 4 else "big")
    return total


def _cabinet(members: list[tuple[str, bytes]], method: int) -> bytes:
    data = b"".join(content for _, content in members)
    blocks, history = b"", b""
    pieces = [data[start : start + 32768] for start in range(0, len(data), 32768)]
    for piece in pieces:
        packed = piece
        if method == 1:
            packer = (
                zlib.compressobj(9, zlib.DEFLATED, -15, zdict=history) if history else zlib.compressobj(9, zlib.DEFLATED, -15)
            )
            packed = b"CK" + packer.compress(piece) + packer.flush()
        sizes = struct.pack("<2H", len(packed), len(piece))
        blocks += struct.pack("<L", _cabinet_checksum(packed) ^ int.from_bytes(sizes, "little")) + sizes + packed
        history = piece
    files, offset = b"", 0
    for name, content in members:
        files += struct.pack("<2L4H", len(content), offset, 0, 0, 0, 0x20) + name.encode() + b"\0"
        offset += len(content)
    first_file = 36 + 8
    header = struct.pack("<4s5L2B5H", b"MSCF", 0, 0, 0, first_file, 0, 3, 1, 1, len(members), 0, 0, 0)
    return header + struct.pack("<L2H", first_file + len(files), len(pieces), method) + files + blocks


def test_mbox_messages_are_kept_as_written(source) -> None:
    first = b"From: a@example.org\nSubject: =?utf-8?q?Bail_=C3=A9t=C3=A9?=\n\nBody\n>From here on\n"
    second = b"From: b@example.org\n\nNo subject. From the start.\n"
    (one, two) = KINDS["mbox"].walk(source(mbox([first, second]), "boite.mbox"))
    assert (one.name, _content(one)) == ("Bail été.eml", first + b"\n\n")
    assert (two.name, _content(two)) == ("message 2.eml", second + b"\n\n")


MAIL = b"""From: a@example.org
Subject: Dossier
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain

body
--inner
Content-Type: text/html

<p>body</p>
--inner--
--outer
Content-Type: application/pdf; name="=?utf-8?b?w6l0w6kucGRm?="
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf

JVBERi0xLjQK
--outer
Content-Type: text/plain
Content-Disposition: attachment; filename="note.txt"

attached text
--outer
Content-Type: message/rfc822

Subject: Forwarded
Content-Type: text/plain

From the inside
--outer
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--outer--
"""


def test_mail_members_are_what_is_not_its_body(source) -> None:
    members = _walk(source(MAIL, "dossier.eml"))
    assert [name for name, _ in members] == ["été.pdf", "note.txt", "Forwarded.eml", "part 4.png"]
    assert members[0][1] == b"%PDF-1.4\n"
    assert members[1][1].strip() == b"attached text"
    assert members[2][1].startswith(b"Subject: Forwarded\n")
    assert b"\nFrom the inside" in members[2][1]


def test_plain_mail_has_no_members(source) -> None:
    assert _walk(source(b"From: a@example.org\nTo: b@example.org\nSubject: x\n\nbody\n", "plain.eml")) == []


def test_cpio_without_its_end_mark_is_damaged(source) -> None:
    data = cpio_newc(FILES)
    at_hand = source(data[: data.rindex(b"070701")])
    entries = KINDS["cpio"].walk(at_hand)
    assert [next(entries).name for _ in FILES] == [name for name, _ in FILES]
    with pytest.raises(DamagedError, match="end mark"):
        next(entries)


def test_office_files_are_documents_not_containers(source) -> None:
    docx = zipped([("[Content_Types].xml", _DOCX_TYPES), ("word/document.xml", b"<w:document/>")])
    odt = zipped([("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<x/>")], zipfile.ZIP_STORED)
    assert kind_of(source(docx, "a.docx")) is None
    assert kind_of(source(odt, "a.odt")) is None


_DOCX_TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)


def test_old_tar_without_magic_is_a_tar_inside_a_compressor(source) -> None:
    out = io.BytesIO()
    header = tarfile.TarInfo("old.txt")
    header.size = 3
    raw = bytearray(header.tobuf(tarfile.USTAR_FORMAT))
    raw[257:265] = b"\0" * 8
    raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + 8 * 32 + sum(raw[156:]))
    out.write(bytes(raw) + b"old" + b"\0" * 509 + b"\0" * 1024)
    assert _walk(source(gzip.compress(out.getvalue()))) == [("old.txt", b"old")]


def test_walking_is_lazy(source, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = KINDS["tar"].walk(source(tarred([("a.txt", b"a"), ("b.txt", b"b")])))
    assert next(entries).name == "a.txt"
    entries.close()
