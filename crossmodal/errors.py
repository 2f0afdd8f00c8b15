"""Errors that a user can cause; each message ends with what to do next.

Every message states what is wrong, where (file, line or dotted key), what was found and what to type next. The command
line prints the message without a traceback and exits with ``exit_code``; library code catches `CrossmodalError`.
"""


class CrossmodalError(Exception):
    """Any failure with a cause outside the code: arguments, files, data, disks."""

    exit_code = 1


class UsageError(CrossmodalError):
    """The arguments of a command are wrong."""

    exit_code = 2


class RecipeError(CrossmodalError):
    """A recipe has mistakes; the message lists all of them, each with its dotted path."""

    exit_code = 2


class DatasetError(CrossmodalError):
    """A data set is missing, incomplete or inconsistent."""


class FormatError(CrossmodalError):
    """A file is damaged, or not in the format that its name or header states."""


class WeightsError(CrossmodalError):
    """Weights are missing or damaged, or do not fit the model."""


class OutputError(CrossmodalError):
    """An output cannot be written: no such folder, no permission, no space, or the folder is not empty."""


class TrainingError(CrossmodalError):
    """Training cannot start or continue: the loss is not finite, or the run directory belongs to another run."""
