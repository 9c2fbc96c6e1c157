"""Cases: products of arrays over all combinations of ranks, and linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.array_cases import Case, Shape, case, definite, given, well

MATMUL: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)),
    ((1,), (1,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((1, 3), (3, 1)),
    ((3, 1), (1, 2)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((2, 2, 3), (2, 3, 2)),
    ((1, 2, 3), (4, 3, 2)),
    ((4, 2, 3), (1, 3, 1)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((3, 2, 3), (2, 1, 3, 1)),
    ((2, 1, 2, 2), (1, 3, 2, 2)),
    ((3,), (2, 1, 3, 2)),
    ((2, 1, 2, 3), (3,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((2, 0), (0,)),
    ((0, 2, 3), (3, 2)),
)
DOT: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((), (3,)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 2)),
    ((2, 2, 3), (3,)),
    ((2, 3), (2, 3, 2)),
    ((2, 2, 3), (2, 3, 2)),
)
INNER: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 3), (4, 3)),
    ((2, 2, 3), (2, 3)),
    ((), (3,)),
)
EINSUM: tuple[tuple[str, tuple[Shape, ...]], ...] = (
    ("i->", ((3,),)),
    ("ij->ji", ((2, 3),)),
    ("ij->i", ((2, 3),)),
    ("ii->", ((3, 3),)),
    ("ii->i", ((3, 3),)),
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 2))),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("i,j->ij", ((2,), (3,))),
    ("i,j->ji", ((2,), (3,))),
    ("i,i->i", ((3,), (3,))),
    ("ij,j->", ((2, 3), (3,))),
    ("bij,bjk->bik", ((2, 2, 3), (2, 3, 2))),
    ("bij,bkj->bik", ((2, 2, 3), (2, 4, 3))),
    ("bhqd,bhkd->bhqk", ((2, 1, 2, 3), (2, 1, 4, 3))),
    ("i,ij,j->", ((2,), (2, 3), (3,))),
    ("ij,jk,kl->il", ((2, 3), (3, 2), (2, 4))),
    ("ij,jk,kl,l->i", ((2, 3), (3, 2), (2, 4), (4,))),
    ("ai,bi,ci->abc", ((2, 3), (2, 3), (2, 3))),
    ("...i,i->...", ((2, 2, 3), (3,))),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (3, 2))),
    ("ij,k->k", ((2, 3), (4,))),
    (",i->i", ((), (3,))),
    ("ij,jk->ik", ((2, 0), (0, 3))),
)


def contraction(subscripts: str, shapes: tuple[Shape, ...]) -> Case:
    operands: dict[str, Any] = dict(zip("xyzw", shapes, strict=False))
    return case(f"einsum('{subscripts}', {', '.join(operands)})", **operands)


PRODUCTS: tuple[Case, ...] = (
    *(case("A @ B", A=a, B=b) for a, b in MATMUL),
    *(case("matmul(A, B)", A=a, B=b) for a, b in MATMUL[2:6]),
    *(case("dot(x, y)", x=a, y=b) for a, b in DOT),
    *(case("inner(x, y)", x=a, y=b) for a, b in INNER),
    *(case("vdot(x, y)", x=a, y=a) for a in ((), (3,), (2, 3), (2, 1, 2))),
    *(case("outer(x, y)", x=a, y=b) for a, b in (((2,), (3,)), ((1,), (3,)), ((2, 2), (3,)))),
    *(contraction(subscripts, shapes) for subscripts, shapes in EINSUM),
    case('einsum("ij,ij->i", x, x)', x=(2, 3)),
    case("einsum('ij,ij,ik->', x, y, z)", x=(2, 3), y=(2, 3), z=(2, 2)),
    case("einsum('ij,jk->ik', 2 * x, sin(y))", x=(2, 3), y=(3, 2)),
    case("tensordot(x, y)", x=(2, 3, 2), y=(3, 2)),
    case("tensordot(x, y, 1)", x=(2, 3), y=(3, 2)),
    case("tensordot(x, y, axes=2)", x=(2, 3, 2), y=(3, 2, 4)),
    case("tensordot(x, y, axes=0)", x=(2,), y=(3, 1)),
    case("tensordot(x, y, axes=(1, 0))", x=(2, 3), y=(3, 2)),
    case("tensordot(x, y, axes=((0, 1), (1, 0)))", x=(2, 3, 2), y=(3, 2)),
    case("tensordot(x, y, axes=((-1,), (0,)))", x=(2, 2, 3), y=(3, 2)),
    case("kron(A, B)", A=(2, 3), B=(2, 2)),
    case("kron(x, y)", x=(2,), y=(3,)),
    case("kron(A, x)", A=(2, 2), x=(3,)),
    *(
        case("cross(x, y)", x=a, y=b)
        for a, b in (((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (2, 3)), ((0, 3), (3,)))
    ),
    case("cross(x, y, axis=0)", x=(3, 2), y=(3, 2)),
    case("cross(x, cross(y, z))", x=(3,), y=(3,), z=(3,)),
    # What the compiler may turn around must stay what it is.
    case("X.T @ G", X=(4, 2), G=(4, 3)),
    case("X @ Y.T", X=(2, 3), Y=(4, 3)),
    case("X.T @ Y.T", X=(3, 2), Y=(4, 3)),
    case("X.mT @ X", X=(2, 3, 2)),
    case("A @ B @ C", A=(2, 3), B=(3, 2), C=(2, 4)),
    case("A @ (B @ x)", A=(2, 3), B=(3, 2), x=(2,)),
    case("(2 * A) @ (B / 3)", A=(2, 3), B=(3, 2)),
    case("-A @ x + b", A=(2, 3), x=(3,), b=(2,)),
    case("x @ A @ x", x=(3,), A=(3, 3)),
    case("x @ A @ y", x=(2,), A=(2, 3), y=(3,)),
    case("A @ A", A=(3, 3)),
    case("A @ A.T", A=(2, 3)),
    case("trace(A @ B)", A=(2, 3), B=(3, 2)),
    case("sum(A @ B)", A=(2, 3), B=(3, 2)),
    case("sum(A * B)", A=(2, 3), B=(2, 3)),
)

SHAPED: tuple[Case, ...] = (
    *(case("transpose(x)", x=s) for s in ((), (3,), (2, 3), (2, 1, 3), (2, 3, 1, 2))),
    case("transpose(x, (2, 0, 1))", x=(2, 3, 4)),
    case("transpose(x, (-1, 0, 1))", x=(2, 3, 2)),
    case("transpose(x, axes=(1, 0))", x=(2, 3)),
    *(case("trace(A)", A=s) for s in ((3, 3), (2, 3), (3, 3, 2), (1, 1))),
    case("trace(A, offset=1)", A=(3, 3)),
    case("trace(A, offset=-1)", A=(3, 2)),
    case("trace(A, axis1=-2, axis2=-1)", A=(2, 3, 3)),
    *(case("diag(x)", x=s) for s in ((3,), (1,), (3, 3), (2, 3), (0,))),
    *(case(f"diag(x, {k})", x=s) for k in (1, -1) for s in ((2,), (3, 3))),
    *(case("diagonal(A)", A=s) for s in ((3, 3), (2, 3), (3, 2), (2, 3, 2))),
    case("diagonal(A, offset=1)", A=(3, 4)),
    case("diagonal(A, axis1=-2, axis2=-1)", A=(2, 3, 3)),
    case("diagonal(A, -1, 0, 2)", A=(3, 2, 3)),
    *(
        case(f"{name}(A{k})", A=s)
        for name in ("tril", "triu")
        for k in ("", ", 1", ", k=-1")
        for s in ((3, 3), (2, 3), (2, 3, 2))
    ),
    case("eye(3) * x", x=()),
    case("eye(2, 3) + x", x=(3,)),
    case("eye(3, k=1) @ x", x=(3,)),
    case("eye(len(x)) * x", x=(3,)),
    case("A + a * eye(A.shape[0])", A=(3, 3), a=()),
)

SOLVE: tuple[tuple[Shape, Shape], ...] = (
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((1, 1), (1,)),
    ((2, 3, 3), (2, 3, 2)),
    ((3, 3), (2, 3, 2)),
    ((2, 3, 3), (3, 1)),
    ((2, 3, 3), (3,)),
    ((2, 1, 2, 2), (3, 2, 2)),
    ((0, 0), (0,)),
    ((0, 2, 2), (0, 2, 1)),
)
SQUARES: tuple[Shape, ...] = ((1, 1), (2, 2), (3, 3), (4, 4), (2, 3, 3), (2, 1, 2, 2))
SINGULAR = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]]
NEGATIVE = [[0.5, 2.0], [3.0, -1.0]]

SOLVED: tuple[Case, ...] = (
    *(case("solve(A, b)", A=well(*a), b=b) for a, b in SOLVE),
    *(case("inv(A)", A=well(*s)) for s in (*SQUARES, (0, 0))),
    *(case("det(A)", A=well(*s)) for s in (*SQUARES, (0, 0))),
    case("det(A)", A=(3, 3)),
    case("det(A)", A=given(SINGULAR)),
    case("det(A)", A=given([[1.0, 2.0], [2.0, 4.0]])),
    case("det(A)", A=given([[0.0, 0.0], [0.0, 0.0]])),
    case("det(A)", A=given([[[1.0, 2.0], [2.0, 4.0]], NEGATIVE])),
    *(case("logdet(A)", A=well(*s)) for s in SQUARES),
    case("logdet(A)", A=definite(3, 3)),
    case("logdet(A)", A=given(NEGATIVE), smooth=""),
    case("logdet(A)", A=given([[[2.0, 1.0], [0.0, 1.0]], NEGATIVE]), smooth=""),
    case("s, l = slogdet(A); l", A=well(3, 3)),
    case("s, l = slogdet(A); s * l", A=well(2, 3, 3)),
    case("slogdet(A)[1]", A=well(3, 3)),
    case("slogdet(A)[1]", A=given(NEGATIVE)),
    case("slogdet(A)[0]", A=given(NEGATIVE)),
    *(case("quad_form(x, A)", x=(n,), A=(n, n)) for n in (1, 2, 3)),
    case("quad_form(x - m, inv(A))", x=(3,), m=(3,), A=definite(3, 3)),
    *(case(f"matrix_power(A, {n})", A=well(3, 3)) for n in (0, 1, 2, 3, 5, -1, -2)),
    case("matrix_power(A, 3)", A=well(2, 2, 2)),
    *(
        case(f"solve_triangular(tril(A), b, {options})",
             lambda A, b, transposed=transposed:
                 np.linalg.solve(np.tril(A).T if transposed else np.tril(A), b),
             A=well(3, 3), b=b)
        for transposed, options in ((False, "lower=True"), (True, "trans=1, lower=True"))
        for b in ((3,), (3, 2))
    ),
    case("solve_triangular(A, b)", A=well(3, 3), b=(3,)),
    case("solve_triangular(A, b)", A=well(3, 3), b=(3, 2)),
    case("solve_triangular(A, b, lower=True)", A=well(3, 3), b=(3,)),
    case("solve_triangular(A, b, trans=1)", A=well(3, 3), b=(3,)),
    case("solve_triangular(A, b, lower=True, unit_diagonal=True)", A=well(3, 3), b=(3, 2)),
    # What is rewritten, and must stay as right.
    case("inv(A) @ b", A=well(3, 3), b=(3,)),
    case("inv(A) @ B", A=well(3, 3), B=(3, 2)),
    case("b @ inv(A)", A=well(3, 3), b=(3,)),
    case("inv(A).T @ b", A=well(3, 3), b=(3,)),
    case("inv(A @ B)", A=well(2, 2), B=well(2, 2)),
    case("solve(A.T, b)", A=well(3, 3), b=(3,)),
    case("solve(A, B @ x)", A=well(2, 2), B=(2, 3), x=(3,)),
    case("log(det(A))", A=well(3, 3)),
    case("log(abs(det(A)))", A=given(NEGATIVE)),
    case("-logdet(A) + trace(inv(A) @ B)", A=definite(3, 3), B=(3, 3)),
    case("logdet(A @ A.T)", A=well(2, 3)),
    case("det(A.T @ A)", A=well(4, 2)),
)  # fmt: skip

FACTORED: tuple[Case, ...] = (
    *(case("cholesky(A)", A=definite(*s)) for s in SQUARES),
    case("L = cholesky(A); L @ b", A=definite(3, 3), b=(3,)),
    case("2 * sum(log(diag(cholesky(A))))", A=definite(3, 3)),
    case("cholesky(A @ A.T + eye(3))", A=(3, 2)),
    case("solve_triangular(cholesky(A), b, lower=True)", A=definite(3, 3), b=(3,)),
    *(case("eigvalsh(A)", A=definite(*s)) for s in SQUARES),
    case("eigvalsh(A)", A=well(3, 3)),
    case("max(eigvalsh(A))", A=definite(3, 3)),
    case("sum(log(eigvalsh(A)))", A=definite(3, 3)),
    case("w, V = eigh(A); w", A=definite(3, 3)),
    case("w, V = eigh(A); V**2", A=definite(3, 3)),
    case("w, V = eigh(A); V**2 * w[..., None]", A=definite(2, 3, 3)),
    case("w, V = eigh(A); (V * exp(w)) @ V.T", A=definite(3, 3)),
    case("eigh(A)[0]", A=definite(2, 2)),
    case("eigh(A)[1][:, -1]**2", A=definite(3, 3)),
    *(case("svdvals(A)", A=s) for s in ((3, 3), (2, 3), (4, 2), (2, 3, 2), (3, 1))),
    case("sum(svdvals(A))", A=(3, 2)),
    case("max(svdvals(A)) / min(svdvals(A))", A=well(3, 3)),
    *(case(f"q, r = qr(A); {part}", A=well(*s))
      for part in ("q", "r", "q @ r", "abs(r)") for s in ((3, 3), (4, 2))),
    case("qr(A)[1]", A=well(3, 3)),
    case("q, r = qr(A); q * r[..., :1, :1]", A=well(2, 3, 2)),
    *(case("pinv(A)", A=well(*s)) for s in ((3, 3), (4, 2), (2, 4), (2, 3, 2))),
    case("pinv(A) @ b", A=well(4, 2), b=(4,)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*PRODUCTS, *SHAPED, *SOLVED, *FACTORED)
