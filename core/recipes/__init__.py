"""The parts that maps are made of: parameters, layers, and the recipe that binds them."""

from .layers import Extent as Extent
from .layers import MapLayer as MapLayer
from .map_operation import map_operation as map_operation
from .params import MapParams as MapParams
from .params import OpticalMapParams as OpticalMapParams
from .params import stack_param as stack_param
from .recipe import MapRecipe as MapRecipe
