"""Messages: with attachments, forwarded, HTML only, a thread, an mbox, an invitation, a broken one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from tests.samples import invoices, office, scan
from tests.samples.sample import Sample, embedded, middle

AGATHE = "Agathe Morvan <agathe@ateliers-morvan.example>"
HARRIET = "Harriet Stone <h.stone@harbourwells.example>"
PARK = "Assurances du Parc <sinistres@assurances-du-parc.example>"


def _mail(sender: str, to: str, subject: str, day: datetime, body: str, number: int) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(day)
    message["Message-ID"] = f"<{day:%Y%m%d}.{number}@minutier.example>"
    message.set_content(body)
    return message


def _bound(message: EmailMessage, seed: int = 1) -> bytes:
    """The message's bytes, with boundaries that are the same at every run."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"==part-{seed}-{number}==")
    return bytes(message)


def _facts(sender: str, subject: str, day: str) -> dict[str, str]:
    return {"from": sender, "subject": subject, "created": day}


def documents() -> Iterator[Sample]:
    """The folder `messages`."""
    yield _invoice_sent()
    yield _forwarded()
    yield _html_only()
    yield _thread()
    yield _mailbox()
    yield _invitation()
    yield _foreign_names()
    yield _picture()
    yield _broken()


def _invoice_sent() -> Sample:
    day = datetime(2024, 3, 12, 11, 5, tzinfo=UTC)
    body = "Bonjour,\n\nVeuillez trouver ci-joint la facture F2024-0117 et le détail des heures de pose.\n\nCordialement,\nAgathe Morvan\n"
    message = _mail(AGATHE, "compta@papeterie-lenoir.example", "Facture F2024-0117", day, body, 1)
    message.add_attachment(
        invoices.facturx(invoices.INVOICES[0]), maintype="application", subtype="pdf", filename="F2024-0117 Papeterie Lenoir.pdf"
    )
    hours = office.workbook(
        "Heures de pose", "Basile Ferrand", day, [("Pose", [["Jour", "Heures"], ["11 mars 2024", 3.5], ["12 mars 2024", 2.5]])]
    )
    sheet = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    message.add_attachment(hours, maintype="application", subtype=sheet, filename="heures de pose.xlsx")
    phrases = middle("le détail des heures de pose") + embedded("Étagère chêne massif 180 cm", "11 mars 2024")
    facts = _facts("agathe@ateliers-morvan.example", "Facture F2024-0117", "2024-03-12")
    return Sample("messages/facture envoyée.eml", _bound(message), phrases=phrases, metadata=facts, members=2)


def _forwarded() -> Sample:
    inner = _mail(
        PARK, AGATHE, "Votre sinistre 2023-081", datetime(2023, 12, 21, 8, 40, tzinfo=UTC),
        "Madame,\n\nNous acceptons l'indemnisation de votre dégât des eaux à hauteur de 4 996,34 €.\n", 2,
    )  # fmt: skip
    inner.add_attachment(
        "Quittance subrogative : l'assuré reconnaît avoir reçu la somme de 4 996,34 €.".encode(), maintype="text", subtype="plain",
        filename="quittance.txt", params={"charset": "utf-8"},
    )  # fmt: skip
    outer = _mail(
        AGATHE,
        "comptable@cabinet-sud.example",
        "TR: Votre sinistre 2023-081",
        datetime(2023, 12, 21, 9, 2, tzinfo=UTC),
        "À comptabiliser en 791.\n",
        3,
    )
    outer.add_attachment(inner)
    phrases = middle("À comptabiliser en 791") + embedded("Nous acceptons l'indemnisation", "Quittance subrogative")
    facts = _facts("agathe@ateliers-morvan.example", "TR: Votre sinistre 2023-081", "2023-12-21")
    return Sample("messages/TR sinistre 2023-081.eml", _bound(outer, 2), phrases=phrases, metadata=facts, members=2)


def _html_only() -> Sample:
    day = datetime(2024, 2, 1, 17, 20, tzinfo=UTC)
    message = _mail("Volt et Plaine <info@volt-plaine.example>", AGATHE, "Évolution de votre tarif d'électricité", day, "", 4)
    page = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><style>p{margin:0}</style></head><body>'
        "<p>Chère cliente,</p><p>À compter du 1<sup>er</sup> mars, le prix du kWh passera de 0,227&nbsp;€ à 0,251&nbsp;€.</p>"
        "<p>Pour vous y opposer&nbsp;: espace client, rubrique «&nbsp;Mon contrat&nbsp;».</p></body></html>"
    )
    message.set_content(page, subtype="html", charset="windows-1252", cte="quoted-printable")
    facts = _facts("info@volt-plaine.example", "Évolution de votre tarif d'électricité", "2024-02-01")
    return Sample(
        "messages/tarif électricité.eml", _bound(message), phrases=middle("le prix du kWh passera de 0,227 €"), metadata=facts
    )


def _thread() -> Sample:
    day = datetime(2023, 10, 12, 14, 3, tzinfo=UTC)
    body = (
        "Dear Mr Pike,\n\nI have read your letter of complaint. We will refund the call-out charge of £150.00 and replace the "
        "thermostat free of charge.\n\nKind regards,\nHarriet Stone\n\n> On 10 October 2023 Oliver Pike wrote:\n"
        "> The oven is down again, the second time this month.\n>> Sent from the bakery\n"
    )
    message = _mail(HARRIET, "Oliver Pike <oliver@pembroke.example>", "RE: oven thermostat, refund", day, body, 5)
    message["In-Reply-To"] = "<20231010.77@pembroke.example>"
    facts = _facts("h.stone@harbourwells.example", "RE: oven thermostat, refund", "2023-10-12")
    return Sample(
        "messages/RE oven thermostat.eml",
        _bound(message),
        phrases=middle("replace the thermostat free of charge"),
        metadata=facts,
    )


