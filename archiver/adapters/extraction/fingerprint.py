"""What a result depends on besides the bytes: a change of any of it makes a new text."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as metadata_version

REVISION = 1
"""Grows when our own reading, cleaning or outcome rules change."""

_PACKAGES = {
    "tika": ("iscc-tika",),
    "pdfium": ("pypdfium2", "pikepdf"),
    "html": ("selectolax",),
    "docx": ("lxml",),
    "pptx": ("lxml",),
    "xlsx": ("lxml",),
    "visio": ("lxml",),
    "odf": ("lxml",),
}


@cache
def fingerprint(tool: str, settings: str = "", version: str = "") -> str:
    """Tool, its version and its settings, as 16 hexadecimal characters.

    Args:
        version: of a tool that runs elsewhere; "" takes those of the packages installed here.
    """
    versions = [version] if version else [f"{package}={_installed(package)}" for package in _PACKAGES.get(tool, ())]
    parts = "\n".join([f"revision={REVISION}", tool, *versions, settings])
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _installed(package: str) -> str:
    try:
        return metadata_version(package)
    except PackageNotFoundError:
        return "absent"
