"""What retention refuses, with the same three marks as every error of the archive: code, exit code and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class RetentionError(Exception):
    """Base of all errors of this package that are shown to a user.

    Args:
        message: what went wrong and where, in one sentence.
        remedy: what to do or write instead.
    """

    code: ClassVar[str] = "retention"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a policy file.

    Attributes:
        line, column: where, from 1; (0, 0) when it concerns the file as a whole.
        what: what is wrong, naming the class or collection.
        remedy: what to write instead.
    """

    line: int
    column: int
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return f"{place}{self.what}"


class PeriodError(RetentionError):
    """A length of time is not of the form a policy accepts."""

    code = "period-invalid"
    exit_code = 2


class DeclaredDateError(RetentionError):
    """A declared date cannot be read in one way only."""

    code = "date-invalid"
    exit_code = 2


class StatementError(RetentionError):
    """A signed statement, or the certificate around it, is not exactly of the form that is written."""

    code = "statement-invalid"
    exit_code = 4


class PolicyError(RetentionError):
    """A policy file is refused; `problems` holds everything found wrong in it, in file order."""

    code = "policy-invalid"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem], *, source: str = "policy") -> None:
        self.problems = tuple(sorted(problems))
        self.source = source
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{source}: {first}{more}", remedy=first.remedy)
