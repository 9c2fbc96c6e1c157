"""Cases: whole formulas, as a person writes them."""

from __future__ import annotations

import numpy as np

from tests.array_cases import Case, case, definite, given, integers, mask, positive, simplex, well

SIGNS = [1.0, -1.0, 1.0, 1.0, -1.0]
CAUSAL = [[True, False, False], [True, True, False], [True, True, True]]

REGRESSIONS: tuple[Case, ...] = (
    case("mean((X @ w + b - y)**2)", X=(5, 3), w=(3,), b=(), y=(5,)),
    case("sum((X @ w - y)**2) / 2 + λ * sum(w**2)", X=(5, 3), w=(3,), y=(5,), λ=positive()),
    case("r = X @ w - y; r @ r / len(y)", X=(5, 3), w=(3,), y=(5,)),
    case("mse(X @ W + b, Y)", X=(5, 3), W=(3, 2), b=(2,), Y=(5, 2)),
    case("norm(X @ w - y) + λ * norm(w, 1)", X=(5, 3), w=(3,), y=(5,), λ=positive()),
    case("solve(X.T @ X + λ * eye(X.shape[1]), X.T @ y)", X=(5, 3), y=(5,), λ=positive()),
    case("-mean(t * log(sigmoid(X @ w)) + (1 - t) * log(1 - sigmoid(X @ w)))",
         X=(5, 3), w=(3,), t=given([1.0, 0.0, 1.0, 1.0, 0.0]), smooth="X w"),
    case("mean(log(1 + exp(-s * (X @ w))))", X=(5, 3), w=(3,), s=given(SIGNS)),
    case("mean(relu(1 - s * (X @ w + b)))", X=(5, 3), w=(3,), b=(), s=given(SIGNS)),
    case("Z = X @ W + b; -mean(sum(T * (Z - logsumexp(Z, axis=1, keepdims=True)), axis=1))",
         X=(4, 3), W=(3, 2), b=(2,), T=simplex(4, 2)),
    case("P = softmax(X @ W, axis=1); -mean(log(P[arange(len(k)), k]))",
         X=(4, 3), W=(3, 3), k=integers(0, 3, 4)),
    case("X[:, 0] * w[0] + X[:, 1] * w[1]", X=(4, 2), w=(2,)),
)  # fmt: skip

NETWORKS: tuple[Case, ...] = (
    case("h = relu(X @ W1 + b1); cross_entropy(h @ W2 + b2, T)",
         X=(4, 3), W1=(3, 5), b1=(5,), W2=(5, 2), b2=(2,), T=simplex(4, 2)),
    case("h = tanh(X @ W1 + b1); cross_entropy(h @ W2 + b2, k)",
         X=(4, 3), W1=(3, 5), b1=(5,), W2=(5, 3), b2=(3,), k=integers(0, 3, 4)),
    case("h = sigmoid(x @ W1 + b1); mse(sigmoid(h @ W2 + b2), y)",
         x=(3,), W1=(3, 2), b1=(2,), W2=(2, 2), b2=(2,), y=(2,)),
    case("layer_norm(x + relu(x @ W1) @ W2)", x=(2, 3), W1=(3, 4), W2=(4, 3)),
    case("softmax(Q @ K.T / sqrt(Q.shape[-1])) @ V", Q=(3, 2), K=(4, 2), V=(4, 3)),
    case("softmax(Q @ K.mT / sqrt(Q.shape[-1])) @ V", Q=(2, 3, 2), K=(2, 4, 2), V=(2, 4, 1)),
    case("softmax(where(m, Q @ K.mT, -inf)) @ V",
         Q=(3, 2), K=(3, 2), V=(3, 2), m=given(CAUSAL)),
    case("einsum('bhqk,bhkd->bhqd', softmax(einsum('bhqd,bhkd->bhqk', Q, K)), V)",
         Q=(1, 2, 2, 2), K=(1, 2, 3, 2), V=(1, 2, 3, 2)),
    case("E[i] @ W", E=(4, 2), W=(2, 3), i=integers(0, 4, 2, 3)),
    case("mean(E[i], axis=1) @ w", E=(4, 2), w=(2,), i=integers(0, 4, 3, 2)),
    case("z = W @ x + U @ h + b; f, i, o, g = split(z, 4);"
         " sigmoid(o) * tanh(sigmoid(f) * c + sigmoid(i) * tanh(g))",
         W=(8, 3), x=(3,), U=(8, 2), h=(2,), b=(8,), c=(2,)),
    case("x[:-2] * k[0] + x[1:-1] * k[1] + x[2:] * k[2]", x=(6,), k=(3,)),
    case("relu(convolve(x, k, 'valid') + b)", x=(6,), k=(3,), b=()),
    case("max(reshape(x, (floor_divide(x.shape[0], 2), 2, -1)), axis=1)", x=(4, 3)),
)  # fmt: skip

