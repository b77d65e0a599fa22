"""Invoices: hybrid Factur-X, plain PDF, UBL, scanned receipts. Companies, people and amounts are invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.samples import pdf, scan
from tests.samples.sample import Sample, embedded, middle, pictured

SELLER = "Ateliers Morvan SARL"
Line = tuple[str, int, float]


@dataclass(frozen=True)
class Invoice:
    """What an invoice says; `kind` is the UNTDID 1001 code (380 invoice, 381 credit note)."""

    number: str
    day: date
    buyer: str
    town: str
    lines: tuple[Line, ...]
    kind: str = "380"

    @property
    def net(self) -> float:
        return round(sum(count * price for _, count, price in self.lines), 2)

    @property
    def tax(self) -> float:
        return round(self.net * 0.2, 2)

    @property
    def due(self) -> date:
        return self.day + timedelta(days=30)


def at(day: date) -> datetime:
    """Ten in the morning of that day."""
    return datetime(day.year, day.month, day.day, 10, 0, tzinfo=UTC)


def euros(amount: float) -> str:
    """1 234,50 €, with a plain space."""
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",") + " €"


def cross_industry_xml(invoice: Invoice) -> bytes:
    """UN/CEFACT Cross Industry Invoice, profile BASIC WL."""

    def day(value: date) -> str:
        return f'<udt:DateTimeString format="102">{value:%Y%m%d}</udt:DateTimeString>'

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
 <rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:factur-x.eu:1p0:basicwl</ram:ID>
 </ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
 <rsm:ExchangedDocument><ram:ID>{invoice.number}</ram:ID><ram:TypeCode>{invoice.kind}</ram:TypeCode>
  <ram:IssueDateTime>{day(invoice.day)}</ram:IssueDateTime></rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:ApplicableHeaderTradeAgreement><ram:BuyerReference>ENGAGEMENT-{invoice.number[-4:]}</ram:BuyerReference>
   <ram:SellerTradeParty><ram:Name>{SELLER}</ram:Name><ram:PostalTradeAddress><ram:CountryID>FR</ram:CountryID></ram:PostalTradeAddress>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">FR32123456789</ram:ID></ram:SpecifiedTaxRegistration></ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>{invoice.buyer.replace("&", "&amp;")}</ram:Name></ram:BuyerTradeParty>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeDelivery/>
  <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>{day(invoice.due)}</ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:TaxBasisTotalAmount>{invoice.net:.2f}</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">{invoice.tax:.2f}</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>{invoice.net + invoice.tax:.2f}</ram:GrandTotalAmount>
    <ram:DuePayableAmount>{invoice.net + invoice.tax:.2f}</ram:DuePayableAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>
""".encode()


def facturx(invoice: Invoice) -> bytes:
    """The invoice as a PDF to read, with its XML inside."""
    word = "Avoir" if invoice.kind == "381" else "Facture"
    rows = [["Désignation", "Qté", "Prix unitaire HT", "Total HT"]]
    rows += [[name, str(count), euros(price), euros(count * price)] for name, count, price in invoice.lines]
    blocks: list[pdf.Block] = [
        f"# {word} {invoice.number}",
        f"{SELLER}\n12 rue des Tanneurs, 58000 Nevers\nTVA FR32123456789 · Tél. 01 99 00 12 34",
        f"Client : {invoice.buyer}, {invoice.town}\nDate : {invoice.day:%d/%m/%Y} · Échéance : {invoice.due:%d/%m/%Y}",
        rows,
        f"Total HT {euros(invoice.net)} · TVA 20 % {euros(invoice.tax)} · <b>Net à payer {euros(invoice.net + invoice.tax)}</b>",
        "Virement : IBAN FR76 3000 6000 0112 3456 7890 189, BIC AGRIFRPP. Passé l'échéance, des pénalités de retard au taux "
        "de 12 % l'an et une indemnité forfaitaire de recouvrement de 40 € sont dues (C. com. L441-10).",
    ]
    title = f"{word} {invoice.number} {invoice.buyer}"
    footer = f"{SELLER} au capital de 20 000 € · RCS Nevers 123 456 789"
    return pdf.letter(title, SELLER, at(invoice.day), blocks, footer, ("factur-x.xml", cross_industry_xml(invoice)))


INVOICES = (
    Invoice("F2024-0117", date(2024, 3, 12), "Papeterie Lenoir", "Dijon",
            (("Étagère chêne massif 180 cm", 4, 312.5), ("Pose et réglage", 6, 58.0), ("Livraison Dijon", 1, 95.0))),
    Invoice("F2024-0118", date(2024, 3, 14), "Clinique vétérinaire des Bruyères", "Auxerre",
            (("Comptoir d'accueil sur mesure", 1, 2480.0), ("Plan de travail stratifié", 3, 189.9))),
    Invoice("F2024-0131", date(2024, 4, 2), "Librairie Quai n° 9", "Chalon-sur-Saône",
            (("Rayonnage bois, travée de 90 cm", 12, 164.0), ("Éclairage intégré", 12, 42.35))),
    Invoice("F2023-0988", date(2023, 11, 27), "Syndic Horizon, résidence Les Glycines", "Nevers",
            (("Remplacement parquet après dégât des eaux, lot 14", 1, 3920.0), ("Dépose et évacuation", 1, 640.0))),
    Invoice("A2024-0009", date(2024, 4, 9), "Papeterie Lenoir", "Dijon", (("Avoir sur F2024-0117 : étagère rayée", 1, 312.5),), "381"),
)  # fmt: skip


