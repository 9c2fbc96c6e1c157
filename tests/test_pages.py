"""One page in three forms; whatever stands in it, none of it is markup."""

from xml.etree import ElementTree as ET

import pytest

from symgrad.seeing.pages import (
    Block,
    Code,
    Display,
    Figure,
    Folded,
    Heading,
    Listing,
    Math,
    Paragraph,
    Step,
    Table,
    as_html,
    as_markdown,
    as_text,
)

BLOCKS = [
    (Heading(["A ", Code("x")], 1), "A x\n===", "# A `x`", "<h1>A <code>x</code></h1>"),
    (
        Paragraph(["a*b < c & ", Math("1/2", r"\frac{1}{2}")]),
        "a*b < c & 1/2",
        r"a\*b \< c & $\frac{1}{2}$",
        "<p>a*b &lt; c &amp; <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math></p>",
    ),
    (Display("x", "y"), "    x", "$$\ny\n$$", '<math display="block"><mi>y</mi></math>'),
    (
        Listing("a\n  ```b"),
        "a\n  ```b",
        "````\na\n  ```b\n````",
        "<pre><code>a\n  ```b</code></pre>",
    ),
    (
        Table(["n", "v"], [[["x"], [Code("a | b")]], [["longer"], ["1"]]]),
        "    x       a | b\n    longer  1",
        "| n | v |\n| --- | --- |\n| x | `a \\| b` |\n| longer | 1 |",
        "<table>\n<tr><th>n</th><th>v</th></tr>\n<tr><td>x</td><td><code>a | b</code></td></tr>\n"
        "<tr><td>longer</td><td>1</td></tr>\n</table>",
    ),
    (
        Step(12, ["a"], [["b"], ["c"]]),
        "12. a\n    b\n    c",
        "12. a\n    - b\n    - c",
        '<ol start="12"><li>a<ul><li>b</li><li>c</li></ul></li></ol>',
    ),
    (Figure("<svg></svg>"), "", "", "<svg></svg>"),
    (
        Folded("<more>", Listing("<x>")),
        "",
        "",
        "<details><summary>&lt;more&gt;</summary><pre><code>&lt;x&gt;</code></pre></details>",
    ),
]


@pytest.mark.parametrize(("block", "text", "markdown", "html"), BLOCKS)
def test_each_block(block: Block, text: str, markdown: str, html: str) -> None:
    assert as_text([block]) == text
    assert as_markdown([block]) == markdown
    assert html in as_html([block])


def test_a_whole_page_is_well_formed() -> None:
    page = as_html([block for block, *_ in BLOCKS], "<title> & more")
    assert page.startswith("<!DOCTYPE html>\n<html lang")
    root = ET.fromstring(
        page.removeprefix("<!DOCTYPE html>\n").replace('<meta charset="utf-8">', "")
    )
    assert root.findtext("head/title") == "<title> & more"


def test_paragraphs_are_wrapped_in_text_alone() -> None:
    words = Paragraph(["word " * 50])
    assert max(map(len, as_text([words]).splitlines())) <= 100
    assert "\n" not in as_markdown([words])


@pytest.mark.parametrize("fence", ["`", "``"])
def test_code_with_fences_in_it(fence: str) -> None:
    assert as_markdown([Paragraph([Code(f"a{fence}b")])]).count(fence) >= 1
