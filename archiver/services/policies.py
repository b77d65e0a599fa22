"""Policies of the archive: which one is in force, what another would change, and putting it in force."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archiver.domain.document import LockMode
from archiver.domain.ledger import LedgerEvent
from archiver.errors import IntegrityError, RefusedError
from archiver.ports.catalog import Catalog, PolicyVersion
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectStore, Put
from archiver.services.extend_terms import ExtendTerms
from archiver.services.policy_changes import Change, ChangeKind, Changes, changes
from archiver.services.policy_movements import Movements
from archiver.services.policy_versions import PolicyVersions, parsed, policy_key
from archiver.services.retention_turn import Turn, no_turn
from retention.policy import DEFAULT_POLICY, Policy
from retention.policy import Lock as LockRule

APPLIED = "policy"
"""Kind of the ledger entry that a policy came into force; one without it was stored, and never was in force."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did. `fresh` is False when this very file was in force already and only unfinished work was finished."""

    version: int
    fresh: bool
    changes: Changes


@dataclass(frozen=True, slots=True)
class Diff:
    """What a policy would move, against the one in force.

    Attributes:
        to_accept: classes whose new compliance locks `apply` wants to have accepted, for people; "" for none.
    """

    policy: Policy
    in_force: Policy
    movements: Movements
    to_accept: str


def policy_in_force(catalog: Catalog) -> Policy:
    """The policy applied last; the built-in one, which keeps everything, when none ever was.

    Raises:
        IntegrityError: the catalogue's copy is not what was applied.
        PolicyError: this program cannot read what an earlier one applied.
    """
    newest = catalog.newest_policy()
    if newest is None:
        return DEFAULT_POLICY
    body = newest.body.encode()
    if hashlib.sha256(body).hexdigest() != newest.sha256:
        raise IntegrityError(f"policy v{newest.version} is not what was applied", remedy="run `minutier verify`")
    return parsed(body, newest.version, f"policy v{newest.version}")


def version_in_force(catalog: Catalog) -> int:
    """Number of the policy applied last; 0 when none ever was."""
    newest = catalog.newest_policy()
    return newest.version if newest else DEFAULT_POLICY.version


class Policies:
    """Checks and applies policy files."""

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        clock: Clock,
        *,
        probe: Callable[[], Sequence[str]] | None = None,
        turn: Turn = no_turn,
    ) -> None:
        """`probe`: tries what a lock forbids on a store that has locks of its own, and tells what it let through; None for the
        embedded store, whose locks bind this program only."""
        self._catalog, self._objects, self._clock, self._probe, self._turn = catalog, objects, clock, probe, turn

    def check(self, data: bytes, source: str = "policy") -> tuple[Policy, Changes]:
        """The policy in a file, and what applying it would change. Changes nothing.

        Raises:
            PolicyError: the file is refused; its `problems` say everything that is wrong.
        """
        policy = self._proposed(data, source)
        return policy, self._count(policy, lambda _: None)

    def diff(self, data: bytes, source: str = "policy", *, each: Callable[[Change], None] = lambda _: None) -> Diff:
        """What applying the policy in a file would move, from where to where. Changes nothing.

        Args:
            each: is told of every document, one by one.

        Raises:
            PolicyError: the file is refused; its `problems` say everything that is wrong.
        """
        policy, in_force = self._proposed(data, source), policy_in_force(self._catalog)
        movements = Movements()
        for change in changes(self._catalog, policy, PolicyVersions(self._objects), self._clock.now()):
            movements.add(change)
            each(change)
        return Diff(policy, in_force, movements, _newly_compliant(policy, in_force) if self._probe is None else "")

    def apply(
        self,
        data: bytes,
        *,
        by: str,
        source: str = "policy",
        accept_program_lock: bool = False,
        refused: Callable[[Change], None] = lambda _: None,
    ) -> Applied:
        """Put a policy in force: keep it as an object, then in the catalogue, then extend what it makes later.

        Safe to repeat; after a crash, applying the same file again finishes what was begun.

        Args:
            by: who applies it.
            refused: is told of every archived document whose end would move earlier.

        Raises:
            PolicyError: the file is refused.
            RefusedError: it would move the end of archived documents earlier, or asks for compliance locks that the store
                lets through, or cannot enforce against its owner and nobody accepted that.
        """
        policy, in_force = self._proposed(data, source), policy_in_force(self._catalog)
        if names := _newly_compliant(policy, in_force):
            self._require_locks(names, accept_program_lock)
        counted = self._count(policy, refused)
        if counted.earlier:
            raise RefusedError(
                f"{source} would move the end of {counted.earlier} archived document{'s' if counted.earlier > 1 else ''} earlier",
                remedy="leave their classes as long as they were; give documents to come a class of their own",
            )
        fresh = policy.version != in_force.version
        if fresh:
            policy = self._keep(policy, data, by)
        ExtendTerms(self._catalog, self._objects, self._clock, turn=self._turn).run(policy)
        return Applied(policy.version, fresh, counted)

    def _require_locks(self, names: str, accept_program_lock: bool) -> None:
        if self._probe is None:
            if not accept_program_lock:
                raise RefusedError(
                    f"{names}: compliance locks, which on one machine bind the program and not whoever owns the machine",
                    remedy="add --accept-program-lock if that is enough, or write `lock: governance`",
                )
        elif let_through := self._probe():
            raise RefusedError(
                f"{names}: compliance locks, which this object store does not keep: it {', '.join(let_through)}",
                remedy="use a store that passes `minutier doctor`, or write `lock: governance`",
            )

    def _proposed(self, data: bytes, source: str) -> Policy:
        newest = self._catalog.newest_policy()
        same = newest is not None and newest.sha256 == _sha256(data)
        version = 1 if newest is None else newest.version + (0 if same else 1)
        return parsed(data, version, source)

    def _count(self, policy: Policy, refused: Callable[[Change], None]) -> Changes:
        counted = Changes()
        for change in changes(self._catalog, policy, PolicyVersions(self._objects), self._clock.now()):
            counted = counted.plus(change)
            if change.kind is ChangeKind.EARLIER:
                refused(change)
        return counted

    def _keep(self, policy: Policy, data: bytes, by: str) -> Policy:
        """Store and enter it, under the first version number no other file has taken (a crash may have left one unused)."""
        version, digest = policy.version, _sha256(data)
        put = Put(Bucket.LOCKED, policy_key(version), body=data, lock=Lock(LockMode.NONE, None, hold=True))
        while self._objects.put([put])[0].info.sha256 != digest:
            version += 1
            put = Put(Bucket.LOCKED, policy_key(version), body=data, lock=put.lock)
        now = self._clock.now()
        event = LedgerEvent(APPLIED, "", now, {"version": version, "sha256": digest})
        body = data.decode("utf-8")
        self._catalog.add_policy(PolicyVersion(version, digest, now, by, body), [event])
        return parsed(data, version, policy_key(version))


def _newly_compliant(policy: Policy, in_force: Policy) -> str:
    """Classes with a compliance lock that had none before, for people. What was accepted once need not be again."""
    accepted = {name for name, found in in_force.classes.items() if found.lock is LockRule.COMPLIANCE}
    names = [name for name, found in policy.classes.items() if found.lock is LockRule.COMPLIANCE and name not in accepted]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
