"""Arrays with hard rows: saturated ones, at an offset, huge and tiny, masked, empty.

The numbers are those of an evaluation by mpmath at 700 digits and more, derivatives by differences.
They are what a call gives, and what a saved file gives that knows the shapes.
"""

import re
import types
from math import inf

import numpy as np
import pytest

import symgrad
from tests.test_extremes import numbers

# formula | inputs | the sum of the value; derivatives
TABLE = """
var(x) | x=[0.1, 0.1, 0.1] | 0; x=[0, 0, 0]
std(x) | x=[0.1, 0.1, 0.1] | 0; x=[0, 0, 0]
std(x) | x=[100000000.1, 100000000.2, 100000000.35] | 0.10274023289935885;
    x=[-0.37851666075542173, -0.054073787959738336, 0.4325904487151601]
std(x,axis=1) | x=[[0.1, 0.1, 0.1], [1000000001, 1000000002, 1000000004]] | 1.247219128924647;
    x=[[0, 0, 0], [-0.3563483225498992, -0.0890870806374748, 0.44543540318737396]]
mean(x**2)-mean(x)**2 | x=[100000000.1, 100000000.2, 100000000.35] | 0.010555555456214498;
    x=[-0.07777777976459926, -0.011111107137468126, 0.0888888869020674]
(x-mean(x))/std(x) | x=[100000000.1, 100000000.2, 100000000.35] | 0; x=[0, 0, 0]
(x-mean(x))/sqrt(var(x)+1e-5) | x=[0.1, 0.1, 0.1] | 0; x=[0, 0, 0]
layer_norm(x)[0] | x=[100000000.1, 100000000.2, 100000000.35] | -1.1350124720493608;
    x=[2.3081181357586207, -3.839702073353643, 1.5315839375950222]
layer_norm(x)[0] | x=[0.1, 0.1, 0.1] | 0; x=[210.81851067789194, -105.40925533894597,
    -105.40925533894597]
sum(v*exp(z)/sum(exp(z),axis=1,keepdims=True)) | z=[[1000, 0, -1000], [1, 2, 3], [-800, -800,
    -800]], v=[[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5]] | 1.578061804388131; z=[[0, 0, 0],
    [-0.022033044520174298, 0.1848364465099787, -0.16280340198980442], [-0.04444444444444444,
    -0.011111111111111115, 0.05555555555555555]], v=[[1, 0, 0], [0.09003057317038046,
    0.24472847105479764, 0.6652409557748219], [0.3333333333333333, 0.3333333333333333,
    0.3333333333333333]]
p=softmax(a); q=softmax(b); sum(p*log(p/q)) | a=[[1000, 0, -1000], [1, 2, 3], [-800, -800, -800]],
    b=[[-400, -400, -400], [0.5, 1, 1.5], [500, 0, -500]] | 500.06026889749955; a=[[0, 0, 0],
    [-0.07090854680490608, -0.07038517873481506, 0.14129372553972114], [-166.66666666666666, 0,
    166.66666666666666]], b=[[-0.6666666666666666, 0.3333333333333333, 0.3333333333333333],
    [0.09629315005546712, 0.062467414663700746, -0.15876056471916786], [0.6666666666666666,
    -0.3333333333333333, -0.3333333333333333]]
kl_divergence(softmax(a),softmax(b)) | a=[[1000, 0, -1000], [1, 2, 3], [-800, -800, -800]],
    b=[[-400, -400, -400], [0.5, 1, 1.5], [500, 0, -500]] | 500.06026889749955; a=[[0, 0, 0],
    [-0.07090854680490608, -0.07038517873481506, 0.14129372553972114], [-166.66666666666666, 0,
    166.66666666666666]], b=[[-0.6666666666666666, 0.3333333333333333, 0.3333333333333333],
    [0.09629315005546712, 0.062467414663700746, -0.15876056471916786], [0.6666666666666666,
    -0.3333333333333333, -0.3333333333333333]]
prod(x)**(1/len(x)) | x=[1e-300, 1e-200, 1e-300] | 2.1544346900318836e-267;
    x=[7.181448966772946e+32, 7.1814489667729456e-68, 7.181448966772946e+32]
1/mean(1/x) | x=[1e-300, 1, 1e+308] | 3e-300; x=[3, 0, 0]
sum(log(w@exp(-(x-m[:,None])**2/2))) | w=[0.3, 0.7], x=[100, -50, 0], m=[0, 1] |
    -6152.382822634327; w=[4.713459453008775, 2.265660234424811], x=[-99, 50, 0.5859621640973676],
    m=[-50, 98.41403783590263]
sum(log(exp(-(x[:,None]-m)**2/2)@w)) | w=[0.3, 0.7], x=[100, -50, 0], m=[0, 1] |
    -6152.382822634327; w=[4.713459453008775, 2.265660234424811], x=[-99, 50, 0.5859621640973676],
    m=[-50, 98.41403783590263]
sum(log(cumprod(x))) | x=[1e-200, 1e-200, 1e-100] | -2532.84360229345; x=[3e+200, 2e+200, 1e+100]
x/(x**2+y**2) | x=[0, 1e-200, 1], y=[1e+308, 1e-200, 0] | 5e+199; x=[0, 2.5e-101, -1], y=[0, -inf,
    0]
cross_entropy(z,k) | z=[[1000, 0, -1000], [1, 2, 3], [-800, -800, -800]], k=[2, 0, 1] |
    667.8354060843708; z=[[0.3333333333333333, 0, -0.3333333333333333], [-0.30332314227653984,
    0.08157615701826589, 0.22174698525827397], [0.1111111111111111, -0.2222222222222222,
    0.1111111111111111]]
cross_entropy(z,t) | z=[[1000, 0, -1000], [1, 2, 3], [-800, -800, -800]], t=[[1, 0, 0], [0, 1, 0],
    [0.2, 0.3, 0.5]] | 0.83540608437083; z=[[0, 0, 0], [0.030010191056793485,
    -0.25175717631506744, 0.22174698525827397], [0.04444444444444444, 0.011111111111111115,
    -0.05555555555555555]], t=[[0, 333.3333333333333, 666.6666666666666], [0.8025353214814601,
    0.46920198814812675, 0.13586865481479343], [0.3662040962227032, 0.3662040962227032,
    0.3662040962227032]]
m=max(z,axis=1,keepdims=True); lse=m+log(sum(exp(z-m),axis=1,keepdims=True));
    -mean(sum(T*(z-lse),axis=1)) | z=[[1000, 0, -1000], [1, 2, 3], [-800, -800, -801], [0, 0,
    37]], T=[[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5], [0, 0, 1]] | 0.6924001921256578; z=[[0, 0, 0],
    [0.022507643292595116, -0.18881788223630058, 0.16631023894370547], [0.055579699562879545,
    0.03057969956287955, -0.0861593991257591], [2.133261906436016e-17, 2.133261906436016e-17,
    -4.266523812872032e-17]], T=[[0, 250, 500], [0.601901491111095, 0.3519014911110951,
    0.10190149111109507], [0.21549870101456278, 0.21549870101456278, 0.46549870101456275], [9.25,
    9.25, 4.266523812872032e-17]]
p=softmax(a); q=softmax(b); 0.5*sum(p*log(2*p/(p+q)))+0.5*sum(q*log(2*q/(p+q))) | a=[[1000, 0,
    -1000], [1, 2, 3], [-800, -800, -801], [0, 0, 37]], b=[[0, 0, 12.333333333333334],
    [-266.6666666666667, -266.6666666666667, -267], [0.3333333333333333, 0.6666666666666666, 1],
    [333.3333333333333, 0, -333.3333333333333]] | 1.5375230082189901; a=[[0, 0, 0],
    [-0.04653395487115104, -0.03972658576198988, 0.08626054063314093], [0.041910779682492114,
    0.014320474933700363, -0.05623125461619248], [-1.5786138107626517e-15, 1.3470386829895037e-31,
    1.5786138107626517e-15]], b=[[-2.7148547107960205e-05, 1.1952150980585836e-10,
    2.71484275864504e-05], [0.07021444089654984, 0.01666789287874126, -0.0868823337752911],
    [-0.045921320873842056, -0.031526839309292475, 0.07744816018313452], [2.546379970390031e-143,
    -2.546379970390031e-143, -9.845190934220708e-288]]
x/sqrt(mean(x**2,axis=-1,keepdims=True)+1e-6)*g | x=[[1e+200, 2e+200], [0, 0]], g=[1, 2] |
    3.1622776601683795; x=[[0, 0], [1000, 2000]], g=[0.6324555320336759, 1.2649110640673518]
log(var(x)) | x=[1e-200, 2e-200, 4e-200] | -920.5922044453392; x=[-5.7142857142857145e+199,
    -1.4285714285714286e+199, 7.142857142857143e+199]
(x@y)/sqrt((x@x)*(y@y)) | x=[1e-200, 3e-200], y=[2e+200, 1e+200] | 0.7071067811865476;
    x=[2.1213203435596426e+199, -7.071067811865475e+198], y=[-1.414213562373095e-201,
    2.82842712474619e-201]
sum(x**2)/(1+sum(x**2)) | x=[1e+200, 1] | 1; x=[0, 0]
1-prod(1-p) | p=[1e-20, 2e-20, 1e-18] | 1.0300000000000001e-18; p=[1, 1, 1]
log(1-prod(1-p)) | p=[1e-20, 2e-20, 1e-18] | -41.416972871651275; p=[9.708737864077669e+17,
    9.708737864077669e+17, 9.708737864077669e+17]
log(cumsum(exp(x))) | x=[-800, -801, -790] | -2389.6866762127793; x=[1.7311039757405329,
    0.26895812203364694, 0.9999379022258204]
r=p*exp(-(x[:,None]-m)**2/2); r/sum(r,axis=1,keepdims=True) | p=[0.3, 0.7], x=[100, -100, 0],
    m=[0, 1] | 3; p=[0, 0], x=[0, 0, 0], m=[0, 0]
sum(log(p*exp(a)+q*exp(b))) | p=[0.3, 0], q=[0.7, 1], a=[1000, 1000], b=[-1000, 5] |
    1003.796027195674; p=[3.3333333333333335, inf], q=[0, 1], a=[1, 0], b=[0, 1]
log(exp(a)@exp(B)) | a=[-800, -801], B=[[-1000, 0], [2, -900]] | -1599; a=[1, 1], B=[[0, 1], [1,
    0]]
log(exp(A)@w) | A=[[-1000, -1000], [2, -900]], w=[0.5, 0.5] | -998.6931471805599; A=[[0.5, 0.5],
    [1, 0]], w=[3, 1]
-sum(t*log(exp(z)/sum(exp(z),axis=1,keepdims=True)))/3 | z=[[0, 37, -5], [40, 0, 2], [-1, -2,
    60]], t=[[0, 1, 0], [1, 0, 0], [0, 0, 1]] | 4.05150368880161e-17; z=[[2.844349208581355e-17,
    -2.863514282795667e-17, 1.9165074214311865e-19], [-1.1879894058590628e-17,
    1.4161180850971963e-18, 1.0463775973493431e-17], [1.0737800953308387e-27,
    3.95021621411327e-28, -1.4688017167421657e-27]], t=[[12.333333333333334,
    2.863514282795667e-17, 14], [1.1879894058590628e-17, 13.333333333333334, 12.666666666666666],
    [20.333333333333332, 20.666666666666668, 1.4688017167421657e-27]]
mean(logsumexp(z,axis=1)-sum(t*z,axis=1)) | z=[[0, 37, -5], [40, 0, 2], [-1, -2, 60]], t=[[0, 1,
    0], [1, 0, 0], [0, 0, 1]] | 4.05150368880161e-17; z=[[2.844349208581355e-17,
    -2.863514282795667e-17, 1.9165074214311865e-19], [-1.1879894058590628e-17,
    1.4161180850971963e-18, 1.0463775973493431e-17], [1.0737800953308387e-27,
    3.95021621411327e-28, -1.4688017167421657e-27]], t=[[0, -12.333333333333334,
    1.6666666666666667], [-13.333333333333334, 0, -0.6666666666666666], [0.3333333333333333,
    0.6666666666666666, -20]]
-mean(log(exp(sum(a*p,axis=1)/t)/(exp(sum(a*p,axis=1)/t)+sum(exp(a@n.T/t),axis=1)))) | a=[[1, 0],
    [0, 1]], p=[[1, 0.1], [0.1, 1]], n=[[-1, 0], [0, -1], [0.5, 0.5]], t=0.01 |
    1.9287498479639197e-22; a=[[-4.8218746199098e-21, 3.857499695927839e-21],
    [3.857499695927839e-21, -4.8218746199098e-21]], p=[[-9.6437492398196e-21, 0], [0,
    -9.6437492398196e-21]], n=[[6.919482633683716e-86, 1.8600379880104217e-42],
    [1.8600379880104217e-42, 6.919482633683716e-86], [9.6437492398196e-21, 9.6437492398196e-21]],
    t=9.643749239819598e-19
1/sum(1/r) | r=[1e-200, 1e+200, 3] | 1e-200; r=[1, 0, 0]
log(cumsum(exp(x)))[2] | x=[1000, 0, 1001] | 1001.3132616875182; x=[0.2689414213699951, 0,
    0.7310585786300049]
sum(log(sum(w*exp(-0.5*((x[:,None]-m)/s)**2)/(s*sqrt(2*pi)),axis=1))) | w=[0.2, 0.8], x=[60, -80,
    1000], m=[0, 5], s=[0.5, 1] | -500140.92624625354; w=[0, 3.75], x=[-55, 85, -995], m=[0, 965],
    s=[0, 1000272]
log(w1*exp(-0.5*((x-m1)/s1)**2)/s1+w2*exp(-0.5*((x-m2)/s2)**2)/s2) | w1=0.4, w2=0.6, x=[100,
    -100], m1=0, m2=1, s1=1, s2=2 | -2502.657945608652; w1=0, w2=3.3333333333333335, x=[-24.75,
    25.25], m1=0, m2=-0.5, s1=0, s2=2499.25
"""
ROWS = [re.split(r" \| ", re.sub(r"\s+", " ", row)) for row in re.split(r"\n(?! )", TABLE.strip())]
LABELS = {"k": np.intp}


