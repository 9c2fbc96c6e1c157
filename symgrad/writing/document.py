"""A generated file: functions for the value and the derivatives, as a person would publish them."""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from symgrad.emit import argument_names, emit
from symgrad.errors import NameRuleError, told
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, part_of
from symgrad.pipeline import Derived
from symgrad.rewriting.finish import (
    faster,
    finish,
    masks_on_parts,
    plain_indices,
    powers_by_squares,
    shapes_from_inputs,
    typed_creations,
    typed_fills,
    without_shapes,
)
from symgrad.rewriting.once import reduced_once
from symgrad.schedule import schedule
from symgrad.simplify import legalise
from symgrad.targets import Library, Target
from symgrad.targets.numpy import CALLED, NUMPY
from symgrad.targets.numpy import LIBRARY as NUMPY_LIBRARY
from symgrad.version import __version__
from symgrad.writing.carrying import carried_helpers, with_carried
from symgrad.writing.layout import Layout
from symgrad.writing.lines import WIDTH, bracketed, escaped, laid_out
from symgrad.writing.naming import Names
from symgrad.writing.remarks import as_comments, remarks
from symgrad.writing.rows import without_means

KINDS = ("value", "grad", "value_and_grad")

PRODUCTS: Mapping[str, str] = {
    "vjp": "value_and_grad",
    "jvp": "value_and_grad",
    "hvp": "grad",
    "jacobian": "grad",
    "hessian": "grad",
    "hessian_diag": "grad",
    "vjp rows": "grad",
    "jvp rows": "grad",
    "hvp rows": "grad",
}
"""Jacobians, Hessians and products with them, and the kind of function each is laid out like."""

