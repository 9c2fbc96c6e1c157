"""For tests of formulas: strategies for hypothesis, and a judge of gradients.

>>> from hypothesis import given, settings, strategies
>>> programs = array_formulas(smooth=True).flatmap(
...     lambda formula: strategies.tuples(strategies.just(formula), inputs(formula))
... )
>>> @settings(max_examples=5, deadline=None, derandomize=True)
... @given(programs)
... def test_gradients(program):
...     formula, values = program
...     assert_gradient_correct(formula, values)
>>> test_gradients()
"""

from symgrad.errors import MissingExtraError

try:
    import hypothesis.extra.numpy  # noqa: F401 - what all else here needs
except ImportError:
    raise MissingExtraError(
        "symgrad.testing needs hypothesis", hint="Install it with: pip install 'symgrad[testing]'"
    ) from None

from symgrad.testing.arrays import array_formulas
from symgrad.testing.formulas import formulas
from symgrad.testing.inputs import inputs, numbers
from symgrad.testing.judge import assert_gradient_correct

__all__ = ["array_formulas", "assert_gradient_correct", "formulas", "inputs", "numbers"]
