"""An assertion for constraints on the data."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction


def refuses(obj, message):
    """Assert that validation of `obj` gives `message`, and that the database refuses it too."""
    with pytest.raises(ValidationError) as caught:
        obj.full_clean()
    assert message in caught.value.messages
    with pytest.raises(IntegrityError), transaction.atomic():
        obj.save()
