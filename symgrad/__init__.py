"""symgrad: type a formula, get its gradient as the NumPy code an expert would have written.

>>> import symgrad
>>> symgrad.grad("exp(x**2)**2")(0.5)
3.297442541400256
"""

from symgrad.api import define, function, grad, hvp, jvp, value_and_grad, vjp
from symgrad.compiled import Compiled
from symgrad.errors import (
    ArgumentError,
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
from symgrad.fitting import Fit, NotFiniteError, fit
from symgrad.limits import Limits
from symgrad.version import __version__

__all__ = [
    "ArgumentError",
    "Compiled",
    "DefinitionError",
    "DerivativeError",
    "Fit",
    "FormulaSyntaxError",
    "InputError",
    "LimitError",
    "Limits",
    "MissingExtraError",
    "NameRuleError",
    "NotFiniteError",
    "OutOfMemoryError",
    "SymgradError",
    "UnknownFunctionError",
    "__version__",
    "define",
    "fit",
    "function",
    "grad",
    "hvp",
    "jvp",
    "value_and_grad",
    "vjp",
]
