"""How well methods fit real cells, at equal simulations."""
