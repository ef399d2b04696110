"""Kinds, their registries, and the loading and checking of configs."""
