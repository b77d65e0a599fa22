"""A catalogue for a PDF that lost its own: what a download cut short leaves is pages without a way to them."""

from __future__ import annotations

import re
from pathlib import Path

LARGEST = 256 * 1024 * 1024
_OBJECT = re.compile(rb"(?:^|[\r\n\s])(\d{1,9})\s+(\d{1,5})\s+obj\b(.{0,2000}?)(?:endobj|stream\b)", re.S)
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def with_catalogue(path: Path, copy: Path) -> bool:
    """Write to `copy` the file with a page tree over every page object in it; False when it holds none, or is encrypted."""
    if path.stat().st_size > LARGEST:
        return False
    data = path.read_bytes()
    found = {int(number): int(generation) for number, generation, body in _OBJECT.findall(data) if _PAGE.search(body)}
    if not found or b"/Encrypt" in data:
        return False
    highest = max(int(number) for number, _, _ in _OBJECT.findall(data))
    kids = " ".join(f"{number} {generation} R" for number, generation in found.items())
    catalogue = (
        f"\nendstream\nendobj\n{highest + 1} 0 obj\n<< /Type /Catalog /Pages {highest + 2} 0 R >>\nendobj\n"
        f"{highest + 2} 0 obj\n<< /Type /Pages /Count {len(found)} /Kids [ {kids} ] >>\nendobj\n"
        f"trailer\n<< /Size {highest + 3} /Root {highest + 1} 0 R >>\nstartxref\n0\n%%EOF\n"
    )
    copy.write_bytes(data + catalogue.encode("ascii"))
    return True
