"""Two objectives of ADBench, as formulas and for the peers, on random data of its sizes.

A mixture of Gaussians with full covariances (their inverse's factor is lower triangular, with the
logarithm of its diagonal), and the adjustment of a bundle of rays: cameras, points and weights that
fit what the cameras have seen. Šrajer, Kukelova and Fitzgibbon, A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning (2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SAMPLES, COMPONENTS, DIMENSIONS = 1000, 5, 10

MIXTURE = f"""
diagonal = exp(icf[:, :{DIMENSIONS}]); logs = sum(icf[:, :{DIMENSIONS}], axis=1)
far = x[:, None, :] - means
y = diagonal*far + einsum('kl,lij,nkj->nki', icf[:, {DIMENSIONS}:], places, far)
inner = alphas + logs - sum(y**2, axis=2)/2
prior = (sum(diagonal**2) + sum(icf[:, {DIMENSIONS}:]**2))/2
sum(logsumexp(inner, axis=1)) - len(x)*logsumexp(alphas) + prior
"""
MIXED = ("alphas", "means", "icf")

BUNDLE = """
cameras: (p, 11); points: (m, 3); weights: (n,); seen: (n, 2); camera: (n,); point: (n,)
c = cameras[camera]
r = c[:, 0:3]; far = points[point] - c[:, 3:6]
angle = norm(r, axis=1, keepdims=True); axis = r / angle
along = sum(axis*far, axis=1, keepdims=True)
turned = cos(angle)*far + sin(angle)*cross(axis, far) + (1 - cos(angle))*along*axis
flat = turned[:, :2] / turned[:, 2:]
s = sum(flat**2, axis=1, keepdims=True)
bent = flat * (1 + c[:, 9:10]*s + c[:, 10:]*s**2)
e = weights[:, None] * (c[:, 6:7]*bent + c[:, 7:9] - seen)
sum(e**2) + sum((1 - weights**2)**2)
"""
ADJUSTED = ("cameras", "points", "weights")
CAMERAS, POINTS, OBSERVATIONS = 49, 7776, 31843


def mixture_data() -> dict[str, Array]:
    """Samples, and the parameters of a mixture."""
    rng = np.random.default_rng(0)
    d, k = DIMENSIONS, COMPONENTS
    below = [(i, j) for j in range(d) for i in range(j + 1, d)]
    places = np.zeros((len(below), d, d))
    for at, (i, j) in enumerate(below):
        places[at, i, j] = 1
    return {
        "icf": rng.normal(size=(k, d + len(below))) / 4,
        "x": rng.normal(size=(SAMPLES, d)),
        "means": rng.normal(size=(k, d)),
        "places": places,
        "alphas": rng.normal(size=k),
    }


def bundle_data() -> dict[str, Array]:
    """Cameras, points before them, and what was seen of which by which."""
    rng = np.random.default_rng(0)
    p, m, n = CAMERAS, POINTS, OBSERVATIONS
    turns, places, centres = (rng.normal(size=(p, k)) / 10 for k in (3, 3, 2))
    lengths, bends = rng.uniform(400, 600, (p, 1)), rng.normal(size=(p, 2)) / 100
    return {
        "cameras": np.concatenate([turns, places, lengths, centres, bends], axis=1),
        "points": rng.normal(size=(m, 3)) + np.array([0, 0, 5]),
        "weights": rng.uniform(0.5, 1.5, n),
        "seen": rng.normal(size=(n, 2)),
        "camera": rng.integers(0, p, n),
        "point": rng.integers(0, m, n),
    }


def mixture(np: Any, logsumexp: Any, alphas: Any, means: Any, icf: Any, x: Any, places: Any) -> Any:
    """The mixture's objective by the functions of a library."""
    d = DIMENSIONS
    diagonal, logs, far = np.exp(icf[:, :d]), icf[:, :d].sum(1), x[:, None, :] - means
    y = diagonal * far + np.einsum("kl,lij,nkj->nki", icf[:, d:], places, far)
    inner = alphas + logs - (y**2).sum(2) / 2
    prior = ((diagonal**2).sum() + (icf[:, d:] ** 2).sum()) / 2
    return logsumexp(inner, 1).sum() - x.shape[0] * logsumexp(alphas, 0) + prior


def bundle(
    np: Any, cross: Any, cameras: Any, points: Any, weights: Any, seen: Any, camera: Any, point: Any
) -> Any:
    """The bundle's objective by the functions of a library."""
    c = cameras[camera]
    r, far = c[:, 0:3], points[point] - c[:, 3:6]
    angle = np.sqrt((r**2).sum(1)[:, None])
    axis = r / angle
    along = (axis * far).sum(1)[:, None]
    turned = np.cos(angle) * far + np.sin(angle) * cross(axis, far)
    turned = turned + (1 - np.cos(angle)) * along * axis
    flat = turned[:, :2] / turned[:, 2:]
    s = (flat**2).sum(1)[:, None]
    bent = flat * (1 + c[:, 9:10] * s + c[:, 10:] * s**2)
    e = weights[:, None] * (c[:, 6:7] * bent + c[:, 7:9] - seen)
    return (e**2).sum() + ((1 - weights**2) ** 2).sum()
