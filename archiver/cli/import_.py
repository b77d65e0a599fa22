"""`minutier import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.access import group_name
from archiver.domain.display import safe
from archiver.errors import NoArchiveError, UsageError


@click.command("import")
@click.argument("paths", nargs=-1, metavar="PATH…")
@click.option("--collection", metavar="NAME", help="Collection to archive into.  [default: default]")
@click.option("--class", "retention_class", metavar="CLASS", help="Retention class.  [default: the collection's]")
@click.option(
    "--grant", "grants", multiple=True, metavar="GROUP", help="Group that may read, e.g. group:finance; may be given again."
)
@click.option(
    "--manifest", metavar="FILE", help="CSV or JSON Lines: path, collection, class, grants and metadata, a document a line."
)
@click.option("--meta", "declared", multiple=True, metavar="KEY=VALUE", help="Metadata for every document; may be given again.")
@click.option("--batch", "batch", metavar="NAME", help="Name of this import.  [default: date and time]")
@click.option("--dry-run", is_flag=True, help="Only say what would be imported.")
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that read documents.  [default: one a processor]"
)
@click.option("--password-file", metavar="FILE", help="Passwords to try on encrypted documents, one a line.")
@click.option("--follow-links", is_flag=True, help="Follow symbolic links inside folders.")
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the input: for several importers at once.")
@click.option("--rehash", is_flag=True, help="Read files again even where size and times say they were not touched.")
@click.option("--again", is_flag=True, help="Archive again what a purge destroyed, as new documents; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why what was destroyed is archived again; entered in the ledger.")
@pass_context
def command(
    context: Context,
    paths: tuple[str, ...],
    collection: str | None,
    retention_class: str | None,
    grants: tuple[str, ...],
    manifest: str | None,
    declared: tuple[str, ...],
    batch: str | None,
    dry_run: bool,
    workers: int | None,
    password_file: str | None,
    follow_links: bool,
    shard: str | None,
    rehash: bool,
    again: bool,
    reason: str | None,
) -> None:
    """Archive files, folders, lists and manifests.

    PATH is a file, a folder, or - for a list of paths on standard input (one a line, or NUL-separated).

    Every line of the input ends with one outcome: `minutier batch report` shows them all. An import that was stopped or
    killed goes on with `minutier batch resume`.

    A document that a purge destroyed is refused: the same source with the same bytes. Exits with 5 when lines were refused and
    none failed.
    """
    if not paths and not manifest:
        raise UsageError("nothing to import", remedy="name files or folders, - for a list on standard input, or --manifest FILE")
    spec: dict[str, Any] = {
        "paths": [_absolute(path) for path in paths],
        "manifest": _absolute(manifest) if manifest else "",
        "folder": str(Path.cwd()),
        "collection": collection or "default",
        "class": retention_class or "",
        "grants": [group_name(grant) for grant in grants],
        "declared": dict(_pair(text) for text in declared),
        "follow_links": follow_links,
        "rehash": rehash,
        "shard": shard_of(shard) if shard else None,
        "again": _why_again(again, reason),
    }
    from archiver.cli import run_import
    from archiver.settings import load

    context.require_owner()
    if not load(context.home)[0].catalog_url:
        _ensure_archive(context, dry_run=dry_run)
    with context.open(writable=not dry_run, beside=True) as archive:
        if dry_run:
            run_import.dry_run(context, archive, spec)
            return
        sys.exit(run_import.start(context, archive, spec, batch, workers, run_import.read_passwords(password_file)))


def _ensure_archive(context: Context, *, dry_run: bool) -> None:
    """The default place becomes an archive at the first import; any other must have been made by `init`."""
    from archiver.bootstrap import MARKER, create, home_of

    if not (context.home / MARKER).exists():
        if context.home != home_of(None) or dry_run:
            raise NoArchiveError(f"there is no archive at {context.home}", remedy=f"minutier --archive {context.home} init")
        create(context.home)
        context.note(f"Made an archive in {safe(str(context.home))}")


_LONGEST_REASON = 1_000


def _why_again(again: bool, reason: str | None) -> str:
    """The reason given; "" when nothing destroyed is wanted again.

    Raises:
        UsageError: one without the other, or no reason.
    """
    if not again and reason is None:
        return ""
    words = (reason or "").strip()
    if not again or not words or len(words) > _LONGEST_REASON:
        raise UsageError(
            "what was destroyed is archived again for a reason only" if again else "--reason without --again",
            remedy=f"write --again --reason TEXT, in at most {_LONGEST_REASON:,} characters",
        )
    return words


def shard_of(text: str) -> tuple[int, int]:
    """`2/3` as (2, 3).

    Raises:
        UsageError: it is no part of a whole.
    """
    part, slash, whole = text.partition("/")
    if not (slash and part.isdigit() and whole.isdigit() and 1 <= int(part) <= int(whole)):
        raise UsageError(f"--shard {text!r} is no part of a whole", remedy="write --shard 1/3, --shard 2/3 and --shard 3/3")
    return int(part), int(whole)


def _absolute(path: str) -> str:
    import os

    return path if path == "-" else os.path.abspath(path)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key.strip() or not equals:
        raise UsageError(f"--meta {text!r} is no pair", remedy="write --meta document_date=2026-03-31")
    return key.strip(), value.strip()
