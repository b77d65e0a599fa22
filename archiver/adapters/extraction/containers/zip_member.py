"""Plain bytes of one zip member: every method in use, and both kinds of encryption."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, BinaryIO, cast

from pyzipper.zipfile import BadZipFile
from pyzipper.zipfile_aes import AESZipExtFile, AESZipInfo

from archiver.adapters.extraction.containers.codecs import zstd_decoder
from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, UnsupportedError, from_the_machine
from archiver.adapters.extraction.containers.zip_directory import Record
from archiver.adapters.extraction.source import ProtectedError

ENCRYPTED = 0x01
_STORED, _DEFLATED, _DEFLATE64, _ZSTD = 0, 8, 9, 93
_LOCAL_HEADER = 30
_SMALL_READ = 4096
"""Decoders without a limit on their output are fed this much at a time, so that a bomb cannot fill the memory."""


def read_member(file: BinaryIO, record: Record, passwords: Sequence[str]) -> Iterator[bytes]:
    """Its plain bytes, read from `file`, an open zip; the checksum is verified at the end.

    Raises:
        ProtectedError: it is encrypted and no password fits.
        UnsupportedError: packed with a method from before 1993, or patented.
        DamagedError: header, data or checksum do not hold.
    """
    if not record.flags & ENCRYPTED:
        yield from _plain(file, record, None)
        return
    fitting = [password for password in passwords if _fits(file, record, password)]
    if len(fitting) > 1:  # the quick check lets one wrong password in 256 pass
        fitting = [password for password in fitting if _reads(file, record, password)]
    if not fitting:
        raise ProtectedError("the member is encrypted and no password given fits")
    yield from _plain(file, record, fitting[0])


def _fits(file: BinaryIO, record: Record, password: str) -> bool:
    try:
        with closing(_opened(file, record, password)):
            return True
    except ProtectedError:
        return False


def _reads(file: BinaryIO, record: Record, password: str) -> bool:
    try:
        for _ in _plain(file, record, password):
            pass
    except (DamagedError, ProtectedError):
        return False
    return True


def _plain(file: BinaryIO, record: Record, password: str | None) -> Iterator[bytes]:
    step = CHUNK if record.method in (_STORED, _DEFLATED) and password is None else _SMALL_READ
    with closing(_opened(file, record, password)) as member:
        try:
            while piece := member.read(step):
                yield piece
        except (BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError) as error:
            if from_the_machine(error):
                raise
            hint = "the password is wrong or " if password is not None else ""
            raise DamagedError(f"{hint}the data is damaged: {error or 'it ends early'}") from error


def _opened(file: BinaryIO, record: Record, password: str | None) -> BinaryIO:
    file.seek(record.offset)
    secret = password.encode("utf-8", "surrogateescape") if password is not None else None
    try:
        return cast(BinaryIO, _Member(file, "r", _info(record), False, secret))
    except NotImplementedError as error:
        raise UnsupportedError(f"packed in a way that is not read here: {error}") from error
    except RuntimeError as error:  # how the library says that the password is missing or wrong
        raise ProtectedError("the member is encrypted and no password given fits") from error
    except (BadZipFile, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError) as error:
        raise DamagedError(f"the member's header is damaged: {error}") from error


def _info(record: Record) -> Any:
    info = AESZipInfo("member")
    info.flag_bits, info.compress_type = record.flags, record.method
    info.compress_size, info.file_size = record.packed, record.size
    if record.crc is not None:
        info.CRC = record.crc
    info.extra = record.extra
    info._decodeExtra()
    return info


class _Member(AESZipExtFile):  # type: ignore[misc]
    """The library's member reader with a lenient local header (the directory has been believed already) and more methods."""

    def process_local_header(self) -> None:
        header = self._fileobj.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise BadZipFile("no local header where the directory says")
        self._fileobj.read(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"))

    def get_decompressor(self, compress_type: int) -> Any:
        if compress_type == _DEFLATE64:
            return _Deflate64()
        if compress_type == _ZSTD:
            return zstd_decoder()
        return super().get_decompressor(compress_type)


class _Deflate64:
    """Deflate with a 64 KiB window, which Windows writes for files over 2 GiB."""

    def __init__(self) -> None:
        from inflate64 import Inflater

        self._inner = Inflater()

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    def decompress(self, data: bytes) -> bytes:
        return bytes(self._inner.inflate(data))
