"""Every rule can be told: by its line in functions.sg, or in words."""

from symgrad.differentiation.structural import ADJOINTS, PARTIALS, no_terms
from symgrad.functions import builtin_functions
from symgrad.language.rule_words import IN_WORDS, TOLD


def test_what_has_no_line_has_words() -> None:
    table = builtin_functions()
    structural = {name for name in table if table[name].is_structural}
    handing = {name for name, adjoint in ADJOINTS.items() if adjoint is not no_terms}
    assert (structural & handing) | handing | set(PARTIALS) == set(IN_WORDS)


def test_words_are_of_operations_with_a_line() -> None:
    table = builtin_functions()
    assert set(TOLD) <= {name for name in table if table[name].is_operation}
    assert not set(TOLD) & set(IN_WORDS)
