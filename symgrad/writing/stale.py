"""Whether a generated file is still that of its formula: for continuous integration.

The digest at the head of a file says which formula and which options it was made from. A file with
the right digest, made by the symgrad at hand, has to be what that writes, letter by letter.
"""

from __future__ import annotations

from pathlib import Path

from symgrad.errors import SymgradError
from symgrad.version import __version__
from symgrad.writing.lines import escaped
from symgrad.writing.origin import read_origin


def why_stale(path: str, wanted: str, formula: str) -> str:
    """Why the file at `path` is not what `wanted` is, in words; empty if it is fresh.

    `wanted` is the text that symgrad writes for the formula now. A file that another version of
    symgrad made of the same formula is fresh: it computes the same.

    Raises
    ------
    SymgradError
        The file cannot be read.
    """
    text = _read(path)
    if text == wanted:
        return ""
    have, want = read_origin(text), read_origin(wanted)
    if not have.digest:
        return f"{path} is stale: it has no digest of a formula at its head"
    if have.digest == want.digest:
        if have.version != __version__:
            return ""
        return f"{path} is stale: it was changed by hand, or made with another --name or --check"
    lines = [f"    {line}".rstrip() for line in escaped(formula.strip())]
    if "\n".join(["\n", *lines, "\n"]) not in text:
        return f"{path} is stale: its formula is another one"
    if have.made == want.made:
        return f"{path} is stale: functions that the formula uses were defined anew"
    return f"{path} is stale: it was made by {have.made}, now it would be {want.made}"


def _read(path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SymgradError(f"{path} cannot be read: {error}") from None


def is_generated(path: Path) -> bool:
    """Whether symgrad made the file."""
    return bool(read_origin(_read(str(path))).digest)