_RESULTS: Mapping[str, str] = {
    "jacobian": "Each block has the axes of the value, then those of its input.",
    "hessian": "The block of two inputs has the axes of the first, then those of the second.",
    "hessian_diag": "Each diagonal has the shape of its input.",
    **dict.fromkeys(
        ("vjp rows", "jvp rows", "hvp rows"),
        "Vectors and products stand in rows: they have one axis more, in front.",
    ),
}
_DERIVATIVES = (
    "Each derivative has the shape of its input; where the value is not a scalar, it is that of "
    "the sum of its elements."
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a file holds: a formula, derived, what the function of each kind is called.

    The formula is empty where the code is not kept, but called at once.
    `kind` tells which of them is asked for, `origin` in some lines how it was made.
    """

    formula: str
    derived: Derived
    layout: Layout
    names: Mapping[str, str]
    kind: str
    origin: Sequence[str] = ()


def reserved(library: Library) -> set[str]:
    """The names that a file has another use for than an input's."""
    return {*library.helpers, *library.names}


def check_function_name(name: object, kind: str) -> None:
    """Raise a NameRuleError for a name that Python or the file itself has another use for."""
    taken = {*reserved(NUMPY_LIBRARY), *keyword.kwlist, *vars(builtins), *KINDS} - {kind}
    plain = isinstance(name, str) and name.isidentifier() and name.isascii()
    if not plain or name in taken:
        raise NameRuleError(
            f"{told(name)} cannot be the name of the function",
            hint="Write a name that neither Python nor the generated file uses.",
        )


def outputs_for(graph: Graph, kind: str, values: int = 1) -> Graph:
    """The part of a graph of value and derivatives that one kind of function needs."""
    start, stop = {"value": (0, 1), "grad": (values, None), "value_and_grad": (0, None)}[kind]
    return part_of(graph.nodes, graph.outputs[start:stop], graph.labels)


_SHAPING = frozenset(("broadcast", "unbroadcast"))


def legal(
    derived: Derived, table: FunctionTable, target: Target, text: str = "", touched: bool = False
) -> Derived:
    """A formula in the operations of a target, ready for `function_source`."""
    return replace(derived, graph=legal_graph(derived.graph, table, target, text, touched))


def legal_graph(
    graph: Graph,
    table: FunctionTable,
    target: Target,
    text: str = "",
    touched: bool = False,
    values: int = 1,
) -> Graph:
    """A graph in the operations of a target; for the rest see `legalise`."""
    if target.library is None:
        inside = {a.op for n in graph.nodes if n.op not in _SHAPING for a in n.args}
        touched = not inside.isdisjoint(_SHAPING)
        graph = without_shapes(graph)
    return legalise(graph, target.known, table, target.name, text, touched, values)


def calling_rows(derived: Derived, table: FunctionTable, text: str) -> tuple[Derived, Target]:
    """The same for readers: with calls of rows that are computed by cases; and NumPy with these."""
    graph, more = with_carried(derived.graph, table, NUMPY)
    return legal(replace(derived, graph=graph), table, more, text, graph is not derived.graph), more


def prepared(derived: Derived, kind: str, table: FunctionTable) -> tuple[Graph, list[str]]:
    """The graph of one kind of function on arrays; and the inputs that are indices, too."""
    graph = shapes_from_inputs(masks_on_parts(derived.graph), kind)
    graph = reduced_once(outputs_for(graph, kind))
    graph = typed_creations(typed_fills(graph, table), derived.indices)
    return plain_indices(finish(graph, derived.indices), derived.indices)


def function_source(
    derived: Derived,
    kind: str,
    layout: Layout,
    table: FunctionTable,
    target: Target,
    name: str,
    shelved: Mapping[tuple[float, ...], str] = MappingProxyType({}),
    comments: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """The text of one function; the graph is in the operations of the target.

    `shelved` are tuples that stand at the head of the file, and their names; `comments` are lines
    by the name of what they stand above, `value =` for the value.
    """
    library = target.library
    assert library is not None
    graph, both = prepared(derived, kind, table)
    names = Names(reserved(library).union(shelved.values()))
    arguments = argument_names(derived.inputs, names)
    value = graph.outputs[0] if kind != "grad" else None
    wanted = layout.labels
    wanted = {"value": ["value"], "grad": wanted, "value_and_grad": ["value", *wanted]}[kind]
    plan = schedule(graph, target, table, value)
    as_indices = {name: names.fresh(f"{arguments[name]}_index") for name in both}
    renamed = {f"{name} as an index": new for name, new in as_indices.items()}
    body = emit(plan, target, {**arguments, **renamed}, names, wanted, shelved, comments)
    lines = [laid_out("    ", statement) for statement in body.statements]
    if kind == "value":
        lines += [f"    {line}" for line in comments.get("value =", ())]
    lines.append(returned(kind, layout, list(body.results)))
    head = _signature(name, kind, layout, list(arguments.values()))
    floats = [argument for n, argument in arguments.items() if n not in derived.indices]
    whole = [argument for n, argument in arguments.items() if n in derived.indices]
    converted = ", ".join(floats)
    converted = f"({converted},)" if len(floats) == 1 else converted
    lines[:0] = [f"    {argument} = _whole({argument})" for argument in whole]
    if floats:
        lines.insert(0, bracketed("    ", f"{converted} = _floats(", floats, ")"))
    lines[:0] = [f"    {new} = _whole({arguments[name]})" for name, new in as_indices.items()]
    doc = function_doc(derived.what if derived.what in PRODUCTS else kind, layout)
    if library.opening:
        given = ", ".join(arguments.values())
        lines.insert(0, "    " + library.opening.format(given))
    return library.decorator + "\n".join([head, doc, *lines, ""])


def returned(kind: str, layout: Layout, results: list[str]) -> str:
    """The statement that hands results back, laid out as they are asked for."""
    if kind == "value":
        return laid_out("    ", f"return {results[0]}")
    derivatives = results if kind == "grad" else results[1:]
    opening, items, closing = layout.pack(derivatives)
    lead = "return " if kind == "grad" else f"return {results[0]}, "
    bare = f"    return {', '.join(items)}"
    if kind == "grad" and layout.form == "tuple" and len(items) > 1 and len(bare) <= WIDTH:
        return bare
    if layout.form == "bare":
        return laid_out("    ", lead + items[0])
    return bracketed("    ", lead + opening, items, closing)


def _signature(name: str, kind: str, layout: Layout, arguments: list[str]) -> str:
    returns = {
        "value": "Array",
        "grad": layout.annotation,
        "value_and_grad": f"tuple[Array, {layout.annotation}]",
    }[kind]
    typed = [f"{argument}: ArrayLike" for argument in arguments]
    return bracketed("", f"def {name}(", typed, f") -> {returns}:")


def function_doc(kind: str, layout: Layout) -> str:
    """What a function says of itself."""
    with_respect = (
        f"with respect to {', '.join(layout.wrt)}" if layout.wrt else "(it has no inputs)"
    )
    what = {
        "vjp": f"The value, and the cotangent times the Jacobian {with_respect}.",
        "jvp": "The value, and the Jacobian times the tangents.",
        "hvp": f"The Hessian of the value's sum {with_respect}, times the vectors.",
        "vjp rows": f"Many cotangents times the Jacobian {with_respect}, each a row.",
        "jvp rows": "The Jacobian times many tangents, each a row.",
        "hvp rows": f"The Hessian of the value's sum {with_respect}, times many vectors.",
        "jacobian": f"The Jacobian {with_respect}: the value's axes, then the input's.",
        "hessian": f"The Hessian of the value's sum {with_respect}.",
        "hessian_diag": f"The diagonal of the Hessian of the value's sum {with_respect}.",
        "value": "The value of the formula.",
        "grad": f"The derivative of the formula {with_respect}.",
        "value_and_grad": f"The value of the formula, and its derivative {with_respect}.",
    }[kind]
    if len(what) > WIDTH - 10 and kind in KINDS:
        what = {"grad": "The derivatives", "value_and_grad": "The value and the derivatives"}[kind]
        what += " with respect to the inputs."
    return f'    """{what}"""'


def document(
    what: Rendering, table: FunctionTable, provided: Collection[str] = (), target: Target = NUMPY
) -> str:
    """The text of a file for a library of arrays, which needs nothing besides.

    It carries along the helpers that it calls, but for those that are provided elsewhere.

    Raises
    ------
    SymgradError
        The library lacks an operation; the message shows where.
    """
    derived, layout, library = what.derived, what.layout, target.library
    assert library is not None
    numpy = target.name == NUMPY.name
    readable = numpy and bool(what.formula)
    if readable:
        ready, target = calling_rows(derived, table, what.formula)
    else:
        ready = legal(derived, table, target, what.formula)
    if numpy:
        ready = replace(ready, graph=powers_by_squares(ready.graph))
    shelved = _shelved(ready.graph)
    about = remarks(what.formula).items()
    comments = {name or "value =": as_comments(lines) for name, lines in about}
    functions = [
        function_source(ready, kind, layout, table, target, name, shelved, comments)
        for kind, name in what.names.items()
    ]
    code = "\n\n".join(functions)
    carried = [*carried_helpers(code, table, NUMPY).values()] if readable else []
    own = "\n".join([code, *carried])
    helpers = [*carried, *called(library.helpers, own, provided)]
    special = sorted(set(re.findall(r"\bspecial\.(\w+)", own))) if target.extras else []
    needs = f"NumPy and SciPy (for {', '.join(special)})" if special else library.needs
    parts = [module_doc(what, needs), _imports(library, special), ""]
    shelf = [
        bracketed("", f"{name} = (", list(map(repr, row)), ")") for row, name in shelved.items()
    ]
    if shelf:
        parts += ["# Coefficients of series, from the highest power on.", *shelf, "", ""]
    return "\n".join(parts) + "\n" + "\n\n".join([code, *helpers])


_MOST_INLINE = 4


def _shelved(graph: Graph) -> dict[tuple[float, ...], str]:
    """Long rows of coefficients, which stand at the head of a file, and their names."""
    rows = dict.fromkeys(
        row
        for node in graph.nodes
        if node.op == "_polynomial"
        for row in node.attributes
        if len(row) > _MOST_INLINE
    )
    return {row: f"COEFFICIENTS_{number}" for number, row in enumerate(rows, 1)}


def called(helpers: Mapping[str, str], code: str, provided: Collection[str] = ()) -> list[str]:
    """The helpers that code calls, and those that they call themselves."""
    needed: set[str] = set()
    waiting = [code]
    while waiting:
        text = waiting.pop()
        found = helpers.keys() & re.findall(r"\b_\w+(?=\()", text)
        waiting += [helpers[name] for name in found - needed]
        needed |= found
    return [t for name, t in helpers.items() if name in needed and name not in provided]


def module_doc(what: Rendering, needs: str) -> str:
    """What a file says of itself; `needs` names the packages that it imports."""
    formula, derived = what.formula, what.derived
    names = ", ".join(name.replace(" ", "_") for name in derived.inputs)
    results = _RESULTS.get(derived.what, _DERIVATIVES)
    subject = names if len(names) <= WIDTH else "The inputs"
    about = [f"{subject}: numbers or arrays of shapes that fit together. {results}"]
    if derived.elementwise:
        about = [f"{subject}: numbers or arrays of any shapes that broadcast together. {results}"]
    if derived.shapes:
        about = [f"{name}: {shape}" for name, shape in derived.shapes.items()]
        if others := [name for name in derived.inputs if name not in derived.shapes]:
            about += [f"{', '.join(others)}: numbers or arrays of shapes that fit"]
        about += ["", results]
    if derived.indices:
        which = ", ".join(name for name in derived.inputs if name in derived.indices)
        about += ["", f"Whole numbers or truth values, not differentiated: {which}."]
    if not derived.inputs:
        about = ["The formula has no inputs."]
    shown = [f"    {line}".rstrip() for line in escaped(formula.strip())]
    lines = [
        '"""A formula and its derivatives.',
        "",
        *([*shown, ""] if formula else []),
        *(line for paragraph in about for line in textwrap.wrap(paragraph, WIDTH) or [""]),
        "",
        f"Generated by symgrad {__version__}; it needs {needs}.",
        *what.origin,
        '"""',
    ]
    return "\n".join(lines)


def _imports(library: Library, special: list[str]) -> str:
    lines = [library.imports.rstrip("\n")]
    if special:
        names = ", ".join(special)
        lines += [
            "",
            "try:",
            "    from scipy import special",
            "except ImportError as error:",
            "    raise ImportError(",
            f'        "{names} need SciPy: pip install scipy, or symgrad[special]"',
            "    ) from error",
        ]
    alias = ["", "Array = np.floating | NDArray[np.floating]"] if library is NUMPY_LIBRARY else []
    return "\n".join([*lines, *alias, ""])


def kernel_source(
    derived: Derived,
    kind: str,
    layout: Layout,
    table: FunctionTable,
    name: str,
    provided: Collection[str] = (),
) -> str:
    """The text of a module with one function, to be called from Python with arrays."""
    ready = legal(derived, table, CALLED)
    ready = replace(ready, graph=without_means(faster(ready.graph)))
    return document(Rendering("", ready, layout, {kind: name}, kind), table, provided, CALLED)
