"""Self-distillation against a slow twin and closed forms."""

import math

import pytest
import torch

from crossmodal.objectives import CentreBuffer, dino_loss


def _outputs(crops, seed, n=3, outputs=5):
    return torch.randn(crops, n, outputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _softmax(values):
    powers = [math.exp(float(value)) for value in values]
    return [power / sum(powers) for power in powers]


def test_loss_against_its_formula():
    student, teacher, centre = _outputs(4, 0), _outputs(2, 1), _outputs(1, 2)[0, 0]
    terms = []
    for t in range(2):
        for s in range(4):
            if s != t:
                for i in range(3):
                    wanted = _softmax((teacher[t, i] - centre) / 0.05)
                    given = _softmax(student[s, i] / 0.2)
                    terms.append(-sum(q * math.log(p) for q, p in zip(wanted, given, strict=True)))
    made = dino_loss(student, teacher, centre, temperatures=(0.2, 0.05))
    assert made.item() == pytest.approx(sum(terms) / len(terms))


def test_loss_of_a_student_that_knows_nothing_is_the_logarithm_of_the_outputs():
    made = dino_loss(torch.zeros(3, 2, 16), _outputs(2, 0, n=2, outputs=16), torch.zeros(16))
    assert made.item() == pytest.approx(math.log(16))


def test_a_student_that_agrees_has_the_entropy_of_the_teacher():
    outputs = _outputs(1, 0).expand(2, -1, -1)
    probabilities = torch.softmax(outputs[0] / 0.1, dim=-1)
    entropy = -(probabilities * probabilities.log()).sum(dim=-1).mean()
    torch.testing.assert_close(dino_loss(outputs, outputs, torch.zeros(5), (0.1, 0.1)), entropy)


def test_a_crop_does_not_teach_itself():
    teacher = _outputs(1, 1)
    student = _outputs(3, 0).requires_grad_()
    dino_loss(student, teacher, torch.zeros(5)).backward()
    assert not student.grad[0].any()
    assert student.grad[1:].any()


def test_gradients_reach_the_student_alone_and_agree_with_differences():
    student, teacher = _outputs(3, 0).requires_grad_(), _outputs(2, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: dino_loss(s, teacher.detach(), torch.zeros(5), (0.5, 0.3)), (student,))
    dino_loss(student, teacher, torch.zeros(5)).backward()
    assert teacher.grad is None


def test_centre_follows_the_mean_of_outputs():
    buffer = CentreBuffer(5, momentum=0.75)
    first, second = _outputs(2, 0).float(), _outputs(2, 1).float()
    buffer.update(first)
    torch.testing.assert_close(buffer.centre, 0.25 * first.mean(dim=(0, 1)))
    buffer.update(second)
    torch.testing.assert_close(buffer.centre, 0.1875 * first.mean(dim=(0, 1)) + 0.25 * second.mean(dim=(0, 1)))
    assert list(buffer.state_dict()) == ["centre"]


def test_centring_takes_away_what_all_outputs_share():
    student, teacher, shift = _outputs(3, 0), _outputs(2, 1), _outputs(1, 2)[0, 0]
    torch.testing.assert_close(dino_loss(student, teacher + shift, shift), dino_loss(student, teacher, 0 * shift))


def test_half_precision_does_not_reach_the_loss():
    student, teacher = (_outputs(2, seed).bfloat16() for seed in (0, 1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = dino_loss(student, teacher, torch.zeros(5))
    torch.testing.assert_close(made, dino_loss(student.float(), teacher.float(), torch.zeros(5)))


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="at least two crops"):
        dino_loss(_outputs(1, 0), _outputs(1, 1), torch.zeros(5))
    with pytest.raises(ValueError, match="at most as many"):
        dino_loss(_outputs(2, 0), _outputs(3, 1), torch.zeros(5))
    with pytest.raises(ValueError, match="positive"):
        dino_loss(_outputs(2, 0), _outputs(2, 1), torch.zeros(5), (0.1, 0.0))
    with pytest.raises(ValueError, match=r"outputs must be \(\.\.\., 5\)"):
        CentreBuffer(5).update(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="momentum in 0 to 1"):
        CentreBuffer(5, momentum=2)
