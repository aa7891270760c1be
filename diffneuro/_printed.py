"""What the command prints of a fit."""

from rich.console import Console
from rich.table import Table

from ._result import FitResult
from .report._summaries import summary
from .report._verdict import not_determined, starts_described


def print_result(result: FitResult) -> None:
    """Print the parameters, the scores and how sure they are.

    **Arguments:** `result` of a fit.
    """
    console = Console()
    console.print(_parameters(result))
    console.print(_scores(result))
    if result.stage_losses:
        console.print(_stages(result))
    for sentence in not_determined(result):
        print(sentence)
    print(starts_described(result))


def _parameters(result: FitResult) -> Table:
    table = Table(title=f"loss {result.loss:.4g}", title_justify="left")
    for heading in ("parameter", "value", "standard error", "unit", ""):
        justify = "left" if heading in ("parameter", "unit") else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    errors, units, ends = result.standard_errors, result.units, result.at_bound()
    for name, number in result.parameters.items():
        remark = f"at its {ends[name]} bound" if name in ends else ""
        table.add_row(name, f"{number:.5g}", f"{errors[name]:.2g}", units[name], remark)
    return table


def _scores(result: FitResult) -> Table:
    """The mean scores of fitted and held-out sweeps, with the repeats' beside them."""
    found = summary(result)
    table = Table(title="mean over sweeps", title_justify="left")
    table.add_column("")
    for name, both in found.columns.items():
        table.add_column(name, justify="right")
        if both:
            table.add_column("repeats", justify="right")
    for row in found.rows:
        table.add_row(*row)
    return table


def _stages(result: FitResult) -> Table:
    """What each stage of the search reached, by its own loss and by that of the free run."""
    table = Table(title="stages of the search", title_justify="left")
    for heading in ("stage", "iterations", "its own loss", "loss of the free run"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for name, iterations, loss, free_loss in result.stage_losses:
        table.add_row(name, str(iterations), f"{loss:.4g}", f"{free_loss:.4g}")
    return table
