"""Walker for Microsoft cabinets (MS-CAB): stored and MSZIP folders."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from archiver.adapters.extraction.containers.entry import DamagedError, Entry, unreadable
from archiver.adapters.extraction.containers.names import decoded
from archiver.adapters.extraction.containers.stream import Forward
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_HEADER = struct.Struct("<4s5L2B5H")
_FOLDER = struct.Struct("<L2H")
_FILE = struct.Struct("<2L4H")
_BLOCK = struct.Struct("<L2H")
_HAS_PREVIOUS, _HAS_NEXT, _HAS_RESERVE = 1, 2, 4
_UTF8_NAME = 0x80
_STORED, _MSZIP = 0, 1
_METHODS = {2: "Quantum", 3: "LZX"}
_WINDOW = 32768
_OTHER_CABINET = 0xFFFD
_LONGEST_NAME = 1024


@dataclass(frozen=True, slots=True)
class _Cabinet:
    """Header fields needed to walk. `folders`: (first block, blocks, method) of each."""

    folders: tuple[tuple[int, int, int], ...]
    first_file: int
    files: int
    block_reserve: int


def walk(source: Source) -> Iterator[Entry]:
    """Members in order.

    Raises:
        DamagedError: header or member list cannot be read.
    """
    with source.path.open("rb") as file:
        try:
            cabinet = _cabinet(file)
            yield from _entries(file, cabinet)
        except struct.error as error:
            raise DamagedError("the cabinet's header or member list breaks off") from error


def _entries(file: BinaryIO, cabinet: _Cabinet) -> Iterator[Entry]:
    position = cabinet.first_file
    folders = _Folders(file, cabinet)
    for index in range(cabinet.files):
        file.seek(position)
        size, start, folder, _, _, attributes = _FILE.unpack(file.read(_FILE.size))
        raw, _, _ = file.read(_LONGEST_NAME).partition(b"\0")
        position += _FILE.size + len(raw) + 1
        name = decoded(raw, dos=not attributes & _UTF8_NAME)
        yield _entry(folders, index, name, size, folder, start)


def _entry(folders: _Folders, index: int, name: str, size: int, folder: int, start: int) -> Entry:
    if folder >= _OTHER_CABINET or folder >= len(folders.cabinet.folders):
        return unreadable(index, name, size, Outcome.CORRUPT, "its bytes are in another cabinet of a set")
    method = folders.cabinet.folders[folder][2]
    if method not in (_STORED, _MSZIP):
        return unreadable(index, name, size, Outcome.UNSUPPORTED, f"compressed with {_METHODS.get(method, method)}")
    return Entry(index, name, size, lambda: folders.content(folder, start, size))


class _Folders:
    """Unpacked folders, read forward; reading back begins the folder again."""

    def __init__(self, file: BinaryIO, cabinet: _Cabinet) -> None:
        self._file = file
        self.cabinet = cabinet
        self._current = -1
        self._data = Forward(iter(()))

    def content(self, folder: int, start: int, size: int) -> Iterator[bytes]:
        if folder != self._current or start < self._data.tell():
            self._current = folder
            self._data = Forward(_unpacked(self._file, self.cabinet, folder))
        self._data.seek(start)
        yield from self._data.take(size)


def _unpacked(file: BinaryIO, cabinet: _Cabinet, folder: int) -> Iterator[bytes]:
    position, blocks, method = cabinet.folders[folder]
    history = b""
    for number in range(blocks):
        file.seek(position)
        head = file.read(_BLOCK.size)
        if len(head) < _BLOCK.size:
            raise DamagedError(f"block {number} of folder {folder} is missing")
        checksum, packed_size, size = _BLOCK.unpack(head)
        reserve, packed = file.read(cabinet.block_reserve), file.read(packed_size)
        position = file.tell()
        if checksum and checksum != _checksum(head[4:] + reserve, _checksum(packed, 0)):
            raise DamagedError(f"block {number} of folder {folder} does not match its checksum")
        history = packed if method == _STORED else _inflated(packed, history, size)
        yield history


def _checksum(data: bytes, seed: int) -> int:
    """Exclusive or of 32-bit words; what is left over counts from its last byte (MS-CAB, 3.1)."""
    whole = len(data) // 4 * 4
    for word in struct.unpack(f"<{whole // 4}L", data[:whole]):
        seed ^= word
    return seed ^ int.from_bytes(data[whole:], "big")


def _inflated(packed: bytes, history: bytes, size: int) -> bytes:
    """One MSZIP block: deflate that may refer to the block before."""
    if packed[:2] != b"CK":
        raise DamagedError("a block lacks its MSZIP signature")
    try:
        plain = zlib.decompressobj(-15, zdict=history[-_WINDOW:]).decompress(packed[2:], _WINDOW + 1)
    except zlib.error as error:
        raise DamagedError(f"a block is damaged: {error}") from error
    if len(plain) != size:
        raise DamagedError(f"a block holds {len(plain)} bytes instead of {size}")
    return plain


def _cabinet(file: BinaryIO) -> _Cabinet:
    fields = _HEADER.unpack(file.read(_HEADER.size))
    if fields[0] != b"MSCF":
        raise DamagedError("not a cabinet")
    first_file, folder_count, files, flags = fields[4], fields[8], fields[9], fields[10]
    header_reserve, folder_reserve, block_reserve = 0, 0, 0
    if flags & _HAS_RESERVE:
        header_reserve, folder_reserve, block_reserve = struct.unpack("<H2B", file.read(4))
        file.seek(header_reserve, 1)
    for _ in range(2 * bool(flags & _HAS_PREVIOUS) + 2 * bool(flags & _HAS_NEXT)):
        _skip_string(file)
    folders = tuple(_folder(file, folder_reserve) for _ in range(folder_count))
    return _Cabinet(folders, first_file, files, block_reserve)


def _folder(file: BinaryIO, reserve: int) -> tuple[int, int, int]:
    start, blocks, method = _FOLDER.unpack(file.read(_FOLDER.size))
    file.seek(reserve, 1)
    return start, blocks, method & 0x0F


def _skip_string(file: BinaryIO) -> None:
    position = file.tell()
    raw, _, _ = file.read(_LONGEST_NAME).partition(b"\0")
    file.seek(position + len(raw) + 1)
