"""How a file was made is told at its head, and read there again."""

import symgrad
from symgrad.version import __version__
from symgrad.writing.origin import Origin, origin, read_origin


def digest(*change: object) -> str:
    options: list[object] = ["grad", "x*y", None, False, (), "reverse"]
    for place, value in zip(change[::2], change[1::2], strict=True):
        options[place] = value  # type: ignore[call-overload]
    return origin(*options)[-1]  # type: ignore[arg-type]


def test_the_digest_tells_formulas_and_options_apart() -> None:
    others = [(0, "value"), (1, "x*y*1"), (2, "x"), (2, ("x",)), (3, True), (4, ("f(x) = x",))]
    found = [digest(), *(digest(*other) for other in others), digest(5, "2")]
    assert len(set(found)) == len(found)
    assert digest(1, "\n x*y \n") == digest()
    assert digest() == "Digest of formula and options: sha256:b1c93f54c669490a."


def test_what_a_file_tells_is_read_again() -> None:
    source = symgrad.grad("x*y", ("x",), exact=True).source
    made = 'symgrad.grad(formula, wrt=("x",), exact=True)'
    found = read_origin(source)
    assert found == Origin(made, digest(2, ("x",), 3, True)[-17:-1], __version__)


def test_many_names_stand_on_several_lines() -> None:
    names = [f"parameter_number_{k}" for k in range(20)]
    source = symgrad.grad(" + ".join(names), names).source
    assert all(len(line) <= 88 for line in source.splitlines() if not line.startswith("    "))
    assert read_origin(source).made.endswith(f'"{names[-1]}"))')


def test_other_texts_tell_nothing() -> None:
    for text in ("", "x = 1", '"""A module."""\n', symgrad.grad("x").source.split('"""')[2]):
        assert read_origin(text) == Origin("", "", "")


def test_a_formula_cannot_pose_as_the_head() -> None:
    """What looks like a digest in the formula is indented, and not taken for one."""
    false = "x # \nDigest of formula and options: sha256:0000000000000000."
    source = symgrad.grad("x # Digest of formula and options: sha256:0000000000000000.").source
    assert false not in source
    assert read_origin(source).digest.strip("0")
