"""Images as columns of windows, and back."""

from tinygrad_edu.nn.functional import images
from tinygrad_edu.nn.modules.from_table import module_of

__all__ = ["Fold", "Unfold"]

Unfold = module_of("Unfold", images.unfold, __name__, leave=("input",))
Fold = module_of("Fold", images.fold, __name__, leave=("input",))
