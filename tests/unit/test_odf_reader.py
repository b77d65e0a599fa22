"""OpenDocument files, packaged and flat."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.adapters.extraction.readers import odf
from archiver.adapters.extraction.source import DoubtError, ProtectedError
from tests.support.office_files import ODF_NAMESPACES, open_document, source


def read_text(folder: Path, content: str, styles: str = "", **parts: str) -> str:
    return odf.read(source(folder, open_document(content, styles, **parts))).text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<text:p>deux\n   <text:span>mots</text:span> ici</text:p>", "deux mots ici\n"),
        ('<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d</text:p>', "a   b\tc\nd\n"),
        ("<text:p>x<office:annotation><dc:creator>Zoé</dc:creator><dc:date>2024</dc:date><text:p>avis</text:p>"
         "</office:annotation></text:p>",
         "xZoé\navis\n\n"),
        ("<draw:frame><svg:title>plan</svg:title><draw:text-box><text:p>encadré</text:p></draw:text-box></draw:frame>",
         "plan\nencadré\n"),
    ],
)  # fmt: skip
def test_forms_of_text(tmp_path: Path, content: str, expected: str) -> None:
    assert read_text(tmp_path, content) == expected


def test_sheets_have_names_and_cells(tmp_path: Path) -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = f"<table:table-row>{cell.format('1 234,50 €')}{cell.format('b')}</table:table-row>"
    text = read_text(tmp_path, f'<table:table table:name="Ventes">{rows}</table:table>')
    assert text.split() == ["Ventes", "1", "234,50", "€", "b"]


def test_page_headers_are_read_and_prompts_are_not(tmp_path: Path) -> None:
    styles = (
        "<style:master-page><style:header><text:p>étude</text:p></style:header>"
        '<draw:frame presentation:placeholder="true"><text:p>Cliquez</text:p></draw:frame></style:master-page>'
    )
    assert read_text(tmp_path, "<text:p>corps</text:p>", styles).split() == ["corps", "étude"]


def test_an_embedded_object_is_read(tmp_path: Path) -> None:
    inner = (
        f"<office:document-content {ODF_NAMESPACES}><office:body><text:p>courbe</text:p></office:body></office:document-content>"
    )
    text = read_text(tmp_path, '<text:p>x<draw:object xlink:href="./Objet 1"/></text:p>', **{"Objet 1/content__xml": inner})
    assert "courbe" in text


@pytest.mark.parametrize("content", ['<draw:object xlink:href="./Absent"/>', "<draw:object-ole/>", "", "<text:p> </text:p>"])
def test_what_is_not_read_here_is_doubted(tmp_path: Path, content: str) -> None:
    with pytest.raises(DoubtError):
        read_text(tmp_path, content)


def test_metadata(tmp_path: Path) -> None:
    meta = (
        f'<office:document-meta {ODF_NAMESPACES} office:version="1.3"><office:meta><dc:title>Bail</dc:title>'
        "<meta:initial-creator>Zoé</meta:initial-creator><dc:creator>Max</dc:creator>"
        "<meta:creation-date>2024-05-01T10:00:00</meta:creation-date>"
        '<meta:document-statistic meta:page-count="3"/><meta:user-defined meta:name="Dossier">D7</meta:user-defined>'
        "</office:meta></office:document-meta>"
    )
    metadata = odf.read(source(tmp_path, open_document("<text:p>x</text:p>", meta__xml=meta))).metadata
    assert metadata == {
        "odf:version": ["1.3"], "dc:title": ["Bail"], "dc:creator": ["Zoé"], "meta:last-author": ["Max"],
        "dcterms:created": ["2024-05-01T10:00:00"], "meta:page-count": ["3"], "xmpTPg:NPages": ["3"], "custom:Dossier": ["D7"],
    }  # fmt: skip


def test_a_flat_file(tmp_path: Path) -> None:
    flat = f"<office:document {ODF_NAMESPACES}><office:body><text:p>à plat</text:p></office:body></office:document>"
    assert odf.read(source(tmp_path, flat.encode())).text == "à plat\n"


def test_encryption_is_said(tmp_path: Path) -> None:
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        "<m:file-entry><m:encryption-data/></m:file-entry></m:manifest>"
    )
    with pytest.raises(ProtectedError):
        read_text(tmp_path, "<text:p>x</text:p>", **{"META-INF/manifest__xml": manifest})
