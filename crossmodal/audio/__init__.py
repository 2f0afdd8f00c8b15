"""Sound: waveform files, cochleagrams, onset detection, and synthesis of waveforms from cochleagrams."""

from crossmodal.audio.cochlea import COCHLEAGRAM_CHANNELS, FEATURE_RATE_HZ, cochleagram
from crossmodal.audio.exemplar import synthesize_exemplar, synthesize_exemplar_tiles
from crossmodal.audio.exemplar_bank import ExemplarBank
from crossmodal.audio.filterbank import erb_scale, erb_scale_to_hz, filter_bank, filter_cutoffs
from crossmodal.audio.limiter import limit_peak, limit_peaks_locally
from crossmodal.audio.onset import detect_onsets, detect_onsets_in_features, pick_onsets
from crossmodal.audio.parametric import synthesize_parametric
from crossmodal.audio.waveform import read_waveform, resample, write_waveform

__all__ = [
    "COCHLEAGRAM_CHANNELS",
    "FEATURE_RATE_HZ",
    "ExemplarBank",
    "cochleagram",
    "detect_onsets",
    "detect_onsets_in_features",
    "erb_scale",
    "erb_scale_to_hz",
    "filter_bank",
    "filter_cutoffs",
    "limit_peak",
    "limit_peaks_locally",
    "pick_onsets",
    "read_waveform",
    "resample",
    "synthesize_exemplar",
    "synthesize_exemplar_tiles",
    "synthesize_parametric",
    "write_waveform",
]
