"""What a rule of the data refuses."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction


def refuses(thing, message):
    """Assert that staff are told `message` of `thing`, and that the database refuses it too."""
    with pytest.raises(ValidationError) as told:
        thing.full_clean()
    assert message in told.value.messages
    with pytest.raises(IntegrityError), transaction.atomic():
        thing.save()
