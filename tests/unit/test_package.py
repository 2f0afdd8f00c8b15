"""The package as a whole: every module can be reached by its name, and what `import crossmodal` costs."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules, walk_packages
from types import ModuleType

import crossmodal

MODULES = sorted(module.name for module in iter_modules(crossmodal.__path__) if not module.name.startswith("_"))
#: These are used by commands that answer at once, and by users who need no network.
WITHOUT_TORCH = ("cards", "errors", "files", "gait", "interval", "progress", "randomness", "recipe", "tactile")


def test_no_package_attribute_hides_a_module():
    """``import crossmodal.a.b as b`` takes the attribute ``b`` of the package; it must be the module."""
    hidden = []
    for module in walk_packages(crossmodal.__path__, "crossmodal."):
        if module.name.endswith("__main__"):
            continue
        loaded = import_module(module.name)
        package, _, name = module.name.rpartition(".")
        if getattr(sys.modules[package], name) is not loaded:
            hidden.append(module.name)
    assert not hidden, "a package re-exports something under the name of its own module: rename the module"


def test_every_module_is_an_attribute_after_importing_the_package_alone():
    assert set(MODULES) <= set(dir(crossmodal))
    # One new interpreter for all: nothing of the package has been imported before in there.
    lines = "\n".join(f"crossmodal.{name}" for name in WITHOUT_TORCH)
    rest = "\n".join(f"print(type(crossmodal.{name}).__name__)" for name in MODULES)
    code = "import sys, crossmodal\nprint(*sorted(name for name in sys.modules if name.startswith('crossmodal')))\n"
    code += f"{lines}\nprint('torch' in sys.modules)\n{rest}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["crossmodal", "crossmodal._version", "False", *[ModuleType.__name__] * len(MODULES)]


def test_an_unknown_name_is_no_attribute():
    assert not hasattr(crossmodal, "recipies")
