"""What all tests share: how hypothesis searches, and the real formulas beside the checkout."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from symgrad import api
from symgrad.functions import builtin_functions

Corpus = Callable[[str], list[dict[str, Any]]]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# A run must not depend on the machine's speed or on luck. `pytest --hypothesis-profile search`
# goes looking for new faults.
settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("search", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="module")
def language_of_its_own() -> Iterator[None]:
    """What one module defines must not reach the formulas that another one draws."""
    defined = api.functions()
    api._table = builtin_functions()
    yield
    api._table = defined


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Rows of a named set of real formulas; none where the sets are not beside the checkout."""

    def rows(name: str) -> list[dict[str, Any]]:
        path = SHARED_DATA / f"{name}.json"
        if not SHARED_DATA.is_dir():
            return []
        loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    return rows


@pytest.fixture(autouse=True)
def nothing_compiled_before() -> None:
    """What one test compiled is not handed to another: its plans and calls are counted."""
    api._recent.clear()
