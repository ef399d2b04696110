"""Stacks of fully connected layers: declaration, construction, description and formula."""
