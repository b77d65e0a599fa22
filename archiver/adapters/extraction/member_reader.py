"""Reads one member out of a stored container again, by the way its locator tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from archiver.adapters.extraction.budget import Budget, LimitError
from archiver.adapters.extraction.containers.entry import DamagedError, OversizeError, UnsupportedError
from archiver.adapters.extraction.containers.kinds import KINDS
from archiver.adapters.extraction.source import ProtectedError, Source
from archiver.adapters.extraction.spool import decoded_pieces, spooled
from archiver.domain.display import safe
from archiver.domain.extraction import Limits, Locator, Outcome, Step
from archiver.errors import IntegrityError, MinutierError, NotFoundError, NotPermittedError

_OF_OUTCOME = {Outcome.ENCRYPTED: NotPermittedError, Outcome.UNSUPPORTED: NotFoundError}


class ArchiveMemberReader:
    """Implements `ports.extraction.MemberReader` with the walkers that found the members."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def open(self, container: Path, locator: Locator, passwords: Sequence[str] = ()) -> Iterator[bytes]:
        """The member's plain bytes, in pieces; containers on the way are spooled to temporary files.

        Raises:
            NotFoundError: the container has no such member, or it holds no bytes (a link, a device).
            IntegrityError: the container is damaged there, or larger than when it was read.
            NotPermittedError: it is encrypted and no password fits.
        """
        if not locator:
            raise NotFoundError("the way to a member is empty", remedy="Read the original itself from the object store.")
        size = container.stat().st_size
        budget = Budget(self._limits, size)
        with ExitStack() as held:
            source = Source(container, container.name, size, "", self._limits, tuple(passwords))
            for step in locator[:-1]:
                source = _spooled_container(held, source, step, budget)
            yield from _checked(source, locator[-1])


def _spooled_container(held: ExitStack, outer: Source, step: Step, budget: Budget) -> Source:
    """The container at `step` inside `outer`, as a temporary file that lives as long as `held`."""
    spool = held.enter_context(spooled(lambda: _member(outer, step), budget))
    if spool.problem is not None:
        raise _error(step, spool.problem, spool.reason)
    return Source(spool.path, step.name, spool.size, "", outer.limits, outer.passwords)


def _checked(source: Source, step: Step) -> Iterator[bytes]:
    """Bytes of the last step, errors in the words of the port."""
    try:
        yield from decoded_pieces(lambda: _member(source, step))
    except ProtectedError as error:
        raise _error(step, Outcome.ENCRYPTED, str(error)) from error
    except UnsupportedError as error:
        raise _error(step, Outcome.UNSUPPORTED, str(error)) from error
    except (DamagedError, OversizeError, LimitError, MemoryError) as error:
        raise _error(step, Outcome.CORRUPT, str(error)) from error


def _member(source: Source, step: Step) -> Iterator[bytes]:
    kind = KINDS.get(step.kind)
    if kind is None:
        raise NotFoundError(f"no container is of the kind {step.kind!a}")
    for entry in kind.walk(source):
        if entry.index != step.index:
            continue
        if entry.name != step.name and not kind.named_after_file:
            break
        if entry.problem is not None:
            raise _error(step, entry.problem, entry.reason)
        yield from entry.chunks()
        return
    raise NotFoundError(f"the {step.kind} has no member {safe(step.name)!r} at place {step.index}")


def _error(step: Step, outcome: Outcome, reason: str) -> MinutierError:
    """The port's error for what became of a member."""
    message = f"member {safe(step.name)!r} of the {step.kind} cannot be read: {reason}"
    if outcome is Outcome.ENCRYPTED:
        return NotPermittedError(message, remedy="Give its password with --password-file.")
    return _OF_OUTCOME.get(outcome, IntegrityError)(message)
