"""Seeing: pictures, lessons, mathematics on a page, and what each stage gives."""
