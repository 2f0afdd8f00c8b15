"""What is done for training on a processor."""

import platform

import pytest
import torch

from crossmodal.run.processor import keep_freed_memory, quick_precision


@pytest.mark.parametrize(
    ("capability", "accelerator", "expected"),
    [
        ("AVX2", "cpu", "32-true"),
        ("DEFAULT", "cpu", "32-true"),
        ("AVX512", "cpu", "bf16-mixed"),
        ("AVX2", "cuda", "bf16-mixed"),
    ],
)
def test_bfloat16_is_left_out_where_a_processor_only_imitates_it(monkeypatch, capability, accelerator, expected):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert quick_precision("bf16-mixed", accelerator) == expected


@pytest.mark.parametrize("present", [True, False])
def test_an_accelerator_that_is_there_keeps_bfloat16(monkeypatch, present):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: present)
    assert quick_precision("bf16-mixed") == ("bf16-mixed" if present else "32-true")


@pytest.mark.parametrize("precision", [None, 32, "32-true", "bf16-true", "16-mixed"])
def test_any_other_precision_is_taken_as_it_is(precision):
    assert quick_precision(precision, "cpu") == precision


def test_freed_memory_is_kept_where_the_c_library_can():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
