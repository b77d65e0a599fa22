"""A worker process that dies of one document: as soon as it is to destroy one whose size is `DEADLY_SIZE`, it is gone."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from archiver.services.purge.destroy import Destroy
from workers.process import main

_run = Destroy.run


def _die_of_it(self: Any, purge_id: str, items: Any) -> Any:
    if any(str(one.item.size) == os.environ["DEADLY_SIZE"] for one in items):
        os.kill(os.getpid(), signal.SIGKILL)
    return _run(self, purge_id, items)


Destroy.run = _die_of_it  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
