"""Single-stream compressors: which one it is, and its plain bytes in pieces of bounded size."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, OversizeError, from_the_machine
from archiver.adapters.extraction.containers.lzw import unpack_lzw

MEMORY_LIMIT = 512 * 1024 * 1024
"""Largest dictionary or window a stream may ask for, in bytes."""
_WINDOW_LOG = MEMORY_LIMIT.bit_length() - 1

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"\x5d\x00\x00", "lzma"),
)
NAMES = frozenset(name for _, name in _MAGIC) | {"zlib"}


class _Decoder(Protocol):
    """What `bz2`, `lzma` and `lz4` decoders have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _ZlibDecoder:
    """`zlib` with the interface of the others. `wbits`: 15 for zlib, 31 for gzip."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def codec_of(head: bytes) -> str | None:
    """Name of the compressor whose stream begins with `head`, or None."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    is_zlib = len(head) > 1 and head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0
    return "zlib" if is_zlib else None


def unpacked(path: Path, codec: str) -> Iterator[bytes]:
    """Plain bytes of the whole file; streams set one after another are joined.

    Raises:
        DamagedError: the stream is broken or ends early.
        OversizeError: it asks for a dictionary above `MEMORY_LIMIT`.
    """
    with path.open("rb") as file:
        try:
            yield from _codec(codec)(file)
        except (zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
            if "memory" in str(error).lower():
                raise OversizeError(f"{codec} stream asks for more than {MEMORY_LIMIT} bytes of memory") from error
            raise DamagedError(f"{codec} stream is damaged near byte {file.tell()}: {error}") from error


def _codec(name: str) -> Callable[[BinaryIO], Iterator[bytes]]:
    if name == "compress":
        return unpack_lzw
    return lambda file: _joined(file, lambda: _decoder(name))


def _decoder(name: str) -> _Decoder:
    if name == "bzip2":
        return bz2.BZ2Decompressor()
    if name in ("xz", "lzma"):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ if name == "xz" else lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT)
    if name == "zstd":
        return zstd_decoder()
    if name == "lz4":
        return _lz4_decoder()
    return _ZlibDecoder(31 if name == "gzip" else 15)


def _lz4_decoder() -> _Decoder:
    from lz4.frame import LZ4FrameDecompressor

    decoder: _Decoder = LZ4FrameDecompressor()
    return decoder


def zstd_decoder() -> _Decoder:
    """A Zstandard decoder that refuses windows above `MEMORY_LIMIT`."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    decoder: _Decoder = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
    return decoder


def _joined(file: BinaryIO, decoder_of: Callable[[], _Decoder]) -> Iterator[bytes]:
    """Streams back to back, as `cat a.gz b.gz` makes them. What follows the last stream and starts none is padding."""
    data = file.read(CHUNK)
    while True:
        decoder = decoder_of()
        yield from _one_stream(file, decoder, data)
        data = (decoder.unused_data or file.read(CHUNK)).lstrip(b"\0")
        if not data or codec_of(data) is None:
            return


def _one_stream(file: BinaryIO, decoder: _Decoder, data: bytes) -> Iterator[bytes]:
    try:
        while True:
            if piece := decoder.decompress(data, CHUNK):
                yield piece
            if decoder.eof:
                return
            data = file.read(CHUNK) if decoder.needs_input else b""
            if not data and decoder.needs_input:
                raise EOFError("it ends before its end mark")
    except (zlib.error, lzma.LZMAError, EOFError, ValueError, MemoryError):
        raise
    except Exception as error:  # for bad data bz2 raises OSError, lz4 RuntimeError, zstd a class of its own
        if from_the_machine(error):
            raise
        raise ValueError(str(error)) from error