def _mailbox() -> Sample:
    letters = (
        (
            "Devis escalier",
            "Pouvez-vous chiffrer un escalier quart tournant en frêne, hauteur 2,74 m ?",
            "client@famille-roux.example",
        ),
        ("RE: Devis escalier", "Notre devis D2024-031 s'élève à 6 480 € TTC, pose comprise.", "agathe@ateliers-morvan.example"),
        (
            "Bon pour accord",
            "Bon pour accord sur le devis D2024-031.\n\nFrom here on, call my wife: she chooses the varnish.",
            "client@famille-roux.example",
        ),
    )
    parts = []
    for number, (subject, body, sender) in enumerate(letters):
        day = datetime(2024, 4, 15 + number, 18, 30, tzinfo=UTC)
        raw = _bound(_mail(sender, "boite@ateliers-morvan.example", subject, day, body + "\n", 10 + number))
        parts.append(f"From {sender} {day:%a %b %d %H:%M:%S %Y}\n".encode() + raw.replace(b"\nFrom ", b"\n>From "))
    phrases = embedded("un escalier quart tournant en frêne", "D2024-031 s'élève à 6 480 €", "she chooses the varnish")
    return Sample("messages/boîte devis 2024.mbox", b"\n".join(parts), phrases=phrases, members=3)


def _invitation() -> Sample:
    day = datetime(2024, 6, 3, 9, 0, tzinfo=UTC)
    message = _mail(
        HARRIET, "team@harbourwells.example", "Quarterly stock count", day, "Please all be at the depot by seven.\n", 6
    )
    event = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Harbour Wells//EN\r\nBEGIN:VEVENT\r\nUID:stock-2024-q2@harbourwells.example\r\n"
        "DTSTAMP:20240603T090000Z\r\nDTSTART:20240628T060000Z\r\nDTEND:20240628T110000Z\r\nSUMMARY:Quarterly stock count\r\n"
        "LOCATION:Avonmouth depot\\, bay 4\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message.add_attachment(
        event.encode(), maintype="text", subtype="calendar", filename="stock count.ics", params={"charset": "utf-8"}
    )
    phrases = middle("be at the depot by seven") + embedded("Avonmouth depot")
    facts = _facts("h.stone@harbourwells.example", "Quarterly stock count", "2024-06-03")
    return Sample("messages/stock count invitation.eml", _bound(message, 6), phrases=phrases, metadata=facts, members=1)


def _foreign_names() -> Sample:
    day = datetime(2024, 9, 18, 16, 45, tzinfo=UTC)
    message = _mail(
        "Café Œuf à la Coque <salle@cafe-oeuf.example>", AGATHE, "Réservation ☕ et devis n° 42 – thé à l’étage", day,
        "Ci-joint le plan de la salle, cotes en centimètres.\n", 7,
    )  # fmt: skip
    plan = "Salle à l'étage : 6,20 m x 4,85 m ; hauteur sous plafond 2,51 m."
    message.add_attachment(
        plan.encode("latin-1"),
        maintype="text",
        subtype="plain",
        filename="plan – étage (côté rue).txt",
        params={"charset": "iso-8859-1"},
    )
    phrases = middle("cotes en centimètres") + embedded("hauteur sous plafond 2,51 m")
    facts = _facts("salle@cafe-oeuf.example", "Réservation ☕ et devis n° 42 – thé à l’étage", "2024-09-18")
    return Sample("messages/réservation ☕.eml", _bound(message, 7), phrases=phrases, metadata=facts, members=1)


def _picture() -> Sample:
    day = datetime(2023, 11, 3, 8, 1, tzinfo=UTC)
    message = _mail(
        AGATHE,
        PARK,
        "Photo du plafond, dégât des eaux",
        day,
        "Voici l'auréole au plafond de la réserve, photographiée ce matin.\n",
        8,
    )
    image = scan.encoded(scan.page("AUREOLE 1,2 m\nreserve, 3 nov. 2023", 31, size=(480, 360)), "JPEG")
    message.add_attachment(image, maintype="image", subtype="jpeg", filename="plafond.jpg")
    facts = _facts("agathe@ateliers-morvan.example", "Photo du plafond, dégât des eaux", "2023-11-03")
    return Sample(
        "messages/photo plafond.eml",
        _bound(message, 8),
        phrases=middle("Voici l'auréole au plafond de la réserve"),
        metadata=facts,
        members=1,
    )


def _broken() -> Sample:
    raw = (
        b"From: fax@gateway.example\r\nSubject: =?iso-8859-1?Q?Confirmation_de_livraison_n=B0_88?=\r\nDate: 31 Feb 2024 25:61\r\n"
        b"Content-Type: multipart/mixed; boundary=nulle-part\r\n\r\nCe message n'a pas de parties : palettes 3 et 4 livr\xe9es au quai sud.\r\n"
    )
    facts = {"from": "fax@gateway.example", "subject": "Confirmation de livraison n° 88"}
    return Sample(
        "messages/fax passerelle.eml",
        raw,
        outcome="partial",
        phrases=middle("palettes 3 et 4"),
        metadata=facts,
        note="declares parts it does not have, and an impossible date",
    )
