"""Running a retry for the command line."""

from __future__ import annotations

from archiver.bootstrap import Archive
from archiver.bootstrap.changes import announce_changes
from archiver.bootstrap.reading import reading_parts
from archiver.cli.context import Context, counted
from archiver.cli.run_import import SOME_FAILED, Stop, with_workers
from archiver.services.index_documents import catch_up
from archiver.services.reread import reread


def retry(
    context: Context, archive: Archive, batch_id: str, outcome: str, workers: int | None, passwords: tuple[str, ...]
) -> int:
    """Read documents again that ended with `outcome`; returns the exit code."""
    if workers:
        archive.settings = with_workers(archive, workers)
    if not archive.settings.broker_url:
        catch_up(archive.catalog, archive.index, archive.texts)
    with Stop() as stop:
        found = reread(reading_parts(archive), batch_id=batch_id, outcome=outcome, passwords=passwords, stop=stop)
    announce_changes(archive)
    left = sum(1 for _ in archive.catalog.select(batch_id=batch_id, outcome=outcome))
    body = {"tried": found.tried, "read_better": found.renewed, "members_found": found.new_members, "left": left}
    lines = [
        f"{counted(found.tried, 'file')} read again: {counted(found.renewed, 'document')} read better than before (members included), "
        f"{counted(found.new_members, 'new member')}; {left:,} still {outcome}"
    ]
    context.answer(body, lines)
    return SOME_FAILED if left else 0
