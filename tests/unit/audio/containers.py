"""Tiny videos whose sound starts when the test wants it to."""

from fractions import Fraction

import av
import numpy as np


def write_container(
    path,
    sound,
    rate_hz,
    *,
    video_start_s=None,
    sound_start_s=0.0,
    pieces_s=None,
    seconds=1.0,
    codec="pcm_s16le",
    options=None,
):
    """Write a video (grey frames at 25 Hz) with a sound track; no video stream when ``video_start_s`` is None.

    ``sound`` has shape (time,) or (channels, time); None writes no sound. ``pieces_s`` are the times at which the
    sound's equal pieces start, for tracks with gaps.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        if video_start_s is not None:
            video = container.add_stream("mpeg4", rate=25)
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
            video.time_base = Fraction(1, 1000)
        if sound is not None:
            sound = np.atleast_2d(sound)
            layout = {1: "mono", 2: "stereo"}[len(sound)]
            track = container.add_stream(codec, rate=rate_hz, layout=layout)
        if video_start_s is not None:
            for number in range(round(25 * seconds)):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
                frame.pts, frame.time_base = round(1000 * (video_start_s + number / 25)), Fraction(1, 1000)
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if sound is not None:
            starts_s = pieces_s or [sound_start_s]
            for start_s, piece in zip(starts_s, np.split(sound, len(starts_s), axis=1), strict=True):
                write_piece(container, track, layout, piece, start_s, rate_hz)
            container.mux(track.encode())
    return path


def write_piece(container, track, layout, piece, start_s, rate_hz):
    for begin in range(0, piece.shape[1], 1024):
        block = np.ascontiguousarray(piece[:, begin : begin + 1024], dtype=np.float32)
        # Interleaved 16-bit samples, what the PCM encoder takes; other encoders convert.
        planar = track.codec_context.format.name == "fltp"
        samples = block if planar else (block * 32767).round().astype(np.int16).T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp" if planar else "s16", layout=layout)
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        frame.pts = round(start_s * rate_hz) + begin
        container.mux(track.encode(frame))
