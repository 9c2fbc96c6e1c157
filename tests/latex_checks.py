"""Whether LaTeX is well formed, and in the part of the language that symgrad shows by itself."""

import re

from symgrad.seeing import mathml

COMMANDS = {
    *(*mathml._SYMBOLS, *mathml._OPERATORS, *mathml._FUNCTIONS, *mathml._ARGUMENTS),
    *("left", "right", "begin", "end", "mathrm", "operatorname", "text", "mathbf", "mathbb"),
}
WORDS = re.compile(r"\\(?:mathrm|operatorname|text|mathbf)\{(?:[^{}\\]|\\.)*\}")


def faults(tex: str) -> list[str]:
    """What is wrong with it."""
    found = []
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", tex):
        depth += 1 if brace == "{" else -1
        found += ["a brace closes nothing"] * (depth < 0)
    found += ["a brace stays open"] * (depth > 0)
    if len(re.findall(r"\\left\b", tex)) != len(re.findall(r"\\right\b", tex)):
        found.append("fences do not match")
    begun = re.findall(r"\\begin\{(\w+)\}", tex)
    if sorted(begun) != sorted(re.findall(r"\\end\{(\w+)\}", tex)):
        found.append("environments do not match")
    bare = WORDS.sub("", tex)
    found += [f"unknown: {c}" for c in re.findall(r"\\([a-zA-Z]+)", bare) if c not in COMMANDS]
    found += [f"a bare {sign}" for sign in re.findall(r"(?<!\\)[$#%~]", tex)]
    return found
