"""Core, extended and custom properties of an OOXML file, under Tika's keys."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.adapters.extraction.readers.ooxml import OfficeFile
from archiver.adapters.extraction.readers.safe_xml import Element

Metadata = dict[str, list[str]]

_CORE = {
    "title": ("dc:title",),
    "creator": ("dc:creator",),
    "subject": ("dc:subject",),
    "keywords": ("dc:subject", "meta:keyword"),
    "description": ("dc:description",),
    "language": ("dc:language",),
    "identifier": ("dc:identifier",),
    "category": ("cp:category",),
    "contentStatus": ("cp:contentStatus",),
    "contentType": ("cp:contentType",),
    "revision": ("cp:revision",),
    "version": ("cp:version",),
    "lastModifiedBy": ("meta:last-author",),
    "created": ("dcterms:created",),
    "modified": ("dcterms:modified",),
    "lastPrinted": ("meta:print-date",),
}
_DATES = {"created", "modified", "lastPrinted"}
_EXTENDED = {
    "Application": ("extended-properties:Application",),
    "AppVersion": ("extended-properties:AppVersion",),
    "Company": ("extended-properties:Company", "dc:publisher"),
    "Manager": ("extended-properties:Manager",),
    "Template": ("extended-properties:Template",),
    "TotalTime": ("extended-properties:TotalTime",),
    "PresentationFormat": ("extended-properties:PresentationFormat",),
    "Notes": ("extended-properties:Notes",),
    "HiddenSlides": ("extended-properties:HiddenSlides",),
    "Pages": ("meta:page-count", "xmpTPg:NPages"),
    "Slides": ("meta:slide-count", "xmpTPg:NPages"),
    "Words": ("meta:word-count",),
    "Characters": ("meta:character-count",),
    "CharactersWithSpaces": ("meta:character-count-with-spaces",),
    "Lines": ("meta:line-count",),
    "Paragraphs": ("meta:paragraph-count",),
}
_ZERO_IS_ABSENT = {
    "Pages",
    "Slides",
    "Words",
    "Characters",
    "CharactersWithSpaces",
    "Lines",
    "Paragraphs",
    "Notes",
    "HiddenSlides",
    "TotalTime",
}
_SECURITY = {0: "None", 1: "PasswordProtected", 2: "ReadOnlyRecommended", 4: "ReadOnlyEnforced", 8: "LockedForAnnotations"}


def properties(file: OfficeFile) -> Metadata:
    """Everything the property parts say."""
    metadata: Metadata = {"extended-properties:DocSecurityString": ["None"]}
    for relation in file.relations(""):
        if relation.part not in file.package:
            continue
        if relation.kind == "core-properties":
            _add_core(metadata, file.tree(relation.part))
        elif relation.kind == "extended-properties":
            _add_extended(metadata, file.tree(relation.part))
        elif relation.kind == "custom-properties":
            _add_custom(metadata, file.tree(relation.part))
        elif relation.kind == "origin":
            metadata["hasSignature"] = ["true"]
    return metadata


def utc(text: str) -> str:
    """A W3CDTF date as `YYYY-MM-DDThh:mm:ssZ`; without a zone it is UTC by the standard; what is no date stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else text


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _add(metadata: Metadata, keys: tuple[str, ...], value: str) -> None:
    for key in keys:
        metadata.setdefault(key, []).append(value)


def _add_core(metadata: Metadata, root: Element) -> None:
    for element in sorted(root, key=_local, reverse=True):  # subject before keywords, as in Tika's list of subjects
        name, value = _local(element), "".join(element.itertext()).strip()
        if name in _CORE and value:
            _add(metadata, _CORE[name], utc(value) if name in _DATES else value)


def _add_extended(metadata: Metadata, root: Element) -> None:
    for element in root:
        name, value = _local(element), (element.text or "").strip()
        if name == "DocSecurity":
            metadata["extended-properties:DocSecurityString"] = [_security(value)]
        elif name in _EXTENDED and value and not (name in _ZERO_IS_ABSENT and value == "0"):
            _add(metadata, _EXTENDED[name], value)


def _security(value: str) -> str:
    return _SECURITY.get(int(value), "Unknown") if value.isdecimal() else "Unknown"


def _add_custom(metadata: Metadata, root: Element) -> None:
    for element in root:
        for value in element:
            text = "".join(value.itertext()).strip()
            if text and _local(value) not in {"blob", "oblob", "stream", "ostream", "storage", "ostorage"}:
                _add(
                    metadata, (f"custom:{element.get('name', '')}",), utc(text) if _local(value) in {"filetime", "date"} else text
                )
