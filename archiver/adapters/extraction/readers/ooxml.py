"""Open Packaging Conventions (ISO/IEC 29500-2): which part points to which, and by what relation."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from archiver.adapters.extraction.readers.safe_xml import Element, parsed
from archiver.adapters.extraction.readers.zip_package import ZipPackage
from archiver.adapters.extraction.source import DoubtError

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship. `kind` is the last word of its type's URI; `part` is "" for a target outside the package."""

    id: str
    kind: str
    part: str
    target: str


class OfficeFile:
    """An OOXML package and the relations between its parts."""

    def __init__(self, package: ZipPackage) -> None:
        self.package = package
        self._relations: dict[str, list[Relation]] = {}

    @cached_property
    def main(self) -> Relation:
        """The relation to the document's main part.

        Raises:
            DoubtError: there is none, or more than one.
        """
        found = [relation for relation in self.relations("") if relation.kind == "officeDocument"]
        if len(found) != 1 or not found[0].part:
            raise DoubtError(f"the package has {len(found)} main parts")
        return found[0]

    def tree(self, part: str) -> Element:
        """A part, parsed."""
        return parsed(self.package.read(part), part)

    def relations(self, part: str) -> list[Relation]:
        """What a part points to, in the order written; `""` for the package itself."""
        if part not in self._relations:
            self._relations[part] = self._read_relations(part)
        return self._relations[part]

    def related(self, part: str, kind: str) -> list[str]:
        """Parts that `part` points to by relations of this kind."""
        return [relation.part for relation in self.relations(part) if relation.kind == kind and relation.part]

    def _read_relations(self, part: str) -> list[Relation]:
        folder, name = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{name}.rels")
        if listing not in self.package:
            return []
        return [self._relation(element, folder) for element in self.tree(listing)]

    def _relation(self, element: Element, folder: str) -> Relation:
        target = element.get("Target", "")
        kind = element.get("Type", "").rpartition("/")[2]
        outside = element.get("TargetMode") == "External" or target.startswith("#")
        return Relation(element.get("Id", ""), kind, "" if outside else self._resolved(folder, target), target)

    def _resolved(self, folder: str, target: str) -> str:
        path = target.partition("#")[0]
        name = posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
        return name if name in self.package else unquote(name)
