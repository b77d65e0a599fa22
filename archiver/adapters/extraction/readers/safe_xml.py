"""XML from strangers: no entities, no network, no document type, bounded depth and node size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import IO, Any

from lxml import etree

from archiver.adapters.extraction.source import DoubtError

Element = Any
"""An lxml element; lxml ships no types."""

_OPTIONS = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def parsed(data: bytes, where: str) -> Element:
    """Root of a document.

    Raises:
        DoubtError: not well-formed, too deep, or with a document type.
    """
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DoubtError(f"{where} is not well-formed: {error}") from error
    if root is None:
        raise DoubtError(f"{where} has no root")
    _refuse_doctype(root, where)
    return root


def elements(stream: IO[bytes], tags: tuple[str, ...], where: str) -> Iterator[Element]:
    """Every element with one of these tags, complete, in the order they end; each is emptied when the next is asked for.

    Memory stays flat however long the stream is, as long as what lies around the tags is short.

    Raises:
        DoubtError: as `parsed`.
    """
    checked = False
    try:
        for _, element in etree.iterparse(stream, events=("end",), tag=tags, **_OPTIONS):
            if not checked:
                _refuse_doctype(element, where)
                checked = True
            yield element
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise DoubtError(f"{where} is not well-formed: {error}") from error


@cache
def _parser() -> Any:
    return etree.XMLParser(**_OPTIONS)


def _refuse_doctype(element: Element, where: str) -> None:
    if element.getroottree().docinfo.doctype:
        raise DoubtError(f"{where} declares a document type")


def _forget(element: Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
