"""Running an import for the command line: a new batch, or one that is resumed."""

from __future__ import annotations

import os
import signal
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from archiver.adapters.sources.files import LocalFiles
from archiver.adapters.sources.listing import Spool, listed, separated
from archiver.adapters.sources.manifest import fingerprint, manifest
from archiver.adapters.sources.walk import walk
from archiver.bootstrap import Archive
from archiver.bootstrap.reading import reading_parts
from archiver.cli.context import Context, counted
from archiver.cli.progress import STOPPING, Display, display, size
from archiver.domain.batch import Batch, BatchState
from archiver.errors import UsageError
from archiver.ports.sources import SourceEntry
from archiver.services.bulk_import import BulkImport, Parts, preview, stopped
from archiver.services.index_documents import catch_up
from archiver.services.intake import IntakeOptions
from archiver.services.patience import Patience
from archiver.services.placement import check_name
from archiver.services.reading_elsewhere import Ahead, ElsewhereParts, ReadingElsewhere
from archiver.services.reading_here import ReadingHere
from archiver.services.trusted_time import require_no_leap
from archiver.settings import Settings

if TYPE_CHECKING:
    from archiver.adapters.index.elastic import ElasticsearchIndex

SOME_FAILED = 3
SOME_REFUSED = 5


def start(
    context: Context, archive: Archive, spec: dict[str, Any], name: str | None, workers: int | None, passwords: tuple[str, ...]
) -> int:
    """A new batch."""
    check_name("collection", spec["collection"])
    _require_reading_here(archive, workers, passwords)
    _require_some(spec["paths"])
    _note_unknown(context, archive, spec)
    if spec["manifest"]:
        spec = spec | {"manifest_seen": fingerprint(spec["manifest"])}
    batch = Batch(check_name("batch", name) if name else _free_name(archive), BatchState.RUNNING, archive.clock.now(), spec)
    spool = _spool(archive, batch.id)
    entries = _entries(archive, spec, separated(spool.blocks()))
    archive.catalog.create_batch(batch)
    if "-" in spec["paths"]:
        spool.drain(sys.stdin.buffer)
    return run(context, archive, batch, entries, workers, passwords)


def _require_some(paths: list[str]) -> None:
    """A mistyped folder must not become a batch; one gone among others is a line that failed.

    Raises:
        UsageError: none of the paths exists.
    """
    if paths and not any(path == "-" or os.path.lexists(path) for path in paths):
        raise UsageError(f"there is no file or folder {paths[0]}", remedy="check the path; nothing was imported")


def _note_unknown(context: Context, archive: Archive, spec: dict[str, Any]) -> None:
    """A class or collection that the policy in force does not name may be meant, or mistyped: said, and taken as it is."""
    policy = archive.placement.policy
    if spec["class"] and spec["class"] not in policy.classes:
        context.note(f"Note: no policy in force has a class {spec['class']}; its documents have no end until one does.")
    if spec["collection"] != "default" and archive.catalog.newest_policy() and spec["collection"] not in policy.collections:
        context.note(
            f"Note: the policy in force names no collection {spec['collection']}; the class is KEEP and no group may read it."
        )


def resume(context: Context, archive: Archive, batch: Batch, workers: int | None, passwords: tuple[str, ...]) -> int:
    """A batch that was stopped or killed: the same lines, the same ids."""
    _require_reading_here(archive, workers, passwords)
    entries: Iterator[SourceEntry | None] = iter(())
    if not batch.listed:
        spool = _spool(archive, batch.id)
        cut = "-" in batch.spec["paths"] and not spool.done.exists()
        if cut:
            context.note("The list on standard input was cut off when the import was stopped; what was read of it is taken up.")
            context.note(f"Give the list again, what is archived is recognised: … | minutier import - --batch {batch.id}-rest")
        _require_same_manifest(batch)
        entries = _entries(archive, batch.spec, separated(spool.again(), cut=cut))
    archive.catalog.set_batch_state(batch.id, BatchState.RUNNING)
    return run(context, archive, batch, entries, workers, passwords)


def _spool(archive: Archive, batch_id: str) -> Spool:
    return Spool(archive.home / "spool" / f"{batch_id}.list")


def _require_same_manifest(batch: Batch) -> None:
    path, seen = batch.spec["manifest"], batch.spec.get("manifest_seen")
    if path and seen != fingerprint(path):
        raise UsageError(
            f"the manifest {path} is not what it was when batch {batch.id} began",
            remedy="put it back as it was; or import it as a new batch: what is archived is recognised",
        )


