"""The words of a mandate's page and of its public notice, by language. Data only: see words.py."""

from edge.mandate.languages.english import ENGLISH
from edge.mandate.languages.french import FRENCH
from edge.mandate.languages.spanish import SPANISH
from edge.mandate.languages.words import Words

__all__ = ["ENGLISH", "FRENCH", "LANGUAGES", "SPANISH", "Words"]

LANGUAGES: dict[str, Words] = {words.code: words for words in (ENGLISH, FRENCH, SPANISH)}
