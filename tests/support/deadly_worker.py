"""A worker process that dies of one document: as soon as a child has read `deadly.txt`, the whole process is gone."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from archiver.services.extract import Extract
from workers.process import main

_found = Extract._found


def _die_of_it(self: Any, job: Any, found: Any) -> None:
    if job.document.name == "deadly.txt":
        os.kill(os.getpid(), signal.SIGKILL)
    _found(self, job, found)


Extract._found = _die_of_it  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
