"""The errors a user can cause, each a sentence that says what to do next.

Every message names what is wrong, where (file, line or dotted key), what was found instead and what to type next. The
command line prints the message alone and leaves with ``exit_code``; a library user catches `CrossmodalError`.
"""


class CrossmodalError(Exception):
    """Any failure with a cause outside the code: arguments, files, data, disks."""

    exit_code = 1


class UsageError(CrossmodalError):
    """The arguments of a command are wrong."""

    exit_code = 2


class RecipeError(CrossmodalError):
    """A recipe holds mistakes; the message lists all of them, each with its dotted path."""

    exit_code = 2


class DatasetError(CrossmodalError):
    """A data set is missing, incomplete or inconsistent."""


class FormatError(CrossmodalError):
    """A file is not what it says it is."""


class WeightsError(CrossmodalError):
    """Weights do not fit the model, or are not weights."""


class OutputError(CrossmodalError):
    """A result cannot be written: no such place, no permission, no space, or something is there already."""


class TrainingError(CrossmodalError):
    """Training cannot continue: the loss is not a number, or the run directory belongs to another run."""
