"""The ledger's part of a certificate: signed heads, that one continues the other, that every destruction is under the last."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from retention.certificate import Body, SignedText
from retention.certificate_report import Findings
from retention.errors import StatementError
from retention.leaves import Leaves
from retention.merkle import consistency_holds
from retention.multiproof import sorted_multiproof_root
from retention.signature import key_id
from retention.signed_head import SignedHead, Statement

CUSTODY = "custody"


def head_of(signed: SignedText, keys: Sequence[str], what: str, findings: Findings) -> SignedHead | None:
    """The head, if it is one of the custody tree and signed by one of these keys (hexadecimal); else a finding says why not."""
    try:
        head = SignedHead(Statement.parse(signed.statement), bytes.fromhex(signed.signature))
    except StatementError as error:
        findings.add(f"{what}: {error}")
        return None
    by_id = {key_id(bytes.fromhex(key)): bytes.fromhex(key) for key in keys}
    signer = by_id.get(head.statement.key_id)
    if signer is None:
        findings.add(f"{what} names the key {head.statement.key_id}, which is not among the archive's keys in the certificate")
        return None
    if not head.signed_by(signer):
        findings.add(f"{what}: its signature does not hold: it was forged, or altered afterwards")
        return None
    if head.statement.tree != CUSTODY:
        findings.add(f"{what} is of the {head.statement.tree} tree, which does not tell what happened to documents")
        return None
    return head


def check_consistency(before: SignedHead, after: SignedHead, path: Sequence[str], what: str, findings: Findings) -> None:
    """Is the history before the approval the beginning of the one after the purge?"""
    steps = [bytes.fromhex(step) for step in path]
    if not consistency_holds(before.size, before.root, after.size, after.root, steps):
        findings.add(f"{what} is not a beginning of the history after the purge: one of them was rewritten")
    if after.statement.time < before.statement.time:
        findings.add(f"{what} was signed after the head that follows the purge")


def check_entries(entries: Leaves, after: SignedHead, body: Body, findings: Findings) -> None:
    """Are the executed items' ledger entries under the signed head?"""
    positions, leaves = entries.ascending()
    if any(one == other for one, other in pairwise(positions)):
        findings.add("two items name the same ledger entry: one of them was never entered")
        return
    root = sorted_multiproof_root(positions, leaves, after.size, [bytes.fromhex(step) for step in body.proof])
    if root is None:
        findings.add(
            "the proof of the ledger entries does not fit the executed items: an item or a part of it was left out or added"
        )
    elif root != after.root:
        findings.add(
            "the executed items' ledger entries are not under the signed head after the purge: "
            "the history was rewritten, or the certificate altered"
        )
