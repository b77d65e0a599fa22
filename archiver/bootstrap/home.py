"""Where an archive is, and what says so."""

from __future__ import annotations

import os
from pathlib import Path

MARKER = "archive.json"
FORMAT = "minutier-archive/1"
HOME = "MINUTIER_HOME"
DEFAULT_HOME = "minutier-data"


def home_of(given: str | None) -> Path:
    """The archive's folder: as given, as `MINUTIER_HOME` says, or `./minutier-data`. An archive on servers keeps there what
    belongs to this host alone: keys, scratch files, lists being read."""
    return Path(os.path.abspath(given or os.environ.get(HOME) or DEFAULT_HOME))
