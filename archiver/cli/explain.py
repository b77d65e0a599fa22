"""`minutier explain`."""

from __future__ import annotations

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe


@click.command("explain")
@click.argument("document_id", metavar="ID")
@pass_context
def command(context: Context, document_id: str) -> None:
    """Say how long a document is kept, and why.

    ID is a document's id, or its first 6 characters or more.
    """
    from archiver.services.explain import explain
    from archiver.services.policies import policy_in_force

    with context.open_scoped() as archive:
        document = context.document(archive, document_id)
        found = explain(document, policy_in_force(archive.catalog), archive.clock.now())
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
