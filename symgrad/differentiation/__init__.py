"""Differentiation beyond the reverse pass: adjoints of structure, products, batches, orders."""
