"""How the shapes' room refuses: with one line."""

import pytest


def refusal(call, *arguments, **options):
    """Return the one line with which a call is refused."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
