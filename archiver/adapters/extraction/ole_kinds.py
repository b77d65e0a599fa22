"""What an OLE2 compound file is, from the names of its streams."""

from __future__ import annotations

from pathlib import Path

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNKNOWN_OLE = "application/x-tika-msoffice"
PROTECTED_OOXML = "application/x-tika-ooxml-protected"

_BY_ENTRY: tuple[tuple[str, str], ...] = (
    ("encryptedpackage", PROTECTED_OOXML),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("worddocument", "application/msword"),
    ("workbook", "application/vnd.ms-excel"),
    ("book", "application/vnd.ms-excel"),
    ("powerpoint document", "application/vnd.ms-powerpoint"),
    ("visiodocument", "application/vnd.visio"),
    ("quill", "application/x-mspublisher"),
    ("contents", "application/vnd.ms-works"),
    ("fileheader", "application/x-hwp-v5"),
)
_PROJECT = ("   114", "   112", "   19", "props14", "props12", "props9")


def ole_type(path: Path) -> str:
    """Media type by the first telling stream at the root; `UNKNOWN_OLE` when none is there or the directory is damaged."""
    names = _root_names(path)
    if any(name.startswith(_PROJECT) for name in names):
        return "application/vnd.ms-project"
    for entry, kind in _BY_ENTRY:
        if entry in names:
            return kind
    return UNKNOWN_OLE


def _root_names(path: Path) -> frozenset[str]:
    """Lower-case names of the entries directly under the root; empty when they cannot be read."""
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            return frozenset(entry[0].lower() for entry in ole.listdir(streams=True, storages=True))
    except (OSError, ValueError, IndexError, TypeError, AttributeError, RecursionError):
        # olefile meets damage in its own code as often as it names it; Tika will say what is wrong
        return frozenset()
