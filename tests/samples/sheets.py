"""Spreadsheets, presentations, and the tables other programs export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.samples import office
from tests.samples.sample import Sample, middle

_CUSTOMERS = (
    "Code;Raison sociale;Ville;Encours\r\nC001;Papeterie Lenoir;Dijon;2 314,80 €\r\nC002;Clinique vétérinaire des Bruyères;Auxerre;3 659,64 €\r\n"
    "C003;Pâtisserie L’Éclair;Besançon;0,00 €\r\nC004;Garage Noël & fils;Mâcon;812,40 €\r\n"
)
_BALANCE = "Compte\tLibellé\tDébit\tCrédit\r\n401000\tFournisseurs\t\t18 204,11\r\n411000\tClients\t6 786,84\t\r\n512000\tBanque\t33 950,02\t\r\n"
_STATEMENT = (
    '"Date","Description","Amount","Balance"\n"2024-05-02","Card payment, Timber Supplies","-412.90","8210.33"\n'
    '"2024-05-03","Faster payment in: Northgate Dental","553.00","8763.33"\n"2024-05-07","Direct debit ""Bristol Water""","-61.20","8702.13"\n'
)
_NOTES = "# Inventaire 2024\n\n- Scie à format : **révisée** en mars\n- Aspirateur à copeaux : à remplacer\n\n| machine | heures |\n|---|---|\n| toupie | 1 204 |\n"


def documents() -> Iterator[Sample]:
    """The folders `tableaux` and `présentations`."""
    yield _budget()
    yield _expenses()
    yield _stock()
    yield Sample(
        "tableaux/clients (export cp1252).csv",
        _CUSTOMERS.encode("cp1252"),
        phrases=middle("Pâtisserie L’Éclair", "Mâcon"),
        note="cp1252",
    )
    yield Sample(
        "tableaux/balance (UTF-16).csv",
        _BALANCE.encode("utf-16"),
        phrases=middle("Libellé", "33 950,02"),
        note="UTF-16 with mark",
    )
    yield Sample("tableaux/bank statement May 2024.csv", _STATEMENT.encode(), phrases=middle("Card payment, Timber Supplies"))
    yield Sample("tableaux/inventaire machines.md", _NOTES.encode(), phrases=middle("Aspirateur à copeaux"))
    yield Sample("tableaux/tarifs 2024.json", _prices(), phrases=middle("Escalier hélicoïdal"))
    yield from _slides()


def _budget() -> Sample:
    lines = [
        ["Poste", "Prévu", "Réalisé"],
        ["Bois et panneaux", 84000, 79310.55],
        ["Loyer", 28800, 28800],
        ["Énergie", 9200, 10144.2],
    ]
    margins = [["Client", "Marge"], ["Librairie Quai n° 9", 0.31], ["Syndic Horizon", 0.18], ["Taux horaire plancher", 41.5]]
    data = office.workbook(
        "Budget 2024", "Service comptable", datetime(2024, 1, 15, tzinfo=UTC), [("Budget", lines), ("Marges (interne)", margins)],
        hidden=["Marges (interne)"], comments=[("Budget", "C4", "Hausse du tarif de mars, voir courriel de Volt et Plaine")],
    )  # fmt: skip
    phrases = middle("Bois et panneaux", "Taux horaire plancher", "Hausse du tarif de mars", "Marges (interne)")
    facts = {"title": "Budget 2024", "author": "Service comptable", "created": "2024-01-15"}
    return Sample("tableaux/budget 2024.xlsx", data, phrases=phrases, metadata=facts, note="a hidden sheet and a comment")


def _expenses() -> Sample:
    rows = [
        ["Date", "Objet", "Montant TTC"],
        ["14/02/2024", "Taxi gare de Nevers", 23.6],
        ["20/03/2024", "Hôtel de la Poste, Beaune", 214.2],
    ]
    data = office.workbook("Notes de frais T1", "Basile Ferrand", datetime(2024, 4, 1, tzinfo=UTC), [("T1 2024", rows)])
    facts = {"title": "Notes de frais T1", "author": "Basile Ferrand", "created": "2024-04-01"}
    return Sample("tableaux/notes de frais T1 2024.xlsx", data, phrases=middle("Hôtel de la Poste, Beaune"), metadata=facts)


def _stock() -> Sample:
    rows = [["Essence", "Épaisseur mm", "Volume m³"], ["Chêne", 27, 3.2], ["Frêne", 34, 1.75], ["Hêtre étuvé", 22, 0.9]]
    body = office.table("Stock bois", rows) + office.table(
        "Quincaillerie", [["Vis à bois 5x60", 1200], ["Charnières invisibles", 84]]
    )
    data = office.opendocument("spreadsheet", "Stock au 30 juin", "Magasin", datetime(2024, 6, 30, tzinfo=UTC), body)
    facts = {"title": "Stock au 30 juin", "author": "Magasin", "created": "2024-06-30"}
    return Sample("tableaux/stock.ods", data, phrases=middle("Hêtre étuvé", "Charnières invisibles"), metadata=facts)


def _prices() -> bytes:
    items = [
        {"ref": "ESC-H", "nom": "Escalier hélicoïdal", "prix": 7900},
        {"ref": "PTE-C", "nom": "Porte coulissante", "prix": 1150},
    ]
    return json.dumps({"année": 2024, "articles": items}, ensure_ascii=False, indent=1).encode()


def _slides() -> Iterator[Sample]:
    pages = (
        (
            "Résultats 2023",
            ("Chiffre d'affaires : 612 k€", "Carnet de commandes : 4,5 mois"),
            "Rappeler que le dégât des eaux a coûté trois semaines.",
        ),
        ("Objectifs 2024", ("Ouvrir une salle d'exposition à Dijon", "Recruter un ébéniste"), ""),
    )
    data = office.slides("Réunion des associés", "Agathe Morvan", datetime(2024, 1, 22, tzinfo=UTC), pages)
    phrases = middle("Ouvrir une salle d'exposition à Dijon", "a coûté trois semaines")
    facts = {"title": "Réunion des associés", "author": "Agathe Morvan", "created": "2024-01-22"}
    yield Sample("présentations/réunion des associés.pptx", data, phrases=phrases, metadata=facts, note="speaker's notes")

    body = office.drawing_page(
        "Safety", "Site safety briefing", "Lock out and tag out before opening any autoclave."
    ) + office.drawing_page("Contacts", "First aider: Oliver Pike")
    data = office.opendocument("presentation", "Site safety briefing", "Harriet Stone", datetime(2023, 5, 9, tzinfo=UTC), body)
    facts = {"title": "Site safety briefing", "author": "Harriet Stone", "created": "2023-05-09"}
    yield Sample("présentations/safety briefing.odp", data, phrases=middle("Lock out and tag out"), metadata=facts)
