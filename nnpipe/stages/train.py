"""Train the network on the input, and hand it on to the stages after this one."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from nnpipe.config.layers import transforms_of
from nnpipe.engines.blas import one_thread
from nnpipe.sources.input import Input
from nnpipe.stages.base import StageContext
from nnpipe.system.cores import cores
from nnpipe.training.batching import Batches
from nnpipe.training.checkpoint import FILE, fingerprint, read_checkpoint, write_checkpoint
from nnpipe.training.history import write_csv, write_hdf5
from nnpipe.training.losses import LOSSES, loss_of
from nnpipe.training.split import Split
from nnpipe.training.training import Training

logger = logging.getLogger("nnpipe")


def train(context: StageContext) -> None:
    """Train `context.network` and replace it by the best or the last one, as `training.keep` says.

    The run gets history.csv and history.h5, checkpoint.h5, last.h5, and where the network is
    validated, best.h5: the parameters after the last and the best epoch.
    """
    config, artifacts = context.config.training, context.artifacts
    split = _split(context)
    training = _training(context, split)
    course = fingerprint(context.config, context.input.samples)
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

            with one_thread:  # products are shared by what does the same on any number of cores
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
    artifacts.save_parameters("last.h5", training.last)
    if training.best_epoch:
        artifacts.save_parameters("best.h5", training.best)
    context.network = training.best if config.keep == "best" else training.last
    final = training.history[-1]
    context.metrics["training"] = {
        "epochs": final.epoch,
        "best_epoch": training.best_epoch or None,
        "loss": final.loss,
        "accuracy": final.accuracy,
        "validation_loss": final.validation_loss,
        "validation_accuracy": final.validation_accuracy,
    }


def _training(context: StageContext, split: Split) -> Training:
    config, network = context.config.training, context.network
    limit = config.memory_mib << 20
    loss = LOSSES.load(config.loss or loss_of(network.layers[-1].activation))
    data = _reading(context, context.input)
    validation = None
    if context.validation is not None:
        further = _reading(context, context.validation)
        nothing = Split(further.samples, 0, context.config.seed)
        validation = Batches(
            further, nothing.kept, further.samples, config.batch_size, limit, seed=None
        )
    elif split.held:
        share = int(limit * split.fraction)
        validation = Batches(data, split.held_out, split.held, config.batch_size, share, seed=None)
        limit -= share
    seed = context.config.seed if config.shuffle else None
    left = context.input.samples - split.held
    batches = Batches(data, split.kept, left, config.batch_size, limit, seed)
    threads = context.config.engine.threads or cores()
    transforms = transforms_of(context.config.architecture)
    how = network, loss, config, context.config.optimizer
    return Training(*how, batches, validation, context.config.seed, transforms, threads)


def _split(context: StageContext) -> Split:
    fraction = context.config.training.validation_fraction
    if fraction is None:
        fraction = 0.0 if context.validation is not None else 0.1
    return Split(context.input.samples, fraction, context.config.seed)


def _reading(context: StageContext, data: Input) -> Input:
    """Return the input for reading it often: what it counts is not the run's to report."""
    return Input(data.source, data.normalization, data.dtype, context.config.input.on_nonfinite)
