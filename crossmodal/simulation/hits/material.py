"""Materials of the stand-in: acoustics of a drumstick hit, appearance, and reactions.

The names are those of the Greatest Hits data set, so that the classes are equal. The numbers are not measured: they are
plausible orders of magnitude for a wooden stick on everyday things, with ranges in which two objects of one material
differ and similar materials overlap.
"""

from dataclasses import dataclass

Rgb = tuple[int, int, int]
Span = tuple[float, float]


@dataclass(frozen=True)
class Acoustics:
    """Sound of a struck object; every span is sampled log-uniformly, once per object.

    Attributes:
        pitch_hz: frequency of the lowest mode.
        ratios: model of the frequency ratios: "bar", "plate", "shell" or "dense".
        modes: number of modes.
        t60_s: time in which a mode at 1 kHz falls by 60 dB.
        damping_slope: T60 falls with frequency as ``(f / 1 kHz) ** -damping_slope``.
        contact_ms: contact time of a strike at 2 m/s; a longer contact sounds duller.
        grain: level of the noisy part (crushed leaves, rustle) relative to the ringing part.
        grain_hz: centre frequency of the noisy part.
        grain_s: time in which the noisy part falls to 1/e.
        gain_db: level relative to wood.
        restitution: largest fraction of the speed of the stick after the impact.
    """

    pitch_hz: Span
    ratios: str
    modes: int
    t60_s: Span
    damping_slope: float
    contact_ms: Span
    grain: float
    grain_hz: Span
    grain_s: Span
    gain_db: float
    restitution: float


@dataclass(frozen=True)
class Appearance:
    """Appearance of a surface.

    Attributes:
        palette: colours, of which each object has two.
        scale_m: size of the coarsest detail.
        roughness: amount of fine detail, 0 (smooth) to 1 (sandy).
        contrast: strength of the pattern.
        stretch: length of a detail along the grain divided by its width.
        ridged: sharp creases instead of soft clouds.
        weave_m: period of a woven or printed pattern, 0 for none.
        grid_m: distance of joints, 0 for none.
        flecks: shape of loose bits on the surface: "", "leaf", "stone" or "blade".
        fleck_m: length of a loose bit.
        gloss: strength of the highlight.
        forms: use of the material: "ground", "thing" or both.
        places: "indoor", "outdoor" or both.
    """

    palette: tuple[Rgb, ...]
    scale_m: float
    roughness: float
    contrast: float
    stretch: float = 1.0
    ridged: bool = False
    weave_m: float = 0.0
    grid_m: float = 0.0
    flecks: str = ""
    fleck_m: float = 0.0
    gloss: float = 0.0
    forms: tuple[str, ...] = ("ground",)
    places: tuple[str, ...] = ("indoor",)


@dataclass(frozen=True)
class Material:
    """One material: name, sound, appearance and reactions.

    Attributes:
        name: name in the labels of the data set.
        acoustics: sound of a strike.
        appearance: appearance of a surface.
        reactions: fractions of static, rigid-motion, deform, scatter and splash among its hits.
        scratch_fraction: fraction of scratches among its touches.
    """

    name: str
    acoustics: Acoustics
    appearance: Appearance
    reactions: dict[str, float]
    scratch_fraction: float = 0.2


_GREY: tuple[Rgb, ...] = ((168, 168, 165), (120, 122, 126), (205, 203, 198), (88, 90, 94))
_PAINT: tuple[Rgb, ...] = (
    (214, 52, 44), (36, 92, 180), (236, 190, 44), (238, 238, 234), (34, 36, 40), (60, 150, 84), (150, 196, 200),
    (224, 130, 60), (122, 84, 148), (196, 174, 150),
)  # fmt: skip
_WOOD: tuple[Rgb, ...] = ((196, 120, 58), (226, 182, 120), (112, 70, 40), (156, 100, 60), (92, 84, 72))
_EARTH: tuple[Rgb, ...] = ((104, 82, 64), (72, 58, 48), (138, 114, 92), (120, 108, 98))
_LITTER: tuple[Rgb, ...] = ((170, 120, 80), (120, 76, 48), (196, 164, 124), (92, 66, 52), (80, 112, 50))
_GREEN: tuple[Rgb, ...] = ((84, 128, 52), (52, 96, 40), (130, 156, 76), (60, 120, 70))
_WATER: tuple[Rgb, ...] = ((60, 66, 62), (92, 84, 62), (48, 62, 80), (36, 40, 40))

