"""A package that adds one kind of every kind to nnpipe, each with an option of its own."""
