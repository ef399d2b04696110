"""The mathematics of training: losses, backpropagation, optimizers, and the order of samples."""
