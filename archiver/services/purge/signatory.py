"""Who makes a plan, or approves one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Signing(Protocol):
    """A person's own key, opened. `public_key`: raw, 32 bytes."""

    @property
    def key_id(self) -> str: ...

    @property
    def public_key(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person as author or approver.

    Attributes:
        pseudonym: of the name, as the register has it.
        key: enrolled as that person's; None for one who does not sign, and is only asserted.
    """

    name: str
    pseudonym: str
    key: Signing | None = None
