"""Networks of spiking neurons beside other simulators."""
