"""Training: losses, backpropagation, optimizers, batches, validation and checkpoints."""
