"""Write and open the folders of runs: claim, lock, publish, manifest, artifacts."""
