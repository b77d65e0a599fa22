"""Signs that a file is cut short or damaged, for formats whose readers go on without a word."""

from __future__ import annotations

import zipfile
import zlib

from archiver.adapters.extraction.file_ends import cut_short
from archiver.adapters.extraction.ole_kinds import OLE_MAGIC
from archiver.adapters.extraction.package_kinds import owns_directory
from archiver.adapters.extraction.source import Source

_READ_AT_MOST = 512 * 1024 * 1024
_PIECE = 1024 * 1024


def damage(source: Source) -> str:
    """What is wrong with a package or compound file, in words; "" when nothing is seen."""
    with open(source.path, "rb") as stream:
        head = stream.read(8)
    if head.startswith(b"PK\x03\x04"):
        return _zip_damage(source)
    return _ole_damage(source) if head == OLE_MAGIC else cut_short(source)


def _zip_damage(source: Source) -> str:
    try:
        with zipfile.ZipFile(source.path) as package:
            if not owns_directory(package):
                return "the package is cut short: its directory is lost"
            return _bad_entry(package)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        return f"the package is cut short or damaged: {error}"


def _bad_entry(package: zipfile.ZipFile) -> str:
    """The first entry whose bytes do not have the checksum they should; looks at text-bearing parts only."""
    budget = _READ_AT_MOST
    for entry in package.infolist():
        if entry.flag_bits & 1 or not entry.filename.endswith((".xml", ".rels", ".iwa", ".bin")):
            continue
        try:
            with package.open(entry) as part:
                while budget > 0 and (piece := part.read(_PIECE)):
                    budget -= len(piece)
        except NotImplementedError:
            continue
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
            return f"part {entry.filename!r} is damaged: {error}"
    return ""


def _ole_damage(source: Source) -> str:
    """A stream whose chain of sectors leaves the file, as in a download cut short."""
    import olefile

    try:
        with olefile.OleFileIO(str(source.path)) as ole:
            for names in ole.listdir():
                if (size := ole.get_size(names)) and len(ole.openstream(names).read(size)) < size:
                    return f"stream {'/'.join(names)!r} is cut short"
    except (OSError, ValueError, IndexError, TypeError, AttributeError, RecursionError) as error:
        return f"the compound file is cut short or damaged: {error}"
    return ""
