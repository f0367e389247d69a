"""Hide passwords and keys in what is shown. The configuration itself keeps them."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "***"

_SECRET_NAME = re.compile(r"(pass(word|wd|phrase)?|secret|token|credentials?|(api|access)_?key|(^|_)key)($|_id$)", re.I)
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/]+(?=@)", re.I)
_ASSIGNED = re.compile(
    r"(?P<head>\b\w*(?:password|passwd|passphrase|secret|token|api_?key|access_?key)\w*[=:]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s&;\"']+)",
    re.I,
)


def is_secret(name: str) -> bool:
    """Whether an option or variable of this name holds what nobody should see."""
    return bool(_SECRET_NAME.search(name))


def masked(name: str, value: Any) -> Any:
    """The value as it may be shown, anything below it included."""
    if isinstance(value, dict):
        return {key: masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(name, inner) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    if is_secret(name):
        return HIDDEN
    return _ASSIGNED.sub(rf"\g<head>{HIDDEN}", _URL_PASSWORD.sub(rf"\g<head>{HIDDEN}", value))