def arrays(text: str) -> dict[str, np.ndarray | float]:
    return {
        name: np.asarray(value).astype(LABELS[name]) if name in LABELS else value
        for name, value in numbers(text).items()
    }


def check(formula: str, found: tuple, value: str, slopes: dict) -> None:
    np.testing.assert_allclose(np.sum(found[0]), float(value), rtol=1e-11, atol=1e-15)
    for (name, slope), derivative in zip(slopes.items(), found[1], strict=True):
        row = np.max(np.abs(slope), axis=-1, keepdims=True) if np.ndim(slope) else np.abs(slope)
        with np.errstate(invalid="ignore"):
            near = np.abs(derivative - slope) <= 1e-11 * np.abs(slope) + 2e-15 * row + 1e-300
        nothing = (slope == 0) & (np.abs(derivative) < 1e-15)
        assert np.all(near | nothing | (derivative == slope)), (formula, name)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_value_and_derivatives(row: list[str]) -> None:
    formula, at, wanted = row
    value, _, rest = wanted.partition("; ")
    slopes, given = numbers(rest), arrays(at)
    check(formula, symgrad.value_and_grad(formula, tuple(slopes))(**given), value, slopes)
    shapes = "; ".join(
        f"{n}: {'scalar' if np.ndim(x) == 0 else str(np.shape(x))}" for n, x in given.items()
    )
    saved = symgrad.value_and_grad(f"{shapes}\n{formula}", tuple(slopes))
    module = types.ModuleType("saved")
    exec(saved.source, module.__dict__)
    check(formula, module.value_and_grad(*given.values()), value, slopes)


