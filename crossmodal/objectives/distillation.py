"""Self-distillation: a student predicts the output of its teacher for other crops of the image."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.objectives.gathering import gather


class CentreBuffer(nn.Module):
    """Moving average of the teacher's outputs over batches and processes; it keeps one output from dominating.

    Args:
        dimension: number of outputs of the head.
        momentum: weight of the old centre in an update, 0 to 1.

    Raises:
        ValueError: the dimension is below 1, or the momentum is outside 0 to 1.

    References:
        Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021, equation 4.
    """

    #: (dimension,).
    centre: Tensor

    def __init__(self, dimension: int, momentum: float = 0.9) -> None:
        super().__init__()
        if dimension < 1 or not 0 <= momentum <= 1:
            raise ValueError(f"dimension must be at least 1 and momentum in 0 to 1, got {dimension=}, {momentum=}")
        self.momentum = momentum
        self.register_buffer("centre", torch.zeros(dimension))

    @torch.no_grad()
    def update(self, teacher: Tensor) -> None:
        """Update the centre with the mean of the teacher's outputs (..., dimension); call it after the loss.

        Raises:
            ValueError: the outputs have another dimension.
        """
        if teacher.shape[-1:] != self.centre.shape:
            raise ValueError(f"outputs must be (..., {len(self.centre)}), got {tuple(teacher.shape)}")
        mean = teacher.to(self.centre.dtype).flatten(0, -2).mean(dim=0)
        self.centre = self.centre.lerp(gather(mean[None]).mean(dim=0), 1 - self.momentum)


def dino_loss(
    student: Tensor, teacher: Tensor, centre: Tensor, temperatures: tuple[float, float] = (0.1, 0.04)
) -> Tensor:
    """Compute the mean cross-entropy between the softmax of the teacher and of the student, over pairs of other crops.

    The teacher's outputs are centred, then sharpened by its low temperature. Only the student receives gradients.

    Args:
        student: outputs of the head (crops, n, outputs); the first crops are those of the teacher, in the same order.
        teacher: outputs of the head (global crops, n, outputs).
        centre: (outputs,), as in `CentreBuffer.centre`.
        temperatures: the student's and the teacher's.

    Raises:
        ValueError: the shapes do not match, there is no pair of different crops, or a temperature is not positive.

    References:
        Caron et al., ICCV 2021, equations 1 to 3.
    """
    crops, views = len(student), len(teacher)
    if student.ndim != 3 or teacher.ndim != 3 or student.shape[1:] != teacher.shape[1:] or not 1 <= views <= crops > 1:
        raise ValueError(
            "student must be (crops, n, outputs) with at least two crops, and teacher (global crops, n, outputs) with "
            f"at most as many, got {tuple(student.shape)} and {tuple(teacher.shape)}"
        )
    if not min(temperatures) > 0:
        raise ValueError(f"temperatures must be positive, got {temperatures}")
    with torch.autocast(student.device.type, enabled=False):
        precision = torch.promote_types(student.dtype, torch.float32)
        targets = F.softmax((teacher.detach().to(precision) - centre) / temperatures[1], dim=-1)
        logarithms = F.log_softmax(student.to(precision) / temperatures[0], dim=-1)
        entropies = -torch.einsum("gno,cno->gc", targets, logarithms) / student.shape[1]
    same = torch.eye(views, crops, dtype=torch.bool, device=entropies.device)
    return entropies.masked_fill(same, 0.0).sum() / (views * (crops - 1))
