"""A process that answers is killed: whatever it gave out by then is in the log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.sql import create_sqlite, open_sqlite
from archiver.domain.ledger import Tree
from tests.contracts.ledger_rows_suite import append
from tests.support.command import ROOT

ANSWERING = """
import sys, threading
from pathlib import Path
from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.sql import open_sqlite
from archiver.domain.accesses import Access, Act
from archiver.services.access_log import AccessLog
from archiver.services.register import Register
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_objects import MemoryObjects
from tests.support.moving_clock import MovingClock

clock, answers = MovingClock(), threading.Lock()
rows = SqlLedgerRows(open_sqlite(Path(sys.argv[1])).engine)
log = AccessLog(rows, Register(MemoryObjects(clock), MemoryKeys("a")), clock, lambda text: ())

def answer(thread):
    for number in range(100_000):
        document = f"{thread:08x}-0000-8000-8000-{number:012x}"
        log.write(Access(Act.VIEWED, "Anna", document_id=document))
        with answers:
            print(document, flush=True)

for thread in range(8):
    threading.Thread(target=answer, args=(thread,), daemon=True).start()
threading.Event().wait()
"""


def test_every_answer_that_went_out_is_written_down(tmp_path: Path):
    path = tmp_path / "catalog.sqlite"
    create_sqlite(path).close()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", ANSWERING, path], stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        given = [child.stdout.readline().strip() for _ in range(500)]
        child.send_signal(signal.SIGKILL)
        given += [line.strip() for line in child.stdout if line.endswith("\n")]
    catalog = open_sqlite(path)
    rows = SqlLedgerRows(catalog.engine)
    while rows.advance(Tree.ACCESS, 1_000, append):
        pass
    written = [leaf.document_id for leaf in rows.leaves(Tree.ACCESS)]
    catalog.close()
    assert len(given) >= 500
    assert set(given) <= set(written)
    assert len(written) == len(set(written)), "each once"
