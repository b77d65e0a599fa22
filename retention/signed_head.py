"""A signed head: the size and root of a tree at a moment, which its signer can never take back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from retention.errors import StatementError
from retention.merkle import consistency_holds, inclusion_holds
from retention.signature import SCHEME, key_id, signature_holds
from retention.timestamp import timestamp

HASH = "sha256"
_STATEMENT = re.compile(
    r"minutier ledger head v1\n"
    r"tree (?P<tree>custody|access)\n"
    r"size (?P<size>0|[1-9][0-9]{0,17})\n"
    r"root sha256 (?P<root>[0-9a-f]{64})\n"
    r"time (?P<time>[0-9T:.+-]{32})\n"
    r"key ed25519 (?P<key>[0-9a-f]{16})\n"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed. Its text begins with a line of its own, so that this signature can never be taken for another.

    Attributes:
        tree: "custody" or "access".
    """

    tree: str
    size: int
    root: bytes
    time: datetime
    key_id: str

    def text(self) -> str:
        """The exact text under the signature."""
        return (
            f"minutier ledger head v1\ntree {self.tree}\nsize {self.size}\nroot {HASH} {self.root.hex()}\n"
            f"time {timestamp(self.time)}\nkey {SCHEME} {self.key_id}\n"
        )

    @classmethod
    def parse(cls, text: str) -> Statement:
        """Read a statement again.

        Raises:
            StatementError: the text is not exactly what `text` writes.
        """
        match = _STATEMENT.fullmatch(text)
        try:
            if match is None:
                raise ValueError("a line is missing or of another form")
            found = cls(
                match["tree"],
                int(match["size"]),
                bytes.fromhex(match["root"]),
                datetime.fromisoformat(match["time"]),
                match["key"],
            )
            if found.text() != text:
                raise ValueError("its form is not canonical")
        except ValueError as error:
            raise StatementError(f"this is not the statement of a ledger head: {error}") from error
        return found


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A statement, its signature, and the proof that the head before it tells the beginning of the same history.

    Attributes:
        signature: Ed25519 over `statement.text()`, 64 bytes.
        previous: size of the head before; 0 for the first.
        consistency: RFC 9162 proof from `previous` to `statement.size`.
    """

    statement: Statement
    signature: bytes
    previous: int = 0
    consistency: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return self.statement.size

    @property
    def root(self) -> bytes:
        """Root of the tree, 32 bytes."""
        return self.statement.root

    def signed_by(self, public_key: bytes) -> bool:
        """Is this the key it names, and the signature that key's?"""
        if key_id(public_key) != self.statement.key_id:
            return False
        return signature_holds(public_key, self.statement.text().encode("ascii"), self.signature)

    def continues(self, older: SignedHead) -> bool:
        """Does its own proof show that `older` tells the beginning of the same history?"""
        return (
            self.statement.tree == older.statement.tree
            and self.previous == older.size
            and consistency_holds(older.size, older.root, self.size, self.root, self.consistency)
        )


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Proof that an entry is in the tree a head was signed for.

    Attributes:
        leaf: its leaf hash, SHA-256(0x00 || commitment).
        path: RFC 9162 inclusion proof, leaf side first.
    """

    head: SignedHead
    position: int
    leaf: bytes
    path: tuple[bytes, ...]

    def holds(self) -> bool:
        """Does the path lead from the leaf to the head's root? (The head's signature is another question.)"""
        return inclusion_holds(self.leaf, self.position, self.head.size, self.path, self.head.root)
