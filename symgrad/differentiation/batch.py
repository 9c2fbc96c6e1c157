"""A linear program, run for all of its seeds at once.

The program computes products with a cotangent, a tangent or a vector, the seed; run for all unit
vectors, it gives a Jacobian or a Hessian. Each operation on the way from the seed is done on
`Term`s: elementwise ones here, those that move axes or sum products in batch_products, indices in
batch_keys, and all else in batch_moves.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad.differentiation.batch_keys import index, place
from symgrad.differentiation.batch_moves import convolution, moved
from symgrad.differentiation.batch_products import SUBSCRIPTS, diagonal, is_main_diagonal, product
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.labels import ROWS
from symgrad.shapes import CONDITIONS, Inference
from symgrad.shaping.leaves import LIKE_SECOND, is_elementwise
from symgrad.shaping.terms import Site, Term, Workshop

_NEXT_TO_1 = 0.999
"""As in the definition of `_evened`."""
_SHAPES_ONLY = frozenset("size ndim _count integer".split()) | CONDITIONS


@dataclass(frozen=True, slots=True)
class Block:
    """What to make of the terms of an output for one seed.

    `seed` is an input of the program and `output` the number of one of its outputs. The layouts are
    "dense", an array with the seed's axes and then the output's; "turned", with the output's axes
    first; "diagonal", for an output in the shape of the seed; "given", for all seeds together,
    which are inputs with one batch axis in front; and "mirrored", the block `of` an earlier number
    with the axes of its two sides exchanged.
    """

    seed: str
    output: int
    layout: str = "dense"
    of: int = 0


class Batches:
    """Makes the graph of blocks from that of products.

    Parameters
    ----------
    graph:
        The program: its first output is a value, all others are linear in the seeds.
    owners:
        For each seed what has its shape: an input by name, or the value for None.
    found:
        The shapes of the inputs; those of the seeds as they are given.
    """

    def __init__(self, graph: Graph, owners: Mapping[str, str | None], found: Inference) -> None:
        self._graph = graph = _by_sums(graph, owners)
        self._found = found
        self._build = Builder()
        self._owners: dict[str, Node] = {}
        self._made: dict[Node, Node] = {}
        self._make_unbatched(owners)

    def _make_unbatched(self, owners: Mapping[str, str | None]) -> None:
        """All operations once more, with each seed replaced by what has its shape."""
        seeds: list[Node] = []
        for node in self._graph.nodes:
            if node.op == "input" and node.value in owners:
                seeds.append(node)
            elif all(arg in self._made for arg in node.args):
                self._remake(node)
        value = self._made[self._graph.outputs[0]]
        for seed, owner in owners.items():
            self._owners[seed] = value if owner is None else self._input(owner)
        for node in seeds:
            self._made[node] = self._owners[str(node.value)]
        for node in self._graph.nodes:
            if node not in self._made:
                self._remake(node)

    def _input(self, name: str) -> Node:
        node = self._build.node("input", value=name)
        if node not in self._found.shapes:
            self._found.visit(node)
        return node

    def _remake(self, node: Node) -> None:
        args = [self._made[arg] for arg in node.args]
        made = self._build.node(node.op, *args, value=node.value, span=node.span)
        if made not in self._found.shapes:
            self._found.visit(made)
        self._made[node] = made

    def graph(self, blocks: Sequence[Block]) -> Graph:
        """The value, and the blocks."""
        outputs = [self._made[self._graph.outputs[0]]]
        programs: dict[str, tuple[Workshop, dict[Node, list[Term]]]] = {}
        for block in blocks:
            if block.seed not in programs:
                programs[block.seed] = self._run(block)
            shop, terms = programs[block.seed]
            output = self._graph.outputs[block.output]
            found = terms.get(output, [])
            if block.layout == "mirrored":
                outputs.append(_mirrored(shop, outputs[block.of], self._owners[block.seed]))
            elif block.layout == "diagonal":
                outputs.append(_diagonal(shop, found, self._made[output]))
            else:
                turned = block.layout == "turned"
                outputs.append(_dense(shop, found, self._made[output], turned))
        labels = {self._made[node]: name for node, name in self._graph.labels.items()}
        return self._build.graph(outputs, labels)

    def _run(self, block: Block) -> tuple[Workshop, dict[Node, list[Term]]]:
        """The terms of all nodes that depend on a seed."""
        shop = Workshop(self._build, self._found)
        starts = {seed: self._start(shop, seed, block) for seed in self._owners}
        terms: dict[Node, list[Term]] = {}
        for node in self._graph.nodes:
            if node.op == "input" and node.value in starts:
                start = starts[str(node.value)]
                if start is not None:
                    terms[node] = [start]
            elif not terms.keys().isdisjoint(node.args) and node.op not in _SHAPES_ONLY:
                found = self._visit(shop, node, terms)
                if found:
                    terms[node] = found
        return shop, terms

    def _start(self, shop: Workshop, seed: str, block: Block) -> Term | None:
        """All unit vectors for one seed, or as many vectors as are given for all of them."""
        if block.layout == "given":
            return self._given(shop, seed)
        return self._unit(shop, self._owners[seed]) if seed == block.seed else None

    def _unit(self, shop: Workshop, owner: Node) -> Term:
        rank = len(shop.shape(owner))
        shop.batch = tuple(shop.size(owner, axis) for axis in range(-rank, 0))
        sizes = [self._found.number(size) for size in shop.batch]
        ties = tuple((b, b - rank) for b, size in enumerate(sizes) if size != 1)
        return Term(shop.make("constant", value=1.0), (), ties)

    def _given(self, shop: Workshop, seed: str) -> Term:
        node = self._input(seed + ROWS)
        rank = len(shop.shape(node)) - 1
        shop.batch = (shop.size(node, -rank - 1),)
        return Term(node, (0, *range(-rank, 0)))

    def _visit(self, shop: Workshop, node: Node, terms: Mapping[Node, list[Term]]) -> list[Term]:
        args = tuple(self._made[arg] for arg in node.args)
        result: list[Term] = []
        for at, arg in enumerate(node.args):
            if arg not in terms or (at == 1 and node.op in LIKE_SECOND):
                continue
            site = Site(node, at, args, self._made[node])
            if node.op in ("add", "subtract"):
                op = node.op if at else "add"
                result = shop.added(result, terms[arg], op)
            else:
                result = shop.added(result, [_done(shop, site, term) for term in terms[arg]])
        return result


def _by_sums(graph: Graph, seeds: Container[str]) -> Graph:
    """The program with means, and what looks at them, of what depends on a seed as sums."""
    linear: set[Node] = set()
    for node in graph.nodes:
        if (node.op == "input" and node.value in seeds) or not linear.isdisjoint(node.args):
            linear.add(node)

    def replace_(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node not in linear:
            return None
        axis, x = node.attributes[0], args[0]
        if node.op == "mean":
            count = build.node("_count", x, value=(axis,))
            return build.node("divide", build.node("sum", x, value=node.value), count)
        near = build.node("greater", args[1], build.constant(_NEXT_TO_1))
        total = build.node("sum", x, value=(axis, True))
        return build.node("subtract", x, build.node("keep", near, total))

    return rebuilt(graph, replace_, ("mean", "_evened"))


def _done(shop: Workshop, site: Site, term: Term) -> Term:
    """An operation that is linear in the operand, on a term of it."""
    op = site.node.op
    if op == "broadcast":
        return term
    if op in SUBSCRIPTS and (op != "diagonal" or is_main_diagonal(site.node, shop.shape(site.x))):
        return product(shop, site, term)
    if op == "index":
        return index(shop, site, term)
    if op == "place":
        return place(shop, site, term)
    if op in ("_convolve", "_correlate"):
        return convolution(shop, site, term)
    if is_elementwise(op):
        return _elementwise(shop, site, term)
    return moved(shop, site, term)


def _elementwise(shop: Workshop, site: Site, term: Term) -> Term:
    if len(site.args) == 1:
        return replace(term, node=shop.make(site.node.op, term.node))
    other = site.args[1 - site.place]
    if site.node.op == "multiply" and term.node.value == 1:
        return replace(term, node=other, labels=tuple(range(-len(shop.shape(other)), 0)))
    factor = Term(other, tuple(range(-len(shop.shape(other)), 0)))
    if not set(factor.labels) <= set(term.labels):
        factor = shop.tight(factor)
    layout = term.labels
    if not set(factor.labels) <= set(layout):
        layout = shop.layout(term, factor)
    args = [shop.aligned(term, layout), shop.aligned(factor, layout)]
    if site.place:
        args.reverse()
    node = shop.make(site.node.op, *args)
    rank = len(shop.shape(node))
    return replace(term, node=node, labels=layout[len(layout) - rank :])


def _dense(shop: Workshop, terms: Sequence[Term], output: Node, turned: bool) -> Node:
    """The whole block: the batch axes, then those of the output, or the other way round."""
    batch, axes = range(len(shop.batch)), range(-len(shop.shape(output)), 0)
    layout = (*axes, *batch) if turned else (*batch, *axes)
    total: list[Term] = []
    for term in terms:
        total = shop.added(total, [shop.untied(term, output)])
    return shop.full(total[0], layout, output) if total else shop.filled(0.0, layout, output)


def _mirrored(shop: Workshop, block: Node, own: Node) -> Node:
    """The block of the seed as output, where this one has it as seed."""
    count, rank = len(shop.shape(block)), len(shop.shape(own))
    first = count - rank
    return shop.moved(block, [*range(first, count), *range(first)])


def _diagonal(shop: Workshop, terms: Sequence[Term], output: Node) -> Node:
    """The elements where the batch axes are the output's own."""
    rank = len(shop.batch)
    axes = tuple(range(-rank, 0))
    total: list[Term] = []
    for term in terms:
        crossed = [b for b, axis in term.ties if axis != b - rank]
        term = shop.untied(term, output, crossed)
        letters = "".join(chr(ord("a") + label % rank) for label in term.labels)
        node, found = diagonal(shop, term.node, letters)
        labels = tuple(ord(letter) - ord("a") - rank for letter in found)
        total = shop.added(total, [Term(node, labels)])
    return shop.full(total[0], axes, output) if total else shop.filled(0.0, axes, output)
