"""Writes the sample set and its ground truth: `python -m tests.samples.make_samples [FOLDER]`.

The same libraries give the same bytes. Everything in it is invented; the card number is a payment network's test number.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.samples import contracts, invoices, letters, mails, oddities, sheets
from tests.samples.sample import Sample

HERE = Path(__file__).parent


def samples() -> Iterator[Sample]:
    """All samples, folder by folder."""
    for source in (invoices, contracts, letters, mails, sheets, oddities):
        yield from source.documents()


def write(folder: Path) -> int:
    """Replace `folder/files` and `folder/expected.jsonl`; returns how many files there are."""
    shutil.rmtree(folder / "files", ignore_errors=True)
    lines = []
    for sample in samples():
        target = folder / "files" / sample.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(sample.data)
        lines.append(json.dumps(sample.truth(), ensure_ascii=False))
    (folder / "expected.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    sys.stdout.write(f"{write(where)} samples in {where}\n")
