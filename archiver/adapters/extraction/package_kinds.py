"""What a zip file is: a plain archive, or a document made of parts."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from archiver.adapters.extraction.containers.zip_directory import directory_size

PLAIN_ZIP = "application/zip"
DAMAGED_OOXML = "application/x-tika-ooxml"
"""An OOXML package without its directory: no reader's, so that nothing inside it is taken for the whole."""
_DIRECTORY_BYTES = 4 * 1024 * 1024
_PART_BYTES = 1024 * 1024
_MAIN_PART = re.compile(r'ContentType="([^"]+?)(?:\.main)?\+xml"|ContentType="(application/vnd\.ms-excel\.[\w.]+)"', re.I)
_ODF_ROOT = re.compile(r'media-type="(application/vnd\.(?:sun|oasis|stardivision)[\w.-]+)"[^>]*full-path="/"')
_OPC = {
    "application/vnd.ms-word.document.macroenabled": "application/vnd.ms-word.document.macroenabled.12",
    "application/vnd.ms-word.template.macroenabledtemplate": "application/vnd.ms-word.template.macroenabled.12",
    "application/vnd.ms-excel.sheet.macroenabled": "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.ms-excel.template.macroenabled": "application/vnd.ms-excel.template.macroenabled.12",
    "application/vnd.ms-excel.addin.macroenabled": "application/vnd.ms-excel.addin.macroenabled.12",
    "application/vnd.ms-excel.sheet.binary.macroenabled": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "application/vnd.ms-excel.sheet.binary.macroenabled.main": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "application/vnd.ms-powerpoint.presentation.macroenabled": "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    "application/vnd.ms-powerpoint.slideshow.macroenabled": "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
    "application/vnd.ms-powerpoint.template.macroenabled": "application/vnd.ms-powerpoint.template.macroenabled.12",
    "application/vnd.ms-visio.drawing": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.drawing.macroenabled": "application/vnd.ms-visio.drawing.macroenabled.12",
    "application/vnd.ms-visio.stencil": "application/vnd.ms-visio.stencil",
    "application/vnd.ms-visio.template": "application/vnd.ms-visio.template",
    "application/vnd.ms-package.xps-fixeddocumentsequence": "application/vnd.ms-xpsdocument",
}
_OOXML = re.compile(
    r"application/vnd\.openxmlformats-officedocument\."
    r"(?:wordprocessingml\.(?:document|template)|spreadsheetml\.(?:sheet|template)|presentationml\.(?:presentation|slideshow|template))",
    re.I,
)
_BY_ENTRY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"index/slide|index\.apxl"), "application/vnd.apple.keynote"),
    (re.compile(r"index/document\.iwa|index\.xml(\.gz)?$|index\.zip$|\.iwph$|\.iwpv2$"), "application/vnd.apple.iwork"),
    (re.compile(r"word/document"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (re.compile(r"xl/workbook|xl/worksheets"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (re.compile(r"ppt/presentation|ppt/slides"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (re.compile(r"visio/"), "application/vnd.ms-visio.drawing"),
    (re.compile(r"meta-inf/manifest\.mf$"), "application/java-archive"),
    (re.compile(r"doc\.kml$"), "application/vnd.google-earth.kmz"),
)


def package_type(path: Path, head: bytes) -> str:
    """Media type of a zip: from its `mimetype` entry, its content types, or the names of its entries.

    A directory too large for a document, or one that names no document, makes a plain archive.
    """
    try:
        with path.open("rb") as file:
            if directory_size(file) > _DIRECTORY_BYTES:
                return PLAIN_ZIP
            package = zipfile.ZipFile(file)
            if not owns_directory(package):
                return _by_local_headers(head)
            names = package.namelist()
            return _declared(package, names) or _by_names(names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return _by_local_headers(head)


def owns_directory(package: zipfile.ZipFile) -> bool:
    """False for a package cut short whose last directory is that of another one stored inside it."""
    return min((entry.header_offset for entry in package.infolist()), default=0) == 0


def _declared(package: zipfile.ZipFile, names: list[str]) -> str:
    if "mimetype" in names:
        declared = _part(package, "mimetype").strip()
        if re.fullmatch(r"[\w.+-]+/[\w.+-]+", declared):
            return declared
    if "META-INF/manifest.xml" in names and (found := _ODF_ROOT.search(_part(package, "META-INF/manifest.xml"))):
        return found.group(1)
    if "[Content_Types].xml" in names:
        return _opc_type(_part(package, "[Content_Types].xml"))
    return ""


def _part(package: zipfile.ZipFile, name: str) -> str:
    """The beginning of a small part, as text; "" when it cannot be read."""
    try:
        with package.open(name) as part:
            raw = part.read(_PART_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, OSError):
        return ""
    return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")


def _opc_type(content_types: str) -> str:
    for found in _MAIN_PART.finditer(content_types):
        kind = (found.group(1) or found.group(2)).lower()
        if kind in _OPC:
            return _OPC[kind]
        if _OOXML.fullmatch(kind):
            return kind
    return ""


def _by_names(names: list[str]) -> str:
    lowered = [name.lower().replace("\\", "/") for name in names]
    for pattern, kind in _BY_ENTRY:
        if any(pattern.match(name) for name in lowered):
            return kind
    return PLAIN_ZIP


def _by_local_headers(head: bytes) -> str:
    """For a zip whose directory is lost: the names in its first local headers still tell."""
    if opening := re.match(rb"PK\x03\x04.{26}mimetype(application/[\w.+-]+?)PK", head, re.S):
        return opening.group(1).decode("ascii")
    names = [found.decode("utf-8", "replace") for found in re.findall(rb"PK\x03\x04.{26}([\w./\[\] -]{1,120})", head, re.S)]
    if any(name.startswith(("[Content_Types].xml", "_rels/", "word/", "xl/", "ppt/", "docProps/")) for name in names):
        return DAMAGED_OOXML
    return _by_names(names)
