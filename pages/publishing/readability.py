"""How hard a Swedish text is to read, by its words and sentences."""

import re

from blekinge_site.languages import lines_of

# Abbreviations with one full stop; those with several, such as t.ex., are known by that.
ABBREVIATIONS = {"ca.", "dvs.", "inkl.", "exkl.", "jfr.", "kap.", "kl.", "nr.", "resp.", "tel."}
# From this LIX on a text is called so.
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
    """Return the sentences of `text`, each a list of its words as they are written; a line ends one."""
    found = []
    for line in lines_of(text):
        sentence = []
        for word in line.split():
            if any(sign.isalnum() for sign in word):
                sentence.append(word)
            if sentence and ends_sentence(word):
                found.append(sentence)
                sentence = []
        if sentence:
            found.append(sentence)
    return found


def lix(text: str) -> int:
    """Return the readability index of `text`: words a sentence, plus the percentage of long words.

    Long is more than six letters. C. H. Björnsson: Läsbarhet, 1968. A text without words gives 0.
    """
    found = sentences(text)
    words = [word for sentence in found for word in sentence]
    if not words:
        return 0
    long = [word for word in words if sum(sign.isalpha() for sign in word) > 6]
    return round(len(words) / len(found) + 100 * len(long) / len(words))


def level(index: int) -> str:
    """Return in Swedish how hard a text with LIX `index` is: ”svår”."""
    return next(name for start, name in LEVELS if index >= start)
