"""symgrad: type a formula, get its gradient as the NumPy code an expert would have written.

>>> import symgrad
>>> symgrad.grad("exp(x**2)**2")(0.5)
3.297442541400256
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.api import (
    define,
    function,
    grad,
    hessian,
    hessian_diag,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from symgrad.compiled import Compiled
from symgrad.errors import (
    ArgumentError,
    CoupledError,
    DefinitionError,
    DerivativeError,
    FormulaSyntaxError,
    InputError,
    LimitError,
    MissingExtraError,
    NameRuleError,
    OutOfMemoryError,
    SymgradError,
    UnknownFunctionError,
)
from symgrad.limits import Limits
from symgrad.version import __version__

if TYPE_CHECKING:
    from symgrad import optim
    from symgrad.exchange.python_reading import from_function
    from symgrad.exchange.sympy_reading import from_sympy
    from symgrad.exchange.sympy_writing import to_sympy
    from symgrad.fitting import Fit, NotFiniteError, fit
    from symgrad.raveling import ravel
    from symgrad.seeing.lesson import Lesson, explain
    from symgrad.sparse import Sparse
    from symgrad.trust.checking import check
    from symgrad.trust.comparison import Comparison, same
    from symgrad.trust.findings import Check
    from symgrad.trust.nonfinite import NotFinite, explain_nan
    from symgrad.trust.survey import Accuracy, accuracy

__all__ = [
    "Accuracy",
    "ArgumentError",
    "Check",
    "Comparison",
    "Compiled",
    "CoupledError",
    "DefinitionError",
    "DerivativeError",
    "Fit",
    "FormulaSyntaxError",
    "InputError",
    "Lesson",
    "LimitError",
    "Limits",
    "MissingExtraError",
    "NameRuleError",
    "NotFinite",
    "NotFiniteError",
    "OutOfMemoryError",
    "Sparse",
    "SymgradError",
    "UnknownFunctionError",
    "__version__",
    "accuracy",
    "check",
    "define",
    "explain",
    "explain_nan",
    "fit",
    "from_function",
    "from_sympy",
    "function",
    "grad",
    "hessian",
    "hessian_diag",
    "hvp",
    "jacobian",
    "jvp",
    "optim",
    "ravel",
    "same",
    "to_sympy",
    "value_and_grad",
    "vjp",
]

_LATER = {
    "Accuracy": "symgrad.trust.survey",
    "accuracy": "symgrad.trust.survey",
    "Check": "symgrad.trust.findings",
    "check": "symgrad.trust.checking",
    "Comparison": "symgrad.trust.comparison",
    "same": "symgrad.trust.comparison",
    "Lesson": "symgrad.seeing.lesson",
    "explain": "symgrad.seeing.lesson",
    "NotFinite": "symgrad.trust.nonfinite",
    "explain_nan": "symgrad.trust.nonfinite",
    "Fit": "symgrad.fitting",
    "NotFiniteError": "symgrad.fitting",
    "fit": "symgrad.fitting",
    "optim": "symgrad.optim",
    "ravel": "symgrad.raveling",
    "Sparse": "symgrad.sparse",
    "from_function": "symgrad.exchange.python_reading",
    "from_sympy": "symgrad.exchange.sympy_reading",
    "to_sympy": "symgrad.exchange.sympy_writing",
    "testing": "symgrad.testing",
}
"""What is imported when it is first asked for, so that the first gradient does not wait for it."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'symgrad' has no attribute {name!r}")
    from importlib import import_module

    module = import_module(_LATER[name])
    value = globals()[name] = getattr(module, name, module)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, "errors", "testing"})
