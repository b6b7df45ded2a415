"""Detection of Swedish personal identity numbers in text."""

import re

# The year, with or without century, the month, the day (plus 60 in coordination numbers) and four more
# digits. There can be spaces, dashes of any kind and plus signs between them.
SEPARATOR = r"[\s+\-\N{HYPHEN}-\N{HORIZONTAL BAR}\N{MINUS SIGN}]{0,3}"
NUMBER = re.compile(
    rf"(?<!\d)(?:18|19|20)?(\d\d){SEPARATOR}(0[1-9]|1[0-2]){SEPARATOR}([0-2]\d|3[01]|[6-8]\d|9[01])"
    rf"{SEPARATOR}(\d{{4}})(?!\d)"
)


def has_check_digit(number):
    """Tell whether the last of the ten digits in `number` is the check digit by the Luhn algorithm."""
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(number))
    return sum(n // 10 + n % 10 for n in doubled) % 10 == 0


def holds_personal_number(text):
    """Tell whether `text` contains a personal identity number or a coordination number.

    Phone numbers and amounts can have the same form, but nine in ten of them have the wrong check digit.
    """
    return any(has_check_digit("".join(match.groups())) for match in NUMBER.finditer(text))
