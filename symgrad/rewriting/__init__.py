"""Rewriting: the rules, and the passes that keep graphs right at the extremes, and short."""
