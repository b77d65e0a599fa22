"""Case files in archives, and what an archive must take without complaint: damaged, locked, empty, strangely named."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from unittest import mock

import msoffcrypto.format.ooxml as ooxml
import time_machine

from tests.samples import bundles, contracts, invoices, letters, office, pdf, scan
from tests.samples.sample import Sample, embedded, middle

PASSWORD = "sesame-2024"


def documents() -> Iterator[Sample]:
    """The folders `archives`, `difficiles` and `noms`."""
    yield from _archives()
    yield from _damaged()
    yield from _locked()
    yield from _plain_trouble()
    yield from _names()


def _archives() -> Iterator[Sample]:
    claim = pdf.letter("Déclaration de sinistre", "Agathe Morvan", datetime(2023, 11, 3, tzinfo=UTC), letters.CLAIM)
    photos = {
        "photos/plafond 1.jpg": scan.encoded(scan.page("plafond 1", 41, size=(320, 240)), "JPEG"),
        "photos/légendes.txt": "plafond 1 : auréole de 1,2 m\nplafond 2 : cloquage près de la gaine".encode(),
    }
    files = {
        "01 déclaration.pdf": claim,
        "02 constat amiable.txt": "Constat amiable dégât des eaux entre le lot 14 et le local commercial, signé le 4 novembre 2023.".encode(),
        "03 photos.zip": bundles.zipped(photos),
        "04 devis/devis parquet.csv": "poste;montant\ndépose;640,00\nparquet chêne contrecollé;3920,00\n".encode("cp1252"),
    }
    phrases = embedded(
        "imprégné 38 m² de parquet",
        "Constat amiable dégât des eaux entre",
        "cloquage près de la gaine",
        "parquet chêne contrecollé",
    )
    yield Sample(
        "archives/dossier sinistre 2023-081.zip", bundles.zipped(files), phrases=phrases, members=6, note="a zip in the zip"
    )

    statements = {f"relevés/2022-{month:02}.txt": _statement(month).encode() for month in range(1, 7)}
    yield Sample("archives/relevés 2022.tar.gz", bundles.tar_gz(statements), phrases=embedded("Solde au 30/04/2022"), members=6)

    plans = {
        "plans/escalier.svg": _SVG.encode(),
        "plans/lisez-moi.txt": "Plans de fabrication, cotes finies en millimètres.".encode(),
    }
    yield Sample(
        "archives/plans escalier.7z", bundles.seven_zipped(plans), phrases=embedded("cotes finies en millimètres"), members=2
    )

    log = "".join(f"2024-05-{day:02} 03:00:02 sauvegarde terminée, {day * 37} fichiers\n" for day in range(1, 29))
    yield Sample(
        "archives/sauvegarde.log.gz",
        bundles.gzipped(log.encode()),
        phrases=embedded("sauvegarde terminée, 740 fichiers"),
        members=1,
    )


def _statement(month: int) -> str:
    return f"Banque du Morvan\nRelevé de compte {month:02}/2022\nSolde au 30/{month:02}/2022 : {11000 + 731 * month},40 EUR\n"


_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120"><title>Escalier quart tournant</title>'
    '<path d="M10 110h40v-20h40v-20h40v-20h40" fill="none" stroke="black"/><text x="12" y="20">hauteur à monter 2740</text></svg>'
)


def _damaged() -> Iterator[Sample]:
    whole = pdf.letter("Master Services Agreement", "Harbour & Wells Ltd", datetime(2022, 9, 1, tzinfo=UTC), contracts.SERVICES)
    yield Sample("difficiles/copie interrompue.pdf", whole[:1500], outcome="corrupt", note="the beginning of a PDF")
    draft = office.word("Bail", "Étude Garance", datetime(2022, 6, 21, tzinfo=UTC), contracts.LEASE)
    yield Sample(
        "difficiles/clé USB arrachée.docx", draft[: len(draft) * 2 // 3], outcome="corrupt", note="the first two thirds of a docx"
    )
    text = ("Registre des entrées de bois. " * 40).encode()
    packed = bytearray(bundles.zipped({"registre.txt": text, "intact.txt": b"ce fichier-ci est intact"}))
    packed[60] ^= 0xFF
    yield Sample(
        "difficiles/archive abîmée.zip",
        bytes(packed),
        outcome="partial",
        members=2,
        note="one byte flipped in the first entry's data",
    )
    noise = random.Random(7).randbytes(3000)
    yield Sample("difficiles/bruit.xlsx", noise, outcome="corrupt", note="random bytes that call themselves a workbook")


def _locked() -> Iterator[Sample]:
    secret: list[pdf.Block] = ["# Protocole transactionnel", "La somme forfaitaire de 18 000 € est versée à titre confidentiel."]
    yield _encrypted("protocole confidentiel.pdf", pdf.encrypted(secret, PASSWORD))
    plan = office.word(
        "Plan social", "Direction", datetime(2024, 2, 5, tzinfo=UTC), ("Trois postes supprimés à l'horizon 2025.",)
    )
    yield _encrypted("réorganisation.docx", _office_encrypted(plan))
    files = {"codes.txt": b"Alarme atelier : voir coffre.", "contrats/NDA.txt": "\n".join(contracts.NDA).encode()}
    yield _encrypted("coffre.zip", bundles.zipped_with_password(files, PASSWORD), members=2)


def _encrypted(name: str, data: bytes, members: int = 0) -> Sample:
    return Sample(f"difficiles/{name}", data, outcome="encrypted", password=PASSWORD, members=members)


def _office_encrypted(data: bytes) -> bytes:
    """Salts, keys and times come from a fixed stream: a sample protects nothing, but must not change from run to run."""
    out = io.BytesIO()
    stream = random.Random(20240205)
    with mock.patch("secrets.token_bytes", stream.randbytes), time_machine.travel(datetime(2024, 2, 5, tzinfo=UTC), tick=False):
        ooxml.OOXMLFile(io.BytesIO(data)).encrypt(PASSWORD, out)
    return out.getvalue()


def _plain_trouble() -> Iterator[Sample]:
    yield Sample("difficiles/vide.txt", b"", outcome="empty")
    image = scan.encoded(scan.page("PAS UN PDF", 51, size=(400, 300)), "PNG")
    yield Sample("difficiles/photo renommée.pdf", image, note="a PNG under a PDF's name")
    raw = random.Random(8).randbytes(2048)
    yield Sample(
        "difficiles/export machine.dat", b"\x93MRV\x01\x00" + raw, outcome="unsupported", note="a format nobody documents"
    )
    order = "Autorisation de paiement\nCarte 4111 1111 1111 1111, exp. 12/26\nMontant : 89,90 €, commande W-5521\nIBAN FR76 3000 6000 0112 3456 7890 189\n"
    yield Sample(
        "difficiles/autorisation de paiement.txt", order.encode(), phrases=middle("commande W-5521"), note="a test card number"
    )
    page = "<html><head><meta charset=\"iso-8859-1\"><title>Fermeture de l'\xe9t\xe9</title></head><body>L'atelier sera ferm\xe9 du 5 au 23 ao\xfbt.</body></html>"
    facts = {"title": "Fermeture de l'été"}
    yield Sample(
        "difficiles/fermeture.htm",
        page.encode("latin-1"),
        phrases=middle("sera fermé du 5 au 23 août"),
        metadata=facts,
        note="ISO 8859-1",
    )


def _names() -> Iterator[Sample]:
    long_name = "compte rendu de la réunion de chantier du 14 mai 2024 avec la maîtrise d'ouvrage, " * 2
    for name, note, text in (
        ("-rf.txt", "a leading dash", "Ce fichier commence par un tiret."),
        (
            "facture \u202efdp.txt",
            "a right-to-left override: shows as another name",
            "Le nom de ce fichier ment sur son extension.",
        ),
        (f"{long_name.strip()[:205]}.txt", "more than 200 bytes", "Réserves levées : plinthes du couloir, joint de la baie."),
        ("été décomposé e\u0301te\u0301.txt", "letters with combining accents", "Les accents de ce nom sont des signes à part."),
        ("  espaces  et 'guillemets' \"doubles\".txt", "spaces and quotes", "Rien à citer."),
        ("日本語の請求書.txt", "not Latin", "請求書 番号 2024-118 合計 12,000円"),
        ("$(touch oups);`id`&.txt", "a shell would stumble", "Aucune commande ne doit partir d'un nom."),
    ):
        yield Sample(f"noms/{name}", text.encode(), phrases=middle(text[:40]), note=note)
    yield Sample("noms/facture double.pdf", invoices.facturx(invoices.INVOICES[1]), note="same bytes as an invoice in `factures`")
