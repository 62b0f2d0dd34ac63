"""Which language a text is in, as far as its letters show."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Scripts that point at one language, or at its most used one: first and last character, language.
_SCRIPTS = (
    ("\u0370", "\u03ff", "el"), ("\u0400", "\u052f", "ru"), ("\u0530", "\u058f", "hy"), ("\u0590", "\u05ff", "he"),
    ("\u0600", "\u06ff", "ar"), ("\u0750", "\u077f", "ar"), ("\u0900", "\u097f", "hi"), ("\u0980", "\u09ff", "bn"),
    ("\u0a00", "\u0a7f", "pa"), ("\u0a80", "\u0aff", "gu"), ("\u0b00", "\u0b7f", "or"), ("\u0b80", "\u0bff", "ta"),
    ("\u0c00", "\u0c7f", "te"), ("\u0c80", "\u0cff", "kn"), ("\u0d00", "\u0d7f", "ml"), ("\u0d80", "\u0dff", "si"),
    ("\u0e00", "\u0e7f", "th"), ("\u0e80", "\u0eff", "lo"), ("\u0f00", "\u0fff", "bo"), ("\u1000", "\u109f", "my"),
    ("\u10a0", "\u10ff", "ka"), ("\u1200", "\u139f", "am"), ("\u1780", "\u17ff", "km"), ("\u3040", "\u30ff", "ja"),
    ("\u3400", "\u9fff", "zh"), ("\u1100", "\u11ff", "ko"), ("\uac00", "\ud7a3", "ko"),
)  # fmt: skip
# Within a script: letters that only the other language writes.
_TELLTALE = (("ru", "uk", "іїєґ"), ("ar", "ur", "ٹڈڑےں"), ("ar", "fa", "پچژگ"), ("zh", "ja", "々ゝ"))
_LATIN = re.compile(r"[a-z']+")
_ENGLISH = _words(
    """
    a an the of who and in for with is to on at from that by as or their his her has have which whose into about
    are was
    """
)


def language_of(text: str) -> str:
    """A guess at the language of the first 400 characters of `text`, by script and function words.

    Returns a BCP 47 code, "und" if these do not show it: of the languages in Latin letters only English is recognised.

    >>> language_of("A nurse who works nights"), language_of("一个护士"), language_of("Una enfermera")
    ('en', 'zh', 'und')
    """
    sample = text[:400]
    counts = {} if sample.isascii() else _script_counts(sample)
    latin = sum(1 for c in sample if c.isalpha() and c < "\u0250") if counts else 0
    if counts.get("ja"):
        return "ja"  # kana among Han characters: no other language mixes them in
    best = max(counts, key=lambda language: counts[language], default="")
    if best and counts[best] * 2 > latin:  # one Han character says more than one Latin letter
        return _within_script(best, sample)
    words = _LATIN.findall(sample.casefold())
    common = sum(map(_ENGLISH.__contains__, words))
    return "en" if common >= 2 or (common and len(words) <= 8) else "und"


def _within_script(most_used: str, text: str) -> str:
    """The language of a text whose script points at `most_used`, by letters that only another language writes."""
    for script_language, language, letters in _TELLTALE:
        if script_language == most_used and not set(letters).isdisjoint(text):
            return language
    return most_used


def _script_counts(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for c in text:
        if c >= "\u0370":
            language = next((language for first, last, language in _SCRIPTS if first <= c <= last), None)
            if language is not None:
                counts[language] = counts.get(language, 0) + 1
    return counts


def contradicts(text: str, language: str) -> bool:
    """Whether the letters of `text` show that it is not in `language` (a BCP 47 code); False if they cannot show it.

    >>> contradicts("Una enfermera", "hi"), contradicts("Una enfermera", "es"), contradicts("一个护士", "en")
    (True, False, True)
    """
    guess = language_of(text)
    if guess == language:
        return False
    return language in _RECOGNISED or (language == "en" and guess not in ("en", "und"))


_RECOGNISED = {language for *_, language in _SCRIPTS} | {language for _, language, _ in _TELLTALE}
