"""Training tasks: a model, its objective and the metrics logged during training."""

import lazy_loader

# Names are imported at first use; __init__.pyi lists them.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
