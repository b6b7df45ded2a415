"""The readability of Swedish texts, measured by the length of words and sentences."""

import re

from blekinge_site.languages import lines_of

# Abbreviations with one full stop. Those with several, such as t.ex., are recognised by a pattern.
ABBREVIATIONS = {"ca.", "dvs.", "inkl.", "exkl.", "jfr.", "kap.", "kl.", "nr.", "resp.", "tel."}
# The lowest LIX of each level, and its Swedish name.
LEVELS = [
    (60, "mycket svår"),
    (50, "svår"),
    (40, "medelsvår"),
    (25, "lättläst"),
    (0, "mycket lättläst"),
]


def ends_sentence(word: str) -> bool:
    word = word.rstrip("”\"’')»").lower()
    is_abbreviation = word in ABBREVIATIONS or re.fullmatch(r"(\w+\.){2,}", word)
    return word.endswith((".", "!", "?", ":")) and not is_abbreviation


def sentences(text: str) -> list[list[str]]:
    """Return the sentences of `text`, each a list of words. A sentence ends at the end of its line."""
    result = []
    for line in lines_of(text):
        sentence = []
        for word in line.split():
            if any(character.isalnum() for character in word):
                sentence.append(word)
            if sentence and ends_sentence(word):
                result.append(sentence)
                sentence = []
        if sentence:
            result.append(sentence)
    return result


def lix(text: str) -> int:
    """Return the readability index of `text`: words per sentence plus the percentage of long words.

    Long words have more than six letters. The index of a text without words is 0.
    Source: C. H. Björnsson, Läsbarhet, 1968.
    """
    all_sentences = sentences(text)
    words = [word for sentence in all_sentences for word in sentence]
    if not words:
        return 0
    long_words = [word for word in words if sum(character.isalpha() for character in word) > 6]
    return round(len(words) / len(all_sentences) + 100 * len(long_words) / len(words))


def level(index: int) -> str:
    """Return the Swedish name of the level of LIX `index`, such as ”svår”."""
    return next(name for start, name in LEVELS if index >= start)
