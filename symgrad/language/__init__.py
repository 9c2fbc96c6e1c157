"""The language: from text to tree and table, and what the pieces of a formula mean."""
