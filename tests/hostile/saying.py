"""Attacks by texts: control characters for a terminal, formulas for a table, code for a page."""

import csv
import json
import os

import h5py
import yaml

from tests.hostile.corpus import FAILS, HARMLESS, add, edit_sweep, forge
from tests.hostile.touching import EVERYTHING

ESCAPE = "\x1b]0;owned\x07\x1b[2J"
TEXTS = {
    "escape": f"a{ESCAPE}b",
    "carriage-return": "a\rb",
    "newline": "a\nb\nc",
    "bidi": "a\u202eb\u2066c",
    "c1": "a\x9b31mb",
    "nothing": "a\x00b",
    "surrogate": "a\ud800b",
    "script": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
}


def is_inert(place, said):
    """Assert that no page holds the code that was put into a text."""
    for page in place.outputs.rglob("*.html"):
        text = page.read_text(encoding="utf-8", errors="surrogatepass")
        assert "<script>alert(1)" not in text
        assert "<img src=x" not in text


SWEEP = ("runs resume s/1", "runs show s/1", "runs list", "runs verify s/1", "report s/1")
for name, text in TEXTS.items():

    def in_a_run(place, text=text):
        manifest = json.loads((place.run / "manifest.json").read_text())
        layers = [layer | {"activation": text} for layer in manifest["network"]]
        forge(
            place.run,
            metrics=manifest["metrics"] | {"accuracy": text, text: 1, "outputs": {"mean": text}},
            network=layers,
            software={text: text},
            git_commit=text,
            source_run=text,
            ended=text,
            input=manifest["input"] | {"path": text, "dataset": text, text: text},
        )

    add("text", f"{name}-in-a-manifest", in_a_run, *EVERYTHING, statuses=HARMLESS, check=is_inert)

    def of_a_failure(place, text=text):
        forge(place.run, status="failed", error=text)

    add(
        "text", f"{name}-in-an-error", of_a_failure, *EVERYTHING, "runs gc --yes", statuses=HARMLESS
    )

    def in_a_sweep(place, text=text):
        for job in ("000", "002"):
            path = place.sweep / "runs" / job / "manifest.json"
            metrics = json.loads(path.read_text())["metrics"]
            changes = {
                "metrics": metrics | {text: 1.5, "evaluation": {"accuracy": 0.5, "input": text}}
            }
            forge(place.sweep / "runs" / job, **changes)
        forge(place.sweep / "runs" / "002", status="failed", error=text)

    add("text", f"{name}-in-a-sweep", in_a_sweep, *SWEEP, statuses=HARMLESS, check=is_inert)

    if name not in ("surrogate", "nothing"):

        def typed(place, text=text):
            path = place.run / "overrides.yaml"
            path.write_text(yaml.safe_dump([f"seed={text}", text]))
            forge(place.run)
            path = place.sweep / "runs" / "000" / "overrides.yaml"
            path.write_text(yaml.safe_dump([f"seed={text}", text]))
            forge(place.sweep / "runs" / "000")

        add(
            "text",
            f"{name}-in-overrides",
            typed,
            *EVERYTHING,
            *SWEEP,
            statuses=HARMLESS,
            check=is_inert,
        )

        def asked(place, text=text):
            edit_sweep(place.sweep, task=[text], started=text)

        add("text", f"{name}-in-sweep.yaml", asked, *SWEEP, statuses=HARMLESS)

    def named(place, text=text):
        raw = text.encode("utf-8", "surrogatepass").replace(b"/", b"_").replace(b"\0", b"")
        folder = os.fsencode(place.outputs) + b"/" + raw
        os.makedirs(folder + b"/v0001/" + raw)
        os.makedirs(os.fsencode(place.sweep) + b"/runs/" + raw)
        os.mkdir(os.fsencode(place.run) + b"/" + raw)

    add(
        "text",
        f"{name}-in-names",
        named,
        "runs list",
        "runs gc --yes",
        "runs verify nobody/1",
        "runs resume s/1",
        "report s/1",
        "runs remove a/1 --yes",
        statuses=HARMLESS,
    )

    def of_a_dataset(place, text=text):
        raw = text.encode("utf-8", "surrogatepass").replace(b"/", b"_").replace(b"\0", b"")
        with h5py.File(place.work / "x.h5", "w") as file:
            for number in (b"1", b"2"):
                space = h5py.h5s.create_simple((3, 2))
                h5py.h5d.create(file.id, raw + number, h5py.h5t.IEEE_F32LE, space)

    add(
        "text",
        f"{name}-in-a-dataset",
        of_a_dataset,
        "run input=hdf5 input.path=x.h5",
        statuses=FAILS,
    )


# Cells of a table


def is_plain(place, said):
    """Assert that no cell of any table is a formula or holds a control character."""
    for table in place.outputs.rglob("*.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert cell.isprintable(), (table, cell)
                    if cell[:1] in tuple("=+-@"):
                        float(cell)


FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1)", "+1+cmd|' /C calc'!A0", "-1+1", "\t=1", ESCAPE)
for number, formula in enumerate(FORMULAS):

    def in_the_table(place, formula=formula):
        job = place.sweep / "runs" / "000"
        metrics = json.loads((job / "manifest.json").read_text())["metrics"]
        forge(job, metrics=metrics | {formula: 1, "evaluation": {"input": formula}})
        forge(place.sweep / "runs" / "002", status="failed", error=formula)

    def in_overrides(place, formula=formula, in_the_table=in_the_table):
        in_the_table(place)
        path = place.sweep / "runs" / "000" / "overrides.yaml"
        path.write_text(yaml.safe_dump([f"seed={formula}", f"{formula}=1"]))

    add(
        "text",
        f"formula-in-overrides-{number}",
        in_overrides,
        "runs resume s/1",
        statuses=HARMLESS,
        check=is_plain,
    )
    add(
        "text",
        f"formula-{number}",
        in_the_table,
        "runs resume s/1",
        statuses=HARMLESS,
        check=is_plain,
    )

    def kept_in_the_table(place, formula=formula):
        with (place.sweep / "sweep.csv").open("w", newline="") as file:
            csv.writer(file).writerows(
                [["job", "seed", formula], ["000", formula, "1"], ["7", formula, formula]]
            )

    add(
        "text",
        f"formula-kept-{number}",
        kept_in_the_table,
        "runs resume s/1",
        statuses=HARMLESS,
        check=is_plain,
    )
