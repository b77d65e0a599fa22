"""`minutier policy`: check, compare, apply and show the retention policy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.domain.display import safe
from archiver.errors import RefusedError, UnreachableError, UsageError

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.services.policies import Diff, Policies
    from archiver.services.policy_changes import Change, Changes
    from archiver.services.policy_movements import Movement
    from retention.errors import PolicyError
    from retention.policy import Policy

_EFFECTS = {
    "earlier": "would end earlier: refused",
    "later": "kept longer",
    "dated": "get a date",
    "undated": "kept beyond their date, which is not known any more",
    "harder": "locked harder",
}


@click.group("policy")
def command() -> None:
    """Check, compare, apply and show the retention policy."""


@command.command("check")
@click.argument("file", metavar="FILE")
@pass_context
def check(context: Context, file: str) -> None:
    """Say everything that is wrong with a policy file; for a good one, what applying it would change.

    Works without an archive, too. Exit code 2 when the file is wrong, 5 when it is good and `apply` would refuse it.
    """
    from archiver.bootstrap import MARKER
    from archiver.services.policy_changes import Changes
    from archiver.settings import load

    data = _bytes_of(file)
    policy = _checked(context, data, file)
    changes = Changes()
    if (context.home / MARKER).is_file() or load(context.home)[0].catalog_url:
        with context.open() as archive:
            policy, changes = _policies(archive).check(data, file)
    value = {"file": file, "classes": list(policy.classes), "collections": list(policy.collections), "changes": _counted(changes)}
    keeps = [] if policy.classes else ["  it has no class: everything is kept, and nothing gets a date"]
    context.answer(value, [safe(line) for line in (f"{file} is good: {_size(policy)}", *keeps, *_effects(changes))])
    if changes.earlier:
        raise RefusedError(
            f"applying {file} would be refused",
            remedy="`minutier policy diff --documents` lists the documents, and changes nothing",
        )


@command.command("diff")
@click.argument("file", metavar="FILE")
@click.option("--documents", is_flag=True, help="List every document that moves, too.")
@pass_context
def diff(context: Context, file: str, documents: bool) -> None:
    """Say which dates applying a policy would move, from where to where, and for how many documents. Changes nothing.

    Dates are told by day while they are few, else by year. Exit code 5 when `apply` would refuse it.
    """
    data = _bytes_of(file)
    _checked(context, data, file)
    with context.open() as archive:
        each = (lambda change: _show_move(context, change)) if documents else (lambda _: None)
        found = _policies(archive).diff(data, file, each=each)
    for movement, count in found.movements.lines():
        context.answer(_moved(movement) | {"documents": count}, [safe(f"  {_line(movement)}  {counted(count, 'document')}")])
    _sum_up(context, file, found)


def _sum_up(context: Context, file: str, found: Diff) -> None:
    moves, against = found.movements, f"policy v{found.in_force.version}" if found.in_force.version else "the built-in policy"
    value = {"file": file, "against": found.in_force.version, "documents": moves.documents, "refused": moves.refused}
    words = f"{counted(moves.documents, 'document')} would move" if moves.documents else "nothing would move"
    context.answer(value | {"by": moves.grain.value}, [safe(f"{file} against {against}: {words}")])
    if found.to_accept:
        context.note(safe(f"{found.to_accept}: compliance locks bind this program alone; `apply` wants --accept-program-lock"))
    if moves.refused:
        raise RefusedError(
            f"applying {file} would be refused: {counted(moves.refused, 'archived document')} would end earlier",
            remedy="leave their classes as long as they were; give documents to come a class of their own",
        )


@command.command("apply")
@click.argument("file", metavar="FILE")
@click.option(
    "--accept-program-lock", is_flag=True, help="Accept that compliance locks bind this program, not the machine's owner."
)
@pass_context
def apply(context: Context, file: str, accept_program_lock: bool) -> None:
    """Put a policy in force.

    Documents already archived are kept longer where it says so. A policy that would move the end of one earlier is
    refused, with the list, and exit code 5.
    """
    data = _bytes_of(file)
    _checked(context, data, file)
    with context.open(writable=True) as archive:
        policies, by = _policies(archive), context.principal.name
        applied = policies.apply(
            data,
            by=by,
            source=file,
            accept_program_lock=accept_program_lock,
            refused=lambda change: _show_refused(context, change),
        )
        archive.ledger.sequence()
        archive.ledger.seal()  # under a head at once: with a catalogue from before it, no purge is run
    value = {"version": applied.version, "new": applied.fresh, "changes": _counted(applied.changes)}
    first = f"Policy v{applied.version} is in force" if applied.fresh else f"Policy v{applied.version} was in force already"
    context.answer(value, [first, *_effects(applied.changes)])


@command.command("example")
@pass_context
def example(context: Context) -> None:
    """Print a policy to start from, with the text of law behind each class."""
    from importlib.resources import files

    body = (files("retention") / "examples" / "policy.yaml").read_text("utf-8")
    context.answer({"policy": body}, body.splitlines())


@command.command("show")
@pass_context
def show(context: Context) -> None:
    """Print the policy in force, as it was applied."""
    with context.open() as archive:
        newest = archive.catalog.newest_policy()
    if newest is None:
        context.answer({"version": 0, "policy": None}, ["No policy was applied yet: every document is kept, none has a date."])
        return
    value = {"version": newest.version, "sha256": newest.sha256, "applied_at": newest.applied_at, "applied_by": newest.applied_by}
    context.answer(value | {"policy": newest.body}, [safe(line) for line in newest.body.splitlines()])


def _bytes_of(file: str) -> bytes:
    from retention.policy_tree import MAX_BYTES

    try:
        with open(file, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {file}", remedy="name a policy file; the reference of the policy file shows one"
        ) from error
    except OSError as error:
        raise UnreachableError(f"{file} cannot be read: {error.strerror}", remedy="name a file this user may read") from error


def _checked(context: Context, data: bytes, file: str) -> Policy:
    from retention.errors import PolicyError
    from retention.policy_file import read_policy

    try:
        return read_policy(data, source=file)
    except PolicyError as error:
        _show_problems(context, error)
        if context.as_json:
            raise
        raise UsageError(
            f"{file} is refused: {counted(len(error.problems), 'problem')}", remedy="mend and check again"
        ) from error


def _show_problems(context: Context, error: PolicyError) -> None:
    """All of them; the error that follows says how many (in JSON, the first once more)."""
    for problem in error.problems:
        value = {"line": problem.line, "column": problem.column, "problem": problem.what, "remedy": problem.remedy}
        place = f"{error.source}:{problem.line}:{problem.column}: " if problem.line else f"{error.source}: "
        context.answer(value, [safe(place + problem.what), safe(f"  → {problem.remedy}")])


def _show_refused(context: Context, change: Change) -> None:
    document, until = change.document, change.deadline.until
    value = {"id": document.id, "class": document.retention_class, "retain_until": document.retain_until, "would_be": until}
    was = document.retain_until or "without end"
    context.answer(value, [safe(f"{document.id}  {document.retention_class}  {was} → {until}  {document.name}")])


def _show_move(context: Context, change: Change) -> None:
    from archiver.services.policy_movements import movement_of

    movement, document = movement_of(change), change.document
    value = {"id": document.id, "name": document.name} | _moved(movement)
    context.answer(value, [safe(f"  {document.id}  {_line(movement)}  {document.name}")])


def _moved(movement: Movement) -> dict[str, Any]:
    return {
        "collection": movement.collection,
        "class": movement.retention_class,
        "change": movement.kind.value,
        "from": movement.was,
        "to": movement.will,
        "refused": movement.refused,
    }


def _line(movement: Movement) -> str:
    where = f"{movement.collection or 'all collections'}  {movement.retention_class}"
    lock = "lock " if movement.kind.value == "harder" else ""
    dates = f"  {lock}{movement.was} → {movement.will}" if movement.was or movement.will else ""
    return f"{where}{dates}  {_EFFECTS[movement.kind.value]}"


def _policies(archive: Archive) -> Policies:
    from archiver.services.lock_probe import probe
    from archiver.services.policies import Policies

    def tried() -> list[str]:
        return probe(archive.objects, archive.clock, time.sleep)

    locks_by_store = tried if archive.settings.objects_url else None
    return Policies(archive.catalog, archive.objects, archive.clock, probe=locks_by_store, turn=archive.retention_turn)


def _counted(changes: Changes) -> dict[str, Any]:
    return {kind.value: count for kind, count in changes.by_kind.items()}


def _effects(changes: Changes) -> list[str]:
    if not changes.by_kind:
        return ["  nothing changes for documents already archived"]
    return [
        f"  {count} document{'s' if count > 1 else ''} of class {name}: {_EFFECTS[kind.value]}"
        for (name, kind), count in sorted(changes.by_class.items())
    ]


def _size(policy: Policy) -> str:
    counts = ((len(policy.classes), "class", "classes"), (len(policy.collections), "collection", "collections"))
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts) + f", days of {policy.time_zone}"
