"""What a channel says that needs concentrations."""

from .._model import Ion, Membrane


def kept_ion(u: Membrane, ion: str, asker: object) -> Ion:
    """The concentrations of an ion, for a channel that cannot do without them.

    **Arguments:** `u`, the membrane; `ion`, its name; `asker`, the channel that asks.

    **Raises:** `ValueError` where nobody keeps them, which says what to add.
    """
    if ion not in u.ions:
        raise ValueError(
            f"{type(asker).__name__} needs the concentrations of {ion!r}, which nobody keeps here: "
            f"give the cell a pool, as Cell(..., ions={{{ion!r}: ions.{_POOLS.get(ion, _ANY)}}})."
        )
    return u.ions[ion]


_ANY = "FixedConcentrations(...)"
_POOLS = {"ca": "CalciumShell()", "k": "AccumulatingIon()"}
