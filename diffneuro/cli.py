"""The command `diffneuro`: fit, simulate, sweep, models."""

import enum
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from . import losses, methods, recordings, stimuli
from ._arguments import cropped, default_dt, free_parameters, kept_out, load, named_value
from ._defaults import (
    Search,
    between_spikes,
    default_loss,
    default_search,
    evolving,
    fires,
    spike_loss,
)
from ._fit import as_free, fit as fit_model
from ._holdout import as_holdout, fitted_part
from ._model import AbstractConductanceModel, AbstractModel, parameters, replace
from ._printed import print_result
from ._problems import PROBLEMS
from ._simulate import simulate as simulate_model
from ._storage import write_atomically
from ._sweep_file import HELP as SWEEP_HELP, sweep_command

_INTERRUPTED = 130
_UNFINISHED = "unfinished_fit.zip"


ModelName = enum.StrEnum("ModelName", list(PROBLEMS))


class MethodName(enum.StrEnum):
    """How to search."""

    auto = "auto"
    pipeline = "pipeline"
    synchronised = "synchronised"
    levenberg_marquardt = "levenberg-marquardt"
    adam = "adam"
    evolution = "evolution"


class LossName(enum.StrEnum):
    """What is compared."""

    auto = "auto"
    voltage = "voltage"
    spikes = "spikes"


app = typer.Typer(
    help="Differentiable neuron models, fitted to recordings by gradient.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"diffneuro {version('diffneuro')} (jax {version('jax')})")
        raise typer.Exit


@app.callback()
def _common(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of an error.")
    ] = False,
) -> None:
    """Differentiable neuron models, fitted to recordings by gradient."""


