"""What every kind of related part means for the text: read, known to hold none, or a reason to doubt."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterator

from archiver.adapters.extraction.readers.drawing import drawn_text, vml_text
from archiver.adapters.extraction.readers.metafile import emf_text
from archiver.adapters.extraction.readers.ooxml import OfficeFile
from archiver.adapters.extraction.readers.zip_package import opened
from archiver.adapters.extraction.source import DoubtError

_NO_TEXT = frozenset({
    "attachedTemplate", "bibliography", "calcChain", "chartColorStyle", "chartStyle", "commentAuthors", "commentsExtended",
    "commentsExtensible", "commentsIds", "connections", "core-properties", "ctrlProp", "custom-properties", "customXml",
    "customXmlProps", "diagramColors", "diagramDrawing", "diagramLayout", "diagramQuickStyle", "extended-properties",
    "externalLink", "externalLinkPath", "featurePropertyBag", "font", "fontTable", "hyperlink", "keyMapCustomizations",
    "metadata",
    "numbering", "officeDocument", "origin", "people", "person", "pivotCacheDefinition", "pivotCacheRecords", "pivotTable",
    "presProps", "printerSettings", "queryTable", "rdRichValue", "rdRichValueStructure", "rdRichValueTypes", "recipientData",
    "revisionInfo", "richValueRel", "settings", "sharedStrings", "sheetMetadata", "signature", "slicer", "slicerCache", "styles",
    "stylesWithEffects", "table", "tableSingleCells", "tableStyles", "tags", "theme", "themeOverride", "thumbnail", "timeline",
    "timelineCache", "vbaProject", "vbaProjectSignature", "viewProps", "webExtension", "webSettings", "wordVbaData",
    "wsSortMap", "xmlMaps", "hdphoto", "webextensiontaskpanes", "webextension", "classificationlabels",
})  # fmt: skip
_DRAWN = frozenset({"chart", "chartEx", "chartUserShapes", "diagramData", "drawing"})
_SILENT_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".tif", ".tiff", ".wdp"})
_EMBEDDED_READERS = {".docx": "word", ".docm": "word", ".dotx": "word", ".pptx": "slides", ".pptm": "slides", ".ppsx": "slides",
                     ".xlsx": "sheet", ".xlsm": "sheet", ".xltx": "sheet"}  # fmt: skip


class RelatedText:
    """Text of the parts that a document's own parts lead to, each part once."""

    def __init__(self, file: OfficeFile, read_elsewhere: frozenset[str]) -> None:
        """Args:
        read_elsewhere: kinds of relations that the caller follows on its own.
        """
        self._file = file
        self._elsewhere = read_elsewhere
        self._seen: set[str] = set()

    def of(self, part: str) -> Iterator[str]:
        """Pieces of text found behind this part's relations, and behind theirs.

        Raises:
            DoubtError: something is embedded or linked that is not read here.
        """
        for relation in self._file.relations(part):
            if relation.kind in self._elsewhere or relation.kind in _NO_TEXT or not relation.part:
                continue
            if relation.part not in self._seen:
                self._seen.add(relation.part)
                yield from self._text(relation.kind, relation.part)
                yield from self._links(relation.part)
                yield from self.of(relation.part)

    def _links(self, part: str) -> Iterator[str]:
        """Where shapes lead to when clicked."""
        for relation in self._file.relations(part):
            if relation.kind == "hyperlink" and not relation.part and not relation.target.startswith("#"):
                yield f"{relation.target}\n"

    def _text(self, kind: str, part: str) -> Iterator[str]:
        if part not in self._file.package:
            raise DoubtError(f"{kind} points to {part}, which is missing")
        if kind in _DRAWN:
            yield drawn_text(self._file.tree(part))
        elif kind == "vmlDrawing":
            yield vml_text(self._file.tree(part))
        elif kind == "image":
            yield self._picture(part)
        elif kind == "package":
            yield from self._embedded(part)
        else:
            raise DoubtError(f"a part of kind {kind} ({part}) is not read here")

    def _picture(self, part: str) -> str:
        extension = posixpath.splitext(part)[1].lower()
        if extension in _SILENT_PICTURES:
            return ""
        if extension == ".svg":
            return "\n".join(_svg_lines(self._file, part))
        if extension == ".emf":
            return emf_text(self._file.package.read(part))
        raise DoubtError(f"a picture {part} may hold text")

    def _embedded(self, part: str) -> Iterator[str]:
        reader = _EMBEDDED_READERS.get(posixpath.splitext(part)[1].lower())
        if reader is None:
            raise DoubtError(f"an embedded file {part} is not read here")
        package = self._file.package
        with opened(io.BytesIO(package.read(part)), package.limits, package.depth + 1) as inner:
            yield f"\n{posixpath.basename(part)}\n"
            yield from _pieces(reader, OfficeFile(inner))


def _svg_lines(file: OfficeFile, part: str) -> Iterator[str]:
    for element in file.tree(part).iter("{http://www.w3.org/2000/svg}text"):
        yield "".join(element.itertext())


def _pieces(reader: str, file: OfficeFile) -> Iterator[str]:
    from archiver.adapters.extraction.readers import sheet, slides, word  # these three read embedded files through this module

    return {"word": word.pieces, "slides": slides.pieces, "sheet": sheet.pieces}[reader](file)
