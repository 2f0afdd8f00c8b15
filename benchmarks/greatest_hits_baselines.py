"""Measure every baseline of sound from video on a Greatest Hits folder, on its own split or leaving videos out.

python benchmarks/greatest_hits_baselines.py /data/vis-data-256 --folds 8 --json baselines.json
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from crossmodal.data import GreatestHits, fold_videos
from crossmodal.evaluation import Predict, SoundDataset, evaluate_all, evaluate_folds, fit_baselines
from crossmodal.files import replace_atomically


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder of the data set")
    parser.add_argument("--folds", type=int, help="leave videos out in so many folds instead of using train/test.txt")
    parser.add_argument("--seed", type=int, default=0, help="of folds, draws and resamples (default 0)")
    parser.add_argument("--cache", type=Path, help="where small frames are kept")
    parser.add_argument("--json", type=Path, help="also write all numbers here")
    words = parser.parse_args()

    def make_baselines(train: SoundDataset, fold: int) -> Mapping[str, Predict]:
        # Another seed in each fold: draws are by place in the data set, and places repeat from fold to fold.
        return fit_baselines(train, seed=words.seed + fold)

    if words.folds:
        videos = GreatestHits(words.root, split="all", windows="videos", cache=words.cache)
        folds = fold_videos(videos.ids, words.folds, words.seed)
        pairs = [(videos.subset(train), videos.subset(test)) for train, test in folds]
        table = evaluate_folds(make_baselines, pairs, seed=words.seed)
    else:
        train, test = (
            GreatestHits(words.root, split=split, windows="videos", cache=words.cache) for split in ("train", "test")
        )
        table = evaluate_all(make_baselines(train, 0), test, train=train, seed=words.seed)
    print(table.markdown())
    if words.json:
        with replace_atomically(words.json) as temporary:
            temporary.write_text(table.json(), encoding="utf-8")


if __name__ == "__main__":
    main()
