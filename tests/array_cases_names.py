"""What the names of the language mean, in NumPy and SciPy: what the cases are held against.

Names that NumPy has are NumPy's own. The others are written here from their definitions, with
other means than the language's where there are any (scipy.stats for densities).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.special
import scipy.stats

Array = np.ndarray[Any, Any]


def symmetric(A: Array) -> Array:
    """The symmetric part, which functions of symmetric matrices take."""
    return np.asarray((A + A.mT) / 2)


def logdet(A: Array) -> Any:
    sign, log = np.linalg.slogdet(A)
    return np.where(sign < 0, np.nan, log)[()]


def quad_form(x: Array, A: Array) -> Any:
    return np.einsum("...i,...ij,...j->...", x, A, x)[()]


def log_softmax(x: Array, axis: int = -1) -> Array:
    return np.asarray(scipy.special.log_softmax(x, axis=axis))


def softmax(x: Array, axis: int = -1) -> Array:
    return np.asarray(scipy.special.softmax(x, axis=axis))


def cross_entropy(logits: Array, target: Array) -> Any:
    """The mean over the leading axes; integer targets are labels."""
    logs = log_softmax(logits)
    if target.dtype.kind in "iu":
        return -np.mean(np.take_along_axis(logs, target[..., None], -1))
    return -np.mean(np.sum(target * logs, axis=-1))


def binary_cross_entropy_with_logits(x: Array, t: Array) -> Any:
    p = scipy.special.expit(x)
    return -np.mean(t * np.log(p) + (1 - t) * np.log1p(-p))


def mse(x: Array, y: Array) -> Any:
    return np.mean((x - y) ** 2)


def mae(x: Array, y: Array) -> Any:
    return np.mean(np.abs(x - y))


def huber(x: Array, y: Array, delta: float = 1) -> Any:
    return np.mean(scipy.special.huber(delta, x - y))


def log_cosh(x: Array) -> Any:
    return np.logaddexp(x, -x) - np.log(2)


def layer_norm(x: Array, axis: int = -1, eps: float = 1e-5) -> Array:
    centred = x - x.mean(axis, keepdims=True)
    return np.asarray(centred / np.sqrt(x.var(axis, keepdims=True) + eps))


def normalize(x: Array, axis: int = -1) -> Array:
    return np.asarray(x / np.sqrt((x**2).sum(axis, keepdims=True)))


def cosine_similarity(x: Array, y: Array, axis: int = -1) -> Any:
    return np.sum(normalize(x, axis) * normalize(y, axis), axis=axis)


def kl_divergence(p: Array, q: Array, axis: int = -1) -> Any:
    return np.sum(scipy.special.rel_entr(p, q), axis=axis)


def categorical_logpmf(k: Array, logits: Array) -> Any:
    logs = log_softmax(logits)
    places = np.broadcast_to(np.asarray(k), logs.shape[:-1])
    return np.take_along_axis(logs, places[..., None], -1)[..., 0][()]


def mvnormal_logpdf(x: Array, mean: Array, cov: Array) -> Any:
    error = np.atleast_2d(x - mean)
    squares = np.einsum("ni,ij,nj->n", error, np.linalg.inv(cov), error)
    logs = -(squares + np.linalg.slogdet(cov)[1] + len(cov) * np.log(2 * np.pi)) / 2
    return logs.reshape(np.shape(x - mean)[:-1])[()]


def segment_sum(x: Array, ids: Array, n: int) -> Array:
    return np.stack([x[ids == k].sum(0) for k in range(n)])


_LINALG = "norm solve inv det slogdet svdvals qr pinv matrix_power"
_SPECIAL = "logsumexp expit erf gammaln"
_OWN = (
    logdet, quad_form, log_softmax, softmax, cross_entropy,
    binary_cross_entropy_with_logits, mse, mae, huber, log_cosh, layer_norm, normalize,
    cosine_similarity, kl_divergence, categorical_logpmf, mvnormal_logpdf, segment_sum,
)  # fmt: skip

NAMES: dict[str, Any] = {
    **{name: getattr(np, name) for name in np.__all__ if not name.startswith("_")},
    **{name: getattr(np.linalg, name) for name in _LINALG.split()},
    **{name: getattr(scipy.special, name) for name in _SPECIAL.split()},
    **{function.__name__: function for function in _OWN},
    "cholesky": lambda A: np.linalg.cholesky(symmetric(A)),
    "eigh": lambda A: np.linalg.eigh(symmetric(A)),
    "eigvalsh": lambda A: np.linalg.eigvalsh(symmetric(A)),
    "solve_triangular": scipy.linalg.solve_triangular,
    "corr": np.corrcoef,
    "sigmoid": scipy.special.expit,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
    "stop_gradient": lambda x: x,
    "normal_logpdf": scipy.stats.norm.logpdf,
    "student_t_logpdf": scipy.stats.t.logpdf,
    "gamma_logpdf": lambda x, shape, scale=1: scipy.stats.gamma.logpdf(x, shape, scale=scale),
    "beta_logpdf": scipy.stats.beta.logpdf,
    "poisson_logpmf": scipy.stats.poisson.logpmf,
    "bernoulli_logpmf": scipy.stats.bernoulli.logpmf,
}
