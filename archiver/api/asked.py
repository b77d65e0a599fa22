"""One request with the caller behind it: who asks, for what purpose, and what is written down of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, TypedDict, Unpack

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from archiver.api.front import Front
from archiver.domain.access import Scope
from archiver.domain.accesses import Access, Act
from archiver.domain.caller import Caller, Permission
from archiver.errors import UsageError

PURPOSE = "Minutier-Purpose"
_LONGEST_PURPOSE = 200

_bearer = HTTPBearer(
    auto_error=False, description="An API key of `minutier key create`, or a token of the OpenID Connect issuer that is set."
)


class Told(TypedDict, total=False):
    """What an access entry says of an answer; see `domain.accesses.Access`."""

    document_id: str
    query: str
    found: Sequence[str]
    total: int
    status: int
    code: str
    about: str


@dataclass(slots=True)
class Asked:
    """What a route needs to know of its request.

    Attributes:
        purpose: why it is read: as the request says, else as the key says.
    """

    front: Front
    caller: Caller
    purpose: str

    @property
    def scope(self) -> Scope:
        """The access filter of every answer."""
        return self.caller.scope

    @property
    def may_see_holds(self) -> bool:
        """Whether the caller may learn that there is a hold, and for which matter."""
        return Permission.HOLD in self.caller.permissions

    def told(self, act: Act, **more: Unpack[Told]) -> None:
        """Write down what the answer gives, before it is given.

        Raises:
            UnreachableError: it cannot be written; then there is no answer.
        """
        self.front.serving.access_log.write(self._access(act, more))

    @contextmanager
    def telling(self, act: Act, **more: Unpack[Told]) -> Iterator[None]:
        """`told` while the rest of the answer is made: what is inside must not give it out.

        Raises, at the end:
            UnreachableError: it cannot be written; then there is no answer.
        """
        writing = self.front.writers.submit(self.front.serving.access_log.write, self._access(act, more))
        try:
            yield
        finally:
            writing.result()

    def _access(self, act: Act, more: Told) -> Access:
        return Access(
            act,
            self.caller.principal.name,
            self.purpose,
            more.get("document_id", ""),
            more.get("query", ""),
            tuple(more.get("found", ())),
            more.get("total", 0),
            more.get("status", 200),
            more.get("code", ""),
            self.caller.break_glass,
            more.get("about", ""),
        )


def asking(*permissions: Permission) -> Callable[..., Asked]:
    """The dependency of a route that needs these permissions."""

    def asked(
        request: Request,
        _scopes: SecurityScopes,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        purpose: Annotated[
            str,
            Header(alias=PURPOSE, description="Why this is read; it is kept with the access entry.", max_length=_LONGEST_PURPOSE),
        ] = "",
    ) -> Asked:
        front: Front = request.app.state.front
        caller = front.authenticated(f"{credentials.scheme} {credentials.credentials}" if credentials else "", _address(request))
        request.state.standing = front.rates.take(caller.principal.name)
        request.state.leave = front.in_hand.take(caller.principal.name)  # once the whole answer has gone out, see `Guard`
        found = Asked(front, caller, _words(purpose) or caller.purpose)
        request.state.asked = found
        for permission in permissions:
            caller.require(permission)
        if front.purpose_required and not found.purpose:
            raise UsageError("no purpose is given", remedy=f"say why in the header {PURPOSE}")
        return found

    return Security(asked, scopes=[one.value for one in permissions])  # type: ignore[no-any-return]


def _words(purpose: str) -> str:
    """A header as it was meant: UTF-8, or else Latin-1, as which the server has read it (RFC 9110, section 5.5)."""
    try:
        return purpose.encode("latin-1").decode("utf-8").strip()
    except UnicodeError:
        return purpose.strip()


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
