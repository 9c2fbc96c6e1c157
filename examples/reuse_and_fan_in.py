"""Reuse and fan-in: a variable that is used more than once collects its derivatives.

The text has a class `Variable` with a field for its gradient. Two things need care there: where a
variable is used twice, backward must add to the field and not overwrite it, and must visit the
nodes in the right order; and between two runs `cleargrad` must empty the fields. Here sharing is in
the formula, the order is settled when it is compiled, and no gradient is stored anywhere: a call
has nothing to clear.
"""

import symgrad

THRICE = "x + x + x"
FAN_IN = "square(square(x)) + square(square(x))"
NAMED = "a = square(x); square(a) + square(a)"


def repeated(formula: str, x: float, times: int) -> list[float]:
    """The gradient, asked for again and again of one compiled formula."""
    gradient = symgrad.grad(formula)
    return [gradient(x) for _ in range(times)]


def main() -> None:
    """Print values and gradients at 2, and what repeating leaves behind: nothing."""
    for formula in (THRICE, FAN_IN, NAMED):
        value, gradient = symgrad.value_and_grad(formula)(2.0)
        print(f"{formula}: value {value:g}, gradient {gradient:g}")
    print(f"asked for five times: {repeated(FAN_IN, 2.0, 5)}")
    print("Both halves are one operation in the graph:")
    print(symgrad.function(FAN_IN).graph)


if __name__ == "__main__":
    main()
