"""Train recipes on Greatest Hits, leaving videos out, and put them in one table with every baseline.

python benchmarks/greatest_hits.py vis-data-256 --folds 6 --recipes greatest_hits/fine_tuned --out runs/table
python benchmarks/greatest_hits.py vis-data-256 --recipes greatest_hits/fine_tuned --out runs/split

Without ``--folds`` the lists train.txt and test.txt decide. A run that is finished is not trained again, so an
interrupted table resumes. With ``--markdown docs/results.md`` the table replaces what stands between
``<!-- results: begin -->`` and ``<!-- results: end -->``.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from page import put
from runs import trained

from crossmodal import recipe as recipes
from crossmodal.data import GreatestHits, fold_videos
from crossmodal.evaluation import Predict, SoundDataset, evaluate_folds, fit_baselines
from crossmodal.files import replace_atomically
from crossmodal.predict import load_sound_model, predictor

_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"


def main() -> None:
    """Train what is not trained yet, measure everything, print the table, and write it where asked."""
    words = _words()
    seconds: dict[str, float] = {}

    def make_predictors(training: SoundDataset, fold: int) -> Mapping[str, Predict]:
        # Another seed in each fold: draws are by place in the data set, and places repeat from fold to fold.
        made = dict(fit_baselines(training, seed=words.seed + fold))
        for name in words.recipes:
            started = time.perf_counter()
            weights = _train(name, fold, words)
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
            made[name] = predictor(load_sound_model(weights))
        for named in words.weights:
            made[f"weights {named}"] = predictor(load_sound_model(named))
        return made

    table = evaluate_folds(make_predictors, _pairs(words), seed=words.seed)
    text = table.markdown()
    words.out.mkdir(parents=True, exist_ok=True)
    for path, content in ((words.out / "table.md", text), (words.out / "table.json", table.json())):
        with replace_atomically(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    print(text)
    for name, spent in seconds.items():
        print(f"{name}: {spent:.0f} s in all (0 where runs were there already)")
    for page in words.markdown:
        _fill(page, text)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder of the data set")
    parser.add_argument("--folds", type=int, help="leave videos out in so many folds instead of using train/test.txt")
    parser.add_argument("--recipes", nargs="*", default=[], help="what to train beside the baselines")
    parser.add_argument("--weights", nargs="*", default=[], help="weights to measure as they are")
    parser.add_argument("--seed", type=int, default=0, help="of folds, training, draws and resamples (default 0)")
    parser.add_argument("--size", type=int, nargs=2, default=(54, 96), help="of images (default 54 96)")
    parser.add_argument("--cache", type=Path, help="where small frames are kept")
    parser.add_argument("--out", type=Path, required=True, help="run directories, table.md and table.json")
    parser.add_argument("--markdown", type=Path, nargs="*", default=[], help="pages to put the table into")
    return parser.parse_args()


def _pairs(words: argparse.Namespace) -> list[tuple[GreatestHits, GreatestHits]]:
    size = (words.size[0], words.size[1])
    if words.folds is None:
        train_set, test_set = (
            GreatestHits(words.root, split=split, windows="videos", size=size, cache=words.cache)
            for split in ("train", "test")
        )
        return [(train_set, test_set)]
    videos = GreatestHits(words.root, split="all", windows="videos", size=size, cache=words.cache)
    return [
        (videos.subset(training), videos.subset(test))
        for training, test in fold_videos(videos.ids, words.folds, words.seed)
    ]


def _train(name: str, fold: int, words: argparse.Namespace) -> Path:
    """Train a recipe on one fold, unless that is done, and return its weights."""
    changes: dict[str, Any] = {"seed": words.seed, "data.root": str(words.root)}
    if words.folds is not None:
        changes |= {"data.folds": words.folds, "data.fold": fold}
    if words.cache is not None:
        changes["data.cache"] = str(words.cache)
    recipe = recipes.override(recipes.read(recipes.find(name)), changes) | {"evaluations": []}
    out = words.out / name.replace("/", "-") / f"fold-{fold}"
    return trained(recipe, out, f"{name} fold {fold}") / "weights"


def _fill(page: Path, text: str) -> None:
    """Put the table between the page's markers; a page without them, such as a model card, gets them at its end."""
    content = page.read_text(encoding="utf-8")
    if _BEGIN not in content:
        content = f"{content.rstrip()}\n\n## On Greatest Hits, leaving videos out\n\n{_BEGIN}\n{_END}\n"
        with replace_atomically(page) as temporary:
            temporary.write_text(content, encoding="utf-8")
    put(page, text)


if __name__ == "__main__":
    main()
