"""What is missing is named, with the command that installs it."""

import sys

import pytest

import symgrad
from symgrad.extras import scipy_sparse


def test_scipy_is_found() -> None:
    assert scipy_sparse().csr_array(([2.0], [1], [0, 1])).toarray().tolist() == [[0.0, 2.0]]


def test_scipy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(symgrad.MissingExtraError) as caught:
        scipy_sparse()
    wanted = "sparse matrices need SciPy\nInstall it with: pip install 'symgrad[sparse]'"
    assert str(caught.value) == wanted
