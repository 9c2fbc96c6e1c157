"""Runs the examples of a page where some modules cannot be imported: FILE MODULE ...

What is printed is what doctest has to complain of. Which of the modules that are known as optional
were imported is written beside the page, in FILE.used.
"""

import doctest
import sys
from pathlib import Path

OPTIONAL = (
    *("array_api_compat", "autograd", "casadi", "dask", "hypothesis", "jax", "matplotlib"),
    *("mpmath", "networkx", "numba", "pytest", "scipy", "sklearn", "sympy", "torch", "tqdm"),
)


def examine(page: str, refused: list[str]) -> None:
    """To the importer, a module that is None is one that is not installed."""
    sys.modules.update(dict.fromkeys(refused))  # type: ignore[arg-type]
    doctest.testfile(page, module_relative=False, encoding="utf-8")
    used = [name for name in OPTIONAL if sys.modules.get(name) is not None]
    Path(f"{page}.used").write_text("\n".join(used), encoding="utf-8")


if __name__ == "__main__":
    examine(sys.argv[1], sys.argv[2:])
