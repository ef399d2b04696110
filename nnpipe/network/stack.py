"""A declared stack: the kinds of layers by name, in order, before there are inputs or numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nnpipe.config.kind import Choice
from nnpipe.network.layers.base import LayerKind
from nnpipe.network.purpose import Purpose

LAYER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

Stack = Mapping[str, Choice[LayerKind]]
"""Declared layers by name, in order."""


def lasting(stack: Stack) -> dict[str, Choice[LayerKind]]:
    """Return the layers that training leaves."""
    made = {name: (chosen, chosen.make()) for name, chosen in stack.items()}
    return {
        name: Choice(chosen.kind, kind.lasting(), chosen.of)
        for name, (chosen, kind) in made.items()
        if kind.leaves == "layer"
    }


def resolved(
    stack: Stack, purpose: Purpose, *, inner: bool = False
) -> dict[str, Choice[LayerKind]]:
    """Return the layers with a value for each `auto`."""
    last = "" if inner else next(reversed(lasting(stack)), "")
    return {
        name: replace(chosen, options=chosen.make().resolved(purpose, last=name == last))
        for name, chosen in stack.items()
    }


def last_activation(stack: Stack) -> str:
    """Return the name of the activation of the last layer that training leaves.

    It is `linear` if the layer has none, and empty if there is no layer.
    """
    if not (left := lasting(stack)):
        return ""
    activation = list(left.values())[-1].make().activation
    return "linear" if activation is None else activation.kind


def check_stack(stack: Stack, key: str, *, inner: bool = False) -> Iterator[str]:
    """Yield the problems of declared layers, one line each.

    Parameters
    ----------
    key : str
        The config key of the layers.
    inner : bool
        Whether the layers stand inside another one, and so may end with a layer that training
        removes.
    """
    if not lasting(stack):
        yield f"{key}: found no layer; expected at least one"
    for name in stack:
        if not LAYER_NAME.fullmatch(name) or name == "all":
            yield (
                f"{key}: {name!r} cannot name a layer; expected a letter, "
                "then letters, digits and '_', at most 64 in all, and not 'all'"
            )
    layers = list(stack.items())
    for number, (name, chosen) in enumerate(layers):
        after = [following for _, following in layers[number + 1 :]]
        if place := _misplaced(chosen, after, inner):
            yield f"{key}.{name}: found {chosen.kind} {place}. Remove it or move it."


def _misplaced(
    chosen: Choice[LayerKind], after: Sequence[Choice[LayerKind]], inner: bool
) -> str | None:
    """Return where a layer that training removes stands, if it cannot stand there."""
    leaves = chosen.make().leaves
    if leaves == "layer":
        return None
    if after and after[0].kind == chosen.kind:
        return f"before {chosen.kind}; expected it before a layer with neurons"
    following = next((other for other in after if other.make().leaves == "layer"), None)
    if following is None and not (inner and leaves == "nothing"):
        return "at the end; expected it before a layer with neurons"
    if leaves == "map" and following and not following.make().absorbs:
        return f"before {following.kind}; expected it before a dense layer"
    return None
