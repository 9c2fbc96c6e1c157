"""What derivatives cost, measured on real formulas: `python -m benchmarks` lists what there is."""
