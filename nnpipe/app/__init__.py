"""The program around the pipeline; the only room that knows Hydra."""