@app.command()
def fit(
    recording: Annotated[
        str, typer.Argument(help="A NWB, ABF, Igor, CSV/TSV or NPZ file, or `example`.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for fit.npz, report.html and its figures.")],
    model: Annotated[
        ModelName, typer.Option(help="What is fitted; see `diffneuro models`.")
    ] = ModelName["hh"],
    sweeps: Annotated[
        str, typer.Option(help="Numbers of the sweeps to use, such as 3,5,8-12. [all]")
    ] = "",
    holdout: Annotated[
        str,
        typer.Option(
            help="Sweeps kept out of the fit and scored, or `none`. [every third, from 4 sweeps on]"
        ),
    ] = "",
    holdout_time: Annotated[
        str,
        typer.Option(
            help="A part of every sweep, START:STOP in ms, that is scored; what comes before it "
            "is fitted. [none]"
        ),
    ] = "",
    free: Annotated[
        list[str] | None,
        typer.Option(
            help="A free parameter and its bounds, NAME=LOW:HIGH or NAME=LOW:HIGH:log; "
            "may be repeated, and then replaces the model's own list."
        ),
    ] = None,
    starts: Annotated[
        int | None, typer.Option(help="Random starts. [as many as the search needs]", min=1)
    ] = None,
    method: Annotated[MethodName, typer.Option(help="How to search.")] = MethodName.auto,
    loss: Annotated[
        LossName,
        typer.Option(help="What is compared; auto takes spikes where the recording has any."),
    ] = LossName.auto,
    seed: Annotated[int, typer.Option(help="Decides the random starts.")] = 0,
    channel: Annotated[
        str | None, typer.Option(help="The voltage channel, where the file has several.")
    ] = None,
    current: Annotated[
        str, typer.Option(help="The current: auto, measured, command, or a name in the file.")
    ] = "auto",
    current_scale: Annotated[
        float | None, typer.Option(help="pA for one unit of the file's current.")
    ] = None,
    crop: Annotated[
        str, typer.Option(help="The part of every sweep to use, START:STOP in ms. [all]")
    ] = "",
    dt: Annotated[
        float | None,
        typer.Option(
            help="Step in ms. [a multiple of the sampling, at most 0.05, for adex and lif 0.1]"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted fit in the out folder.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is in the out folder.")
    ] = False,
) -> None:
    """Fit a model to a current-clamp recording and write a report.

    For example: `diffneuro fit cell.abf --model adex --out out --current command`
    """
    problem = PROBLEMS[model]
    data = load(recording, sweeps, channel, current, current_scale)
    data = cropped(data, crop)
    data = data.resample(dt if dt is not None else default_dt(data.dt, problem.largest_dt))
    neuron = problem.make()
    bounds = as_free(neuron, free_parameters(free) if free else problem.free)
    _prepare(out, overwrite, resume)
    held_out = kept_out(holdout, holdout_time, data)
    compared = _compared(loss, neuron, fitted_part(data, as_holdout(held_out, data)))
    search = default_search(neuron, compared, len(bounds), starts)
    checkpoint = out / _UNFINISHED
    result = fit_model(
        neuron,
        data,
        free=bounds,
        loss=compared,
        method=_method(method, search, neuron, len(bounds)),
        starts=search.starts,
        key=jax.random.key(seed),
        holdout=held_out,
        checkpoint=checkpoint,
    )
    saved = result.save(out / "fit.npz", overwrite=True)
    page = result.report(out / "report.html", overwrite=True)
    print_result(result)
    print(f"saved {saved} and {page}")
    if not result.completed:
        cure = "go on with --resume" if checkpoint.exists() else "start anew with --overwrite"
        print(f"interrupted: the best so far is saved; {cure} --out {out}")
        raise typer.Exit(_INTERRUPTED)
    checkpoint.unlink(missing_ok=True)


@app.command()
def simulate(
    model: Annotated[ModelName, typer.Option(help="What is simulated.")],
    out: Annotated[Path, typer.Option(help="CSV file with time, current and voltage.")],
    amplitude: Annotated[float, typer.Option(help="Step of injected current, pA.")] = 1000.0,
    start: Annotated[float, typer.Option(help="Start of the step, ms.")] = 10.0,
    stop: Annotated[float, typer.Option(help="End of the step, ms.")] = 90.0,
    t1: Annotated[float, typer.Option(help="Length of the run, ms.")] = 100.0,
    dt: Annotated[float, typer.Option(help="Step of the solver, ms.")] = 0.025,
    value: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, NAME=VALUE; may be repeated.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the CSV file.")] = False,
) -> None:
    """Run a model under a step of current and write the trace, which `fit` can read."""
    if out.exists() and not overwrite:
        raise ValueError(f"{out} exists: pass --overwrite or choose another name.")
    neuron = replace(PROBLEMS[model].make(), dict(map(named_value, value or [])))
    step = stimuli.Step(amplitude, start, stop)
    run = simulate_model(neuron, step, t1=t1, dt=dt)
    time = dt * np.arange(len(run.y))
    # The current of a step is the one in its middle, which is what the solver used.
    current = jax.vmap(step)(time + 0.5 * dt)
    rows = np.stack([np.asarray(column, float) for column in (time, current, run.y)], axis=1)
    lines = [f"{t:.10g},{i:.7g},{v:.7g}" for t, i, v in rows]
    text = "\n".join(["time_ms,current_pA,voltage_mV", *lines, ""])
    write_atomically(out, text.encode())
    print(f"wrote {len(rows)} samples to {out}")


app.command("sweep", help=SWEEP_HELP)(sweep_command)


@app.command()
def models() -> None:
    """List the models, their parameters and units, and what `fit` leaves free."""
    console = Console()
    for name, problem in PROBLEMS.items():
        table = Table(title=f"{name}: {problem.description}", title_justify="left")
        for heading in ("parameter", "default", "unit", "free in a fit"):
            table.add_column(heading, justify="right" if heading == "default" else "left")
        for path, (default, unit) in parameters(problem.make()).items():
            bounds = problem.free.get(path)
            limits = f"{bounds.low:g} to {bounds.high:g}, {bounds.scale}" if bounds else ""
            table.add_row(path, f"{float(default):g}", unit, limits)
        console.print(table)


def main() -> None:
    """Run the command; an error is one line on standard error and a non-zero status."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        message = " ".join(str(error).split())
        if not isinstance(error, ValueError | OSError | ImportError):
            message = f"unexpected {type(error).__name__}: {message} (--debug shows where)"
        print(f"diffneuro: {message}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("diffneuro: interrupted", file=sys.stderr)
        raise SystemExit(_INTERRUPTED) from None


def _prepare(out: Path, overwrite: bool, resume: bool) -> None:
    """Make the out folder, and find out before a long fit whether it can be written."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file: give a folder.")
    unfinished = out / _UNFINISHED
    if resume and not unfinished.exists():
        raise ValueError(f"{out} holds no interrupted fit: leave out --resume.")
    if unfinished.exists() and not (resume or overwrite):
        raise ValueError(
            f"{out} holds an interrupted fit: pass --resume to go on with it, or --overwrite to "
            "start anew."
        )
    if (out / "fit.npz").exists() and not (resume or overwrite):
        raise ValueError(f"{out} holds a fit: pass --overwrite or choose another folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        writable = os.access(out, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise ValueError(f"--out {out} cannot be written: choose a folder that you may write.")
    if not resume:
        unfinished.unlink(missing_ok=True)


def _compared(
    name: LossName, neuron: AbstractModel, data: recordings.Recording
) -> losses.AbstractLoss:
    if name is LossName.auto:
        return default_loss(neuron, data)
    if name is LossName.voltage:
        return losses.VoltageError()
    if not fires(data):
        raise ValueError(
            "--loss spikes compares spikes, but no fitted sweep has any: choose sweeps that fire "
            "with --sweeps, --holdout or --crop, or take --loss voltage."
        )
    return spike_loss(neuron, data)


def _method(
    name: MethodName, usual: Search, neuron: AbstractModel, parameters: int
) -> methods.AbstractMethod | methods.Pipeline:
    if name is MethodName.auto:
        return usual.method
    can_be_pulled = isinstance(neuron, AbstractConductanceModel)
    return {
        MethodName.pipeline: between_spikes(parameters) if can_be_pulled else evolving(),
        MethodName.synchronised: methods.Synchronised(),
        MethodName.levenberg_marquardt: methods.LevenbergMarquardt(refill_every=10),
        MethodName.adam: methods.Adam(),
        MethodName.evolution: methods.CMAES(),
    }[name]


if __name__ == "__main__":
    main()
