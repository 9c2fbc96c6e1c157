"""Keys as NumPy takes them."""

from typing import Any

from symgrad.language.template import Slice


def key_of(value: Any) -> tuple[Any, ...]:
    items = value if isinstance(value, tuple) else (value,)
    return tuple(slice(*item.parts) if isinstance(item, Slice) else item for item in items)
