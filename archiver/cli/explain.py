"""`minutier explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archiver.cli.context import Context, pass_context
from archiver.cli.written_down import write_down
from archiver.domain.display import safe

if TYPE_CHECKING:
    from archiver.services.destroyed import Destroyed


@click.command("explain")
@click.argument("document_id", metavar="ID")
@pass_context
def command(context: Context, document_id: str) -> None:
    """Say how long a document is kept, and why.

    ID is a document's id, or its first 6 characters or more. Holds are told to the owner only; others read "kept".
    """
    from archiver.services.circumstances import KnownFacts
    from archiver.services.destroyed import destroyed
    from archiver.services.explain import explain
    from archiver.services.policies import policy_in_force

    owner = context.principal.owner
    with context.open_scoped() as archive:
        document = context.document(archive, document_id)
        write_down(context, archive, "viewed", document_id=document.id, about="retention")
        if (gone := destroyed(archive.catalog, document)) is not None:
            show_destroyed(context, gone)
            return
        about = KnownFacts(archive.catalog).of([document])[document.id]
        found = explain(document, policy_in_force(archive.catalog), archive.clock.now(), about, may_see_holds=owner)
    verdict = found.verdict
    value = {
        "id": document.id,
        "name": document.name,
        "collection": document.collection,
        "class": document.retention_class,
        "title": found.title,
        "basis": found.basis,
        "policy": found.policy_version,
        "retain_until": verdict.until,
        "due": verdict.due,
        "overdue": verdict.overdue,
        "then": verdict.action.value,
        "visa": verdict.needs_visa,
        "lock": found.lock.value,
        "held": found.held,
        "holds": [hold.id for hold in about.holds] if owner else None,
        "events": {name: one.day for name, one in about.facts.events.items()},
        "decision": {"choice": about.decision.choice.value, "day": about.decision.day} if about.decision else None,
        "reasons": list(found.sentences),
    }
    named = f"{document.retention_class}" + (f" ({found.title})" if found.title else "")
    lines = [f"{document.id}  {document.name}", f"  class {named} in collection {document.collection}"]
    lines += [f"  {sentence}" for sentence in found.sentences]
    if found.basis:
        lines.append(f"  basis: {found.basis}")
    lines += ["  overdue: the law's limit has passed"] if verdict.overdue else []
    lines += [f"  {found.what_then}", f"  at the store: lock {found.lock.value}{', held' if found.held else ''}"]
    context.answer(value, [safe(line) for line in lines])


def show_destroyed(context: Context, gone: Destroyed) -> None:
    """What is left to say of a destroyed document."""
    document = gone.document
    value = {
        "id": document.id,
        "state": document.state.value,
        "collection": document.collection,
        "class": document.retention_class,
        "destroyed_on": gone.on,
        "purge": gone.purge_id,
        "retain_until": document.retain_until,
        "sha256": document.sha256,
        "size": document.size,
        "part_of": document.root_id,
    }
    part = [f"  it was part of document {document.root_id}"] if document.root_id else []
    context.answer(value, [safe(line) for line in (f"{document.id}  {gone.sentence()}", *part)])
