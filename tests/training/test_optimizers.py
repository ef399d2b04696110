"""Each optimizer against torch.optim, and by hand where a number can be worked out."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.config.load import store
from nnpipe.training.descent import _TILE, Descent
from nnpipe.training.optimizers import OPTIMIZERS

NAMES = sorted(OPTIMIZERS.built_in)

# Our name and options, and the class and arguments that mean the same there.
TORCH = {
    "sgd": ("SGD", {"learning_rate": "lr"}),
    "momentum": ("SGD", {"learning_rate": "lr", "momentum": "momentum"}),
    "nesterov": ("SGD", {"learning_rate": "lr", "momentum": "momentum"}),
    "adagrad": ("Adagrad", {"learning_rate": "lr", "epsilon": "eps"}),
    "rmsprop": ("RMSprop", {"learning_rate": "lr", "rho": "alpha", "epsilon": "eps"}),
    "adadelta": ("Adadelta", {"learning_rate": "lr", "rho": "rho", "epsilon": "eps"}),
    "adam": ("Adam", {"learning_rate": "lr", "epsilon": "eps"}),
    "adamw": (
        "AdamW",
        {"learning_rate": "lr", "epsilon": "eps", "weight_decay": "weight_decay"},
    ),
}

# Far from the defaults, so that each of them counts.
OTHERS = {
    "learning_rate": 0.02,
    "momentum": 0.5,
    "rho": 0.7,
    "beta1": 0.6,
    "beta2": 0.8,
    "epsilon": 0.01,
    "weight_decay": 0.3,
}


def defaults(name: str) -> dict[str, float]:
    return store(OPTIMIZERS.choice(name).options)


def gradient_at(parameters: np.ndarray) -> np.ndarray:
    """Return the gradient of a bent valley, far from its floor."""
    scale = np.linspace(0.1, 3, parameters.size)
    return scale * parameters + np.sin(5 * parameters)


@pytest.mark.parametrize("given", [{}, OTHERS], ids=["defaults", "others"])
@pytest.mark.parametrize("name", NAMES)
def test_fifty_steps_are_those_of_pytorch(name: str, given: dict[str, float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    kind, arguments = TORCH[name]
    options = {key: given.get(key, value) for key, value in defaults(name).items()}
    start = np.random.default_rng(0).normal(size=40)

    ours, gradient = start.copy(), np.empty_like(start)
    descent = Descent(OPTIMIZERS.choice(name, **options).make(), ours, gradient)
    theirs = torch.tensor(start, requires_grad=True)
    keywords = {theirs_: options[our] for our, theirs_ in arguments.items()}
    if name == "nesterov":
        keywords["nesterov"] = True
    if "beta1" in options:
        keywords["betas"] = options["beta1"], options["beta2"]
    optimizer = getattr(torch.optim, kind)([theirs], **keywords)
    for _ in range(50):
        gradient[:] = gradient_at(ours)
        descent.step(options["learning_rate"])
        theirs.grad = torch.tensor(gradient_at(theirs.detach().numpy()))
        optimizer.step()
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-6)
    assert np.abs(ours - start).max() > 1e-4


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_a_vector_of_many_tiles_moves_as_its_entries_do_alone(name: str, threads: int) -> None:
    size = 8 * _TILE // 8
    start = np.random.default_rng(1).normal(size=size)
    whole, gradient = start.copy(), np.empty_like(start)
    descent = Descent(OPTIMIZERS.choice(name).make(), whole, gradient, threads)
    assert len(descent._tiles) == 8
    some = [0, size // 2, size - 1]
    few = start[some].copy()
    few_gradient = np.empty_like(few)
    alone = Descent(OPTIMIZERS.choice(name).make(), few, few_gradient)
    for _ in range(3):
        gradient[:] = np.cos(whole)
        few_gradient[:] = np.cos(few)
        descent.step(0.1)
        alone.step(0.1)
    np.testing.assert_array_equal(whole[some], few)


def test_the_first_step_of_adam_has_the_size_of_the_learning_rate() -> None:
    # Kingma & Ba, section 2.1: at t = 1 both moments are freed from their start, and m̂/√v̂ is ±1.
    parameters, gradient = np.zeros(2), np.array([1e-3, -50.0])
    descent = Descent(OPTIMIZERS.choice("adam").make(), parameters, gradient)
    descent.step(0.001)
    np.testing.assert_allclose(parameters, [-0.001, 0.001], rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_dtype_is_kept(name: str) -> None:
    parameters, gradient = np.ones(5, np.float32), np.ones(5, np.float32)
    descent = Descent(OPTIMIZERS.choice(name).make(), parameters, gradient)
    descent.step(0.1)
    assert {v.dtype for v in (parameters, *descent.state.values())} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_that_has_become_0_leaves_no_subnormal_number(name: str) -> None:
    start = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    parameters, gradient = start.copy(), np.empty_like(start)
    options = {
        key: {"rho": 0.9, "beta2": 0.9}.get(key, value) for key, value in defaults(name).items()
    }
    descent = Descent(OPTIMIZERS.choice(name, **options).make(), parameters, gradient)
    tiny = np.finfo(np.float32).tiny
    for step in range(1500):
        gradient[:] = start if step < 10 else 0
        descent.step(0.01)
        for vector in descent.state.values():
            assert not ((vector != 0) & (np.abs(vector) < tiny)).any()
    if name not in ("adagrad", "adadelta"):  # which remember for good
        assert all((vector == 0).all() for vector in descent.state.values())
