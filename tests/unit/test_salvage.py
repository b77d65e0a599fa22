"""What is saved of packages that no reader understands, and the reader for Visio drawings."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from archiver.adapters.extraction.extract import extract
from archiver.domain.extraction import Extraction, Limits, Outcome

_R = "http://schemas.microsoft.com/visio/2010/relationships/"
_V = "http://schemas.microsoft.com/office/visio/2012/main"
_P = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


def relations(kind: str, target: str) -> str:
    return f'<Relationships {_P}><Relationship Id="rId1" Type="{_R}{kind}" Target="{target}"/></Relationships>'


VISIO = {
    "[Content_Types].xml": '<Types><Override PartName="/visio/document.xml" ContentType="application/vnd.ms-visio.drawing.main+xml"/></Types>',
    "_rels/.rels": relations("document", "visio/document.xml"),
    "visio/document.xml": f'<VisioDocument xmlns="{_V}"/>',
    "visio/_rels/document.xml.rels": relations("pages", "pages/pages.xml"),
    "visio/pages/pages.xml": f'<Pages xmlns="{_V}"><Page ID="0" Name="Organigramme"/></Pages>',
    "visio/pages/_rels/pages.xml.rels": relations("page", "page1.xml"),
    "visio/pages/page1.xml": (
        f'<PageContents xmlns="{_V}"><Shapes><Shape ID="1"><Text><cp IX="0"/>Direction générale\n</Text><Shapes><Shape ID="2">'
        '<Section N="Property"><Row N="a"><Cell N="Label" V="Budget"/><Cell N="Value" V="40" U="DT"/></Row></Section>'
        "</Shape></Shapes></Shape></Shapes></PageContents>"
    ),
}


def extracted(tmp_path: Path, parts: dict[str, str], name: str, kept: float = 1.0) -> Extraction:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for part, text in parts.items():
            made.writestr(part, text)
    path = tmp_path / "stored"
    path.write_bytes(out.getvalue()[: int(len(out.getvalue()) * kept)])
    return extract(path, name, limits=Limits())


def test_drawing(tmp_path: Path) -> None:
    found = extracted(tmp_path, VISIO, "a.vsdx")
    assert (found.outcome, found.tool) == (Outcome.COMPLETE, "visio")
    assert found.text.split("\n") == ["Organigramme", "Direction générale", "Budget", ""]
    assert found.summary["pages"] == "1"


def test_drawing_with_a_page_missing_is_not_complete(tmp_path: Path) -> None:
    parts = {name: text for name, text in VISIO.items() if name != "visio/pages/page1.xml"}
    assert extracted(tmp_path, parts, "a.vsdx").outcome is not Outcome.COMPLETE


def test_words_and_properties_of_a_broken_package(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;">]>'
    parts = {
        "[Content_Types].xml": '<Types><Override PartName="/word/document.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "word/document.xml": f"{bomb}<w:document><w:p><w:t>Acte de vente &y;</w:t></w:p><w:p><w:t>Prix",
        "docProps/core.xml": f"{bomb}<cp:c><dc:title>Vente &amp; bail</dc:title><dc:creator>Me Durand</dc:creator></cp:c>",
    }
    found = extracted(tmp_path, parts, "a.docx")
    assert found.outcome is Outcome.PARTIAL
    assert "Acte de vente" in found.text
    assert "lol" not in found.text
    assert found.summary["title"] == "Vente & bail"
    assert found.summary["author"] == "Me Durand"


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.8, 0.95])
def test_package_cut_short_is_never_complete(tmp_path: Path, kept: float) -> None:
    found = extracted(tmp_path, VISIO, "a.vsdx", kept)
    assert found.outcome in (Outcome.PARTIAL, Outcome.CORRUPT, Outcome.UNSUPPORTED)
    assert found.reason
