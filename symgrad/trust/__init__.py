"""Trust: formulas held against many digits, and against numerical differentiation."""
