"""The whole config, its plan and its run, as a library without Hydra."""
