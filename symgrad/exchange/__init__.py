"""Formulas from elsewhere, and to elsewhere."""
