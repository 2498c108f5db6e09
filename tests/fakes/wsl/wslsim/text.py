"""Texts in the languages WSL ships, in our own words; labels and suffixes are the real ones (facts 2.3)."""
from .languages import LANGUAGES

STATE_WORDS = {     # the in-box build's translations as reported by others (facts 2.3)
    "de": {"Stopped": "Beendet", "Running": "Wird ausgeführt", "Installing": "Wird installiert"},
    "fr": {"Stopped": "Arrêté", "Running": "En cours d’exécution", "Installing": "Installation"},
    "es": {"Stopped": "Detenido", "Running": "En ejecución", "Installing": "Instalando"},
}


def message(language, key, **values):
    """Failures that a language has no text for say so in general; what is left is English."""
    own, english = LANGUAGES[language], LANGUAGES["en"]
    words = own.get(key) or (own["failed"] if "symbol" in values else english[key])
    return words.format(**values)


def label(language, profile):
    return LANGUAGES["en" if profile.english_label else language]["label"]


def default_suffix(language):
    """With the space before it, which not every language has."""
    return LANGUAGES[language]["suffix"]


def state_word(language, profile, word):
    if profile.state_words:
        return STATE_WORDS.get(language, {}).get(word, word)
    return word
