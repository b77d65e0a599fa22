"""Kinds of text told apart by how they begin: mail, mailboxes, HTML, XML."""

from __future__ import annotations

import re

_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:", re.ASCII)
_MAIL_HEADERS = {
    "from", "to", "cc", "bcc", "subject", "date", "received", "message-id", "return-path", "mime-version", "delivered-to",
    "reply-to", "sender", "x-mailer", "x-originating-ip", "in-reply-to", "references", "list-id", "dkim-signature",
    "content-type", "content-transfer-encoding", "authentication-results", "received-spf", "importance", "thread-topic",
    "x-received", "arc-seal", "envelope-to", "errors-to", "newsgroups",
}  # fmt: skip
_STRONG = {
    "from", "received", "message-id", "return-path", "delivered-to", "x-received", "dkim-signature", "mime-version", "date",
}  # fmt: skip
_MAIL_EXTENSIONS = frozenset({"eml", "mht", "mhtml", "mime", "msg"})
_MBOX = re.compile(r"From \S+.{0,80}\d\d:\d\d.{0,40}\r?\n[!-9;-~]+:", re.ASCII)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)([^>]*)")
_XML_KINDS = {
    "html": "application/xhtml+xml",
    "svg": "image/svg+xml",
    "feed": "application/atom+xml",
    "rss": "application/rss+xml",
}
_FLAT_ODF = re.compile(r'office:mimetype="([\w./-]+)"')
_HTML_TAG = re.compile(
    r"<(?:!doctype\s+html|html|head|title|body|meta|script|style|table|div|p|h1|h2|br|a|font|center|img|form|iframe|span)[\s>/]",
    re.I,
)


def message_type(text: str, extension: str) -> str:
    """`message/rfc822`, `multipart/related` (a saved web page), `application/mbox`, or "" for anything else."""
    if _MBOX.match(text) and extension != "eml":
        return "application/mbox"
    names = _header_names(text)
    known = [name for name in names if name in _MAIL_HEADERS]
    if not known or (names[0] not in _MAIL_HEADERS and not names[0].startswith("x-") and extension not in _MAIL_EXTENSIONS):
        return ""
    if extension not in _MAIL_EXTENSIONS and (len(set(known)) < 2 or not _STRONG.intersection(known)):
        return ""
    head = text.split("\n\n", 1)[0][:4000]
    if extension in ("mht", "mhtml") and re.search(r"^content-type:\s*multipart/related", head, re.I | re.M):
        return "multipart/related"
    return "message/rfc822"


def _header_names(text: str) -> list[str]:
    """Names of the header lines a text begins with, lower case; [] when its first line is none."""
    names: list[str] = []
    lines = text.lstrip("\r\n").splitlines()[:200]
    if lines and lines[0].startswith("From "):
        lines = lines[1:]
    for line in lines:
        if not line:
            break
        if line[0] in " \t" and names:
            continue
        found = _HEADER.match(line)
        if not found:
            break
        names.append(found.group(1).lower())
    return names


def markup_type(text: str, extension: str) -> str:
    """XML or HTML by its first element; "" when it begins like neither."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<?xml"):
        return _xml_type(start)
    if not start.startswith("<"):
        return ""
    bare = re.sub(r"<!--.*?-->", "", start[:8192], flags=re.S).lstrip()
    if re.match(r"<!doctype\s+html|<html", bare, re.I):
        return _xml_type(bare) if re.search(r"<html[^>]+xmlns=", bare[:2000], re.I) and "XHTML" in bare[:400] else "text/html"
    if _HTML_TAG.match(bare):
        return "text/html"
    return _xml_type(bare) if extension in _XML_EXTENSIONS or re.match(r"<\w[^<>]*\sxmlns", bare) else ""


_XML_EXTENSIONS = frozenset({"xml", "xsl", "xslt", "xsd", "svg", "atom", "rss", "rdf", "kml", "gpx", "fodt", "fods", "fodp"})


def _xml_type(start: str) -> str:
    """Type of an XML document, by the name of its root element."""
    body = re.sub(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", "", start[:8192], flags=re.S | re.I).lstrip()
    root = _ROOT.match(body)
    if root is None:
        return "application/xml"
    if flat := _FLAT_ODF.search(root.group(2)):
        return flat.group(1).replace("application/vnd.oasis.opendocument.", "application/vnd.oasis.opendocument.flat.")
    return _XML_KINDS.get(root.group(1).lower(), "application/xml")
