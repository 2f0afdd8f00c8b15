#!/bin/sh
# numba 0.68.1, cache=True: after a NamedTuple that a compiled function takes is renamed, the first call of the new source
# raises AttributeError instead of compiling.
#
# A good guess: the documentation says that a changed source file invalidates the cached code (the index holds a stamp of
# the file), so the edited module compiles again and runs. Seen: the index is one pickle of the stamp and of the types of all
# compiled signatures. It is loaded whole before the stamp is compared, and the type of the old NamedTuple is a reference
# to a class that the module no longer has. Deleting the .nbi files helps. Who ships compiled kernels in a package meets
# this when users upgrade in place, since an installer leaves the .nbi files in __pycache__ alone.
#
# Exit 0: seen as described. Exit 1: it behaves otherwise now.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.2.6
cd "$work"
unset NUMBA_CACHE_DIR PYTHONPATH PYTHONDONTWRITEBYTECODE || true

write_module() { # the name of the NamedTuple
    cat > kernels.py <<END
from typing import NamedTuple
import numba

class $1(NamedTuple):
    height: int
    width: int

@numba.njit(cache=True)
def area(size):
    return size.height * size.width

if __name__ == "__main__":
    import kernels
    print(kernels.area(kernels.$1(3, 4)))
END
}

write_module Picture
first=$("$work/venv/bin/python" kernels.py)
write_module ImageSize
code=0
second=$("$work/venv/bin/python" kernels.py 2>&1) || code=$?
rm -f __pycache__/*.nbi
third=$("$work/venv/bin/python" kernels.py)

echo "numba $("$work/venv/bin/python" -c 'import numba; print(numba.__version__)')"
echo "as written:            $first"
echo "class renamed:         exit $code, $(echo "$second" | tail -n 1)"
echo "index files deleted:   $third"
case "$first $code $second $third" in
    "12 1 "*"AttributeError: Can't get attribute 'Picture'"*" 12") echo "as described" ;;
    *) echo "this behaves otherwise now"; exit 1 ;;
esac
