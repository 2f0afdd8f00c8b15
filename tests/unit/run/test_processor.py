"""Settings for training on a CPU."""

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
def test_slow_bfloat16_is_replaced_by_single_precision(monkeypatch, capability, accelerator, expected):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert quick_precision("bf16-mixed", accelerator) == expected


@pytest.mark.parametrize("present", [True, False])
def test_bfloat16_is_kept_with_an_accelerator(monkeypatch, present):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: present)
    assert quick_precision("bf16-mixed") == ("bf16-mixed" if present else "32-true")


@pytest.mark.parametrize("precision", [None, 32, "32-true", "bf16-true", "16-mixed"])
def test_other_precisions_are_unchanged(precision):
    assert quick_precision(precision, "cpu") == precision


def test_freed_memory_is_kept_with_glibc():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")


def test_other_c_libraries_are_unchanged(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
