"""Archive files: zip (also with the old password scheme), tar, 7z. Always the same bytes for the same input."""

from __future__ import annotations

import io
import os
import random
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import py7zr

_WHEN = (2024, 3, 12, 9, 30, 0)
_SECONDS = 1_710_232_200
_DOS_TIME, _DOS_DATE = 9 << 11 | 30 << 5, (2024 - 1980) << 9 | 3 << 5 | 12


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tar_gz(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, gzipped."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), _SECONDS
            archive.addfile(info, io.BytesIO(data))
    return gzipped(plain.getvalue())


def gzipped(data: bytes) -> bytes:
    """Raw gzip without name or time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def seven_zipped(files: Mapping[str, bytes]) -> bytes:
    """A 7z archive."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.7z"
        with py7zr.SevenZipFile(target, "w") as archive:
            for number, (name, data) in enumerate(files.items()):
                source = Path(folder) / str(number)
                source.write_bytes(data)
                os.utime(source, (_SECONDS, _SECONDS))
                archive.write(source, name)
        return target.read_bytes()


class _OldCipher:
    """The stream cipher of PKWARE's APPNOTE 6.1. Weak, and still what many programs write."""

    def __init__(self, password: bytes) -> None:
        self._keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self._update(byte)

    def _update(self, byte: int) -> None:
        a, b, c = self._keys
        a = _crc_step(a, byte)
        b = ((b + (a & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self._keys = [a, b, _crc_step(c, b >> 24)]

    def encrypt(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            mask = (self._keys[2] | 2) & 0xFFFF
            out.append(byte ^ ((mask * (mask ^ 1)) >> 8) & 0xFF)
            self._update(byte)
        return bytes(out)


def _crc_step(state: int, byte: int) -> int:
    return (zlib.crc32(bytes([byte]), state ^ 0xFFFFFFFF) ^ 0xFFFFFFFF) & 0xFFFFFFFF


def zipped_with_password(files: Mapping[str, bytes], password: str) -> bytes:
    """A zip archive whose entries open with `password` only."""
    body, directory = bytearray(), bytearray()
    for name, data in files.items():
        offset, fields = len(body), _Entry(name, data, password)
        body += b"PK\x03\x04" + fields.head + fields.name + fields.cipher_text
        directory += (
            b"PK\x01\x02"
            + struct.pack("<H", 20)
            + fields.head
            + struct.pack("<HHHII", 0, 0, 0, 0o600 << 16, offset)
            + fields.name
        )
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return bytes(body + directory + b"PK\x05\x06" + end)


class _Entry:
    """Local header and encrypted bytes of one entry."""

    def __init__(self, name: str, data: bytes, password: str) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed, crc = packer.compress(data) + packer.flush(), zlib.crc32(data)
        salt = random.Random(name).randbytes(11) + bytes([crc >> 24])
        self.cipher_text = _OldCipher(password.encode()).encrypt(salt + packed)
        self.name = name.encode()
        sizes = (crc, len(self.cipher_text), len(data), len(self.name), 0)
        self.head = struct.pack("<HHHHHIIIHH", 20, 0x801, 8, _DOS_TIME, _DOS_DATE, *sizes)
