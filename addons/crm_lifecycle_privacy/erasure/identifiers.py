"""Names, addresses and numbers of a person, found and removed in texts."""

import re

# A text is read as words; a Chinese, Japanese or Korean character is one word.
_WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_]+")
# Numbers may be written with a plus sign, spaces, dots, dashes, slashes and brackets.
_NUMBER = re.compile(r"\+?\(?\d[\d\s().\-/]{4,}\d")
MIN_DIGITS = 6
MIN_LETTERS = 3
REPLACEMENT = "…"


class Identifiers:
    """What tells who a person is.

    Words are compared without regard to case and punctuation, numbers by their digits.
    """

    def __init__(self, texts=(), numbers=(), names=()):
        """
        :param texts: names, email and postal addresses, account numbers
        :param numbers: phone numbers
        :param names: names of natural persons, each word of which is also removed
        """
        self.phrases = set()
        for text in texts:
            self._add_phrase(text)
        self.numbers = set()
        for number in numbers:
            digits = _get_digits(number)
            if len(digits) >= MIN_DIGITS:
                # With and without the country code, which has one to three digits.
                self.numbers.update(
                    digits[start:].lstrip("0")
                    for start in range(4)
                    if len(digits) - start >= MIN_DIGITS
                )
                self._add_phrase(number)
        # Without single words, which may mean something else in texts of others.
        self.full_phrases = set(self.phrases)
        for name in names:
            words = _split(name)
            self.phrases.update((word,) for word in words if len(word) >= MIN_LETTERS)
        self._set_length()

    def _set_length(self):
        self.length = max(map(len, self.phrases), default=0)

    @classmethod
    def merge(cls, persons):
        """Return the identifiers of all persons, without the single words of names."""
        merged = cls()
        for identifiers in persons:
            merged.phrases |= identifiers.full_phrases
            merged.numbers |= identifiers.numbers
        merged._set_length()
        return merged

    def _add_phrase(self, text):
        words = tuple(_split(text))
        if sum(map(len, words)) >= (1 if _is_ideographic(words) else MIN_LETTERS):
            self.phrases.add(words)

    def __bool__(self):
        return bool(self.phrases or self.numbers)

    def find(self, text):
        """Return the ``(start, end)`` of each identifier in a text, in order."""
        found = []
        words = [(m.group().casefold(), *m.span()) for m in _WORD.finditer(text)]
        position = 0
        while position < len(words):
            for length in range(min(self.length, len(words) - position), 0, -1):
                part = words[position : position + length]
                if tuple(word for word, _start, _end in part) in self.phrases:
                    found.append((part[0][1], part[-1][2]))
                    position += length
                    break
            else:
                position += 1
        for match in _NUMBER.finditer(text):
            if self._has_number(match.group()):
                found.append(match.span())
        return _merge(found)

    def _has_number(self, text):
        """Whether a number is one of the person, with or without its country code."""
        digits = _get_digits(text).lstrip("0")
        return len(digits) >= MIN_DIGITS and digits in self.numbers

    def scrub(self, text):
        """Return the text with `REPLACEMENT` for each identifier."""
        for start, end in reversed(self.find(text)):
            text = f"{text[:start]}{REPLACEMENT}{text[end:]}"
        return text

    def scrub_json(self, value):
        """Return a JSON value with all its texts scrubbed; keys stay."""
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, list):
            return [self.scrub_json(item) for item in value]
        if isinstance(value, dict):
            return {key: self.scrub_json(item) for key, item in value.items()}
        return value


def _split(text):
    return [word.casefold() for word in _WORD.findall(text)]


def _is_ideographic(words):
    return len(words) > 1 and all(
        len(word) == 1 and ord(word) > 0x2E7F for word in words
    )


def _get_digits(text):
    return re.sub(r"\D", "", text)


def _merge(spans):
    """Return spans in order, with overlapping ones joined."""
    merged = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
