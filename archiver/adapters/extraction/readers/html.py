"""HTML and XHTML: visible text, title, meta elements. Scripts are never run, nothing is ever fetched."""

from __future__ import annotations

import re
from typing import Any

from archiver.adapters.extraction.readers.charset import decode
from archiver.adapters.extraction.source import DoubtError, Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "html"
LARGEST = 64 * 1024 * 1024
"""Bytes above which the tree would take too much memory."""

_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]{0,100}encoding\s*=\s*["']([\w.:-]+)""", re.I
)
_PRESCAN = 4096
_HIDDEN = "script,style,template,noscript>img"
_BLOCKS = (
    "p,div,br,li,ul,ol,dl,dt,dd,tr,table,h1,h2,h3,h4,h5,h6,section,article,header,footer,main,aside,nav,form,fieldset,legend,"
    "blockquote,pre,hr,figure,figcaption,address,option,select,textarea,caption,center,title,iframe,details,summary,body"
)
_CELLS = "td,th"
_SPACES = re.compile(r"[ \t\r\f\v]+")
_LINES = re.compile(r" ?\n[ \n]*")
_META = {
    "author": ("dc:creator",), "dc.creator": ("dc:creator",), "dcterms.creator": ("dc:creator",), "dc.title": ("dc:title",),
    "description": ("dc:description",), "dc.description": ("dc:description",), "keywords": ("meta:keyword", "dc:subject"),
    "dc.subject": ("dc:subject",), "subject": ("dc:subject",), "dc.language": ("dc:language",), "dc.publisher": ("dc:publisher",),
    "generator": ("xmp:CreatorTool",), "dcterms.created": ("dcterms:created",), "dc.date.created": ("dcterms:created",),
    "dc.date": ("dcterms:created",), "dcterms.modified": ("dcterms:modified",), "last-modified": ("dcterms:modified",),
}  # fmt: skip


def read(source: Source) -> Reading:
    """Text a browser would show, and metadata.

    Raises:
        DoubtError: no certain charset, too large for a tree, or no text although there is a body.
    """
    if source.size > LARGEST:
        raise DoubtError(f"{source.size} bytes are more than a tree may take")
    with open(source.path, "rb") as stream:
        data = stream.read()
    markup, charset = decode(data, _declared(data))
    text, metadata = content(markup)
    if not text and not metadata and len(markup) > _PRESCAN:
        raise DoubtError("markup, but no text")
    metadata["Content-Type"] = [f"{source.media_type}; charset={charset.upper()}"]
    metadata["Content-Encoding"] = [charset.upper()]
    limit = source.limits.text_chars
    if len(text) > limit:
        return Reading(
            text[:limit], metadata, TOOL, Outcome.TOO_LARGE, f"more than {limit} characters of text; the first are kept"
        )
    return Reading(text, metadata, TOOL)


def _declared(data: bytes) -> str:
    found = _META_CHARSET.search(data[:_PRESCAN])
    return (found.group(1) or found.group(2)).decode("ascii", "replace") if found else ""


def content(markup: str, depth: int = 0) -> tuple[str, dict[str, list[str]]]:
    """Visible text and metadata of an HTML document or fragment."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    metadata = _metadata(tree)
    for node in tree.css(_HIDDEN):
        node.decompose()
    framed = [_framed(node, depth) for node in tree.css("iframe[srcdoc]")]
    for node in tree.css(_BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n")
    for node in tree.css(_CELLS):
        node.insert_before("\t")
    for node in tree.css("img[alt]"):
        node.insert_before(f" {node.attributes.get('alt') or ''} ")
    visible = tree.body.text(separator="") if tree.body is not None else ""
    return "\n".join(filter(None, [tidy(visible), *framed])), metadata


def _framed(node: Any, depth: int) -> str:
    """Text of a document written inside an attribute."""
    inner = node.attributes.get("srcdoc") or ""
    return content(inner, depth + 1)[0] if inner and depth < 4 else ""


def tidy(text: str) -> str:
    """One space between words, one line end between blocks."""
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _metadata(tree: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    title = tree.css_first("head title") or tree.css_first("title")
    if title is not None and (text := " ".join(title.text().split())):
        found["dc:title"] = [text]
    for node in tree.css("meta"):
        _add_meta(found, node.attributes)
    root = tree.css_first("html")
    if root is not None and (code := root.attributes.get("lang")):
        found.setdefault("dc:language", [code])
    return found


def _add_meta(found: dict[str, list[str]], attributes: dict[str, str | None]) -> None:
    name = (attributes.get("name") or attributes.get("property") or attributes.get("http-equiv") or "").strip()
    value = (attributes.get("content") or "").strip()
    if not name or not value or name.lower() in ("content-type", "viewport"):
        return
    for key in dict.fromkeys((name, *_META.get(name.lower(), ()))):
        values = found.setdefault(key, [])
        if value not in values:
            values.append(value)
