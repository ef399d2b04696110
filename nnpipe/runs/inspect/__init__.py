"""Find, list, compare, verify and remove runs."""
