"""Train the network on the input, and pass it to the next stages."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.engines.blas import one_thread
from nnpipe.network.layers.base import Affine
from nnpipe.network.network import Network
from nnpipe.sources.input import Input, read_targets
from nnpipe.sources.moments import Moments
from nnpipe.sources.normalizations.base import Normalization, inverse
from nnpipe.stages.base import StageContext
from nnpipe.system.cores import cores
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.batching import Batches
from nnpipe.training.checkpoint import FILE, read_checkpoint, write_checkpoint
from nnpipe.training.history import write_csv, write_hdf5
from nnpipe.training.split import Split
from nnpipe.training.training import Training

_TOGETHER = 1 << 16

logger = logging.getLogger("nnpipe")


def _train(context: StageContext) -> None:
    """Train `context.network`, and replace it by the network that `training.keep` chooses.

    The run gets history.csv, history.h5, checkpoint.h5, last.h5 with the parameters after the last
    epoch, and with validation also best.h5 with those after the best epoch.
    """
    recipe, artifacts = context.recipe, context.artifacts
    config = recipe.training
    split = Split(context.input.samples, config.validation_fraction or 0.0, recipe.seed)
    scale = _scale(context.input, split) if config.standardize_targets else None
    units = None if scale is None else Affine(1 / scale.factor, scale.offset)
    training = _training(context, split, scale)
    course = recipe.fingerprint(context.input.samples)
    if config.resume is not None:
        training.restore(read_checkpoint(Path(config.resume)))

    samples = context.input.samples - split.held
    context.progress.begin("train", samples * (config.epochs - len(training.history)))
    try:
        while not training.ended:
            number = len(training.history) + 1
            title = f"epoch {number}/{config.epochs}"

            def advance(rows: int, loss: float, accuracy: float, title: str = title) -> None:
                context.progress.advance(rows)
                shown = "" if math.isnan(accuracy) else f"  accuracy {accuracy:.2%}"
                context.progress.describe(f"{title}  loss {loss:.4f}{shown}")

            with one_thread:  # our own threads share the products, with the same result everywhere
                epoch = training.epoch(advance)
            logger.info("%s  %s  %.2f s", title, epoch, epoch.seconds)
            every = config.checkpoint_every
            if every and (number % every == 0 or training.ended):
                done = training.checkpoint(course)
                artifacts.save(FILE, lambda file, done=done: write_checkpoint(file, done))
                artifacts.save("history.csv", lambda file: write_csv(file, training.history))
    finally:
        context.progress.end()

    artifacts.save("history.csv", lambda file: write_csv(file, training.history))
    artifacts.save("history.h5", lambda file: write_hdf5(file, training.history))
    artifacts.save_parameters("last.h5", _with_map(training.last, units))
    if training.best_epoch:
        artifacts.save_parameters("best.h5", _with_map(training.best, units))
    context.network = _with_map(training.best if config.keep == "best" else training.last, units)
    final = training.history[-1]
    context.metrics["training"] = {
        "epochs": final.epoch,
        "best_epoch": training.best_epoch or None,
        "loss": final.loss,
        "accuracy": final.accuracy,
        "validation_loss": final.validation_loss,
        "validation_accuracy": final.validation_accuracy,
    }


def _scale(data: Input, split: Split) -> Normalization:
    """Return the means and standard deviations of the targets of the training samples."""
    moments: Moments | None = None
    for start in range(0, data.samples, _TOGETHER):
        stop = min(start + _TOGETHER, data.samples)
        targets = read_targets(data.source, start, stop)
        assert targets is not None
        moments = moments or Moments(targets.shape[1])
        moments.add(targets[split.kept(start, stop)])
    assert moments is not None
    return Normalization("standardize", moments.mean, inverse(moments.std))


def _with_map(network: Network, affine: Affine | None) -> Network:
    """Return the network whose last layer includes a map of its outputs."""
    if affine is None:
        return network
    last = network.layers[-1]
    absorbed = last.with_arrays(last.transform.absorb(last.arrays, after=affine))
    return replace(network, layers=(*network.layers[:-1], absorbed))


def _training(context: StageContext, split: Split, scale: Normalization | None) -> Training:
    recipe, data = context.recipe, _quietly(context.input, scale)
    config, seed = recipe.training, recipe.seed
    limit, validation = config.memory_mib << 20, None
    further = None if context.validation is None else _quietly(context.validation, scale)
    left = data.samples - split.held
    most = max(left, split.held if further is None else further.samples)
    threads = context.engine.options.threads or cores()
    rows, stack = min(config.batch_size, most), recipe.architecture.make()
    network = context.network
    if scale is not None and not stack:  # a stored network gives outputs in the targets' units
        network = _with_map(network, Affine(scale.factor, -scale.offset * scale.factor))
    passes = Backpropagation(network, recipe.loss, rows, stack, threads)
    if further is not None:
        nothing = Split(further.samples, 0, seed)
        validation = Batches(further, nothing.kept, further.samples, passes.room, limit, seed=None)
    elif split.held:
        share = int(limit * split.fraction)
        validation = Batches(data, split.held_out, split.held, passes.room, share, seed=None)
        limit -= share
    order = seed if config.shuffle else None
    batches = Batches(data, split.kept, left, passes.room, limit, order)
    return Training(passes, recipe, batches, validation, threads)


def _quietly(data: Input, scale: Normalization | None) -> Input:
    """Return an input to read repeatedly, whose counts do not go into the run's report."""
    return Input(data.source, data.normalization, data.dtype, data.on_nonfinite, scale)


train = Kind(NoOptions, lambda options: _train)
