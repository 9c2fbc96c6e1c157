"""Cases: reductions, over ranks, axes and kept dimensions, with unit and empty ones."""

from __future__ import annotations

from tests.array_cases import Case, Shape, case, given, integers, mask, positive, well

# Shapes, and the axes to reduce: each kind of axis, each rank from 0 to 4.
AXES: tuple[tuple[Shape, str], ...] = (
    ((), ""),
    ((4,), ""),
    ((4,), "axis=0, keepdims=True"),
    ((4,), "axis=-1"),
    ((1,), "axis=0"),
    ((2, 3), "keepdims=True"),
    ((2, 3), "axis=0"),
    ((2, 3), "axis=-1, keepdims=True"),
    ((2, 3), "axis=(0, 1)"),
    ((2, 3), "axis=None, keepdims=False"),
    ((2, 1, 3), "axis=1"),
    ((2, 1, 3), "axis=(0, -1), keepdims=True"),
    ((2, 3, 2), "axis=(-2,)"),
    ((2, 1, 3, 2), "axis=(1, 2)"),
    ((2, 1, 2, 2), "axis=-2, keepdims=True"),
    ((0, 3), "axis=1"),
    ((2, 0, 3), "axis=2, keepdims=True"),
)
REDUCTIONS = "sum prod mean var std max min logsumexp median"


def call(name: str, *arguments: str) -> str:
    return f"{name}({', '.join(argument for argument in arguments if argument)})"


def reductions() -> list[Case]:
    found = [
        case(call(name, "x", axes), x=shape) for name in REDUCTIONS.split() for shape, axes in AXES
    ]
    # The norm of two axes is a matrix's; axes to reduce of more than two dimensions have none.
    found += [
        case(call("norm", "x", axes), x=shape)
        for shape, axes in AXES
        if shape != () and "axis=(-2,)" not in axes
    ]
    found += [
        case(call(name, "x > 0", axes), x=shape) for name in ("any", "all") for shape, axes in AXES
    ]
    found += [
        case(call(name, "x", axes), x=shape, smooth="")
        for name in ("argmax", "argmin")
        for shape, axes in AXES
        if "(" not in axes
    ]
    return found


def of_norms() -> list[Case]:
    found = [
        case(call("norm", "x", f"ord={order}", axes), x=shape)
        for order in ("1", "2", "inf")
        for shape, axes in (
            ((4,), ""),
            ((3,), "axis=0, keepdims=True"),
            ((2, 3), "axis=0"),
            ((2, 3), "axis=-1, keepdims=True"),
            ((3, 2), ""),
            ((2, 3), "keepdims=True"),
            ((2, 3, 2), "axis=1"),
            ((2, 3, 2), "axis=(0, 2)"),
            ((2, 1, 2, 3), "axis=(-2, -1)"),
        )
    ]
    found += [
        case("norm(x, 'fro')", x=(2, 3)),
        case('norm(x, ord="fro", axis=(0, 2), keepdims=True)', x=(2, 3, 2)),
        case("norm(x, None, 1)", x=(2, 3)),
        case("norm(x, 2, 0)", x=(2, 3)),
        case("norm(x - y)", x=(3,), y=(3,)),
        case("norm(x - y)**2", x=(3,), y=(3,)),
        case("norm(x[:, None] - y, axis=-1)", x=(2, 3), y=(4, 3)),
    ]
    return found


