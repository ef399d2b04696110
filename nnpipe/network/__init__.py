"""Stacks of fully connected layers: how they are declared, built, described and computed."""
