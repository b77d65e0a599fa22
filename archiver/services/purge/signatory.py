"""Who makes a plan, or approves one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Enrolled(Protocol):
    """A person's own key, as it is known here. `public_key`: raw, 32 bytes."""

    @property
    def key_id(self) -> str: ...

    @property
    def public_key(self) -> bytes: ...


class Signing(Enrolled, Protocol):
    """A person's own key, opened."""

    def sign(self, message: bytes) -> bytes: ...


class Approver(Protocol):
    """Whoever an approval is drawn up for; the key need not be here."""

    @property
    def name(self) -> str: ...

    @property
    def pseudonym(self) -> str: ...

    @property
    def key(self) -> Enrolled | None: ...


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
