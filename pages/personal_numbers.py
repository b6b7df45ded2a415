"""Swedish personal identity numbers, found in what people write."""

import re

# Year, month, day (plus 60 in a coordination number) and four more, with or without century; between
# them nothing, or the spaces, dashes and plus signs that people and word processors put there.
BETWEEN = r"[\s+\-\N{HYPHEN}-\N{HORIZONTAL BAR}\N{MINUS SIGN}]{0,3}"
NUMBER = re.compile(
    rf"(?<!\d)(?:18|19|20)?(\d\d){BETWEEN}(0[1-9]|1[0-2]){BETWEEN}([0-2]\d|3[01]|[6-8]\d|9[01])"
    rf"{BETWEEN}(\d{{4}})(?!\d)"
)


def has_check_digit(number):
    """Tell whether the last of the ten digits in `number` follows from the others, by Luhn's formula."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(number))
    return sum(n // 10 + n % 10 for n in doubled) % 10 == 0


def holds_personal_number(text):
    """Tell whether there is a personal identity number or a coordination number in `text`.

    A phone number or an amount may look like one, but nine in ten lack the check digit.
    """
    return any(has_check_digit("".join(found.groups())) for found in NUMBER.finditer(text))
