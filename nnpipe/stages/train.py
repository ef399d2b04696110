"""Train the network on the input, and hand it on to the stages after this one."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from nnpipe.config.layers import transforms_of
from nnpipe.engines.blas import one_thread
from nnpipe.sources.input import Input
from nnpipe.stages.base import Work
from nnpipe.system.cores import cores
from nnpipe.training.batching import Batches
from nnpipe.training.checkpoint import FILE, fingerprint, read_checkpoint, write_checkpoint
from nnpipe.training.history import write_csv, write_hdf5
from nnpipe.training.losses import LOSSES, loss_of
from nnpipe.training.split import Split
from nnpipe.training.training import Training

logger = logging.getLogger("nnpipe")


def train(work: Work) -> None:
    """Train `work.network` and replace it by the best or the last one, as `training.keep` says.

    The run gets history.csv and history.h5, checkpoint.h5, last.h5, and where the network is
    validated, best.h5: the parameters after the last and the best epoch.
    """
    config = work.config.training
    split = _split(work)
    training = _training(work, split)
    course = fingerprint(work.config, work.input.samples)
    if config.resume is not None:
        training.restore(read_checkpoint(Path(config.resume)))

    samples = work.input.samples - split.held
    work.progress.begin("train", samples * (config.epochs - len(training.history)))
    try:
        while not training.ended:
            number = len(training.history) + 1
            title = f"epoch {number}/{config.epochs}"

            def advance(rows: int, loss: float, accuracy: float, title: str = title) -> None:
                work.progress.advance(rows)
                shown = "" if math.isnan(accuracy) else f"  accuracy {accuracy:.2%}"
                work.progress.describe(f"{title}  loss {loss:.4f}{shown}")

            with one_thread:  # products are shared by what does the same on any number of cores
                epoch = training.epoch(advance)
            logger.info("%s  %s  %.2f s", title, epoch, epoch.seconds)
            every = config.checkpoint_every
            if every and (number % every == 0 or training.ended):
                done = training.checkpoint(course)
                work.shelf.save(FILE, lambda file, done=done: write_checkpoint(file, done))
                work.shelf.save("history.csv", lambda file: write_csv(file, training.history))
    finally:
        work.progress.end()

    work.shelf.save("history.csv", lambda file: write_csv(file, training.history))
    work.shelf.save("history.h5", lambda file: write_hdf5(file, training.history))
    work.shelf.save_parameters("last.h5", training.last)
    if training.best_epoch:
        work.shelf.save_parameters("best.h5", training.best)
    work.network = training.best if config.keep == "best" else training.last
    final = training.history[-1]
    work.figures["training"] = {
        "epochs": final.epoch,
        "best_epoch": training.best_epoch or None,
        "loss": final.loss,
        "accuracy": final.accuracy,
        "validation_loss": final.validation_loss,
        "validation_accuracy": final.validation_accuracy,
    }


def _training(work: Work, split: Split) -> Training:
    config, network = work.config.training, work.network
    limit = config.memory_mib << 20
    loss = LOSSES.load(config.loss or loss_of(network.layers[-1].activation))
    data = _reading(work, work.input)
    validation = None
    if work.validation is not None:
        aside = _reading(work, work.validation)
        nothing = Split(aside.samples, 0, work.config.seed)
        validation = Batches(
            aside, nothing.kept, aside.samples, config.batch_size, limit, seed=None
        )
    elif split.held:
        share = int(limit * split.fraction)
        validation = Batches(data, split.held_out, split.held, config.batch_size, share, seed=None)
        limit -= share
    seed = work.config.seed if config.shuffle else None
    left = work.input.samples - split.held
    batches = Batches(data, split.kept, left, config.batch_size, limit, seed)
    threads = work.config.engine.threads or cores()
    transforms = transforms_of(work.config.architecture)
    how = network, loss, config, work.config.optimizer
    return Training(*how, batches, validation, work.config.seed, transforms, threads)


def _split(work: Work) -> Split:
    fraction = work.config.training.validation_fraction
    if fraction is None:
        fraction = 0.0 if work.validation is not None else 0.1
    return Split(work.input.samples, fraction, work.config.seed)


def _reading(work: Work, data: Input) -> Input:
    """Return the input for reading it often: what it counts is not the run's to report."""
    return Input(data.source, data.normalization, data.dtype, work.config.input.on_nonfinite)
