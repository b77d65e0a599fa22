"""Contracts, leases and terms, in the formats in which offices keep them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tests.samples import office, pdf, scan
from tests.samples.sample import Sample, middle, pictured


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 9, 0, tzinfo=UTC)


LEASE = (
    "Entre la SCI du Vieux Port, bailleur, représentée par Mme Odile Garance, gérante, et la société Ateliers Morvan SARL, preneur.",
    "# Article 1 – Désignation",
    "Le bailleur donne à bail commercial au preneur, qui accepte, un local de 240 m² au rez-de-chaussée du 12 rue des Tanneurs à Nevers.",
    "# Article 2 – Durée",
    "Le présent bail commercial est consenti pour neuf années entières et consécutives à compter du 1er juillet 2022, "
    "le preneur ayant la faculté de donner congé à l'expiration de chaque période triennale.",
    "# Article 3 – Loyer",
    "Le loyer annuel est fixé à 28 800 € hors taxes, payable d'avance par trimestre, et indexé sur l'indice des loyers commerciaux (ILC).",
    "# Article 4 – Dépôt de garantie",
    "Le preneur verse ce jour un dépôt de garantie de 7 200 €, correspondant à trois mois de loyer.",
    "# Article 5 – Clause résolutoire",
    "À défaut de paiement d'un seul terme de loyer, le bail sera résilié de plein droit un mois après un commandement de payer resté infructueux.",
)

NDA = (
    "This Non-Disclosure Agreement is made on 6 February 2024 between Harbour & Wells Ltd and Copperleaf Robotics plc.",
    "# 1. Confidential Information",
    "Confidential Information means all drawings, tolerances, price lists and source code disclosed by either party, marked or not.",
    "# 2. Term",
    "The obligations in this agreement survive for five years after the last disclosure.",
    "# 3. Injunctive relief",
    "The parties agree that damages alone may not be an adequate remedy for any breach.",
)

SERVICES: list[pdf.Block] = [
    "# Master Services Agreement",
    "Harbour &amp; Wells Ltd (the Supplier) and Northgate Dental Practice (the Customer), dated 1 September 2022.",
    "# 1. Services",
    "The Supplier shall maintain all autoclaves listed in Schedule A and answer emergency calls within four business hours.",
    "# 2. Charges and late payment",
    "Invoices are payable within thirty days. Where an undisputed invoice remains unpaid, the Supplier may suspend the Services on notice.",
    "---",
    "# 3. Limitation of liability",
    "Nothing in this agreement limits liability for death or personal injury caused by negligence. Subject to that, the total liability of "
    "either party in any contract year shall not exceed one hundred and fifty per cent of the charges paid in that year.",
    "# 4. Governing law",
    "This agreement is governed by the laws of England and Wales.",
    "---",
    "# Schedule A",
    [
        ["Asset", "Serial", "Installed"],
        ["Autoclave B-class 18 l", "AC18-20931", "2019"],
        ["Autoclave B-class 24 l", "AC24-01177", "2021"],
    ],
]

TERMS = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Conditions générales de vente – Ateliers Morvan</title>
<meta name="author" content="Ateliers Morvan SARL"><style>h2 {color: #334}</style><script>var suivi = "ne pas indexer";</script></head>
<body><h1>Conditions générales de vente</h1><h2>Réserve de propriété</h2>
<p>Les marchandises restent la propriété du vendeur jusqu'au paiement <b>intégral</b> du prix.</p>
<h2>Rétractation</h2><p>Le consommateur dispose d'un délai de quatorze&nbsp;jours francs&#160;; l'œuvre réalisée sur mesure en est exclue.</p>
<table><tr><th>Acompte</th><td>30&nbsp;%</td></tr><tr><th>Solde</th><td>à la livraison</td></tr></table></body></html>
"""


def documents() -> Iterator[Sample]:
    """The folder `contrats`."""
    yield _lease()
    yield _nda()
    yield _services()
    yield _maintenance()
    yield Sample(
        "contrats/conditions générales de vente.html", TERMS.encode(),
        phrases=middle("restent la propriété du vendeur jusqu'au paiement intégral"),
        metadata={"title": "Conditions générales de vente – Ateliers Morvan", "author": "Ateliers Morvan SARL"},
    )  # fmt: skip
    yield _order()
    yield _signed_page()
    yield _amendment()


