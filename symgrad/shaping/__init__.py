"""Shapes and axes: what is known of them, and what follows from that."""