MODELS: tuple[Case, ...] = (
    # A Gaussian mixture, with spherical and with full covariances.
    case("d = sum((X[:, None] - μ)**2, axis=-1); mean(logsumexp(log(π_) - d / 2, axis=1))",
         lambda X, μ, π_: np.mean(np.log(np.exp(
             np.log(π_) - ((X[:, None] - μ) ** 2).sum(-1) / 2).sum(1))),
         X=(4, 2), μ=(3, 2), π_=simplex(3)),
    case("E = X[:, None, :] - μ; q = einsum('nki,kij,nkj->nk', E, inv(S), E);"
         " sum(logsumexp(a - logsumexp(a) - (q + logdet(S)) / 2, axis=1))",
         X=(4, 2), μ=(3, 2), S=definite(3, 2, 2), a=(3,)),
    case("sum(log(p @ exp(-((x - m[:, None]) / s[:, None])**2 / 2)))",
         x=(5,), m=(3,), s=positive(3), p=simplex(3)),
    # Gaussian processes and covariances.
    case("D = sum(X**2, axis=1)[:, None] - 2 * X @ X.T + sum(X**2, axis=1); exp(-D / (2 * s**2))",
         X=(4, 2), s=positive()),
    case("K = exp(-(x[:, None] - x)**2 / 2) + 0.1 * eye(len(x)); y @ solve(K, y) + logdet(K)",
         x=(4,), y=(4,)),
    case("L = cholesky(S); a = solve_triangular(L, x - m, lower=True); a @ a + 2 * log(det(L))",
         x=(3,), m=(3,), S=definite(3, 3)),
    case("cov(X @ A.T)", X=(4, 3), A=(3, 3)),
    case("trace(inv(S) @ (X.T @ X)) / 2 + logdet(S)", X=(4, 3), S=definite(3, 3)),
    # Gram determinants, distances and angles.
    case("sqrt(det(A.T @ A))", A=well(4, 2)),
    case("logdet(X @ X.T + eye(3))", X=(3, 2)),
    case("sqrt(sum((X[:, None, :] - Y[None, :, :])**2, axis=-1))", X=(3, 2), Y=(4, 2)),
    case("norm(x[i] - x[j], axis=1)", x=(4, 3), i=given([0, 1, 2, 0]), j=given([1, 2, 3, 3])),
    case("min(norm(X[:, None] - Y, axis=-1), axis=1)", X=(3, 2), Y=(4, 2)),
    case("arccos(x @ y / (norm(x) * norm(y)))", x=positive(3), y=positive(3)),
    case("X @ X.T / (norm(X, axis=1, keepdims=True) * norm(X, axis=1))", X=(3, 2)),
    case("norm(cross(b - a, c - a)) / 2", a=(3,), b=(3,), c=(3,)),
    case("R = [[cos(t), -sin(t)], [sin(t), cos(t)]]; sum((X @ R.T - Y)**2)",
         lambda t, X, Y: np.sum((X @ np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
                                 - Y) ** 2),
         t=(), X=(3, 2), Y=(3, 2)),
    case("trace(A @ inv(X) @ B)", A=(2, 3), X=well(3, 3), B=(3, 2)),
    case("x @ A @ x / (x @ x)", x=(3,), A=(3, 3)),
    # Graphs and segments.
    case("sum((x[i] - x[j])**2 * w)", x=(4,), i=integers(0, 4, 6), j=integers(0, 4, 6), w=(6,)),
    case("s = segment_sum(exp(x), i, 3); sum(log(s[i]) - x)", x=(6,), i=given([0, 1, 2, 0, 1, 0])),
    case("sum((y - x @ A.T)[m]**2) / sum(m)", y=(4, 2), x=(4, 2), A=(2, 2), m=mask(4),
         single=False),
)  # fmt: skip

CALCULUS: tuple[Case, ...] = (
    case("(u[2:] - 2 * u[1:-1] + u[:-2]) / h**2", u=(6,), h=positive()),
    case("(u[2:] - u[:-2]) / (2 * h) - cos(t[1:-1])", u=(6,), h=positive(), t=(6,)),
    case("sum((diff(u) / h + k * (u[1:] + u[:-1]) / 2)**2)", u=(6,), h=positive(), k=()),
    case("r = (x[1:] - x[:-1]) / h - x[:-1] * (1 - x[:-1]); sum(r**2) + (x[0] - x0)**2",
         x=(5,), h=positive(), x0=()),
    case("u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1] - 4 * u[1:-1, 1:-1]", u=(4, 5)),
    case("roll(u, 1, axis=0) + roll(u, -1, axis=0) - 2 * u", u=(4, 2)),
    case("sum(sqrt(1 + (diff(y) / diff(x))**2) * diff(x))", x=given([0.0, 0.5, 1.5, 2.0]), y=(4,)),
    case("sum(abs(diff(u)))", u=(6,)),
    case("trapezoid(y**2, x)", y=(5,), x=(5,)),
    case("sum(100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", x=(5,)),
    case("sum(c * x**arange(len(c)))", c=(4,), x=()),
    case("cumsum(x)[-1] * cumprod(x)", x=(4,)),
    case("sum(x[::2]) * sum(x[1::2])", x=(5,)),
    case("pad(u, 1)[2:] - pad(u, 1)[:-2]", u=(4,)),
    case("pair(a, b) = a @ b / size(a); pair(x, y) + pair(x, x)",
         lambda x, y: (x @ y + x @ x) / 3, x=(3,), y=(3,)),
    case("half(t) = t[:2]; half(x) * half(2 * y)", lambda x, y: 2 * x[:2] * y[:2], x=(3,), y=(4,)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*REGRESSIONS, *NETWORKS, *MODELS, *CALCULUS)
