"""`hardmax cylinder`: who leads among snapshots of the flow past a cylinder, and what that means.

Neighbours: `studies.cylinder` computes and asks, `reports.pages.cylinder_page` makes the page.
"""

from pathlib import Path
from typing import Any

import click

from ...kernels.errors import InputError
from ...reports.records.codec import dumps
from ...reports.records.files import write_file
from .parts.options import overwrite, spare
from .parts.output import progress

RECORD, SNAPSHOTS = "cylinder.json", "snapshots.npz"
DEFAULT, COARSER, FINER = (192, 128), (128, 96), (256, 192)
SWEPT = (60.0, 80.0, 120.0, 150.0)


@click.command()
@click.option("--re", "reynolds", type=float, default=100.0, show_default=True, help="Reynolds number, 50 to 180.")
@click.option("--grid", "size", type=(int, int), default=DEFAULT, show_default=True, help="Rings and rays.")
@click.option(
    "--snapshots",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Snapshots of your own, .npz or .npy: time x space, or time x y x x x 2; one cycle at equal steps. Or the "
    "snapshots.npz of an earlier run.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the record and snapshots.")
@click.option("--report", is_flag=True, help="Also write the page (needs --out).")
@click.option("--sweep", is_flag=True, help="Also other Reynolds numbers, 60 to 150, and other resolutions.")
@overwrite
def cylinder(
    reynolds: float,
    size: tuple[int, int],
    path: Path | None,
    out: Path | None,
    report: bool,
    sweep: bool,
    overwrite: bool,
) -> int:
    """Compute vortex shedding past a cylinder, and ask who leads among its snapshots.

    Exit status: 0 whatever the claims' verdicts, which are findings; 2 bad usage or input.
    """
    from ..studies.cylinder.flow import Grid
    from ..studies.cylinder.shedding import saved, shed
    from ..studies.cylinder.study import flow_record, read_snapshots, study_flow, study_snapshots

    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    if path is not None and sweep:
        raise click.UsageError("--sweep computes flows; leave it out beside --snapshots")
    if not 50 <= reynolds <= 180:
        raise InputError(f"--re is {reynolds:g}; give 50 to 180, where vortices are shed and the flow stays plane")
    if not (64 <= size[0] <= 768 and 48 <= size[1] <= 512):
        raise InputError(f"--grid is {size[0]} {size[1]}; give 64 to 768 rings and 48 to 512 rays")
    if out is not None:
        spare(out / RECORD, overwrite or not (out / RECORD).exists())
    with progress() as told:
        if path is not None:
            flow = saved(path)
            record = (
                study_snapshots(read_snapshots(path), path.name, told) if flow is None else study_flow(flow, (), told)
            )
        else:
            flow = shed(reynolds, Grid(*size), told)
            others: list[Any] = [flow_record(shed(reynolds, Grid(*COARSER), told))]
            for other, grid in ((reynolds, FINER), *((one, size) for one in SWEPT)) if sweep else ():
                try:
                    others.append(flow_record(shed(other, Grid(*grid), told)))
                except InputError as error:
                    click.echo(f"hardmax: left out: {error}", err=True)
            record = study_flow(flow, tuple(others), told)
    click.echo(describe(record))
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            write_file(out / RECORD, dumps(record, readable=True) + "\n")
            if flow is not None:
                flow.save(out / SNAPSHOTS)
            if report:
                from ...reports.pages.cylinder_page import write_page

                click.echo(f"written to {write_page(out)}")
        except OSError as error:
            raise InputError(f"{error.filename or out} cannot be written: {error.strerror or error}") from None
    return 0


def describe(record: Any) -> str:
    """The record for a person: the conclusion first, then flows, claims and numbers."""
    lines = [record.source, *(f"  {line}" for line in record.conclusion), "flows"]
    for f in record.flows:
        lines.append(
            f"  Re {f.reynolds:g}, {f.radial} x {f.angular}: Strouhal {f.strouhal:.4f}, drag {f.drag:.4f}, lift "
            f"{f.lift:.4f}; two cycles differ by {f.settled:.0e}; leaders of 3,600 snapshots (foretold), "
            + ", ".join(
                f"{c.name}: {low}-{high} ({foretold:.1f})"
                for c, foretold, (low, high, _) in zip(record.windows, f.predicted, f.leaders, strict=True)
            )
        )
    lines += ["claims"]
    for q in record.questions:
        lines += [f"  {q.verdict:13} {q.id}: {q.statement}", f"      {q.effect}", *(f"      {r}" for r in q.rivals)]
    lines += ["leaders, by snapshots of a cycle"]
    for c in (*record.windows, *record.variants, *record.nulls):
        foretold = "" if c.predicted is None else f", foretold {c.predicted:.1f}"
        shown = "  ".join(f"{n}: {low}" if low == high else f"{n}: {low}-{high}" for n, low, high in c.counts)
        lines.append(f"  {c.name}{foretold}: {shown}")
    return "\n".join(lines)