MASKED = {"z": np.array([1.0, -inf, 2.0]), "y": np.array([1.0, -inf, 3.0]), "t": [0.5, 0.0, 0.5]}
ENTROPY = (0.5822031088882179, [0.19661193324148185, 0.0, -0.19661193324148185])
CROSS = (0.8132616875182228, [-0.2310585786300049, 0.0, 0.2310585786300049])
DIVERGENCE = (0.08260774489474482, ENTROPY[1])


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("-sum(softmax(z)*log_softmax(z))", ENTROPY),
        ("-sum(softmax(z)*log(softmax(z)))", ENTROPY),
        ("p = exp(z)/sum(exp(z)); -sum(p*log(p))", ENTROPY),
        ("-sum(t*log(softmax(z)))", CROSS),
        ("cross_entropy(z, t)", CROSS),
        ("-sum(t*(z - log(sum(exp(z)))))", CROSS),
        ("sum(softmax(z)*(log_softmax(z) - log_softmax(y)))", DIVERGENCE),
        ("kl_divergence(softmax(z), softmax(y))", DIVERGENCE),
    ],
)
def test_what_is_masked_has_no_part(formula: str, wanted: tuple[float, list[float]]) -> None:
    """A logit of -inf has the share 0, and 0 times its logarithm is 0."""
    found = symgrad.value_and_grad(formula, "z")
    value, slope = found(**{name: MASKED[name] for name in found.inputs})
    np.testing.assert_allclose(value, wanted[0], rtol=1e-14)
    np.testing.assert_allclose(slope, wanted[1], rtol=1e-14)


