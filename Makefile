# make setup   install the environment in .venv     make demo   from an empty folder to a video with predicted sound
# make test    all tests but the slow ones          make lint   the linters of .ci/run
# make test-slow   whole grids, long fuzzing and long runs (minutes)
# make profile-tests   CPU-seconds of the tests, by test function and by file
# make test-install   `pip install .` with every dependency into a bare environment (minutes, gigabytes)
# make clean   remove the outputs of these targets

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The uv of the machine if it has one, else one in .uv, which no other program uses.
UV ?= $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
# Without a writable home directory, caches are in .uv.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export UV_CACHE_DIR := $(CURDIR)/.uv/cache
export XDG_CACHE_HOME := $(CURDIR)/.uv/cache
export MPLCONFIGDIR := $(CURDIR)/.uv/matplotlib
endif
# Machines with another package index usually set it for pip; uv has a separate variable.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_HTTP_TIMEOUT ?= 300
READY := $(VENV)/.ready
# All targets share the compiled kernels.
export NUMBA_CACHE_DIR := $(CURDIR)/.numba_cache
DEMO := runs/demo

# make weights  train the shipped models and copy them to crossmodal/_weights (weights-starts, -sound, -gait, -scenes: some)
.PHONY: setup demo demo-videos demo-run demo-table demo-prediction demo-noise demo-gait demo-dissection weights weights-starts weights-noise weights-sound weights-gait weights-scenes test test-slow profile-tests test-install lint clean

