"""Who may see what. One place turns a principal into the filter that every search and every read goes through."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.domain.document import OWNER_GROUP, Document


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or service, and the groups resolved for it. Users are never granted anything; groups are."""

    name: str
    groups: frozenset[str]

    @classmethod
    def local_owner(cls) -> Principal:
        """Whoever runs the command on the archive's own machine: sees everything."""
        return cls("owner", frozenset({OWNER_GROUP}))


@dataclass(frozen=True, slots=True)
class Scope:
    """The access filter. `everything` is the local owner's; otherwise a document is visible when one of its grants is
    in `groups` and none of its denies is. No groups, nothing visible."""

    groups: frozenset[str]
    everything: bool = False

    def admits(self, document: Document) -> bool:
        """The rule itself, for a single document."""
        if self.everything:
            return True
        if not self.groups or self.groups & frozenset(document.denies):
            return False
        return bool(self.groups & frozenset(document.grants))


def scope_of(principal: Principal) -> Scope:
    """The one choke point: every read goes through the scope returned here. Fails closed."""
    if OWNER_GROUP in principal.groups:
        return Scope(frozenset(), everything=True)
    return Scope(principal.groups)
