"""The modules of the package in their order, and the tests that run each: `test_architecture`."""

# The way through the compiler: a module imports only from those before it. "targets" stands for
# every module in that folder, which may import from one another.
PIPELINE = """
    version collector errors crew blas recycled extras terminal colouring limits template
    spelling notations mistakes parser tree building syntax printer functions labels graph
    contraction items indexing variables replaying attributes compositions leaves nonzero growth
    structural calls declarations lower formula extend misfit dependence key_shapes shape_moves
    shape_rules shapes axes resolve selection slices rules rulebook identity matching rewrite
    quotients stated reverse guards series polynomials cancellation ingredients grouping
    gathering meeting alike simplify sizes leading specialise terms batch_products batch_moves
    batch_keys batch work leibniz
    products alignment derivatives pipeline once finish targets schedule choices memory rows
    sums hopes elements naming emit slots loops homes segments into buffers pieces blocked
    runner lines carrying remarks layout origin load quick floats document plain_numbers
    programs offsets loop_code loop_algebra loop_rules c_rows c_file usual numba_file emission
    evaluate pattern faults sources results contents call chunks streaming distributed matrices
    digits held truth ulps numerical judge findings native targeted showing compiled sparse api
    optim named fitting raveling explanation checking draws comparison wording recording
    layering diagram exporting making sympy_table sympy_reading sympy_writing python_source
    python_expressions python_reading drawing painting tex tex_spellings tex_tree tex_graph
    latex mathml pages rule_words teacher lesson notebook survey reasons nonfinite samples
    harness_template harness self_check __init__ testing point stale package commands cli
    __main__
""".split()
# The rooms of the house: what is not the way itself. A room imports only from those before it.
ROOMS = (
    "language",
    "shaping",
    "differentiation",
    "rewriting",
    "writing",
    "running",
    "data",
    "trust",
    "seeing",
    "exchange",
)
LONGEST_FILE = 400
# Modules with no test file of their own, and the module whose tests run them.
TESTED_WITH = {
    "__init__": "api",
    "__main__": "cli",
    "version": "cli",
    "notations": "mistakes",
    "results": "call",
    "compiled": "api",
    "c_rows": "c_file",
    "grouping": "cancellation",
    "ingredients": "cancellation",
    "gathering": "cancellation",
    "polynomials": "cancellation",
    "batch_products": "batch",
    "batch_moves": "batch",
    "batch_keys": "batch",
    "harness_template": "harness",
    "matrices": "digits",
    "findings": "checking",
    "reasons": "nonfinite",
    "loop_code": "loop_rules",
    "buffers": "blocked",
    "pieces": "blocked",
    "slots": "loops",
    "homes": "loops",
    "elements": "loops",
    "segments": "loops",
    "runner": "blocked",
    "contents": "call",
    "loop_algebra": "loop_rules",
    "samples": "harness",
    "sympy_table": "sympy_reading",
    "python_expressions": "python_reading",
    "python_source": "python_reading",
    "leading": "specialise",
    "nonzero": "reverse",
    "stated": "reverse",
    "replaying": "formula",
}
