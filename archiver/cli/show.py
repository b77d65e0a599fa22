"""`minutier show`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, pass_context
from archiver.cli.written_down import write_down
from archiver.domain.display import safe

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.domain.document import Document


_SHOWN = 20
"""Members listed at most."""


@click.command("show")
@click.argument("document_id", metavar="ID")
@click.option("--text", is_flag=True, help="The text that was read, too.")
@pass_context
def command(context: Context, document_id: str, text: bool) -> None:
    """Show what is known of a document: where from, how it was read, its metadata, digest and lock.

    ID may be shortened to its first characters.
    """
    from archiver.cli.explain import show_destroyed
    from archiver.domain.masking import mask
    from archiver.services.destroyed import destroyed
    from archiver.services.export import body

    with context.open_scoped() as archive:
        document = context.document(archive, document_id)
        write_down(context, archive, "viewed", document_id=document.id, about="text" if text else "")
        if (gone := destroyed(archive.catalog, document)) is not None:
            show_destroyed(context, gone)
            return
        extraction = archive.texts.of(document)
        found: dict[str, Any] = body(document, extraction)
        found |= {
            "batch": document.batch_id,
            "grants": document.grants,
            "denies": document.denies,
            "tool": extraction.tool if extraction else "",
        }
        found |= {
            "retention_note": document.retention_note,
            "findings": extraction.findings if extraction else {},
            **_stored(archive, document, may_see_holds=context.principal.owner),
        }
        if text:
            found["text"] = mask(extraction.text, extraction.cards) if extraction else ""
        members = [
            (one.id, one.name, one.outcome)
            for one in islice(archive.catalog.select(root_id=document.id), _SHOWN)
            if context.scope.admits(one)
        ]
    context.answer(found, _lines(found, members))


def _stored(archive: Archive, document: Document, *, may_see_holds: bool) -> dict[str, Any]:
    """Lock and place of the stored bytes, as the store reports them now. Whoever may not see holds is told of one only where
    there is no date to lock to."""
    from archiver.services.retrieve import Retrieve

    info = archive.objects.head(Retrieve(archive.catalog, archive.objects, archive.members).original_ref(document))
    lock = {
        "mode": info.lock.mode.value,
        "until": info.lock.until.isoformat() if info.lock.until else None,
        "hold": info.lock.hold and (may_see_holds or document.retain_until is None),
    }
    return {"object": info.ref.key, "lock": lock}


def _lines(found: dict[str, Any], members: Sequence[tuple[str, str, Any]]) -> list[str]:
    lock = found["lock"]
    held = "" if not lock["hold"] else "held" if found["retain_until"] else "held: it stays while its end is not known"
    dated = f"{lock['mode']} until {lock['until']}" if lock["until"] else ""
    locked = ", ".join(filter(None, (dated, held))) or "no lock"
    pairs = [
        ("source", found["path"]),
        ("in container", found["parent"]),
        ("read as", " · ".join(filter(None, [found["media_type"], found["language"], found["tool"]]))),
        (
            "outcome",
            found["outcome"] + (f": {found['reason']}" if found["reason"] else "") if found["outcome"] else "not read yet",
        ),
        *((name, value) for name, value in found["summary"].items() if name != "language"),
        *((f"declared {name}", value) for name, value in found["declared"].items()),
        ("collection", f"{found['collection']}, class {found['class']}"),
        ("may be read by", ", ".join(found["grants"]) or "the owner only"),
        ("kept", f"until {found['retain_until']}" if found["retain_until"] else "no end known"),
        ("", found["retention_note"]),
        ("lock", locked),
        ("size", f"{found['size']:,} bytes" if found["size"] >= 0 else "not known"),
        ("SHA-256", found["sha256"]),
        ("received", f"{found['received_at']:.19}Z in batch {found['batch']}"),
        ("personal data", ", ".join(f"{count} {kind}" for kind, count in found["findings"].items() if count)),
    ]
    shown = [click.style(found["id"], bold=True)]
    shown += [f"  {click.style(f'{name:<15}', dim=True)} {safe(str(value))}" for name, value in pairs if value]
    if found["members"]:
        shown.append(f"  {click.style('members        ', dim=True)} {found['members']:,}")
        shown += [f"    {key}  {safe(name)}  {outcome or ''}" for key, name, outcome in members]
    if "text" in found:
        shown += ["", *(safe(line) for line in found["text"].splitlines())]
    return shown