setup: $(READY)

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crossmodal needs Python 3.11 or newer; as in: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || \
	  { echo "neither uv nor pip was found; install one of them (Debian: apt install python3-pip)" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .uv uv

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crossmodal needs Python 3.11 or newer; as in: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x "$$(command -v $(UV))" || $(MAKE) --no-print-directory .uv/bin/uv
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --editable . --group dev
	@touch $@

# Runs a command and prints its output when it is done, so that parallel jobs do not mix their lines.
aside = @output=$$($(1) 2>&1) || { echo '$(1)'; echo "$$output"; exit 1; }; echo '$(1)'; echo "$$output"

# Existing videos are kept; the run and everything after it is made again. Two jobs: noise beside the videos, the rest
# beside the evaluation, which uses one core; training uses both.
demo: setup
	rm -rf $(DEMO)/run $(DEMO)/metrics.json $(DEMO)/table.md $(DEMO)/silent.mp4 $(DEMO)/prediction.*
	@$(MAKE) --no-print-directory --jobs 2 demo-table demo-noise demo-prediction demo-gait demo-dissection
	@echo
	@echo "Results:"
	@echo "  $(DEMO)/prediction.mp4   a held-out clip with the predicted sound"
	@echo "  $(DEMO)/prediction.wav   the predicted sound"
	@echo "  $(DEMO)/prediction.png   frames, true and predicted cochleagram and onsets"
	@echo "  $(DEMO)/table.md         the model and the baselines, with 95 % intervals"
	@echo "  $(DEMO)/metrics.json     the same numbers as JSON"
	@echo "  $(DEMO)/noise.png        procedural images, as used for pretraining"
	@echo "  $(DEMO)/gait/report.html gait report of a simulated walk: footprints, events, parameters"
	@echo "  $(DEMO)/dissection/report.html concepts of the units of a generator of scenes"
	@echo "  $(DEMO)/run              recipe, metrics of the training, weights with their model card"

demo-videos: setup
	$(BIN)/crossmodal data make stand_in_hits --out $(DEMO)/stand_in_hits --videos 40 --seconds 10 --num-workers 2

demo-run: demo-videos
	$(BIN)/crossmodal train stand_in_hits/demo --out $(DEMO)/run \
	  --data.root $(DEMO)/stand_in_hits --data.cache $(DEMO)/cache

demo-table: demo-run
	$(BIN)/crossmodal evaluate $(DEMO)/run --baselines --table $(DEMO)/table.md --json $(DEMO)/metrics.json

CLIP = $(DEMO)/stand_in_hits/$$(head -n 1 $(DEMO)/stand_in_hits/test.txt)_denoised.mp4

demo-prediction: demo-run
	$(call aside,$(BIN)/crossmodal strip-sound $(CLIP) --out $(DEMO)/silent.mp4)
	$(call aside,$(BIN)/crossmodal predict-sound $(DEMO)/silent.mp4 --weights $(DEMO)/run/weights --truth $(CLIP) \
	  --out $(DEMO)/prediction.mp4 --wav $(DEMO)/prediction.wav --figure $(DEMO)/prediction.png)

demo-noise: setup
	$(call aside,$(BIN)/crossmodal noise mixture --count 24 --grid $(DEMO)/noise.png)

demo-gait: demo-run
	$(call aside,$(BIN)/crossmodal data make walks --out $(DEMO)/walks --walks 2 --seconds 8)
	$(call aside,$(BIN)/crossmodal gait $(DEMO)/walks/walk-000001.npz --out $(DEMO)/gait)

demo-dissection: demo-run
	$(call aside,$(BIN)/crossmodal dissect scenes/generator --layer layer3 --segmenter scenes/segmenter --out $(DEMO)/dissection)

# Copies the weights of a run to the shipped weights: $(call ship,run,name).
ship = rm -rf crossmodal/_weights/$(2) && mkdir -p $(dir crossmodal/_weights/$(2)) && cp -r $(1)/weights crossmodal/_weights/$(2)
WEIGHTS := runs/weights

weights: weights-starts weights-sound weights-gait weights-scenes

# The recipe of weights-noise; on a GPU, as published:
#   make weights-noise NOISE_RECIPE=noise_pretraining/published NOISE_ARGS='--data.process programs --trainer.accelerator gpu'
# With PHOTOGRAPHS=DIR (as `crossmodal probe --data` takes them) the model card contains the accuracy on them.
NOISE_RECIPE ?= noise_pretraining/programs_half
NOISE_ARGS ?=
NOISE_NAME ?= programs/small_alexnet
NOISE_BACKBONE ?= small_alexnet
PHOTOGRAPHS ?=

weights-noise: setup
	rm -rf $(WEIGHTS)/noise $(WEIGHTS)/trunk
	$(BIN)/crossmodal train $(NOISE_RECIPE) $(NOISE_ARGS) --out $(WEIGHTS)/noise
	test -z "$(PHOTOGRAPHS)" || $(BIN)/crossmodal probe $(NOISE_BACKBONE) --data $(PHOTOGRAPHS) \
	  --weights $(WEIGHTS)/noise/weights --few-shot 1,5,10 --table $(WEIGHTS)/probe.md
	$(BIN)/crossmodal weights pack $(WEIGHTS)/noise/weights --backbone $(NOISE_BACKBONE) --half --out $(WEIGHTS)/trunk/weights \
	  $(if $(PHOTOGRAPHS),--probe $(WEIGHTS)/probe.md)
	$(call ship,$(WEIGHTS)/trunk,noise/$(NOISE_NAME))

# All shipped backbones, each with its recipe.
weights-starts: setup
	$(MAKE) weights-noise
	$(MAKE) weights-noise NOISE_RECIPE=noise_pretraining/programs_quarter NOISE_NAME=programs_quarter/small_alexnet
	$(MAKE) weights-noise NOISE_RECIPE=noise_pretraining/programs_resnet18 NOISE_NAME=programs/resnet18 NOISE_BACKBONE=resnet18

weights-sound: setup
	$(BIN)/crossmodal data make stand_in_hits --out $(WEIGHTS)/stand_in_hits --videos 64 --seconds 15 --seed 1 --num-workers 2
	rm -rf $(WEIGHTS)/sound
	$(BIN)/crossmodal train stand_in_hits/sound_from_video --data.root $(WEIGHTS)/stand_in_hits --out $(WEIGHTS)/sound
	$(call ship,$(WEIGHTS)/sound,sound_from_video/stand_in_hits)

weights-gait: setup
	$(BIN)/crossmodal data make walks --out $(WEIGHTS)/walks --walks 1000 --seconds 10 --seed 1 --num-workers 2
	rm -rf $(WEIGHTS)/gait
	$(BIN)/crossmodal train walks/gait_from_touch --data.root $(WEIGHTS)/walks --data.cache_workers 2 --out $(WEIGHTS)/gait
	$(call ship,$(WEIGHTS)/gait,gait_from_touch/walks)

weights-scenes: setup
	rm -rf $(WEIGHTS)/segmenter $(WEIGHTS)/generator
	$(BIN)/crossmodal train scenes/segmenter --out $(WEIGHTS)/segmenter
	$(call ship,$(WEIGHTS)/segmenter,scenes/segmenter)
	$(BIN)/crossmodal train scenes/generator --out $(WEIGHTS)/generator
	$(call ship,$(WEIGHTS)/generator,scenes/generator)

# Each worker runs whole files, so that fixtures of a file are made once. Files are in the order of the tree: sorted by
# number of tests, long files with few tests would come last and leave other workers idle.
TEST_WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

test: setup
	$(PYTEST) -m "not slow and not slow_install"

test-slow: setup
	$(PYTEST) -m slow

profile-tests: setup
	$(PYTEST) -m "not slow and not slow_install" -p tests.cpu_seconds

test-install: setup
	$(BIN)/python -m pytest -q -m slow_install --force-enable-socket --timeout 3000

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .uv runs dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .numba_cache .import_linter_cache
	find crossmodal tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