def _require_reading_here(archive: Archive, workers: int | None, passwords: tuple[str, ...]) -> None:
    """What only makes sense for an import that reads by itself is refused where workers read.

    Raises:
        UsageError: passwords or a number of processes were given, and there is a broker.
    """
    if archive.settings.broker_url and passwords:
        raise UsageError(
            "passwords stay in the process that was given them, and workers are others",
            remedy="import without; then run `minutier batch retry --outcome encrypted --password-file FILE`, which reads here",
        )
    if archive.settings.broker_url and workers:
        raise UsageError(
            "--workers is for an import that reads by itself", remedy="start more with `minutier work --processes N`"
        )


def run(
    context: Context,
    archive: Archive,
    batch: Batch,
    entries: Iterator[SourceEntry | None],
    workers: int | None,
    passwords: tuple[str, ...],
) -> int:
    """Import `entries` into the batch, show how it goes and what came of it; returns the exit code."""
    if workers:
        archive.settings = with_workers(archive, workers)
    require_no_leap(archive.clock)
    if skew := archive.clock.skew():
        context.note(f"Doubtful dates: {skew.message}. What is archived now is dated {archive.clock.now():%Y-%m-%d}.")
    spec = batch.spec
    options = _options(batch)
    countable = sys.stderr.isatty() and "-" not in spec["paths"] and not batch.listed
    again = _entries(archive, spec, iter(())) if countable else None
    before = archive.catalog.tally(batch.id).by_outcome
    with Stop(say=not sys.stderr.isatty()) as stop, display(again, batch.lines if batch.listed else None, before, stop) as shown:
        _import(context, archive, options, entries, passwords, stop, shown)
    _spool(archive, batch.id).remove()
    return finish(context, archive, batch.id)


def _options(batch: Batch) -> IntakeOptions:
    spec = batch.spec
    return IntakeOptions(
        batch.id,
        spec["collection"],
        spec["class"],
        tuple(spec["grants"]),
        spec["declared"],
        spec["rehash"],
        spec.get("again", ""),
    )


def _import(
    context: Context,
    archive: Archive,
    options: IntakeOptions,
    entries: Iterator[SourceEntry | None],
    passwords: tuple[str, ...],
    stop: Stop,
    shown: Display,
) -> None:
    """Take in, and have it read: by this process, or by workers where there is a broker."""
    if not archive.settings.broker_url:
        catch_up(archive.catalog, archive.index, archive.texts)
        here = ReadingHere(reading_parts(archive), passwords=passwords)
        BulkImport(taking_parts(archive), here, options, shown, stop=stop).run(entries)
        return
    patience = archive.patience(context.note, check=stop.check(options.batch_id))
    elsewhere = ReadingElsewhere(
        elsewhere_parts(archive, patience), options.batch_id, ahead(archive), patience, note=context.note
    )
    taking = replace(taking_parts(archive), catalog=patience.over(archive.catalog))
    with archive.importing_alone(options.batch_id) as alone:
        BulkImport(taking, elsewhere, options, shown, stop=stop, patience=patience, alone=alone).run(entries)


def elsewhere_parts(archive: Archive, patience: Patience) -> ElsewhereParts:
    """What an importer works with once documents are taken in, from the open archive."""
    index = cast("ElasticsearchIndex", archive.index)  # a broker is accepted with servers only
    return ElsewhereParts(archive.catalog, patience.over(archive.jobs), archive.announcer, index, archive.ledger)


def ahead(archive: Archive) -> Ahead:
    """How far imports may run ahead of the workers, as set."""
    return Ahead(archive.settings.ahead_documents, archive.settings.ahead_bytes)


def taking_parts(archive: Archive) -> Parts:
    """What taking in works with, from the open archive."""
    return Parts(archive.catalog, archive.objects, archive.clock, archive.placement, LocalFiles(), archive.keys.identifier_key())


