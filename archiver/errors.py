"""The error tree: every failure a user can meet has a stable code, an exit code and a remedy.

Four things that must never be mixed up are four classes: absent (`NotFoundError`), out of reach
(`UnreachableError`), refused (`RefusedError`) and damaged (`IntegrityError`). Adapters translate every
vendor error into one of them, with its cause.
"""

from __future__ import annotations

from typing import ClassVar


class MinutierError(Exception):
    """Base of all errors that are shown to a user.

    Args:
        message: what went wrong and where, in one sentence.
        remedy: what to do or write instead; shown under the message.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class UsageError(MinutierError):
    """The command, manifest, query or setting is not of the form it must have."""

    code = "usage"
    exit_code = 2


class NotFoundError(MinutierError):
    """The thing asked for is not there (nor visible to whoever asks)."""

    code = "not-found"


class AlreadyExistsError(MinutierError):
    """A write-once place is taken already."""

    code = "already-exists"


class IntegrityError(MinutierError):
    """What is stored is not what was stored: a digest, signature or reference does not hold."""

    code = "integrity"
    exit_code = 4


class RefusedError(MinutierError):
    """A lock, a hold or the policy says no."""

    code = "refused"
    exit_code = 5


class DestroyedError(RefusedError):
    """The document was destroyed by a purge; what is left says by which."""

    code = "destroyed"


class KeptError(RefusedError):
    """The document may not go: the law, the policy or a hold keeps it."""

    code = "kept"


class NotCommittedError(MinutierError):
    """The document is here, and not archived for good yet: it waits to be read, or its entry to be sealed."""

    code = "not-committed"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the document is not committed yet", remedy="ask again in a while; its state says when it is archived")


class NoArchiveError(MinutierError):
    """There is no archive at the place named."""

    code = "no-archive"
    exit_code = 10


class LockedError(MinutierError):
    """Another run holds the archive's write lock."""

    code = "locked"
    exit_code = 11
    retryable = True


class LostClaimError(MinutierError):
    """Work was taken over by somebody else while it was being done; nothing of it was written here."""

    code = "lost-claim"
    retryable = True


class NotAuthenticatedError(MinutierError):
    """Whoever calls showed no key or token that is good here. What was wrong with it is the cause, and is told to nobody who calls."""

    code = "not-authenticated"
    exit_code = 12

    def __init__(self) -> None:
        super().__init__(
            "no API key or token that is good here", remedy="send `Authorization: Bearer` and a key or token that is in force"
        )


class NotPermittedError(MinutierError):
    """The principal may not do this."""

    code = "not-permitted"
    exit_code = 12


class TooManyError(MinutierError):
    """Asked more often than is allowed in a time, or for more than is allowed at once."""

    code = "too-many"
    retryable = True

    def __init__(self, message: str, *, remedy: str = "", seconds: int = 1) -> None:
        super().__init__(message, remedy=remedy)
        self.seconds = seconds


class TooSlowError(MinutierError):
    """Bytes come so slowly that whoever sends them would hold a place for ever."""

    code = "too-slow"
    retryable = True


class KeyReusedError(UsageError):
    """An idempotency key came with another request than the one it was used for."""

    code = "key-reused"


class InProgressError(MinutierError):
    """The same request, under the same idempotency key, is being worked on."""

    code = "in-progress"
    retryable = True


class TooLargeError(UsageError):
    """More bytes than are taken at once."""

    code = "too-large"


class UnreachableError(MinutierError):
    """A part (store, catalogue, index, extractor, disk) does not answer now."""

    code = "unreachable"
    exit_code = 75
    retryable = True


class BusyError(UnreachableError):
    """Everything that could answer is at work for others."""

    code = "busy"


class InterruptedRunError(MinutierError):
    """Stopped by the user; the message says how to resume."""

    code = "interrupted"
    exit_code = 130
    retryable = True