def test_saturated_rows_in_blocks() -> None:
    """Large arrays keep what small ones keep: the rows of one that is saturated, many times."""
    rows, times = np.array([[0.0, 37.0, -5.0], [40.0, 0.0, 2.0]]), 70_000
    shares = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    loss = symgrad.value_and_grad("-sum(t*log(softmax(z)))", "z")
    few, slopes = loss(rows, shares) if loss.inputs[0] == "z" else loss(shares, rows)
    value, slope = loss(z=np.tile(rows, (times, 1)), t=np.tile(shares, (times, 1)))
    np.testing.assert_allclose(value, times * few, rtol=1e-11)
    np.testing.assert_array_equal(slope[:2], slopes)
    np.testing.assert_array_equal(slope[-2:], slopes)
    assert few == pytest.approx(1.2154511066404829e-16, rel=1e-12)


def test_deviations_in_blocks() -> None:
    """Equal numbers are no distance from their mean, however many, and however large."""
    value, slope = symgrad.value_and_grad("std(x)")(np.full(300_000, 1e8 + 0.1))
    assert value == 0
    assert not slope.any()


@pytest.mark.parametrize(
    "formula",
    [
        "exp(x)/sum(exp(x))", "exp(x)/sum(exp(x), axis=0)", "x*exp(x)/sum(x*exp(x))",
        "x - log(sum(exp(x)))", "x - mean(x)", "log(cumsum(exp(x)))",
    ],
)  # fmt: skip
def test_of_nothing(formula: str) -> None:
    value, slope = symgrad.value_and_grad(formula)(np.zeros(0))
    assert value.shape == slope.shape == (0,)


def test_contractions_without_shapes() -> None:
    """An axis of size 1 that meets a longer one, where the file does not know it."""
    module = types.ModuleType("saved")
    saved = symgrad.value_and_grad("einsum('ij,jk->ik', a, b)", ("a", "b"))
    exec(saved.source, module.__dict__)
    a, b = np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(1, 4)
    for found, wanted in zip(module.value_and_grad(a, b)[1], saved(a, b)[1], strict=True):
        np.testing.assert_array_equal(found, wanted)
