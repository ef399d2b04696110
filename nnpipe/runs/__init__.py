"""Runs on disk: claimed, written, sealed by a manifest, opened again."""
