"""MathML from all LaTeX that symgrad writes: well formed, and nothing left that is a command."""

import re
from xml.etree import ElementTree as ET

import pytest

import symgrad
from symgrad.seeing.mathml import mathml
from tests.test_latex import FORMULAS


def shown(tex: str) -> str:
    """Without the element around it."""
    return mathml(tex).removeprefix("<math>").removesuffix("</math>")


@pytest.mark.parametrize(
    ("tex", "wanted"),
    [
        ("x_{1}", "<msub><mi>x</mi><mn>1</mn></msub>"),
        (r"\frac{a}{\alpha}", "<mfrac><mi>a</mi><mi>α</mi></mfrac>"),
        (r"\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (r"\left|x\right|", "<mrow><mo>|</mo><mi>x</mi><mo>|</mo></mrow>"),
        (r"\left\| x \right\|_{F}",
         "<msub><mrow><mo>‖</mo><mi>x</mi><mo>‖</mo></mrow><mi>F</mi></msub>"),
        (r"\dot{x}", '<mover accent="true"><mi>x</mi><mo>˙</mo></mover>'),
        (r"\sum_{k} x", "<munder><mo>∑</mo><mi>k</mi></munder><mi>x</mi>"),
        (r"\mathrm{a\_b}", "<mi>a_b</mi>"),
        (r"\mathrm{\backslash x<y}", "<mi>\\x&lt;y</mi>"),
        (r"\operatorname{arg\,max}", "<mi>arg max</mi>"),
        (r"\text{if }x", "<mtext>if&#160;</mtext><mi>x</mi>"),
        ("a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (
            r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
            "<mrow><mo>(</mo><mtable>"
            '<mtr><mtd style="text-align:center"><mn>1</mn></mtd>'
            '<mtd style="text-align:center"><mn>2</mn></mtd></mtr>'
            '<mtr><mtd style="text-align:center"><mn>3</mn></mtd>'
            '<mtd style="text-align:center"><mn>4</mn></mtd></mtr>'
            "</mtable><mo>)</mo></mrow>",
        ),
    ],
)  # fmt: skip
def test_elements(tex: str, wanted: str) -> None:
    assert shown(tex) == wanted


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas(formula: str) -> None:
    tex = symgrad.value_and_grad(formula).to_latex()
    found = mathml(tex, block=True)
    root = ET.fromstring(found.replace("&#160;", " "))
    words = [node.text or "" for node in root.iter("mo")]
    assert not [word for word in words if re.fullmatch(r"[a-z]{2,}|[}$\\]", word)]
    assert len(root.findall(".//mfrac")) == len(re.findall(r"\\frac\b", tex))
    assert len(root.findall("./mrow/mtable/mtr")) == tex.count("&=") + tex.count("&\\in")


def test_what_is_broken_still_ends() -> None:
    for tex in (r"\frac{a", "}", "x^", r"\left(", r"\end{cases}", "&", r"\nothing"):
        ET.fromstring(mathml(tex))


def test_deep() -> None:
    assert mathml(r"\frac{1}{" * 3_000 + "x" + "}" * 3_000).count("<mfrac>") == 3_000
