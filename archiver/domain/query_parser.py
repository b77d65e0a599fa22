"""From what somebody typed to a query tree. Any text gives a tree or a `UsageError` that says where and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.domain.query import ANYWHERE, All, Any, Everything, Leaf, Node, Not, Phrase, Prefix, Word
from archiver.domain.query_days import days
from archiver.domain.query_fields import Comparison, comparison, whole_value
from archiver.domain.query_tokens import Kind, Token, at, tokens
from archiver.errors import UsageError

MAX_CHARACTERS = 4096
MAX_CLAUSES = 64
MAX_DEPTH = 12
MIN_PREFIX = 3


def parse(text: str) -> Node:
    """The tree of `text`; blank text is `Everything`.

    Raises:
        UsageError: it is too long, too deep, or not of this language.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the query has {len(text)} characters", remedy=f"keep it under {MAX_CHARACTERS}")
    if not text.strip():
        return Everything()
    reader = _Reader(tokens(text))
    node = reader.alternatives(ANYWHERE, 0)
    reader.finish()
    if node is None:
        raise UsageError(
            "there is nothing to search for in the query", remedy="write at least one word or number, or * for everything"
        )
    return node


@dataclass
class _Reader:
    """Recursive descent over the tokens. A part without a letter or digit (`&`, `()`) reads as None and is left out."""

    tokens: list[Token]
    place: int = 0
    clauses: int = 0

    def alternatives(self, field: str, depth: int) -> Node | None:
        """`a b OR c`, up to a closing bracket or the end."""
        if depth > MAX_DEPTH:
            raise UsageError(f"brackets are nested more than {MAX_DEPTH} deep {at(self._here())}", remedy="take some away")
        found = [self._juxtaposed(field, depth)]
        while self._next_is(Kind.OR):
            operator = self._take()
            if found[-1] is None or not self._at_clause():
                raise UsageError(
                    f"{operator.text} stands alone {at(operator)}",
                    remedy=f"write something on both sides, or {operator.text.lower()} in small letters to search for the word",
                )
            found.append(self._juxtaposed(field, depth))
        return _joined(Any, [node for node in found if node is not None])

    def finish(self) -> None:
        """Check that nothing is left over."""
        if self.place < len(self.tokens):
            raise UsageError(
                f"a bracket is closed that was never opened {at(self.tokens[self.place])}", remedy=r"take it away or write \)"
            )

    def _juxtaposed(self, field: str, depth: int) -> Node | None:
        found = []
        while self._at_clause():
            if (node := self._clause(field, depth)) is not None:
                found.append(node)
        return _joined(All, found)

    def _clause(self, field: str, depth: int) -> Node | None:
        if self._next_is(Kind.SIGN):
            sign = self._take()
            if not self._at_clause() or self._next_is(Kind.SIGN):
                raise UsageError(
                    f"{sign.text} has nothing to apply to {at(sign)}",
                    remedy="put one sign right before a word, a phrase or a bracket, or the whole in quotes",
                )
            node = self._clause(field, depth)
            return _negated(node) if sign.text == "-" else node
        token = self._take()
        self._count(token)
        if token.field and field:
            raise UsageError(
                f"a field inside the brackets of another field {at(token)}", remedy="name the field once, before the bracket"
            )
        name = token.field or field
        if token.kind is Kind.OPEN:
            return self._bracket(token, name, depth)
        return _leaf(token, name)

    def _bracket(self, token: Token, field: str, depth: int) -> Node | None:
        node = self.alternatives(field, depth + 1)
        if not self._next_is(Kind.CLOSE):
            raise UsageError(
                f"the bracket is never closed {at(token)}", remedy=r"add ) at the end, or write \( to search for the sign"
            )
        self._take()
        return node

    def _count(self, token: Token) -> None:
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            raise UsageError(
                f"the query has more than {MAX_CLAUSES} parts {at(token)}",
                remedy="keep the words that matter, or put a sentence in quotes",
            )

    def _at_clause(self) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place].kind not in (Kind.CLOSE, Kind.OR)

    def _next_is(self, kind: Kind) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place].kind is kind

    def _take(self) -> Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def _here(self) -> Token:
        return self.tokens[min(self.place, len(self.tokens) - 1)]


def _negated(node: Node | None) -> Node | None:
    match node:
        case None:
            return None
        case Not(inner):
            return inner
        case _:
            return Not(node)


def _joined(kind: type[All] | type[Any], nodes: list[Node]) -> Node | None:
    flat = [inner for node in nodes for inner in (node.nodes if isinstance(node, kind) else (node,))]
    if len(flat) < 2:
        return flat[0] if flat else None
    return kind(tuple(flat))


def _leaf(token: Token, field: str) -> Leaf | None:
    match comparison(field) if field else Comparison.WORDS:
        case Comparison.DAY:
            return days(token.text + ("*" if token.kind is Kind.PREFIX else ""), at(token))
        case Comparison.WHOLE:
            return _whole(token, field)
        case Comparison.WORDS:
            return _words(token, field)


def _whole(token: Token, field: str) -> Leaf:
    if token.kind is Kind.PREFIX:
        if not token.text:
            raise UsageError(
                f"{field}:* says nothing {at(token)}", remedy="write the first letters before the *, or leave the field out"
            )
        return Prefix(token.text.casefold() if field != "collection" else token.text, field)
    name, value = whole_value(field, token.text, at(token))
    return Word(value, name)


def _words(token: Token, field: str) -> Leaf | None:
    signs = sum(char.isalnum() for char in token.text)
    if token.kind is Kind.PREFIX:
        if not token.text and not field:
            return Everything()
        if signs < MIN_PREFIX:
            raise UsageError(
                f"{token.text + '*'!r} is too short {at(token)}", remedy=f"write at least {MIN_PREFIX} letters before the *"
            )
        return Prefix(token.text, field)
    if not signs:
        return None
    return Phrase(token.text, field) if token.kind is Kind.PHRASE else Word(token.text, field)
