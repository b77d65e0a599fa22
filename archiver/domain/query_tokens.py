"""The signs a query is written in: words, quoted phrases, brackets, signs, operators, and the fields before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from archiver.domain.display import safe
from archiver.domain.query_fields import canonical
from archiver.errors import UsageError

_CLOSING = {'"': '"', "«": "»", "“": '”“"', "„": '“”"'}
_STRAY = "»”"
_NAME = re.compile(r"[^\W\d][\w.\-]*")
_OPERATORS = {"OR": "or", "OU": "or", "AND": "and", "ET": "and", "NOT": "not", "SAUF": "not"}


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    PHRASE = "phrase"
    PREFIX = "prefix"
    OPEN = "("
    CLOSE = ")"
    SIGN = "sign"
    OR = "or"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `position` counts characters from 0, `field` is the canonical name written before it, or ""."""

    kind: Kind
    text: str
    position: int
    field: str = ""


def at(token: Token) -> str:
    """Where it stands, for messages: people count from 1."""
    return _where(token.position)


def tokens(text: str) -> list[Token]:
    """All tokens of `text`.

    Raises:
        UsageError: an open quote, a `*` in the middle, an unknown field.
    """
    return _Scanner(text).scan()


def _where(position: int) -> str:
    return f"at character {position + 1} of the query"


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._found: list[Token] = []

    def scan(self) -> list[Token]:
        """Reads to the end."""
        while self._place < len(self._text):
            char = self._text[self._place]
            if char.isspace() or char in _STRAY:
                self._place += 1
            elif char in "+-":
                self._sign(char)
            elif char in "()":
                self._add(Kind.OPEN if char == "(" else Kind.CLOSE, char, self._place)
                self._place += 1
            else:
                self._value("", self._place)
        return self._found

    def _add(self, kind: Kind, text: str, position: int, field: str = "") -> None:
        self._found.append(Token(kind, text, position, field))

    def _sign(self, char: str) -> None:
        after = self._text[self._place + 1 : self._place + 2]
        if after and not after.isspace() and after != ")":
            self._add(Kind.SIGN, char, self._place)
        self._place += 1

    def _value(self, field: str, start: int) -> None:
        """A phrase, a bracket after a field, or a word, possibly with a field before it."""
        char = self._text[self._place]
        if char in _CLOSING:
            self._add(Kind.PHRASE, self._quoted(_CLOSING[char]), start, field)
        elif char == "(":
            self._place += 1
            self._add(Kind.OPEN, char, start, field)
        else:
            self._word(field, start)

    def _quoted(self, closing: str) -> str:
        begin, chars = self._place, list[str]()
        self._place += 1
        while self._place < len(self._text):
            char = self._text[self._place]
            self._place += 1
            if char in closing:
                return "".join(chars)
            if char == "\\" and self._place < len(self._text):
                char = self._text[self._place]
                self._place += 1
            chars.append(char)
        raise UsageError(
            f"the quote opened {_where(begin)} is never closed",
            remedy=rf"add {closing[0]} at its end, or write \{self._text[begin]} to search for the sign",
        )

    def _word(self, field: str, start: int) -> None:
        begin, chars, stars, escapes = self._place, list[str](), list[int](), False
        while self._place < len(self._text):
            char = self._text[self._place]
            if char.isspace() or char in "()" or char in _CLOSING or char in _STRAY:
                break
            self._place += 1
            if char == ":" and not field and not escapes and _NAME.fullmatch("".join(chars)):
                if self._names_field():
                    self._value(canonical("".join(chars), _where(begin)), start)
                    return
                break
            if char == "*":
                stars.append(len(chars))
            elif char == "\\" and self._place < len(self._text):
                char, escapes = self._text[self._place], True
                self._place += 1
            chars.append(char)
        self._finish_word("".join(chars), stars, field, start, escapes)

    def _names_field(self) -> bool:
        """Whether a value follows the colon just read (`Re: offer` has none)."""
        after = self._text[self._place : self._place + 1]
        return bool(after) and not after.isspace() and after not in _STRAY + ")"

    def _finish_word(self, text: str, stars: list[int], field: str, start: int, escapes: bool) -> None:
        if stars and stars != [len(text) - 1]:
            raise UsageError(
                f"* stands before the end of {safe(text)!r} {_where(start)}",
                remedy=r"write it only at the end of a word, or \* to search for the sign",
            )
        if stars:
            self._add(Kind.PREFIX, text[:-1], start, field)
        elif text in _OPERATORS and not field and not escapes:
            self._operator(text, start)
        else:
            self._add(Kind.WORD, text, start, field)

    def _operator(self, text: str, start: int) -> None:
        match _OPERATORS[text]:
            case "or":
                self._add(Kind.OR, text, start)
            case "not":
                self._add(Kind.SIGN, "-", start)
