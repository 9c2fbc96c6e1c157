"""Rules in words: of those that no line of functions.sg states, and of those that all know."""

from __future__ import annotations

from collections.abc import Mapping

IN_WORDS: Mapping[str, str] = {
    "index": "g goes back to where the part was taken from, and 0 to all else",
    "place": "each element gets the g of the place it was put to",
    "broadcast": "what was repeated gets the sum over its copies",
    "unbroadcast": "each element that was added up gets g",
    "copy": "the operand gets g",
    "sum": "each element that was added up gets g",
    "mean": "each element gets g, divided by how many there are",
    "permute_dims": "g with its axes put back",
    "concatenate": "each part gets its own part of g",
    "take_along_axis": "g goes back to where each element was taken from",
    "_put_along_axis": "each element gets the g of the place it was put to",
    "_einsum": "each factor gets g times the other one, summed over what it lacks",
    "_segment_sum": "each row gets the g of its segment",
    "roll": "g, rolled back",
    "tile": "what was repeated gets the sum over its copies",
    "_untile": "each copy gets g",
    "_repeat": "what was repeated gets the sum over its copies",
    "_unrepeat": "each copy gets g",
    "_polynomial": "g times the derivative of the polynomial",
    "_exp_moment": "g times the next moment",
}
"""By operation: its rule, where that is no line of functions.sg."""

TOLD: Mapping[str, str] = {
    "add": "g goes on to both as it is",
    "subtract": "g goes on, with its sign turned for what is subtracted",
    "negative": "the sign turns",
    "multiply": "each factor gets g times the other one",
    "divide": "what stands above gets g over the denominator, what stands below minus that times"
    " the quotient",
    "power": "the power rule",
    "keep": "where the condition holds g goes on, elsewhere nothing does",
    "maximum": "the larger one gets g, and both get a half where they are equal",
    "minimum": "the smaller one gets g, and both get a half where they are equal",
    "abs": "g, with the sign of the operand",
    "relu": "g goes on where the operand is positive",
    "exp": "exp is its own slope",
    "log": "the slope of the logarithm is one over its operand",
    "sqrt": "the slope of a root is one over twice the root",
    "max": "the largest element gets g, and equal ones share it",
    "min": "the smallest element gets g, and equal ones share it",
    "logsumexp": "each element gets its share of g, as softmax has it",
    "_mm": "each factor gets g times the other one, transposed",
    "expand_dims": "g in the shape of the operand",
    "squeeze": "g in the shape of the operand",
    "_reshape": "g in the shape of the operand",
    "_norm": "g along the direction of the operand, which is the operand over its norm",
    "det": "g times the matrix of cofactors",
}
"""By operation: its rule as one would say it."""
