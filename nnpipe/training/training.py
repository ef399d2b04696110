"""Train a network: epochs of steps, validation after each epoch, and early stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from nnpipe.errors import RunError, TrainingError, shown
from nnpipe.network.activations.base import Array
from nnpipe.network.network import Network
from nnpipe.system.seeding import named_stream
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.batching import Batches
from nnpipe.training.checkpoint import Checkpoint
from nnpipe.training.descent import Descent
from nnpipe.training.history import Epoch
from nnpipe.training.penalty import Penalty
from nnpipe.training.recipe import Recipe
from nnpipe.training.schedules.base import factor_at


class Training:
    """A training in progress.

    Parameters
    ----------
    backpropagation : Backpropagation
        Its parameters are the starting point.
    recipe : Recipe
    batches : Batches
        The training samples.
    validation : Batches or None
        The validation samples. All batches go into the room of `backpropagation`.
    threads : int
        The number of threads that share a step. The result is the same to the bit.

    Attributes
    ----------
    history : list of Epoch
        The finished epochs.
    best_epoch : int
        The epoch with the lowest validation loss; 0 without validation.
    """

    def __init__(
        self,
        backpropagation: Backpropagation,
        recipe: Recipe,
        batches: Batches,
        validation: Batches | None,
        threads: int = 1,
    ) -> None:
        config, optimizer = recipe.training, recipe.optimizer.make()
        self._config, self._loss, self._seed = config, recipe.loss, recipe.seed
        self._batches, self._validation = batches, validation
        self._pass = backpropagation
        self._rate = optimizer.options.learning_rate
        vectors = self._pass.parameters, self._pass.gradient
        self._descent = Descent(optimizer, *vectors, threads)
        self._factor = factor_at(config.schedule, config.epochs, batches.steps)
        self._penalty = Penalty(self._pass, config.l1, config.l2)
        self.history: list[Epoch] = []
        self._best: Array | None = None
        self.best_epoch = 0

    @property
    def ended(self) -> bool:
        """Whether all epochs are done, or too many have passed since the best one."""
        done, patience = len(self.history), self._config.patience
        waited = done - self.best_epoch
        return done >= self._config.epochs or (
            patience is not None and self._validation is not None and waited >= patience
        )

    @property
    def last(self) -> Network:
        """The current network, with a copy of the parameters."""
        return self._with(self._pass.folded())

    @property
    def best(self) -> Network:
        """The network after the best epoch, or the current network without validation."""
        return self.last if self._best is None else self._with(self._best)

    # Overflow is found and reported here.
    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def epoch(self, on_batch: Callable[[int, float, float], None]) -> Epoch:
        """Train on every sample once, and validate.

        Parameters
        ----------
        on_batch : callable
            Called after each step with its number of samples, and the mean loss and accuracy of
            the epoch so far.

        Raises
        ------
        TrainingError
            If a loss, a gradient, a parameter or a running statistic is no longer finite.
        """
        begin = time.perf_counter()
        number = len(self.history) + 1
        generator = named_stream(self._seed, "dropout", str(number))
        total, correct, seen, norms, rate = 0.0, 0, 0, 0.0, math.nan
        for step, (x, targets) in enumerate(self._batches.epoch(number), start=1):
            loss, count = self._pass.backward(targets, generator)
            self._penalty.add()
            norm = self._norm()
            found = self._nonfinite(loss, norm)
            if found is not None:
                found += f" in epoch {number}, batch {step}"
                raise self._diverged(found, x)
            limit = self._config.clip_norm
            if limit is not None and norm > limit:
                self._pass.gradient *= limit / norm
            rate = self._rate * self._factor(self._descent.steps)
            self._descent.step(rate)
            total, correct, seen = total + loss, correct + count, seen + len(x)
            norms += norm
            on_batch(len(x), total / seen, correct / seen if self._loss.classifies else math.nan)
        if not np.isfinite(self._pass.parameters).all():
            found = f"a parameter that is not finite after epoch {number}"
            raise self._diverged(found)
        validated = self._validate(number)
        epoch = Epoch(
            epoch=number,
            loss=total / seen,
            accuracy=correct / seen if self._loss.classifies else math.nan,
            validation_loss=validated[0],
            validation_accuracy=validated[1],
            learning_rate=rate,
            gradient_norm=norms / self._batches.steps,
            seconds=time.perf_counter() - begin,
        )
        self._remember(epoch)
        return epoch

    def checkpoint(self, fingerprint: dict[str, object]) -> Checkpoint:
        """Return all that `restore` needs. The arrays are not copied."""
        return Checkpoint(
            fingerprint,
            self._pass.parameters,
            self._pass.statistics,
            self._best,
            self.best_epoch,
            self._descent.state,
            self._descent.steps,
            tuple(self.history),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint of the same training.

        Raises
        ------
        RunError
            If the checkpoint does not fit this training.
        """
        done = len(checkpoint.history)
        _check("steps", checkpoint.steps, done * self._batches.steps)
        _check("state", sorted(checkpoint.state), sorted(self._descent.state))
        _check("statistics", sorted(checkpoint.statistics), sorted(self._pass.statistics))
        _fill("parameters", self._pass.parameters, checkpoint.parameters)
        for name, vector in self._pass.statistics.items():
            _fill(f"statistics/{name}", vector, checkpoint.statistics.get(name))
        for name, vector in self._descent.state.items():
            _fill(f"state/{name}", vector, checkpoint.state.get(name))
        if checkpoint.best is not None:
            _check_form("best", self._pass.parameters, checkpoint.best)
        self._descent.steps = checkpoint.steps
        self._best, self.best_epoch = checkpoint.best, checkpoint.best_epoch
        self.history = list(checkpoint.history)

    def _norm(self) -> float:
        gradient = self._pass.gradient
        norm = math.sqrt(float(np.vdot(gradient, gradient)))
        if not math.isfinite(norm):  # perhaps only the squares are too large
            greatest = float(np.abs(gradient).max())
            norm = greatest * float(np.linalg.norm(gradient / greatest))
        return norm

    def _validate(self, number: int) -> tuple[float, float]:
        """Return the mean loss and the accuracy of the validation samples."""
        if self._validation is None:
            return math.nan, math.nan
        total, correct = 0.0, 0
        for step, (x, targets) in enumerate(self._validation.epoch(0), start=1):
            loss, count = self._pass.forward(targets)
            if not math.isfinite(loss):
                found = f"a loss of {loss} in epoch {number}, batch {step} of the validation"
                raise self._diverged(found, x, self._validation.key)
            total, correct = total + loss, correct + count
        samples = self._validation.samples
        return total / samples, correct / samples if self._loss.classifies else math.nan

    def _remember(self, epoch: Epoch) -> None:
        lowest = min((e.validation_loss for e in self.history), default=math.inf)
        self.history.append(epoch)
        if epoch.validation_loss < lowest:
            self._best, self.best_epoch = self._pass.folded(), epoch.epoch

    def _with(self, vector: Array) -> Network:
        arrays = {name: a.copy("C") for name, a in self._pass.views(vector).items()}
        return self._pass.network.with_arrays(arrays)

    def _nonfinite(self, loss: float, norm: float) -> str | None:
        """Return a description of the first non-finite number of a step, or None."""
        if not math.isfinite(loss):
            return f"a loss of {loss}"
        if not math.isfinite(norm):
            return "a gradient that is not finite"
        if not self._pass.statistics_are_finite:
            return "a running mean or variance that is not finite"
        return None

    def _diverged(self, found: str, x: Array | None = None, key: str = "input") -> TrainingError:
        if x is None or np.isfinite(x).all():
            name = self._pass.first_nonfinite()
            where = f"the layer {name}" if name else "the norm of the gradient"
            advice = f"Set optimizer.learning_rate below {self._rate:g}"
            advice += ", set training.clip_norm" if self._config.clip_norm is None else ""
            advice += ", or input.normalize."
        else:
            where = f"the {key}"
            advice = f"Clean the data; {key}.on_nonfinite=error names the sample."
        problem = (
            f"training: found {found}; the first numbers that are not finite are in "
            f"{where}; expected finite numbers. {advice}"
        )
        return TrainingError(problem)


def _fill(name: str, vector: Array, stored: Any) -> None:
    _check_form(name, vector, stored)
    vector[:] = stored


def _check(name: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        problem = (
            f"training.resume: {name} in the checkpoint: found {shown(repr(found))}; "
            f"expected {wanted}. The file was altered."
        )
        raise RunError(problem)


def _check_form(name: str, vector: Array, stored: Any) -> None:
    found = f"{stored.dtype} of shape {stored.shape}" if isinstance(stored, np.ndarray) else "none"
    wanted = f"{vector.dtype} of shape {vector.shape}"
    if found != wanted:
        problem = (
            f"training.resume: {name} in the checkpoint: found {found}; expected {wanted}. "
            "The file was altered."
        )
        raise RunError(problem)
