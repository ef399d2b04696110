"""Runs on disk: claim, write, seal with a manifest, open again."""
