"""Cases: networks, statistics and densities."""

from __future__ import annotations

import numpy as np

from tests.array_cases import (
    Case,
    Shape,
    case,
    definite,
    given,
    integers,
    positive,
    simplex,
    unit,
    well,
)

ALONG: tuple[tuple[Shape, str], ...] = (
    ((3,), ""),
    ((1,), ""),
    ((2, 3), ""),
    ((2, 3), "axis=0"),
    ((2, 3), "axis=-1"),
    ((2, 1, 3), "axis=1"),
    ((2, 3, 2), "axis=-2"),
    ((2, 1, 3, 2), "axis=2"),
    ((0, 3), ""),
)
PAIRED: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((4,), (4,)),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1, 3), (2, 1)),
    ((3,), ()),
)


def along(name: str) -> list[Case]:
    return [
        case(f"{name}(x, {axis})" if axis else f"{name}(x)", x=shape)
        for shape, axis in ALONG
        if not (shape == (1,) and name == "normalize")
    ]


LOSSES: tuple[Case, ...] = (
    *along("softmax"),
    *along("log_softmax"),
    *along("layer_norm"),
    *along("normalize"),
    case("softmax(x, axis=None)", x=(2, 3)),
    case("layer_norm(x, eps=0.1)", x=(2, 3)),
    case("layer_norm(x, axis=(-2, -1))", x=(2, 2, 3)),
    case("layer_norm(x) * gain + bias", x=(2, 3), gain=(3,), bias=(3,)),
    case("log(softmax(x))", x=(2, 3)),
    case("softmax(x / t)", x=(2, 3), t=positive()),
    *(
        case("cross_entropy(logits, t)", logits=s, t=simplex(*s))
        for s in ((3,), (1, 3), (4, 3), (2, 2, 3))
    ),
    *(
        case("cross_entropy(logits, k)", logits=(*s, 3), k=integers(0, 3, *s))
        for s in ((), (1,), (5,), (2, 2))
    ),
    case("cross_entropy(X @ W + b, k)", X=(4, 2), W=(2, 3), b=(3,), k=integers(0, 3, 4)),
    *(
        case("binary_cross_entropy_with_logits(x, t)", x=s, t=unit(*s))
        for s in ((), (4,), (2, 3), (2, 1, 3))
    ),
    *(
        case(f"{loss}(x, y)", x=x, y=y)
        for loss in ("mse", "mae", "huber")
        for x, y in PAIRED
    ),
    case("huber(x, y, delta=0.5)", x=(6,), y=(6,)),
    case("huber(3 * x, y, 2)", x=(6,), y=(6,)),
    *(case("log_cosh(x)", x=s) for s in ((), (4,), (2, 3), (0,))),
    *(case("relu(x @ W)", x=x, W=(3, 2)) for x in ((3,), (2, 3), (2, 2, 3))),
    case("cosine_similarity(x, y)", x=(3,), y=(3,)),
    case("cosine_similarity(x, y)", x=(2, 3), y=(2, 3)),
    case("cosine_similarity(x, y)", x=(2, 3), y=(3,)),
    case("cosine_similarity(x, y, axis=0)", x=(3, 2), y=(3, 2)),
    case("cosine_similarity(x[:, None], y)", x=(2, 3), y=(4, 3)),
    case("kl_divergence(p, q)", p=simplex(3), q=simplex(3)),
    case("kl_divergence(p, q)", p=simplex(2, 3), q=simplex(2, 3)),
    case("kl_divergence(p, q, axis=0)", p=simplex(2, 3), q=simplex(2, 3)),
    case("kl_divergence(softmax(x), softmax(y))", x=(2, 3), y=(2, 3)),
    *(case(f"{name}(X)", X=s) for name in ("cov", "corr") for s in ((2, 4), (3, 5), (4, 3))),
    case("cov(x)", x=(5,)),
    case("cov(X.T)", X=(5, 2)),
    case("logdet(cov(X))", X=(2, 5)),
)  # fmt: skip

DENSITIES: tuple[Case, ...] = (
    *(case("normal_logpdf(x)", x=s) for s in ((), (4,), (2, 3), (0,))),
    *(
        case("normal_logpdf(x, mu, sigma)", x=x, mu=m, sigma=positive(*s))
        for x, m, s in (((), (), ()), ((4,), (), ()), ((2, 3), (3,), (2, 1)), ((), (3,), (1,)))
    ),
    case("sum(normal_logpdf(y, X @ w, s))", y=(4,), X=(4, 2), w=(2,), s=positive()),
    case("normal_logpdf(x, sigma=s)", lambda x, s: -0.5 * np.log(2 * np.pi) - np.log(s)
         - x**2 / (2 * s**2), x=(3,), s=positive()),
    case("student_t_logpdf(x, df)", x=(3,), df=positive()),
    case("student_t_logpdf(x, df, loc, scale)",
         x=(2, 3), df=positive(3), loc=(), scale=positive(2, 1)),
    case("student_t_logpdf(x, 3)", x=(3,)),
    case("gamma_logpdf(x, a)", x=positive(4), a=positive()),
    case("gamma_logpdf(x, a, scale)", x=positive(2, 3), a=positive(3), scale=positive(2, 1)),
    case("beta_logpdf(x, a, b)", x=unit(4), a=positive(), b=positive()),
    case("beta_logpdf(x, a, b)", x=unit(2, 3), a=positive(3), b=positive(2, 1)),
    case("poisson_logpmf(k, rate)", k=integers(0, 6, 5), rate=positive(), single=False),
    case("poisson_logpmf(k, rate)", k=integers(0, 6, 3), rate=positive(2, 3), single=False),
    case("poisson_logpmf(k, exp(X @ w))", k=integers(0, 6, 4), X=(4, 2), w=(2,), single=False),
    case("poisson_logpmf(k, rate)", k=given([0, 0, 2]), rate=positive(3), single=False),
    case("bernoulli_logpmf(k, p)", k=integers(0, 2, 5), p=unit(), single=False),
    case("bernoulli_logpmf(k, p)", k=integers(0, 2, 2, 3), p=unit(3), single=False),
    case("bernoulli_logpmf(k, sigmoid(x))", k=integers(0, 2, 5), x=(5,), single=False),
    case("categorical_logpmf(k, logits)", k=integers(0, 3), logits=(3,)),
    case("categorical_logpmf(k, logits)", k=given(2), logits=(3,)),
    case("categorical_logpmf(k, logits)", k=integers(0, 3, 5), logits=(5, 3)),
    case("categorical_logpmf(k, logits)", k=integers(0, 4, 2, 3), logits=(2, 3, 4)),
    case("-mean(categorical_logpmf(k, X @ W))", k=integers(0, 3, 4), X=(4, 2), W=(2, 3)),
    case("mvnormal_logpdf(x, mean, cov)", x=(3,), mean=(3,), cov=definite(3, 3)),
    case("mvnormal_logpdf(x, mean, cov)", x=(5, 2), mean=(2,), cov=definite(2, 2)),
    case("mvnormal_logpdf(x, mean, cov)", x=(1,), mean=(1,), cov=definite(1, 1)),
    case("mvnormal_logpdf(x, m, L @ L.T)", x=(4, 2), m=(2,), L=well(2, 2)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*LOSSES, *DENSITIES)
