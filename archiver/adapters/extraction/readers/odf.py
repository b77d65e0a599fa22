"""OpenDocument text, spreadsheets and presentations (.odt, .ods, .odp and their flat forms)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.adapters.extraction.readers.drawing import Output, Rule, Rules, skip
from archiver.adapters.extraction.readers.odf_metadata import DC, OFFICE, properties
from archiver.adapters.extraction.readers.office_reading import collected, text_limit
from archiver.adapters.extraction.readers.ooxml_metadata import Metadata
from archiver.adapters.extraction.readers.safe_xml import Element, parsed
from archiver.adapters.extraction.readers.unlock import refuse_encrypted_odf
from archiver.adapters.extraction.readers.zip_package import WHOLE_PART, OversizeError, ZipPackage, opened
from archiver.adapters.extraction.source import DoubtError, Reading, Source
from archiver.domain.extraction import Outcome

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
FORM = "{urn:oasis:names:tc:opendocument:xmlns:form:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"

_SPACES = re.compile(r"[ \t\r\n]+")
_LINES = (f"{TEXT}p", f"{TEXT}h", f"{TABLE}table-row", f"{SVG}title", f"{SVG}desc", f"{DC}creator")
_SKIPPED = (f"{OFFICE}scripts", f"{OFFICE}meta", f"{OFFICE}settings", f"{OFFICE}styles", f"{OFFICE}automatic-styles",
            f"{OFFICE}binary-data", f"{DC}date", f"{TEXT}sequence-decls", f"{TEXT}table-of-content-source",
            f"{TEXT}alphabetical-index-source", f"{TEXT}bibliography-source", f"{TABLE}calculation-settings",
            f"{OFFICE}event-listeners", f"{TABLE}content-validations", f"{PRESENTATION}settings")  # fmt: skip
_NO_TEXT_OBJECTS = frozenset({f"{DRAW}applet", f"{DRAW}plugin", f"{DRAW}object-ole", f"{DRAW}floating-frame"})
_GENERIC_PAGE = re.compile(r"(?i)page\d+|slide ?\d+")
_MAX_SPACES = 1000


def read(source: Source) -> Reading:
    """Text and metadata.

    Raises:
        DoubtError: the file holds something that is not read here, is damaged, or has no text.
        ProtectedError: it is encrypted.
    """
    try:
        text, whole, metadata = _flat(source) if _is_flat(source) else _packaged(source)
    except OversizeError as error:
        return Reading("", {}, "odf", Outcome.TOO_LARGE, str(error))
    except (RecursionError, ValueError) as error:
        raise DoubtError(f"not read: {error}") from error
    if not text.strip():
        raise DoubtError("no text found")
    if not whole:
        return Reading(text, metadata, "odf", Outcome.TOO_LARGE, f"only the first {len(text)} characters were read")
    return Reading(text, metadata, "odf")


def _is_flat(source: Source) -> bool:
    with source.path.open("rb") as file:
        return not file.read(4).startswith(b"PK")


def _flat(source: Source) -> tuple[str, bool, Metadata]:
    if source.size > WHOLE_PART:
        raise DoubtError(f"a flat file of {source.size} bytes")
    root = parsed(source.path.read_bytes(), source.name)
    if root.tag != f"{OFFICE}document":
        raise DoubtError("not a flat OpenDocument file")
    text, whole = collected(_body(root, _Objects(None)), source.limits.text_chars)
    return text, whole, properties(root)


def _packaged(source: Source) -> tuple[str, bool, Metadata]:
    with opened(source.path, source.limits) as package:
        refuse_encrypted_odf(package)
        metadata = properties(parsed(package.read("meta.xml"), "meta.xml")) if "meta.xml" in package else {}
        text, whole = collected(_parts(package), text_limit(package))
    return text, whole, metadata


def _parts(package: ZipPackage) -> Iterator[str]:
    objects = _Objects(package)
    for name in ("content.xml", "styles.xml"):
        if name in package or name == "content.xml":
            yield from _body(parsed(package.read(name), name), objects)


def _body(root: Element, objects: _Objects) -> Iterator[str]:
    """The document itself, then what its page styles print on every page."""
    if not str(root.tag).startswith(OFFICE):
        raise DoubtError("not of the namespace of OpenDocument")
    rules = _rules(objects)
    for body in root.iterchildren(f"{OFFICE}body"):
        yield _text(body, rules)
    for masters in root.iterchildren(f"{OFFICE}master-styles"):
        yield _text(masters, rules | {f"{DRAW}frame": _master_frame(rules)})


class _Objects:
    """Charts, formulas and tables embedded as folders of the same package; each is read once."""

    def __init__(self, package: ZipPackage | None) -> None:
        self._package = package
        self._seen: set[str] = set()

    def text(self, element: Element, out: Output) -> None:
        """Rule for draw:object."""
        target = element.get(f"{XLINK}href", "").removeprefix("./")
        if not target:
            _walk(element, _rules(self), out)
            return
        name = f"{target}/content.xml"
        if self._package is None or name not in self._package:
            raise DoubtError(f"an embedded object {target} is not in the file")
        if name not in self._seen:
            self._seen.add(name)
            root = parsed(self._package.read(name), name)
            _walk(root, _rules(self), out)


def _text(element: Element, rules: Rules) -> str:
    out: Output = []
    _walk(element, rules, out)
    return "".join(out)


def _walk(element: Element, rules: Rules, out: Output) -> None:
    """Text stands between and inside elements; white space in it counts as one space."""
    if element.text:
        _say(element.text, out)
    for child in element:
        rule = rules.get(child.tag)
        if rule is None:
            _walk(child, rules, out)
        else:
            rule(child, out)
        if child.tail:
            _say(child.tail, out)


def _say(text: str, out: Output) -> None:
    plain = _SPACES.sub(" ", text)
    if plain != " " or (out and not out[-1].endswith(("\n", "\t", " "))):
        out.append(plain)


def _then(sign: str, rules: Rules) -> Rule:
    def rule(element: Element, out: Output) -> None:
        _walk(element, rules, out)
        out.append(sign)

    return rule


def _named(attribute: str, rules: Rules) -> Rule:
    """What is inside, under its name; names that only count pages are left out."""

    def rule(element: Element, out: Output) -> None:
        name = element.get(attribute, "")
        if name and not _GENERIC_PAGE.fullmatch(name):
            out.append(f"{name}\n")
        _walk(element, rules, out)
        out.append("\n")

    return rule


def _rules(objects: _Objects) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    rules |= dict.fromkeys(_LINES, _then("\n", rules))
    rules |= dict.fromkeys(_SKIPPED, skip)
    rules |= dict.fromkeys(_NO_TEXT_OBJECTS, _unread)
    rules |= {
        f"{TEXT}s": _blanks,
        f"{TEXT}tab": lambda _element, out: out.append("\t"),
        f"{TEXT}line-break": lambda _element, out: out.append("\n"),
        f"{TEXT}soft-page-break": skip,
        f"{TEXT}note": _then(" ", rules),
        f"{TABLE}table-cell": _then("\t", rules),
        f"{TABLE}table": _named(f"{TABLE}name", rules),
        f"{DRAW}page": _named(f"{DRAW}name", rules),
        f"{DRAW}object": objects.text,
        f"{FORM}button": _label,
        f"{FORM}fixed-text": _label,
        f"{FORM}text": _value,
        f"{FORM}textarea": _value,
    }
    return rules


def _master_frame(rules: Rules) -> Rule:
    """A frame on a master page; placeholders ("Click to edit ...") are on no slide."""

    def rule(element: Element, out: Output) -> None:
        if element.get(f"{PRESENTATION}placeholder") != "true":
            _walk(element, rules, out)

    return rule


def _blanks(element: Element, out: Output) -> None:
    count = element.get(f"{TEXT}c", "1")
    out.append(" " * min(int(count), _MAX_SPACES) if count.isdecimal() else " ")


def _label(element: Element, out: Output) -> None:
    out.append(f"{element.get(f'{FORM}label', '')}\n")


def _value(element: Element, out: Output) -> None:
    out.append(f"{element.get(f'{FORM}current-value') or element.get(f'{FORM}value', '')}\n")


def _unread(element: Element, _out: Output) -> None:
    raise DoubtError(f"{element.tag.rpartition('}')[2]} is not read here")
