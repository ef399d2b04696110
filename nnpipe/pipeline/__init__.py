"""The whole config, its plan, and a run from it: a library, without Hydra."""
