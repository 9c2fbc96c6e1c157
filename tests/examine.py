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


class Missing:
    """Finds no module that is refused; unlike a None in `sys.modules`, it leaves no trace there."""

    def __init__(self, refused: list[str]) -> None:
        self.refused = refused

    def find_spec(self, name: str, *about: object) -> None:
        if name.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def examine(page: str, refused: list[str]) -> None:
    """Run the examples, with some modules as if they were not installed."""
    sys.meta_path.insert(0, Missing(refused))  # type: ignore[arg-type]
    doctest.testfile(page, module_relative=False, encoding="utf-8")
    used = [name for name in OPTIONAL if sys.modules.get(name) is not None]
    Path(f"{page}.used").write_text("\n".join(used), encoding="utf-8")


if __name__ == "__main__":
    examine(sys.argv[1], sys.argv[2:])
