"""Writing code: plans, names, lines, and the files that stand alone."""
