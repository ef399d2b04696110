"""Gather the content of a run's page from the run's files and a few rows of its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from nnpipe.network.network import Network
from nnpipe.report.confusion import MOST as MOST_CLASSES
from nnpipe.report.confusion import confusion_figure
from nnpipe.report.distribution import describe, ridges
from nnpipe.report.facts import details_of, facts_of, timings_of, warning_of
from nnpipe.report.figures import Bars, Curves, Figure, Histogram, Matrix, Ridges, Stack
from nnpipe.report.gallery import Picture, show_neurons, show_samples
from nnpipe.report.history import history_figures
from nnpipe.report.layers import MOST as MOST_LAYERS
from nnpipe.report.layers import LayerSummary, summarize_layers
from nnpipe.report.sample import Sample
from nnpipe.report.stack import stack_figure
from nnpipe.report.stored import Stored
from nnpipe.runs.store.manifest import Manifest
from nnpipe.runs.store.open import CONFIG, Run
from nnpipe.system.documents import read_text

_NEURONS = 16
"""Most output neurons with a histogram of their own."""

_LETTERS = 1 << 16
"""Most characters of the config that are shown."""


@dataclass(frozen=True)
class RunPage:
    """The content of a run's page.

    Attributes
    ----------
    facts : sequence of (name, text)
        The numbers at the top.
    sampled : str
        The rows that the activations belong to; empty if there are none.
    samples, mistakes, neurons : sequence of Picture
        Empty if the samples are not images, or if the input was not read.
    config : str
        The resolved config, as YAML.
    details : sequence of (name, text)
        The provenance of the numbers.
    """

    name: str
    manifest: Manifest
    facts: Sequence[tuple[str, str]]
    warning: str
    network: Stack
    parameter_count: int
    training: Sequence[Curves]
    layers: Sequence[LayerSummary]
    layers_left_out: int
    sampled: str
    outputs: Histogram | None
    output_neurons: Ridges | None
    confusion: Matrix | None
    timings: Bars
    samples: Sequence[Picture]
    mistakes: Sequence[Picture]
    neurons: Sequence[Picture]
    config: str
    details: Sequence[tuple[str, str]]

    def plots(self) -> dict[str, list[Figure]]:
        """Return the figures by the name of their PNG file."""
        parts: dict[str, list[Figure | None]] = {
            "network": [self.network],
            "training": list(self.training),
            "parameters": [_of(layer, layer.parameters) for layer in self.layers],
            "activations": [_of(layer, layer.activations) for layer in self.layers],
            "outputs": [self.outputs, self.output_neurons],
            "confusion": [self.confusion],
            "timings": [self.timings],
        }
        present = {name: [f for f in found if f is not None] for name, found in parts.items()}
        return {name: found for name, found in present.items() if found}


def gather_run(run: Run, network: Network, sample: Sample | None) -> RunPage:
    """Gather the content of a run's page.

    Parameters
    ----------
    run : Run
        A run with a results.h5.
    network : Network
        The network, with the parameters that made the outputs.
    sample : Sample, optional
        Rows of the input; without them the page shows only stored activations.
    """
    stored, manifest, last = Stored(run.results), run.manifest, network.layers[-1]
    widths = {layer.name: layer.outputs for layer in network.layers[:MOST_LAYERS]}
    kept = {name: stored.rows(f"/activations/{name}", width) for name, width in widths.items()}

    def activations(layer: str) -> NDArray[Any] | None:
        found = kept[layer]
        return found if found is not None or sample is None else sample.activations[layer]

    layers = summarize_layers(network, activations)
    outputs = stored.rows("/outputs", network.outputs)
    judged = stored.square("/evaluation/confusion_matrix", MOST_CLASSES)
    confusion = stored.square("/confusion_matrix", MOST_CLASSES) if judged is None else judged
    samples, mistakes = ([], []) if sample is None else show_samples(sample, last)
    image = None if sample is None else sample.image
    return RunPage(
        name=f"{run.path.parent.name}/{run.path.name}",
        manifest=manifest,
        facts=facts_of(manifest, network),
        warning=warning_of(manifest),
        network=stack_figure(network),
        parameter_count=network.parameter_count,
        training=history_figures(run.path),
        layers=layers,
        layers_left_out=len(network.layers) - len(layers),
        sampled=_sampled(kept, sample),
        outputs=None if outputs is None else describe("all outputs", outputs, last.activation),
        output_neurons=None if outputs is None else _output_neurons(outputs, last.activation),
        confusion=None if confusion is None else confusion_figure(confusion),
        timings=timings_of(manifest),
        samples=samples,
        mistakes=mistakes,
        neurons=[] if image is None else show_neurons(network.layers[0], image),
        config=read_text(run.path / CONFIG)[:_LETTERS],
        details=details_of(manifest),
    )


def _of(layer: LayerSummary, figure: Histogram | None) -> Histogram | None:
    return None if figure is None else replace(figure, title=f"{layer.name}: {figure.title}")


def _output_neurons(outputs: NDArray[Any], activation: str) -> Ridges | None:
    if outputs.shape[1] == 1:
        return None
    shown = outputs[:, :_NEURONS]
    names = [str(number) for number in range(shown.shape[1])]
    return ridges("each output neuron", shown, names, activation)


def _sampled(kept: Mapping[str, NDArray[Any] | None], sample: Sample | None) -> str:
    rows = sorted({len(found) for found in kept.values() if found is not None})
    texts = [f"{rows[-1]:,} stored row{'s' if rows[-1] > 1 else ''}"] if rows else []
    if sample is not None and any(found is None for found in kept.values()):
        texts.append(f"the first {len(sample.rows):,} rows of the input")
    return " and ".join(texts)
