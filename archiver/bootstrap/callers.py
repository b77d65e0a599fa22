"""Who calls: an `Authorization` header becomes a caller, from an API key or from a token of the issuer that is set."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from archiver.adapters.catalog.caller_rows import SqlCallerRows
from archiver.domain.api_key import PREFIX
from archiver.domain.caller import Caller, permissions_of
from archiver.domain.signing_algorithms import algorithms_of
from archiver.errors import NotAuthenticatedError, UnreachableError
from archiver.services.authenticate_key import AuthenticateKey
from archiver.services.break_glass import with_grants

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.ports.tokens import Tokens
    from archiver.settings import Settings

_SCHEME = "bearer "
_LONGEST = 16 * 1024
_log = logging.getLogger("minutier.callers")


class Callers:
    """Authentication for one open archive. Safe from several threads.

    API keys and grants are read anew for every call: what was revoked, ended or changed counts from the next call on.

    Args:
        archive: stays open as long as this is used. One opened for reading only does not note when a key was used last.
    """

    def __init__(self, archive: Archive) -> None:
        self._rows, self._clock = SqlCallerRows(archive.catalog.engine), archive.clock
        self._keys = AuthenticateKey(self._rows, archive.keys.identifier_key(), noting=archive.writable)
        self._tokens = _tokens(archive.settings) if archive.settings.oidc_issuer else None

    def authenticate(self, authorization_header: str, now: datetime | None = None) -> Caller:
        """Whose call this is, with the groups of break-glass grants that are in force.

        Args:
            authorization_header: as it came: `Bearer` and a token; "" for none.
            now: the archive's time, where it is not asked for.

        Raises:
            NotAuthenticatedError: nobody's; says no more, and the log says why.
            UnreachableError: whatever must be asked does not answer.
        """
        moment = now or self._clock.now()
        try:
            return with_grants(self._caller(authorization_header, moment), self._rows, moment)
        except NotAuthenticatedError as error:
            _log.info("a call was refused: %s", error.__cause__)
            raise

    def _caller(self, header: str, now: datetime) -> Caller:
        token = header[len(_SCHEME) :].strip()
        if not header.lower().startswith(_SCHEME) or not token or len(token) > _LONGEST:
            raise NotAuthenticatedError from ValueError("no bearer token, or one that is too long")
        if token.startswith(PREFIX):
            return self._keys.caller(token, now)
        if self._tokens is None:
            raise NotAuthenticatedError from ValueError("no issuer of tokens is set")
        try:
            return self._tokens.caller(token, now)
        except UnreachableError as error:  # where its keys are is nothing for strangers
            _log.warning("a token cannot be checked: %s", error)
            raise UnreachableError("tokens cannot be checked now", remedy="try again later, or come with an API key") from error


def _tokens(settings: Settings) -> Tokens:
    from archiver.adapters.tokens.issuer import Issuer
    from archiver.adapters.tokens.oidc import Demands, OidcTokens

    demands = Demands(
        settings.oidc_issuer,
        settings.oidc_audience,
        algorithms_of(settings.oidc_algorithms),
        settings.oidc_groups_claim,
        settings.oidc_groups_from == "userinfo",
        permissions_of(settings.oidc_scopes),
    )
    return OidcTokens(demands, Issuer(settings.oidc_issuer, settings.oidc_keys_url))
