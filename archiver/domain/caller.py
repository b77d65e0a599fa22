"""Who calls the interface for programs, and what it may do there. What it may see is decided by its groups alone (`access`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archiver.domain.access import Principal, Scope, scope_of
from archiver.errors import NotPermittedError, UsageError


class Permission(StrEnum):
    """What a key or token may be used for. None of them shows a document that the groups do not show.

    `search`: ask the index. `read`: document, content, text, evidence. `deposit`: hand documents in. `hold`: place, release and see
    holds. `event`: record events. `purge.plan`: plan and run purges. `purge.approve`: approve what another has planned.
    `admin`: imports, and what became of their lines.
    """

    SEARCH = "search"
    READ = "read"
    DEPOSIT = "deposit"
    HOLD = "hold"
    EVENT = "event"
    PURGE_PLAN = "purge.plan"
    PURGE_APPROVE = "purge.approve"
    ADMIN = "admin"


def permissions_of(written: str) -> frozenset[Permission]:
    """Permissions written with commas between: `search,read`.

    Raises:
        UsageError: one of them does not exist, or there is none.
    """
    names = [name.strip() for name in written.split(",") if name.strip()]
    known = {one.value: one for one in Permission}
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        what = f"{wrong[0]!r} is no scope" if wrong else "no scope is named"
        raise UsageError(what, remedy=f"there are: {', '.join(known)}")
    return frozenset(known[name] for name in names)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose key or token was found good.

    Attributes:
        principal: name and groups; the groups of a break-glass grant that is in force are among them.
        permissions: what the key or token is for.
        key_id: the API key it came with; "" for a token.
        purpose: why it reads, where the key says so for all its calls.
        break_glass: ids of the grants whose groups were added; every answer given under them is written down with them.
    """

    principal: Principal
    permissions: frozenset[Permission]
    key_id: str = ""
    purpose: str = ""
    break_glass: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """The access filter; the only way to one."""
        return scope_of(self.principal)

    def require(self, permission: Permission) -> None:
        """Raises NotPermittedError: the key or token is not for this."""
        if permission not in self.permissions:
            raise NotPermittedError(
                f"this key or token is not for {permission.value!r}", remedy=f"ask for one with the scope {permission.value}"
            )
