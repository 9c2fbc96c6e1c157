"""Pages are brought up to date where what they show has changed, and left alone elsewhere."""

from pathlib import Path

import pytest

from tests.renewal import examples, others, renewed

OLD = """\
# A page
```python
>>> 1 + 1
3
>>> print("a\\n\\nb")
>>> n = 2
>>> n
2
```
```mermaid
%% function: 2*x
flowchart TD
```
```py title="SymPy"
>>> 1 + 1
3
```
"""
NEW = """\
# A page
```python
>>> 1 + 1
2
>>> print("a\\n\\nb")
a
<BLANKLINE>
b
>>> n = 2
>>> n
2
```
```mermaid
%% function: 2*x
flowchart TD
  x([x])
  v1["v1 = multiply(2.0, x)"]
  x --> v1
  class v1 result
  classDef back stroke-dasharray:4
  classDef result stroke-width:3px
```
```py title="SymPy"
>>> 1 + 1
3
```
"""


def test_outputs_and_pictures_are_renewed(tmp_path: Path) -> None:
    assert renewed(OLD, examples(OLD, "page") + others(OLD, tmp_path)) == NEW
    assert renewed(NEW, examples(NEW, "page") + others(NEW, tmp_path)) == NEW


def test_code_of_other_libraries_is_renewed_apart() -> None:
    assert examples(OLD, "page", 'py title="SymPy"') == [(15, 1, "2\n")]


def test_an_exception_is_told_and_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    text = "```python\n>>> 1/0\n```\n"
    assert examples(text, "page") == []
    assert "line 2: ZeroDivisionError" in capsys.readouterr().out
