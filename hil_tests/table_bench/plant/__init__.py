"""The table as a controller's pins see it: physics behind GPIO, ADC and I2C."""

from table_bench.plant.plant import Plant, PlantSettings
from table_bench.plant.truth import Truth

__all__ = ["Plant", "PlantSettings", "Truth"]
