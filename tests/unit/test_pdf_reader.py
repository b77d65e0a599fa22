"""PDF: pages and all that is not on them."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from archiver.adapters.extraction.extract import extract
from archiver.adapters.extraction.readers.pdf import read
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Source
from archiver.domain.extraction import Extraction, Limits, Outcome
from tests.support.pdf_files import document, pdf, saved


def source(tmp_path: Path, data: bytes, passwords: tuple[str, ...] = (), limits: Limits | None = None) -> Source:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    return Source(path, "a.pdf", len(data), "application/pdf", limits or Limits(), passwords)


def extracted(tmp_path: Path, data: bytes, **more: tuple[str, ...]) -> Extraction:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    return extract(path, "a.pdf", limits=Limits(), **more)  # type: ignore[arg-type]


def test_pages_in_order(tmp_path: Path) -> None:
    found = read(source(tmp_path, pdf(["Première page", "Deuxième page"])))
    assert found.text.index("Première page") < found.text.index("Deuxième page")
    assert found.metadata["xmpTPg:NPages"] == ["2"]
    assert found.outcome is Outcome.COMPLETE


def test_properties_xmp_and_pdfa_claim(tmp_path: Path) -> None:
    made = document(["x"])
    with made.open_metadata() as xmp:
        xmp["dc:title"] = "Bail commercial"
        xmp["pdfaid:part"] = "3"
    made.docinfo["/Author"] = "Zoé"
    made.docinfo["/CreationDate"] = "D:20240305102030+01'00'"
    metadata = read(source(tmp_path, saved(made))).metadata
    assert metadata["dc:title"] == ["Bail commercial"]
    assert metadata["dc:creator"] == ["Zoé"]
    assert metadata["dcterms:created"] == ["2024-03-05T09:20:30Z"]
    assert metadata["pdfaid:part"] == ["3"]


def test_form_fields_annotations_and_bookmarks_are_text(tmp_path: Path) -> None:
    made = document(["x"])
    made.Root.AcroForm = pikepdf.Dictionary(Fields=[pikepdf.Dictionary(T="Montant", V="1 250 EUR", FT=pikepdf.Name.Tx)])
    made.pages[0].obj.Annots = made.make_indirect(
        pikepdf.Array(
            [pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Contents="à vérifier", Rect=[0, 0, 9, 9])]
        )
    )
    with made.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Article premier", 0))
    text = read(source(tmp_path, saved(made))).text
    assert "Montant: 1 250 EUR" in text
    assert "à vérifier" in text
    assert "Article premier" in text


def test_attached_invoice_belongs_to_the_text(tmp_path: Path) -> None:
    made = document(["Facture"])
    made.attachments["factur-x.xml"] = pikepdf.AttachedFileSpec(
        made, b"<Invoice><ID>FA-2024-77</ID></Invoice>", filename="factur-x.xml"
    )
    found = read(source(tmp_path, saved(made)))
    assert "FA-2024-77" in found.text
    assert "factur-x.xml" in found.text
    assert found.outcome is Outcome.COMPLETE


def test_attachment_that_is_encrypted_makes_the_whole_partial(tmp_path: Path) -> None:
    made = document(["Facture"])
    made.attachments["b.pdf"] = pikepdf.AttachedFileSpec(
        made, pdf(["s"], encryption=pikepdf.Encryption(owner="o", user="u")), filename="b.pdf"
    )
    found = read(source(tmp_path, saved(made)))
    assert found.outcome is Outcome.PARTIAL
    assert "b.pdf" in found.reason


def test_attachments_within_attachments_end(tmp_path: Path) -> None:
    data = pdf(["au fond"])
    for level in range(4):
        made = document([f"niveau {level}"])
        made.attachments["in.pdf"] = pikepdf.AttachedFileSpec(made, data, filename="in.pdf")
        data = saved(made)
    found = read(source(tmp_path, data, limits=Limits(depth=3)))
    assert found.outcome is Outcome.PARTIAL
    assert "au fond" not in found.text


@pytest.mark.parametrize("level", [4, 6])
def test_passwords(tmp_path: Path, level: int) -> None:
    data = pdf(["secret partagé"], encryption=pikepdf.Encryption(owner="o", user="clé", R=level))
    with pytest.raises(ProtectedError):
        read(source(tmp_path, data, ("wrong",)))
    assert "secret partagé" in read(source(tmp_path, data, ("wrong", "clé"))).text
    assert extracted(tmp_path, data).outcome is Outcome.ENCRYPTED
    assert extracted(tmp_path, data, passwords=("clé",)).outcome is Outcome.COMPLETE


def test_owner_password_alone_does_not_hide_the_text(tmp_path: Path) -> None:
    data = pdf(["lisible"], encryption=pikepdf.Encryption(owner="o", user="", allow=pikepdf.Permissions(extract=False)))
    found = read(source(tmp_path, data))
    assert "lisible" in found.text
    assert found.metadata["pdf:encrypted"] == ["true"]
    assert found.metadata["access_permission:extract_content"] == ["false"]


@pytest.mark.parametrize("kept", [0.5, 0.7, 0.9, 0.99])
def test_file_cut_short_is_never_complete(tmp_path: Path, kept: float) -> None:
    data = pdf([f"Page {number} " + "mot " * 40 for number in range(30)], object_stream_mode=pikepdf.ObjectStreamMode.disable)
    found = extracted(tmp_path, data[: int(len(data) * kept)])
    assert found.outcome in (Outcome.PARTIAL, Outcome.CORRUPT)
    assert found.reason
    assert str(tmp_path) not in found.reason


def test_update_cut_short_after_a_whole_file_is_not_complete(tmp_path: Path) -> None:
    data = pdf(["Version une"])
    assert read(source(tmp_path, data)).outcome is Outcome.COMPLETE
    assert read(source(tmp_path, data + b"\n4 0 obj\n<< /Length 900 >>\nstream\nBT (Version de")).outcome is Outcome.PARTIAL


def test_pages_of_a_file_that_lost_its_catalogue_are_found(tmp_path: Path) -> None:
    made = document([f"Page {number}" for number in range(5)])
    data = saved(made, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    lost = data.replace(b"/Type /Catalog", b"/Type /Katalog").split(b"xref\n")[0].replace(b"/Type /Pages", b"/Type /Sages")
    found = extracted(tmp_path, lost)
    assert found.outcome is Outcome.PARTIAL
    assert all(f"Page {number}" in found.text for number in range(5))


def test_scan_without_text_is_complete_and_empty(tmp_path: Path) -> None:
    made = pikepdf.new()
    made.add_blank_page()
    found = read(source(tmp_path, saved(made)))
    assert (found.outcome, found.text) == (Outcome.COMPLETE, "")


def test_fonts_without_text_are_doubted(tmp_path: Path) -> None:
    with pytest.raises(DoubtError):
        read(source(tmp_path, pdf([""])))


def test_limit_on_text_is_an_outcome(tmp_path: Path) -> None:
    found = read(source(tmp_path, pdf(["mot " * 30]), limits=Limits(text_chars=20)))
    assert found.outcome is Outcome.TOO_LARGE
    assert len(found.text) == 20