def documents() -> Iterator[Sample]:
    """The folder `factures`."""
    for invoice in INVOICES:
        data = facturx(invoice)
        name = f"factures/{invoice.number} {invoice.buyer.split(',')[0].replace(' n° 9', '')}.pdf"
        phrases = middle(invoice.lines[0][0], "indemnité forfaitaire de recouvrement de 40 €") + embedded(
            f"ENGAGEMENT-{invoice.number[-4:]}"
        )
        facts = {"created": invoice.day.isoformat(), "author": SELLER, "page_count": 1}
        yield Sample(name, data, phrases=phrases, metadata=facts)
        if invoice.number == "F2024-0117":
            yield Sample(
                "factures/F2024-0117 (copie).pdf", data, phrases=phrases, metadata=facts, note="same bytes as the invoice"
            )
    yield from _english()
    yield _electricity()
    yield Sample("factures/UBL-2024-77.xml", UBL.encode(), phrases=middle("Brightwater Cooling Towers", "Legionella inspection"))
    yield from _receipts()


def _english() -> Iterator[Sample]:
    for number, day, buyer, items, total in (
        ("INV-2023-0456", date(2023, 9, 4), "Northgate Dental Practice", [["Steriliser service contract, Q3", "1", "480.00"],
         ["Replacement door seal", "2", "36.50"]], "553.00"),
        ("INV-2023-0461", date(2023, 9, 29), "Pembroke Street Bakery", [["Oven thermostat, fitted", "1", "214.00"],
         ["Emergency call-out, Sunday", "1", "150.00"]], "364.00"),
    ):  # fmt: skip
        blocks: list[pdf.Block] = [
            f"# Invoice {number}",
            "Harbour &amp; Wells Ltd\n4 Chandlers Row, Bristol BS1 4XX\nVAT GB 999 9999 73 · 020 7946 0182",
            f"To: {buyer}\nInvoice date: {day:%d %B %Y}\nPayment due within 30 days",
            [["Description", "Qty", "Amount GBP"], *items],
            f"Total due: GBP {total}",
            "Late payment: we reserve the right to charge statutory interest at 8% above the Bank of England base rate "
            "under the Late Payment of Commercial Debts (Interest) Act 1998.",
        ]
        data = pdf.letter(f"Invoice {number}", "Harbour & Wells Ltd", at(day), blocks, "Registered in England 00000000")
        facts = {"title": f"Invoice {number}", "author": "Harbour & Wells Ltd", "created": day.isoformat(), "page_count": 1}
        yield Sample(
            f"factures/{number}.pdf", data, phrases=middle(items[0][0], "statutory interest at 8% above"), metadata=facts
        )


def _electricity() -> Sample:
    months = ("janvier", "février", "mars", "avril", "mai", "juin")
    table = [["Mois", "Heures pleines kWh", "Heures creuses kWh", "Montant"]]
    table += [[month, str(410 - 31 * n), str(233 - 12 * n), euros(148.2 - 9.15 * n)] for n, month in enumerate(months)]
    blocks: list[pdf.Block] = [
        "# Facture d'électricité du premier semestre 2024",
        "Volt &amp; Plaine, fournisseur d'énergie\nPoint de livraison 00000000000000 · atelier de Nevers, 36 kVA",
        "Votre consommation est en baisse de 14 % par rapport au premier semestre 2023.",
        "---",
        "# Détail des consommations",
        table,
        "Le relevé de compteur du 30 juin 2024 a été effectué à distance. Contribution tarifaire d'acheminement incluse.",
    ]
    title = "Facture d'électricité S1 2024"
    data = pdf.letter(title, "Volt & Plaine", at(date(2024, 7, 4)), blocks, "Volt & Plaine SA")
    facts = {"title": title, "page_count": 2, "created": "2024-07-04"}
    return Sample("factures/électricité 2024-S1.pdf", data, phrases=middle("relevé de compteur du 30 juin 2024"), metadata=facts)


def _receipts() -> Iterator[Sample]:
    taxi = "TAXI DU VAL DE LOIRE\nReçu n° 4471\n14/02/2024 19:42\nGare de Nevers - Atelier\nTTC 23,60 EUR\nCarte ************1111"
    yield Sample(
        "factures/reçu taxi.jpg",
        scan.encoded(scan.page(taxi, 11, angle=-1.4, size=(720, 900)), "JPEG"),
        phrases=pictured("Gare de Nevers"),
    )
    hotel = "HOTEL DE LA POSTE - BEAUNE\nNote d'hotel 2 nuits\n18 au 20 mars 2024\nTaxe de sejour 3,20\nTotal 214,20 EUR"
    pages = [scan.page(hotel, 12, size=(827, 1169))]
    yield Sample(
        "factures/note hôtel (scan).pdf", pdf.scanned(pages), phrases=pictured("Taxe de sejour"), metadata={"page_count": 1}
    )


UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2">
 <cbc:ID>UBL-2024-77</cbc:ID><cbc:IssueDate>2024-05-16</cbc:IssueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Brightwater Cooling Towers</cbc:Name></cac:PartyName></cac:Party>
 </cac:AccountingSupplierParty>
 <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">1890.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cac:Item><cbc:Name>Legionella inspection, two towers</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>
"""