def finish(context: Context, archive: Archive, batch_id: str) -> int:
    """Say what came of a batch."""
    tally = archive.catalog.tally(batch_id)
    outcomes = dict(sorted(tally.by_outcome.items(), key=lambda item: -item[1]))
    body = {"batch": batch_id, "lines": tally.lines, "outcomes": outcomes, "bytes": tally.bytes}
    body |= {"members": tally.members, "members_failed": tally.members_failed}
    out = sum(count for name, count in outcomes.items() if name != "waiting")
    shown = [f"Batch {batch_id}: {counted(tally.lines, 'line')} in, {counted(out, 'outcome')} out, {size(tally.bytes)} archived"]
    shown += [f"  {count:>9,}  {name}" for name, count in outcomes.items()]
    if tally.members:
        failed = f", {tally.members_failed:,} of them could not be read" if tally.members_failed else ""
        shown.append(f"  {tally.members:>9,}  members of these, one level down{failed}")
    if outcomes.get("failed"):
        shown.append(f"What failed, and why: minutier batch report {batch_id} --only failed")
    if outcomes.get("refused"):
        shown.append(f"What was destroyed before, and is not archived again: minutier batch report {batch_id} --only refused")
    context.answer(body, [*shown, f"Every line: minutier batch report {batch_id}"])
    if outcomes.get("failed") or outcomes.get("quarantined") or outcomes.get("waiting"):
        return SOME_FAILED
    return SOME_REFUSED if outcomes.get("refused") else 0


def dry_run(context: Context, archive: Archive, spec: dict[str, Any]) -> None:
    """Say what an import would meet."""
    if "-" in spec["paths"]:
        raise UsageError(
            "--dry-run cannot read a list from standard input",
            remedy="write the list to a file and use --manifest, or name the folder",
        )
    found = preview(archive.catalog, _entries(archive, spec, iter(())), spec["collection"])
    lines = [f"  {count:>9,}  {name}" for name, count in found.items() if name != "bytes"]
    context.answer(found, ["Nothing was imported. An import would meet:", *lines, f"  {size(found['bytes'])} to read"])


def read_passwords(path: str | None) -> tuple[str, ...]:
    """Passwords from a file, one a line; they are held in memory only."""
    if not path:
        return ()
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"the password file {path} cannot be read: {why}", remedy="name a UTF-8 file with one password a line"
        ) from error
    return tuple(dict.fromkeys(line for line in lines if line))


def _entries(archive: Archive, spec: dict[str, Any], lines: Iterator[bytes | None]) -> Iterator[SourceEntry | None]:
    """What the import names; `lines`: the list on standard input, when it is one."""
    paths, is_list = [path for path in spec["paths"] if path != "-"], "-" in spec["paths"]
    if len([source for source in (paths, is_list, spec["manifest"]) if source]) > 1:
        raise UsageError("paths, a list on standard input and a manifest at once", remedy="import them one after the other")
    if paths:
        found: Iterator[SourceEntry | None] = walk(paths, follow_links=spec["follow_links"], own=str(archive.home))
    else:
        named = listed(lines, spec["folder"]) if is_list else manifest(spec["manifest"])
        found = _without_own(named, f"{archive.home}/")
    return sharded(found, *spec["shard"]) if spec.get("shard") else found


def sharded(entries: Iterable[SourceEntry | None], part: int, whole: int) -> Iterator[SourceEntry | None]:
    """Every `whole`-th entry by a checksum of its name: the same part whoever lists the input, and in whichever order."""
    for entry in entries:
        name = entry.source.encode("utf-8", "surrogatepass") if entry else b""
        if entry is None or zlib.crc32(name) % whole == part - 1:
            yield entry


def _without_own(entries: Iterable[SourceEntry | None], own: str) -> Iterator[SourceEntry | None]:
    """The archive's own files are left out: they would grow while they are read."""
    for entry in entries:
        inside = entry is not None and entry.source.startswith(own)
        yield replace(entry, problem="lies in the archive's own folder", skip=True) if entry and inside else entry


def _free_name(archive: Archive) -> str:
    base = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    taken = {batch.id for batch in archive.catalog.batches()}
    return next(name for name in chain([base], (f"{base}-{n}" for n in range(2, 10_000))) if name not in taken)


def with_workers(archive: Archive, workers: int) -> Settings:
    """The settings with this many reading processes."""
    import msgspec

    return msgspec.structs.replace(archive.settings, workers=workers)


class Stop:
    """Turns the first Ctrl-C (or SIGTERM) into a request to stop cleanly; the second one ends at once.

    Args:
        say: write that it was heard; a live display says so itself.
    """

    def __init__(self, *, say: bool = True) -> None:
        self._asked, self._say = False, say
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self._asked

    def check(self, batch_id: str) -> Callable[[], None]:
        """Raises `InterruptedRunError` once asked: for whoever waits long."""

        def look() -> None:
            if self._asked:
                raise stopped(batch_id)

        return look

    def __enter__(self) -> Stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        if self._say:  # not through sys.stderr: the signal may have come in the middle of a write to it
            os.write(2, f"\n{STOPPING}\n".encode())
