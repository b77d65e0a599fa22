"""What a child gets to know of the world: little, and no Tesseract."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import archiver

_KEPT = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TZ", "MINUTIER_READERS")
_SET = {
    "MALLOC_ARENA_MAX": "2",
    # memory is kept from one document to the next: half the page faults of asking for it anew each time
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "OMP_THREAD_LIMIT": "1",
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
}
_UNWANTED = "tesseract"
"""Tika compiled to native code starts it again and again where it finds it: four times slower for no text."""


def child_environment(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Variables for a child: those that say where and in which language it runs; no address, key or password of ours."""
    kept = {name: environment[name] for name in _KEPT if name in environment}
    source = str(Path(archiver.__file__).resolve().parents[1])
    return kept | _SET | {"PATH": _path(environment), "TMPDIR": str(scratch), "PYTHONPATH": source}


def _path(environment: Mapping[str, str]) -> str:
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder and not os.path.lexists(os.path.join(folder, _UNWANTED)))
