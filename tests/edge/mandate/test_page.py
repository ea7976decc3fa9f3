"""What a mayor and a passer-by read."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from edge.mandate.languages import ENGLISH, FRENCH, LANGUAGES
from edge.mandate.notice import notice_page
from edge.mandate.page import mandate_page, revocation_page
from edge.mandate.statement import (
    MandateCamera,
    Place,
    parse_mandate,
    parse_revocation,
    write_revocation,
)
from tests.fakes.mandates import CAMERA, CITY, FAKE_NOW, statement

FRENCH_TEXT = statement(
    legal_basis="Arrêté du 1er juin 2026",
    purpose="Éviter que des personnes passent sur les voies.",
    place="Place de la Gare",
    contact="dpo@ville.example",
    version=3,
    cameras=[
        {
            "camera": CAMERA,
            "zones": [
                {"zone": "quai", "functions": ["intrusion", "person_down"]},
                {"zone": "*", "functions": ["fire_start"]},
            ],
        },
        {"camera": "south", "zones": []},
    ],
    windows=[
        {"weekdays": ["fri", "sat"], "starts": "22:00", "ends": "06:00"},
        {"weekdays": ["sun"], "starts": "00:00", "ends": "24:00", "last_date": "2026-12-31"},
    ],
    not_before_utc="2026-11-21T07:00:00Z",
    expires_utc="2026-12-31T23:00:00Z",
    ring_days=7,
)
PAGE = """\
Mandat, version 3
=================
Signatures (non vérifiées ici) : mayor, prefect

BENCH : une démonstration ou un essai. Il n'autorise rien dans la rue.

Qui
    Ville de Testville

Pourquoi
    Éviter que des personnes passent sur les voies.

Base légale
    Arrêté du 1er juin 2026
    bench: Bench: demonstration or test, never a street

Où
    Place de la Gare
    Appareils : pole-1

Ce qui est recherché
    Caméra north
      - zone « quai » : une présence dans une zone interdite ou sensible, une personne
        au sol à la suite d'une chute
      - dans toute l'image : un départ de feu
    Caméra south
      - rien n'est recherché
    Personne n'est identifié : ni visage, ni plaque, ni donnée biométrique.

Quand
    vendredi, samedi, 22:00 - 06:00 (le lendemain)
    dimanche, toute la journée, jusqu'au 31 décembre 2026
    Heure locale de Europe/Paris.

Jusqu'à quand
    Du 21 novembre 2026 à 08:00 au 1er janvier 2027 à 00:00.

À quelle fin
    Exploitation : ce qui est remarqué est montré aux opérateurs.

Vidéo
    Conservée chiffrée dans le poteau pendant 7 jours, puis détruite.

Extraits
    Seulement les opérateurs et les superviseurs, chaque fois avec un motif et un numéro
      de dossier.
    D'une même caméra, au plus 40 en 24 heures.

Ce qui est figé
    Une règle, un masque ou un détecteur autre que celui qui a été signé arrête la
      détection.

À qui s'adresser
    dpo@ville.example
"""


class Tags(HTMLParser):
    """Names of all elements, and whether they close in order."""

    VOID = frozenset({"meta", "rect", "path", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_french_page_says_all_of_a_mandate() -> None:
    made = parse_mandate(FRENCH_TEXT)
    assert mandate_page(made, FRENCH, signers=("mayor", "prefect")) == PAGE


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word(language: str) -> None:
    made = parse_mandate(FRENCH_TEXT)
    page = mandate_page(made, LANGUAGES[language], signers=())
    assert "{" not in page
    assert page.count("\n\n") == PAGE.count("\n\n")


def test_a_mandate_that_identifies_says_so_in_capitals() -> None:
    """No profile of this version allows it; the page is ready for one that does."""
    reading = MandateCamera(CAMERA, (Place("*", frozenset({"plate_read"})),))
    made = replace(parse_mandate(statement()), cameras=(reading,))
    page = mandate_page(made, ENGLISH, signers=())
    assert "READING NUMBER PLATES" in page
    assert "CAUTION: this mandate lets persons or vehicles be identified." in page
    assert "Nobody is identified" not in page


def test_a_revocation_says_what_it_ends_and_why() -> None:
    made = parse_mandate(statement())
    text = write_revocation(made, reason="the works are over", issued=FAKE_NOW)
    page = revocation_page(parse_revocation(text), ENGLISH)
    assert page.startswith("Revocation of mandate version 1\n")
    assert "the works are over" in page
    assert made.sha256 in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_is_whole_and_asks_nothing_from_outside(language: str) -> None:
    page = notice_page(parse_mandate(FRENCH_TEXT), LANGUAGES[language])
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.count("svg") == 2
    assert f'<html lang="{language}">' in page
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert not re.search(r'(?:src|href|url\()\s*=?\s*["\']?(?:https?:)?//', page)
    for said in (CITY, "Place de la Gare", "dpo@ville.example", "BENCH"):
        assert said in page


def test_texts_of_a_statement_cannot_become_markup() -> None:
    made = parse_mandate(statement(purpose="<script>alert(1)</script>", contact='"><b>'))
    page = notice_page(made, ENGLISH, address="https://ville.example/?a=1&b=<i>")
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page
