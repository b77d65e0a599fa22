"""`minutier batch`: list, show, report, resume, retry."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

import click

from archiver.bootstrap.batches import batch_standing
from archiver.cli.context import Context, counted, pass_context
from archiver.domain.batch import Batch, BatchState, ReportLine, Tally
from archiver.domain.display import safe, safe_name
from archiver.domain.extraction import Outcome
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive


@click.group("batch")
def command() -> None:
    """List, show, report, resume and retry imports."""


@command.command("list")
@pass_context
def list_(context: Context) -> None:
    """Every import, newest first."""
    with context.open() as archive:
        batches = archive.catalog.batches()
        if not batches and not context.as_json:
            context.say("No imports yet: minutier import FOLDER")
        for batch in batches:
            body = _body(archive, batch)
            context.answer(
                body,
                [f"{batch.id:<24} {body['state']:<12} {batch.created_at:%Y-%m-%d %H:%M}  {counted(batch.lines, 'line'):>15}"],
            )


@command.command("show")
@click.argument("batch", metavar="BATCH")
@pass_context
def show(context: Context, batch: str) -> None:
    """One import: what it was asked to do, and how its lines ended."""
    from archiver.cli.run_import import finish

    with context.open() as archive:
        found = archive.catalog.batch(batch)
        body = _body(archive, found)
        if not context.as_json:
            context.say(f"{found.id}: {body['state']}, started {found.created_at:%Y-%m-%d %H:%M:%S} UTC")
            for name in ("paths", "manifest", "collection", "class", "grants", "declared"):
                if found.spec.get(name):
                    context.say(f"  {name:<12} {safe(json.dumps(found.spec[name], ensure_ascii=False))}")
            if body["state"] == "stopped":
                context.say(f"  resume it:   minutier batch resume {found.id}")
        finish(context, archive, found.id)


@command.command("report")
@click.argument("batch", metavar="BATCH")
@click.option("--format", "form", type=click.Choice(["text", "csv", "json", "html"]), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
@click.option("--only", metavar="OUTCOME", help="Only lines that ended so, e.g. failed, encrypted, 'archived, corrupt'.")
@pass_context
def report(context: Context, batch: str, form: str, output: str | None, only: str | None) -> None:
    """Every line of an import with its outcome, and the proof that none is missing: lines in = outcomes out."""
    with context.open() as archive:
        found, tally = archive.catalog.batch(batch), archive.catalog.tally(batch)
        lines: Iterable[ReportLine] = archive.catalog.report(batch)
        if only:
            wanted = _wanted(only)
            lines = (
                line for line in lines if line.outcome.startswith(only) or (line.text_outcome and line.text_outcome == wanted)
            )
        form = "json" if context.as_json and form == "text" else form
        stream = open(output, "w", encoding="utf-8", newline="") if output else sys.stdout  # noqa: SIM115  # stdout stays open
        try:
            _write(form, stream, found, lines, tally)
        finally:
            if output:
                stream.close()
        if output:
            context.note(f"Wrote {safe(output)}")


@command.command("resume")
@click.argument("batch", metavar="BATCH")
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that read documents.")
@click.option("--password-file", metavar="FILE", help="Passwords to try on encrypted documents, one a line.")
@pass_context
def resume(context: Context, batch: str, workers: int | None, password_file: str | None) -> None:
    """Go on with an import that was stopped or killed: same ids, nothing twice, nothing lost."""
    from archiver.cli import run_import

    with context.open(writable=True, beside=True) as archive:
        found = archive.catalog.batch(batch)
        if found.state is BatchState.FINISHED:
            context.note(f"Batch {batch} was finished already.")
            sys.exit(run_import.finish(context, archive, batch))
        sys.exit(run_import.resume(context, archive, found, workers, run_import.read_passwords(password_file)))


@command.command("retry")
@click.argument("batch", metavar="[BATCH]", required=False)
@click.option(
    "--outcome",
    type=click.Choice([str(one) for one in Outcome if one is not Outcome.COMPLETE]),
    required=True,
    help="Documents that ended so.",
)
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that read documents.")
@click.option("--password-file", metavar="FILE", help="Passwords to try on encrypted documents, one a line.")
@pass_context
def retry(context: Context, batch: str | None, outcome: str, workers: int | None, password_file: str | None) -> None:
    """Read documents again that could not be read whole, e.g. encrypted ones with passwords."""
    from archiver.cli import run_import, run_retry

    with context.open(writable=True) as archive:
        if batch:
            archive.catalog.batch(batch)
        sys.exit(run_retry.retry(context, archive, batch or "", outcome, workers, run_import.read_passwords(password_file)))


def _body(archive: Archive, batch: Batch) -> dict[str, object]:
    return {
        "batch": batch.id,
        "state": batch_standing(archive, batch),
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
        "lines": batch.lines,
        "spec": batch.spec,
    }


_ENDS = ("archived", "already there", "duplicate", "skipped", "failed", "quarantined", "waiting", "refused", "destroyed")


def _wanted(only: str) -> str:
    """The text outcome that `only` names, or "" when it is (the beginning of) an outcome of lines.

    Raises:
        UsageError: it is neither, and would never match.
    """
    if only in set(Outcome):
        return only
    if not any(only.startswith(end) or end.startswith(only) for end in _ENDS):
        raise UsageError(f"no line ends as {only!r}", remedy=f"use one of: {', '.join((*_ENDS, *Outcome))}")
    return ""


_COLUMNS = ("line", "source", "outcome", "reason", "document", "text_outcome", "size", "members", "members_failed")


def _row(line: ReportLine) -> dict[str, object]:
    body = asdict(line)
    return {"line": body.pop("number"), "document": body.pop("document_id"), **body}


def _write(form: str, stream: IO[str], batch: Batch, lines: Iterable[ReportLine], tally: Tally) -> None:
    from archiver.cli import report_page

    if form == "html":
        report_page.write(stream, batch, lines, tally)
    elif form == "csv":
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for line in lines:
            row = _row(line)
            writer.writerow([_cell(row[name]) for name in _COLUMNS])
    elif form == "json":
        for line in lines:
            stream.write(json.dumps(_row(line), ensure_ascii=True) + "\n")
        stream.write(json.dumps({"batch": batch.id, **proof(tally)}) + "\n")
    else:
        for line in lines:
            reason = f"  ({safe(line.reason)})" if line.reason else ""
            named = safe_name(line.source, 80) if line.source else line.document_id
            stream.write(f"{line.number:>8}  {line.outcome:<28}  {named}{reason}\n")
        stream.write(sentence(tally) + "\n")


_FORMULA = tuple("=+-@＝＋－＠")


def _cell(value: object) -> object:
    """A value no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = safe(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in _FORMULA else text


def proof(tally: Tally) -> dict[str, object]:
    """Lines in and outcomes out, and whether they agree."""
    return {
        "lines_in": tally.lines,
        "outcomes_out": tally.settled,
        "whole": tally.whole,
        "outcomes": tally.by_outcome,
    }


def sentence(tally: Tally) -> str:
    """The proof in words."""
    found = proof(tally)
    verdict = "every line has its outcome" if found["whole"] else "NOT every line has its outcome yet: resume the batch"
    return f"{counted(tally.lines, 'line')} in, {counted(int(str(found['outcomes_out'])), 'outcome')} out: {verdict}."
