"""What somebody named by --as is shown is written down first. What the owner reads is not: the files are the owner's anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archiver.bootstrap import Archive
    from archiver.cli.context import Context


def write_down(context: Context, archive: Archive, act: str, **what: Any) -> None:
    """Before anything is shown; `what` as in `domain.accesses.Access`.

    Raises:
        UnreachableError: it cannot be written; then nothing is to be shown.
    """
    if context.principal.owner:
        return
    from archiver.bootstrap.accesses import access_log
    from archiver.domain.accesses import Access, Act

    access_log(archive).write(Access(Act(act), context.principal.name, **what))
