"""Letters out and in, and the personnel folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tests.samples import office, pdf
from tests.samples.sample import Sample, middle


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 15, 30, tzinfo=UTC)


CLAIM: list[pdf.Block] = [
    "# Déclaration de sinistre – dégât des eaux",
    "Assuré : Ateliers Morvan SARL · Contrat multirisque MRP-55120\nSinistre constaté le 3 novembre 2023 vers 7 h 15.",
    "Une canalisation encastrée de l'appartement du deuxième étage, lot 14, a cédé dans la nuit. L'eau a traversé le plafond de la réserve "
    "et imprégné 38 m² de parquet ainsi qu'un stock de panneaux de hêtre.",
    "Mesures conservatoires : coupure d'eau, pompage, mise sous bâche des machines. Un constat amiable de dégât des eaux est joint.",
    [["Poste", "Estimation HT"], ["Parquet", "3 920,00 €"], ["Panneaux de hêtre", "1 315,40 €"], ["Main-d'œuvre", "640,00 €"]],
]

FORMAL_NOTICE = (
    "Lettre recommandée avec demande d'avis de réception",
    "Nevers, le 22 mai 2024",
    "Madame, Monsieur,",
    "Malgré nos relances des 15 avril et 2 mai, notre facture F2024-0118 d'un montant de 3 659,64 € TTC demeure impayée.",
    "Par la présente, nous vous mettons en demeure de nous régler cette somme sous huit jours, à défaut de quoi nous saisirons "
    "le tribunal de commerce sans autre avis.",
    "Veuillez agréer nos salutations distinguées.",
)

LATE_PAYMENT = (
    "Dear Sirs,",
    "Our records show that invoice INV-2023-0461 for £364.00 is now forty-five days overdue.",
    "This is our second reminder of late payment. Unless we receive cleared funds by 30 November 2023 we shall add interest and "
    "a fixed sum of £40 as the Act allows.",
    "Yours faithfully, Harriet Stone, Credit Control",
)

MINUTES = (
    "L'an deux mille vingt-quatre, le 28 juin à dix-huit heures, les associés se sont réunis au siège social.",
    "# Première résolution",
    "L'assemblée approuve les comptes de l'exercice clos le 31 décembre 2023, qui font apparaître un bénéfice de 41 207 €.",
    "# Deuxième résolution",
    "Le résultat est affecté pour 30 000 € à la réserve légale et au report à nouveau, le solde en dividendes.",
)

RESIGNATION = (
    "Objet : résiliation du contrat d'assurance flotte\r\n\r\n"
    "Monsieur,\r\n\r\nConformément à l’article L113-12 du Code des assurances, je résilie à l'échéance du 1er octobre "
    "le contrat FL-20417.\r\nLe véhicule utilitaire a été cédé – œuvre d'art comprise – pour 6 500 €.\r\n\r\nAgathe Morvan, gérante\r\n"
)


def documents() -> Iterator[Sample]:
    """The folders `courrier` and `personnel`."""
    yield from _french()
    yield from _english()
    yield from _personnel()


def _french() -> Iterator[Sample]:
    title = "Déclaration de sinistre dégât des eaux"
    data = pdf.letter(title, "Agathe Morvan", _day(2023, 11, 3), CLAIM, "Assurances du Parc – dossier 2023-081")
    facts = {"title": title, "author": "Agathe Morvan", "created": "2023-11-03", "page_count": 1}
    yield Sample(
        "courrier/dégât des eaux - déclaration.pdf",
        data,
        phrases=middle("imprégné 38 m² de parquet", "dossier 2023-081"),
        metadata=facts,
    )

    data = office.word("Mise en demeure", "Agathe Morvan", _day(2024, 5, 22), FORMAL_NOTICE, header="Ateliers Morvan SARL")
    facts = {"title": "Mise en demeure", "author": "Agathe Morvan", "created": "2024-05-22"}
    yield Sample(
        "courrier/mise en demeure Bruyères.docx", data, phrases=middle("nous saisirons le tribunal de commerce"), metadata=facts
    )

    yield Sample(
        "courrier/résiliation assurance (windows).txt",
        RESIGNATION.encode("cp1252"),
        phrases=middle("le contrat FL-20417", "à l’article L113-12"),
        note="cp1252",
    )

    data = office.word(
        "Procès-verbal de l'assemblée générale",
        "Agathe Morvan",
        _day(2024, 6, 28),
        MINUTES,
        footer="Registre des délibérations, folio 12",
    )
    facts = {"title": "Procès-verbal de l'assemblée générale", "created": "2024-06-28"}
    yield Sample("courrier/PV assemblée 2024.docx", data, phrases=middle("un bénéfice de 41 207 €", "folio 12"), metadata=facts)

    body = office.paragraphs(
        "Rapport d'expertise – sinistre 2023-081",
        "L'expert retient une vétusté de 15 % sur le parquet et écarte tout défaut d'entretien imputable à l'assuré.",
        "Indemnité proposée : 4 996,34 €, franchise de 380 € déduite.",
    )
    data = office.opendocument("text", "Rapport d'expertise", "Cabinet Sorel", _day(2023, 12, 19), body)
    yield Sample(
        "courrier/rapport expert.odt",
        data,
        phrases=middle("une vétusté de 15 % sur le parquet"),
        metadata={"author": "Cabinet Sorel"},
    )


def _english() -> Iterator[Sample]:
    data = office.word(
        "Second reminder", "Harriet Stone", _day(2023, 11, 14), LATE_PAYMENT, header="Harbour & Wells Ltd – Credit Control"
    )
    facts = {"title": "Second reminder", "author": "Harriet Stone", "created": "2023-11-14"}
    yield Sample("courrier/late payment reminder.docx", data, phrases=middle("forty-five days overdue"), metadata=facts)

    blocks: list[pdf.Block] = [
        "# Letter of complaint",
        "To the manager, Harbour &amp; Wells Ltd",
        "The thermostat you fitted on 24 September failed within a week and spoiled two batches of sourdough. "
        "We ask for a full refund of the call-out charge.",
        "Pembroke Street Bakery, 9 October 2023",
    ]
    data = pdf.letter("Letter of complaint", "Pembroke Street Bakery", _day(2023, 10, 9), blocks)
    facts = {"title": "Letter of complaint", "author": "Pembroke Street Bakery", "created": "2023-10-09", "page_count": 1}
    yield Sample("courrier/complaint Pembroke.pdf", data, phrases=middle("spoiled two batches of sourdough"), metadata=facts)


def _personnel() -> Iterator[Sample]:
    terms = (
        "Contrat à durée indéterminée entre Ateliers Morvan SARL et M. Basile Ferrand, né le 4 mai 1994.",
        "Le salarié est engagé en qualité de menuisier poseur, niveau III, coefficient 210, à compter du 2 septembre 2024.",
        "La période d'essai est de deux mois. La rémunération mensuelle brute est de 2 240 € pour 151,67 heures.",
    )
    data = office.word("Contrat de travail", "Ressources humaines", _day(2024, 8, 26), terms)
    facts = {"title": "Contrat de travail", "author": "Ressources humaines", "created": "2024-08-26"}
    yield Sample(
        "personnel/contrat de travail Ferrand.docx", data, phrases=middle("menuisier poseur, niveau III"), metadata=facts
    )

    blocks: list[pdf.Block] = [
        "# Bulletin de paie – septembre 2024",
        "Salarié : Basile Ferrand · Emploi : menuisier poseur\nEmployeur : Ateliers Morvan SARL, convention collective du bâtiment",
        [
            ["Rubrique", "Base", "Montant"],
            ["Salaire de base", "151,67 h", "2 240,00"],
            ["Cotisations salariales", "", "-497,28"],
            ["Net à payer", "", "1 742,72"],
        ],
        "Dans votre intérêt, conservez ce bulletin de paie sans limitation de durée.",
    ]
    data = pdf.letter("Bulletin de paie 2024-09", "Ateliers Morvan SARL", _day(2024, 9, 30), blocks)
    facts = {"title": "Bulletin de paie 2024-09", "created": "2024-09-30", "page_count": 1}
    yield Sample("personnel/bulletin de paie 2024-09.pdf", data, phrases=middle("conservez ce bulletin de paie"), metadata=facts)

    blocks = [
        "# Curriculum vitae – Lucie Arnoult",
        "Ébéniste, dix ans d'expérience en restauration de mobilier. CAP, BMA, compagnonnage à Toulouse et Strasbourg.",
        "Langues : français, anglais professionnel, allemand (notions). Permis B.",
    ]
    data = pdf.letter("CV Lucie Arnoult", "Lucie Arnoult", _day(2024, 1, 8), blocks)
    facts = {"title": "CV Lucie Arnoult", "author": "Lucie Arnoult", "created": "2024-01-08", "page_count": 1}
    yield Sample("personnel/CV Arnoult.pdf", data, phrases=middle("restauration de mobilier"), metadata=facts)
