"""Fuzzing of the parser and of the whole compiler: `python -m tests.fuzz parser --seconds 60`.

With atheris installed the search is guided by coverage, else it is random. What is found stands at
the end: the text, and what went wrong with it. Every finding becomes a case in test_fuzz.py.
"""

import argparse
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

import symgrad
from symgrad.errors import SymgradError
from symgrad.language.printer import unparse
from symgrad.syntax import parse
from tests.soup import MAKERS, Reader, expression, inputs_of, mutant, program, text_of, tokens

_LONGEST_MESSAGE = 2_000


def check_error(error: SymgradError, text: str) -> None:
    """An error is short, can be printed, and points into the text."""
    shown = str(error)
    shown.encode("utf-8")
    assert 0 < len(shown) < _LONGEST_MESSAGE, "a message is too long"
    if error.span is not None and error.text == text:
        start, end = error.span
        assert 0 <= start <= end <= len(text) + 1, f"a span is outside the text: {error.span}"


def parse_any(data: bytes) -> bool:
    """Parse what bytes stand for; whether it is a formula."""
    text = text_of(data)
    try:
        statements = parse(text)
    except SymgradError as error:
        check_error(error, text)
        return False
    for statement in statements:
        unparse(statement.body)
    return True


VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("value_and_grad", {}),
    ("grad", {}),
    ("function", {}),
    ("vjp", {}),
    ("jvp", {}),
    ("hvp", {}),
    ("grad", {"order": 2}),
)
_SEEDED = ("vjp", "jvp", "hvp")


def case_of(data: bytes) -> tuple[str, dict[str, Any], str]:
    """The verb, its options and the formula that some bytes stand for."""
    read = Reader(data)
    verb, options = VERBS[0] if read.number() % 3 else read.pick(VERBS)
    makers = (*MAKERS[1:], expression, expression, program, mutant, tokens)
    return verb, options, text_of(data[read.at :], makers)


def compile_any(data: bytes) -> bool:
    """Compile what bytes stand for, render it and call it; whether there was a result."""
    verb, options, text = case_of(data)
    compiled = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The mean of nothing is nan, and NumPy itself says so.
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        try:
            compiled = getattr(symgrad, verb)(text, **options)
            values = inputs_of(data, len(compiled.inputs) + (verb in _SEEDED))
            result = compiled(*values)
            if verb == "value_and_grad":
                check_result(result, values, compiled)
        except SymgradError as error:
            check_error(error, text)
            return False
        render(compiled, text)
    return True


def render(compiled: symgrad.Compiled, text: str) -> None:
    """The generated file is Python, wherever there is one."""
    try:
        source = compiled.source
    except SymgradError as error:
        check_error(error, text)
    else:
        compile(source, "generated", "exec")


def check_result(result: Any, values: list[Any], compiled: symgrad.Compiled) -> None:
    """Numbers, and derivatives in the shapes of their inputs."""
    _, derivatives = result
    named = dict(zip(compiled.inputs, values, strict=True))
    by_name = derivatives if isinstance(derivatives, dict) else {compiled.wrt[0]: derivatives}
    for name, derivative in by_name.items():
        if np.asarray(derivative).dtype.kind != "f":
            raise AssertionError(f"the derivative by {name} is {derivative!r}")
        assert np.shape(derivative) == np.shape(named[name]), f"the shape of the one by {name}"


TARGETS: dict[str, Callable[[bytes], bool]] = {"parser": parse_any, "compiler": compile_any}


def described(target: str, data: bytes) -> str:
    """What some bytes stand for, as a call that shows it again."""
    if target == "parser":
        return f"parse({text_of(data)!r})"
    verb, options, text = case_of(data)
    values = inputs_of(data, 4)
    return f"{verb}({text!r}, **{options}) on {values!r}"


def random_run(
    target: str, seed: int, runs: int, seconds: float = float("inf"), most_found: int = 20
) -> tuple[int, int, dict[str, tuple[bytes, str]]]:
    """How many texts were tried and went through, and the bytes of what was found, by its kind."""
    source = random.Random(seed)
    end = time.monotonic() + seconds
    tried = good = 0
    found: dict[str, tuple[bytes, str]] = {}
    while tried < runs and time.monotonic() < end and len(found) < most_found:
        data = source.randbytes(int(source.paretovariate(1.2) * 4) % 200 + 2)
        try:
            good += TARGETS[target](data)
        except Exception as error:  # noqa: BLE001 - anything at all is a finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} {place.filename}:{place.lineno}"
            found.setdefault(kind, (data, str(error)[:200]))
        tried += 1
    return tried, good, found


def functions_of(package: str) -> list[FunctionType]:
    """The functions and methods of a package's modules."""
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == package]
    things = [thing for module in modules for thing in vars(module).values()]
    methods = [part for t in things if isinstance(t, type) for part in vars(t).values()]
    found = [f for f in (*things, *methods) if isinstance(f, FunctionType)]
    return [f for f in dict.fromkeys(found) if f.__module__.partition(".")[0] == package]


def guided_run(target: str, seconds: int, arguments: list[str]) -> None:
    """Let libFuzzer search; it ends the process at the first finding, or when the time is up."""
    import atheris

    for function in functions_of("symgrad"):
        atheris.instrument_func(function)

    def one(data: bytes) -> None:
        TARGETS[target](data)

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=200", *arguments], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unguided", action="store_true", help="at random, even with atheris")
    options, rest = parser.parse_known_args()
    try:
        import atheris  # noqa: F401
    except ImportError:
        options.unguided = True
    if not options.unguided:
        guided_run(options.target, options.seconds, rest)
    tried, good, found = random_run(options.target, options.seed, sys.maxsize, options.seconds)
    print(f"{tried} texts, of which {good} went through; {len(found)} findings")
    for kind, (data, message) in found.items():
        print(f"{kind}\n  {message}\n  {data!r}\n  {described(options.target, data)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
