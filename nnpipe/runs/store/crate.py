"""ro-crate-metadata.json: describe a run as an RO-Crate for research archives and registries.

It expresses the manifest in the vocabulary of schema.org: the files with their checksums, and the
action that made them, with its software, input and metrics.

References
----------
RO-Crate 1.1, https://w3id.org/ro/crate/1.1; Process Run Crate 0.5,
https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Manifest

CRATE = "ro-crate-metadata.json"
_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_FORMATS = {
    ".h5": "application/x-hdf5",
    ".yaml": "application/yaml",
    ".html": "text/html",
    ".png": "image/png",
}
_FILES = {
    "config.yaml": "The resolved config",
    "overrides.yaml": "What was typed",
    "parameters.h5": "The parameter matrix of each layer, bias in the last column",
    "results.h5": "The outputs, and what else was asked for",
}

_SOFTWARE = {
    "python": "https://www.python.org/",
    "numpy": "https://pypi.org/project/numpy/",
    "h5py": "https://pypi.org/project/h5py/",
    "hdf5": "https://www.hdfgroup.org/solutions/hdf5/",
}

Entity = dict[str, Any]

_LICENSE: Entity = {
    "@id": "#license",
    "@type": "CreativeWork",
    "name": "No license",
    "description": "Whoever made the run has not stated a license for it",
}


def write_crate(folder: Folder, manifest: Manifest) -> None:
    """Write ro-crate-metadata.json into the folder of a run.

    Parameters
    ----------
    folder : Folder
        The run's folder.
    manifest : Manifest
        The manifest of the complete run, with its other artifacts.
    """
    content = {
        "@context": [f"{_SPECIFICATION}/context", _TERMS],
        "@graph": graph(folder.path, manifest),
    }
    folder.publish_text(CRATE, json.dumps(content, indent=2, allow_nan=False) + "\n")


def graph(folder: Path, manifest: Manifest) -> list[Entity]:
    """Return the entities of a run."""
    name = f"nnpipe run {folder.parent.name}/{folder.name}"
    files = _files(manifest)
    metrics = [
        {"@id": f"#metric-{key}", "@type": "PropertyValue", "name": key, "value": value}
        for key, value in numbers(manifest.metrics).items()
    ]
    sources = [_input(manifest), *_source_run(manifest)]
    requirements = _requirements(manifest)
    made = [file for file in files if file["@id"] not in ("config.yaml", "overrides.yaml")]
    return [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _SPECIFICATION},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": name,
            "description": "A feed-forward network over an input: config, parameters, outputs",
            "datePublished": _offset(manifest.ended),
            "license": {"@id": "#license"},
            "conformsTo": {"@id": _PROFILE},
            "hasPart": _ids(files),
            "mentions": {"@id": "#run"},
        },
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        _LICENSE,
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": name,
            "description": f"A network over the input {sources[0]['name']}",
            "startTime": _offset(manifest.started),
            "endTime": _offset(manifest.ended),
            "actionStatus": "http://schema.org/CompletedActionStatus",
            "instrument": {"@id": "#nnpipe"},
            "object": _ids([*sources, *(file for file in files if file not in made)]),
            "result": _ids([*made, *metrics]),
        },
        {
            "@id": "#nnpipe",
            "@type": "SoftwareApplication",
            "name": "nnpipe",
            "softwareVersion": manifest.software.get("nnpipe", "unknown"),
            "softwareRequirements": _ids(requirements),
        },
        *requirements,
        *files,
        *sources,
        *metrics,
    ]


def _files(manifest: Manifest) -> list[Entity]:
    return [
        {
            "@id": file,
            "@type": "File",
            "name": file,
            "description": _FILES.get(file, "Made with the run"),
            "encodingFormat": _FORMATS.get(Path(file).suffix, "application/octet-stream"),
            "contentSize": str(artifact.size),
            "sha256": artifact.sha256,
        }
        for file, artifact in manifest.artifacts.items()
    ]


def _requirements(manifest: Manifest) -> list[Entity]:
    return [
        {
            "@id": place,
            "@type": "SoftwareApplication",
            "name": name,
            "url": place,
            "softwareVersion": manifest.software.get(name, "unknown"),
        }
        for name, place in _SOFTWARE.items()
    ]


def _ids(entities: list[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]


def numbers(metrics: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Return the metrics that are finite numbers, with dotted names.

    >>> numbers({"samples": 3, "outputs": {"min": 0.25}, "classes": None})
    {'samples': 3, 'outputs.min': 0.25}
    """
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= numbers(value, f"{before}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, int | float) and abs(value) < float("inf"):
            found[f"{before}{name}"] = value
    return found


def _offset(time: str) -> str:
    """Return a UTC time with a numeric offset, as the profile requires."""
    return time.replace("Z", "+00:00")


def _input(manifest: Manifest) -> Entity:
    known = manifest.input
    return {
        "@id": "#input",
        "@type": "CreativeWork",
        "name": str(known.get("path", known.get("kind", "input"))),
        "description": json.dumps(manifest.fingerprint, default=str),
    }


def _source_run(manifest: Manifest) -> list[Entity]:
    if manifest.source_run is None:
        return []
    about = "The run whose parameters were used"
    return [
        {
            "@id": "#source_run",
            "@type": "CreativeWork",
            "name": manifest.source_run,
            "description": about,
        }
    ]
