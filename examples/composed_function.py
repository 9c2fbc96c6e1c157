"""A composed function: exp(x²)², one formula string for a chain of classes.

The text writes a class for each operation, `Square` and `Exp`, with a method forward and a method
backward that knows its own derivative. They are called one inside the other, and then backwards by
hand: C.backward, B.backward, A.backward. Here the formula is the chain, and the compiler applies
the chain rule before anything runs.
"""

import symgrad

FORMULA = "square(exp(square(x)))"
STEPS = "a = square(x); b = exp(a); square(b)"


def slope(x: float, width: float = 1e-4) -> float:
    """The derivative by central differences, to hold the other one against."""
    value = symgrad.function(FORMULA)
    return float((value(x + width) - value(x - width)) / (2 * width))


def main() -> None:
    """Print value and derivative at 0.5, and the code that computes them."""
    compiled = symgrad.value_and_grad(FORMULA)
    value, derivative = compiled(0.5)
    print(f"value at 0.5:                {value:.12f}")
    print(f"derivative at 0.5:           {derivative:.12f}")
    print(f"by central differences:      {slope(0.5):.6f}")
    print(f"written in steps, the same:  {symgrad.grad(STEPS)(0.5):.12f}")
    print("The code of the derivative:")
    function = symgrad.grad(FORMULA).source.split("\n\n\n")[2]
    print(function)


if __name__ == "__main__":
    main()
