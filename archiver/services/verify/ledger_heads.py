"""Verification of a tree's signed heads: whose they are, that each continues the one before, that the catalogue knows them."""

from __future__ import annotations

from archiver.domain.digest import Sha256, of_bytes
from archiver.domain.ledger_files import read_head, write_head
from archiver.errors import IntegrityError
from archiver.services.ledger_objects import HeadFile, head_files
from archiver.services.prove_ledger import signed_here
from archiver.services.verify.ledger_check import TreeCheck
from retention.signed_head import SignedHead


def check_heads(check: TreeCheck) -> None:
    """Check every head in the store; those that are sound go into `check.roots`."""
    catalogued, taken, older = _catalogued(check), set[int](), None
    for file in head_files(check.objects, check.tree, check.stray):
        if check.came_since(file.size):
            continue
        if file.size in taken:
            check.in_store(file.info, f"a second version ({file.info.ref.version}) lies on top of it")
            continue
        taken.add(file.size)
        check.require_lock(file.info)
        head = check.read(file.info, read_head)
        if head is None or not _is_sound(check, file, head):
            continue
        _check_chain(check, file, head, older)
        if file.size in catalogued and catalogued[file.size] != of_bytes(write_head(head)):
            check.in_catalogue(f"its head of {file.size} leaves is not the one in the object store")
        check.roots[head.size], older = head.root, head
        check.counts.heads += 1
    for size in sorted(size for size in catalogued.keys() - taken if not (check.came_since(size) or check.may_be_gone(size))):
        check.in_catalogue(f"its head of {size} leaves is not in the object store")
    _check_known(check, sorted(taken - catalogued.keys()))


def _catalogued(check: TreeCheck) -> dict[int, Sha256]:
    found: dict[int, Sha256] = {}
    try:
        for head in check.rows.heads(check.tree):
            found[head.size] = of_bytes(write_head(head))
    except IntegrityError as error:
        check.in_catalogue(str(error))
    return found


def _is_sound(check: TreeCheck, file: HeadFile, head: SignedHead) -> bool:
    if head.statement.tree != check.tree or head.size != file.size:
        check.in_store(file.info, f"it is the head of {head.size} leaves of the {head.statement.tree} tree")
        return False
    if not signed_here(check.keys, head):
        check.in_store(file.info, f"it is not signed by a key of this archive, though it names {head.statement.key_id}")
        return False
    return True


def _check_chain(check: TreeCheck, file: HeadFile, head: SignedHead, older: SignedHead | None) -> None:
    if older is None:
        if head.previous and not check.may_be_gone(head.previous):
            check.in_store(file.info, f"the sound head of {head.previous} leaves before it is missing")
    elif head.previous != older.size:
        check.in_store(file.info, f"it follows a head of {head.previous} leaves, but the sound head before it has {older.size}")
    elif not head.continues(older):
        check.in_store(
            file.info, f"it is not consistent with the head of {older.size} leaves: one of them tells a rewritten history"
        )
    elif head.statement.time < older.statement.time:
        check.in_store(file.info, f"it was signed before the head of {older.size} leaves that it follows")


def _check_known(check: TreeCheck, unknown: list[int]) -> None:
    state = check.state
    for size in unknown:
        if state.sealed < size == state.planned:
            check.counts.interrupted = True
        else:
            check.in_catalogue(f"it does not know the head of {size} leaves that is in the object store")