def _lease() -> Sample:
    day = _day(2022, 6, 21)
    data = office.word(
        "Bail commercial", "Étude Garance et associés", day, LEASE, header="Projet n° 3 – confidentiel", footer="Paraphes : O.G. / A.M.",
        comments=[(4, "Me Garance", "Vérifier la date d'entrée dans les lieux avec l'état des lieux.")],
        table=[["Trimestre", "Loyer HT"], ["T3 2022", "7 200 €"], ["T4 2022", "7 200 €"]],
    )  # fmt: skip
    phrases = middle(
        "neuf années entières et consécutives", "Projet n° 3 – confidentiel", "Vérifier la date d'entrée dans les lieux"
    )
    facts = {"title": "Bail commercial", "author": "Étude Garance et associés", "created": "2022-06-21"}
    return Sample("contrats/bail commercial rue des Tanneurs.docx", data, phrases=phrases, metadata=facts)


def _nda() -> Sample:
    data = office.word("Non-Disclosure Agreement", "Harriet Stone", _day(2024, 2, 6), NDA, footer="Page intentionally short")
    phrases = middle("damages alone may not be an adequate remedy", "Page intentionally short")
    facts = {"title": "Non-Disclosure Agreement", "author": "Harriet Stone", "created": "2024-02-06"}
    return Sample("contrats/NDA Copperleaf.docx", data, phrases=phrases, metadata=facts)


def _services() -> Sample:
    data = pdf.letter(
        "Master Services Agreement", "Harbour & Wells Ltd", _day(2022, 9, 1), SERVICES, "MSA 2022/17 – executed as a deed"
    )
    phrases = middle("answer emergency calls within four business hours", "AC24-01177", "executed as a deed")
    facts = {"title": "Master Services Agreement", "author": "Harbour & Wells Ltd", "created": "2022-09-01", "page_count": 3}
    return Sample("contrats/services agreement Northgate.pdf", data, phrases=phrases, metadata=facts)


def _maintenance() -> Sample:
    body = office.paragraphs(
        "Contrat de maintenance des presses",
        "Le prestataire assure deux visites préventives par an et tient un carnet d'entretien.",
        "Le délai d'intervention sur panne bloquante est de huit heures ouvrées.",
        "Redevance annuelle : 4 150 € HT, révisable selon l'indice SYNTEC.",
    )
    data = office.opendocument("text", "Contrat de maintenance", "Service achats", _day(2023, 1, 16), body)
    facts = {"title": "Contrat de maintenance", "author": "Service achats", "created": "2023-01-16"}
    return Sample("contrats/maintenance presses.odt", data, phrases=middle("deux visites préventives par an"), metadata=facts)


def _order() -> Sample:
    texts = (
        "Purchase order PO-7731",
        "Please supply forty oak boards, kiln dried, 27 mm – “first grade” only.",
        "Delivery: Nevers, before 15 mai 2024, à l'atelier.",
    )
    data = office.rtf("Purchase order PO-7731", "Harriet Stone", texts)
    facts = {"title": "Purchase order PO-7731", "author": "Harriet Stone"}
    return Sample("contrats/purchase order PO-7731.rtf", data, phrases=middle("forty oak boards, kiln dried"), metadata=facts)


def _signed_page() -> Sample:
    lines = "BAIL COMMERCIAL\n\nFait a Nevers, le 21 juin 2022\nen deux exemplaires originaux\n\nLu et approuve\n(signatures)"
    data = scan.encoded(scan.page(lines, 21), "TIFF")
    return Sample("contrats/bail page signée (scan).tiff", data, phrases=pictured("en deux exemplaires originaux"))


def _amendment() -> Sample:
    blocks: list[pdf.Block] = [
        "# Avenant n° 1 au bail commercial du 21 juin 2022",
        "Les parties conviennent de porter la surface louée à 310 m² par l'adjonction de la réserve du premier étage.",
        "Le loyer annuel est porté à 33 600 € hors taxes à compter du 1er janvier 2024. Les autres clauses demeurent inchangées.",
    ]
    title = "Avenant n° 1 au bail commercial"
    data = pdf.letter(title, "Étude Garance et associés", _day(2023, 12, 11), blocks)
    facts = {"title": title, "created": "2023-12-11", "page_count": 1}
    return Sample("contrats/avenant 1.pdf", data, phrases=middle("adjonction de la réserve du premier étage"), metadata=facts)
