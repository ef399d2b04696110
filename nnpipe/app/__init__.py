"""The program around the pipeline. Only this room uses Hydra."""
