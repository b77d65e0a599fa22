"""Who may see what. One place turns a principal into the filter that every search and every read goes through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archiver.domain.document import Document
from archiver.errors import UsageError


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or service, and the groups resolved for it. Users are never granted anything; groups are.

    Attributes:
        owner: whoever runs the command on the archive's own machine; no group of that or any name gives as much.
    """

    name: str
    groups: frozenset[str]
    owner: bool = False

    @classmethod
    def local_owner(cls) -> Principal:
        """Whoever runs the command on the archive's own machine: sees everything."""
        return cls("owner", frozenset(), owner=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """The access filter. `everything` is the local owner's; otherwise a document is visible when one of its grants is
    in `groups` and none of its denies is. No groups, nothing visible."""

    groups: frozenset[str]
    everything: bool = False

    def admits(self, document: Document) -> bool:
        """The rule itself, for a single document."""
        return self.admits_grants(document.grants, document.denies)

    def admits_grants(self, grants: Iterable[str], denies: Iterable[str]) -> bool:
        """The rule for all documents with these grants and denies."""
        if self.everything:
            return True
        if not self.groups or self.groups & frozenset(denies):
            return False
        return bool(self.groups & frozenset(grants))


def scope_of(principal: Principal) -> Scope:
    """The one choke point: every read goes through the scope returned here. Fails closed."""
    if principal.owner:
        return Scope(frozenset(), everything=True)
    return Scope(principal.groups)


_PREFIX = "group:"


def group_name(written: str) -> str:
    """The name of a group, written with or without `group:` before it.

    Raises:
        UsageError: it names a user, or nothing.
    """
    name = written.strip().removeprefix(_PREFIX)
    if not name or written.strip().startswith("user:") or any(sign.isspace() or sign in ",;" for sign in name):
        raise UsageError(f"{written!r} is no group", remedy="grants are groups, never users: write group:finance")
    return name