_INDOOR = ("indoor",)
_OUTDOOR = ("outdoor",)
_THING = ("thing",)
_BOTH = ("ground", "thing")

# Positions: pitch_hz, ratios, modes, t60_s, damping_slope, contact_ms, grain, grain_hz, grain_s, gain_db, restitution;
# palette, scale_m, roughness, contrast.
_TABLE = (
    Material(
        "carpet",
        Acoustics((60, 170), "dense", 5, (0.05, 0.10), 0.5, (1.8, 3.2), 0.12, (800, 2000), (0.008, 0.02), -8, 0.15),
        Appearance(
            ((150, 140, 112), (96, 98, 110), (122, 60, 56), (70, 84, 108)),
            0.12, 0.9, 0.55, weave_m=0.012,
        ),
        {"static": 0.9, "deform": 0.1},
        0.3,
    ),
    Material(
        "ceramic",
        Acoustics((800, 2600), "shell", 9, (0.10, 0.35), 0.5, (0.25, 0.5), 0.05, (3000, 6000), (0.003, 0.008), 0, 0.5),
        Appearance(
            ((236, 232, 222), (60, 90, 150), (190, 90, 60), (220, 214, 190)),
            0.3, 0.1, 0.1, gloss=0.9, forms=_THING,
        ),
        {"static": 0.7, "rigid-motion": 0.3},
    ),
    Material(
        "cloth",
        Acoustics((70, 220), "dense", 5, (0.04, 0.08), 0.6, (2.5, 4.5), 0.3, (600, 2500), (0.01, 0.03), -10, 0.1),
        Appearance(_PAINT, 0.15, 0.4, 0.5, stretch=2.5, weave_m=0.03, forms=_BOTH),
        {"static": 0.4, "deform": 0.6},
        0.35,
    ),
    Material(
        "dirt",
        Acoustics((80, 260), "dense", 5, (0.04, 0.09), 0.6, (1.4, 3.0), 0.35, (500, 2500), (0.01, 0.03), -8, 0.1),
        Appearance(_EARTH, 0.25, 1.0, 0.9, flecks="stone", fleck_m=0.008, places=_OUTDOOR),
        {"static": 0.4, "scatter": 0.5, "deform": 0.1},
        0.35,
    ),
    Material(
        "drywall",
        Acoustics((70, 190), "plate", 9, (0.08, 0.18), 0.7, (0.9, 1.8), 0.05, (1500, 3000), (0.004, 0.01), -1, 0.35),
        Appearance(((222, 218, 208), (196, 204, 210), (230, 214, 190), (160, 178, 190)), 0.5, 0.5, 0.08),
        {"static": 1.0},
    ),
    Material(
        "glass",
        Acoustics((900, 3200), "shell", 9, (0.25, 0.9), 0.4, (0.25, 0.5), 0.02, (4000, 8000), (0.002, 0.006), -1, 0.5),
        Appearance(
            ((176, 196, 192), (120, 150, 150), (210, 220, 216), (90, 110, 96)),
            0.4, 0.1, 0.25, gloss=1.3, forms=_THING,
        ),
        {"static": 0.8, "rigid-motion": 0.2},
    ),
    Material(
        "grass",
        Acoustics((90, 300), "dense", 4, (0.03, 0.06), 0.6, (2.0, 4.0), 0.9, (2500, 6000), (0.02, 0.06), -11, 0.1),
        Appearance(_GREEN, 0.2, 0.8, 0.6, flecks="blade", fleck_m=0.05, places=_OUTDOOR),
        {"deform": 0.6, "static": 0.4},
        0.35,
    ),
    Material(
        "gravel",
        Acoustics((300, 1000), "dense", 6, (0.02, 0.05), 0.5, (0.4, 1.0), 1.0, (2000, 6000), (0.03, 0.09), -5, 0.2),
        Appearance(_GREY, 0.08, 0.9, 0.6, flecks="stone", fleck_m=0.022, places=_OUTDOOR),
        {"scatter": 0.8, "static": 0.2},
        0.35,
    ),
    Material(
        "leaf",
        Acoustics((200, 700), "dense", 4, (0.02, 0.04), 0.5, (1.5, 3.5), 1.3, (2500, 7500), (0.03, 0.12), -10, 0.1),
        Appearance((*_LITTER, *_GREEN[:2]), 0.1, 1.0, 0.9, flecks="leaf", fleck_m=0.05, places=_OUTDOOR),
        {"scatter": 0.5, "deform": 0.3, "rigid-motion": 0.2},
        0.3,
    ),
    Material(
        "metal",
        Acoustics((250, 1600), "bar", 14, (0.5, 2.2), 0.35, (0.3, 0.6), 0.02, (4000, 8000), (0.002, 0.006), 2, 0.6),
        Appearance(_GREY, 0.5, 0.4, 0.25, stretch=12.0, gloss=1.2, forms=_BOTH, places=("indoor", "outdoor")),
        {"static": 0.75, "rigid-motion": 0.25},
    ),
    Material(
        "paper",
        Acoustics((140, 520), "dense", 6, (0.03, 0.06), 0.5, (0.8, 1.8), 0.5, (1500, 5000), (0.008, 0.03), -6, 0.2),
        Appearance(
            ((238, 236, 228), (190, 150, 100), (222, 206, 170), (230, 200, 60)),
            0.3, 0.3, 0.2, weave_m=0.02, forms=_THING,
        ),
        {"static": 0.4, "deform": 0.4, "rigid-motion": 0.2},
    ),
    Material(
        "plastic",
        Acoustics((180, 900), "plate", 8, (0.04, 0.11), 0.5, (0.6, 1.2), 0.05, (1500, 4000), (0.003, 0.01), -2, 0.4),
        Appearance(_PAINT, 0.5, 0.1, 0.08, gloss=0.7, forms=_THING),
        {"static": 0.6, "rigid-motion": 0.3, "deform": 0.1},
    ),
    Material(
        "plastic-bag",
        Acoustics((180, 500), "dense", 4, (0.02, 0.04), 0.5, (1.5, 3.0), 1.4, (2000, 6000), (0.03, 0.10), -7, 0.1),
        Appearance(
            ((232, 232, 236), (40, 42, 46), (190, 200, 220), (210, 60, 60)),
            0.10, 0.6, 1.0, ridged=True, gloss=0.6, forms=_THING,
        ),
        {"deform": 0.8, "rigid-motion": 0.2},
    ),
    Material(
        "rock",
        Acoustics((1000, 3600), "dense", 8, (0.02, 0.06), 0.3, (0.2, 0.4), 0.12, (3000, 7000), (0.002, 0.008), -2, 0.4),
        Appearance(_GREY, 0.2, 0.8, 0.6, ridged=True, forms=_BOTH, places=_OUTDOOR),
        {"static": 0.85, "scatter": 0.1, "rigid-motion": 0.05},
        0.3,
    ),
    Material(
        "tile",
        Acoustics(
            (450, 1500), "plate", 9, (0.05, 0.14), 0.4, (0.25, 0.5), 0.05, (3000, 6000), (0.002, 0.008), -2, 0.45,
        ),
        Appearance(
            ((214, 206, 190), (170, 120, 96), (230, 232, 232), (90, 104, 112)),
            0.3, 0.4, 0.2, grid_m=0.15, gloss=0.5,
        ),
        {"static": 1.0},
        0.3,
    ),
    Material(
        "water",
        Acoustics((140, 400), "dense", 3, (0.03, 0.06), 0.5, (2.5, 4.5), 0.6, (1200, 4500), (0.04, 0.12), -7, 0.0),
        Appearance(_WATER, 0.25, 0.4, 0.9, stretch=2.0, gloss=0.9, places=_OUTDOOR),
        {"splash": 1.0},
        0.3,
    ),
    Material(
        "wood",
        Acoustics((140, 800), "bar", 10, (0.06, 0.17), 0.7, (0.4, 0.8), 0.06, (1500, 4000), (0.003, 0.01), 0, 0.45),
        Appearance(_WOOD, 0.12, 0.6, 0.8, stretch=10.0, gloss=0.25, forms=_BOTH, places=("indoor", "outdoor")),
        {"static": 0.8, "rigid-motion": 0.2},
    ),
)  # fmt: skip

MATERIALS: dict[str, Material] = {material.name: material for material in _TABLE}
"""The materials of the stand-in by name, in alphabetical order."""