# Which cumulate, and what has arguments or spellings that only it has.
VARIED: tuple[Case, ...] = (
    *(
        case(call(name, "x", axes), x=shape)
        for name in ("cumsum", "cumprod")
        for shape, axes in (
            ((4,), ""),
            ((1,), ""),
            ((2, 3), ""),
            ((2, 3), "axis=0"),
            ((2, 3), "axis=-1"),
            ((2, 1, 3), "axis=1"),
            ((2, 3, 1, 2), "axis=-3"),
            ((0,), ""),
            ((2, 0), "axis=0"),
        )
    ),
    *(
        case(call(name, "x", axes), x=shape)
        for name in ("var", "std")
        for shape, axes in (
            ((5,), "ddof=1"),
            ((2, 3), "axis=1, ddof=1"),
            ((3, 2), "ddof=2, keepdims=True"),
            ((2, 3, 2), "axis=(0, 2), ddof=1"),
            ((4, 3), "axis=0, ddof=0.5"),
        )
    ),
    case("std(x, axis=(0, 1, 2))", x=(2, 3, 2)),
    case("sqrt(sum(x**2, axis=(-1, 0, 2), keepdims=True))", x=(2, 3, 2, 2)),
    # What is kept of an axis has another shape than what is not.
    case("prod(x * sum(x, axis=1, keepdims=True), axis=1)", x=(3, 3)),
    case("minimum(a, prod(x)**0.5) * sum(x * y)", a=positive(), x=positive(), y=(4,)),
    # Zeros: none of these gradients may divide.
    case("prod(x)", x=given([2.0, 0.0, 3.0])),
    case("prod(x)", x=given([0.0, 0.5, 0.0, 3.0])),
    case("prod(x, axis=0)", x=given([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [3.0, 4.0, 5.0]])),
    case("prod(x, axis=1, keepdims=True)", x=given([[0.0, 1.0, 0.0], [2.0, 0.0, 7.0]])),
    case("prod(x, axis=(0, 2))", x=given([[[0.0, 1.0], [2.0, 3.0]], [[4.0, 0.5], [0.0, 0.0]]])),
    case("cumprod(x)", x=given([2.0, 0.0, 3.0, 5.0])),
    case("cumprod(x)", x=given([0.0, 2.0, 0.0, 3.0])),
    case("cumprod(x, axis=0)", x=given([[0.0, 1.0], [2.0, 0.0], [3.0, 0.0], [1.0, 2.0]])),
    # Positional axes, methods, and reductions of reductions.
    case("sum(x, 0)", x=(2, 3)),
    case("sum(x, (0, 2))", x=(2, 3, 2)),
    case("mean(x, -1)", x=(2, 3)),
    case("max(x, 1)", x=(2, 3)),
    case("x.sum()", x=(2, 3)),
    case("x.sum(axis=0)", x=(2, 3)),
    case("x.mean(axis=-1, keepdims=True)", x=(2, 3)),
    case("x.std(axis=0, ddof=1)", x=(3, 2)),
    case("x.max(axis=1)", x=(2, 3)),
    case("x.min()", x=(2, 3)),
    case("x.prod(axis=0)", x=(2, 3)),
    case("x.cumsum(axis=1)", x=(2, 3)),
    case("x.argmax(axis=0)", x=(2, 3), smooth=""),
    case("(x**2).sum(axis=1).mean()", x=(2, 3)),
    case("sum(x) / size(x)", x=(2, 3)),
    case("sum(x)", x=(0,)),
    case("sum(x)", x=(2, 0)),
    case("prod(x)", x=(0,)),
    case("sum(x, axis=0)", x=(0, 3)),
    case("prod(x, axis=0)", x=(0, 2)),
    case("norm(x)", x=(0,)),
    case("any(x > 0)", x=(0,)),
    case("all(x > 0)", x=(0,)),
    case("sum(x**2, axis=-1)", x=(2, 3)),
    case("sum(sum(x, axis=0)**2)", x=(2, 3)),
    case("sum(x, axis=0, keepdims=True) * x", x=(2, 3)),
    case("x - mean(x, axis=-1, keepdims=True)", x=(2, 2, 3)),
    case("max(x, axis=0) - min(x, axis=0)", x=(3, 2)),
    case("log(sum(exp(x), axis=1))", x=(2, 3)),
    case("log(sum(exp(x), axis=0, keepdims=True))", x=(2, 3)),
    case("sqrt(sum(x**2, axis=1))", x=(2, 3)),
    case("sum(x * y)", x=(2, 3), y=(2, 3)),
    case("sum(x * y, axis=-1)", x=(2, 3), y=(3,)),
    case("sum(a * x)", a=(), x=(2, 3)),
    case("sum(a + x, axis=0)", a=(2, 1), x=(3,)),
    case("mean(a * x - y)", a=(1, 3), x=(2, 1), y=()),
    case("sum(x > 0)", x=(2, 3)),
    case("mean(x > 0, axis=0)", x=(2, 3)),
    case("any(m, axis=0) * x", m=mask(2, 3), x=(3,), single=False),
    case("where((2 > 1) | (a > x), a, x)", a=(2, 1), x=(3,)),
    case("sum(m) * x", m=mask(2, 3), x=(), single=False),
    case("sum(where(m, x, 0)) / sum(m)", m=mask(2, 3), x=(2, 3), single=False),
    case("sum(k) * x", k=integers(0, 5, 4), x=(3,), single=False),
    case("x[argmax(x)]", x=(5,)),
    case("x[argmin(x**2)]", x=(5,)),
    case("exp(mean(log(x)))", x=positive(4)),
    case("prod(x)**(1 / size(x))", x=positive(4)),
    case("median(abs(x - median(x)))", x=(5,)),
    case("std(x) / mean(x)", x=positive(4)),
    case("norm(A @ x) / norm(x)", A=well(3, 3), x=(3,)),
)

CASES: tuple[Case, ...] = (*reductions(), *of_norms(), *VARIED)
