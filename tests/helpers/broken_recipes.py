"""Recipes that cannot be used: what is in the file, and what the message has to say.

Each is ``name: (text, line, words)``. ``text`` follows the two lines of `HEAD` where it is TOML;
``line`` counts in the whole file, None where no line is to blame.
"""

HEAD = 'microscopes = ["epi1"]\nsource = { library = "shapes" }\n'

TOML: dict[str, tuple[str, int | None, list[str]]] = {
    # Kinds of values
    "seed is a word": ('seed = "five"', 3, ["seed = 'five'", "whole number"]),
    "seed is broken": ("seed = 1.5", 3, ["seed = 1.5", "whole number"]),
    "seed is a list": ("seed = [1, 2]", 3, ["seed = [1, 2]", "whole number"]),
    "seed is text": ('seed = "3"', 3, ["seed = '3': expected a whole number"]),
    "seed is true": ("seed = true", 3, ["seed = True: expected a whole number"]),
    "repeats are true": ("repeats = true", 3, ["repeats = True: expected a whole number"]),
    "a side is true": ("image_size = [32, true]", 3, ["image_size = [32, True]: expected a whole"]),
    "a share is text": ('[split]\ntrain = "0.8"', 4, ["split.train = '0.8': expected a number"]),
    "efficiency is text": (
        '[labelling]\nefficiency = "0.5"',
        4,
        ["labelling.efficiency = '0.5': expected a number"],
    ),
    "efficiency is true": (
        "[labelling]\nefficiency = true",
        4,
        ["labelling.efficiency = True: expected a number"],
    ),
    "name is a number": ("name = 3", 3, ["name = 3", "text"]),
    "truth is no list": ('ground_truth = "mask"', 3, ["ground_truth = 'mask'", "list"]),
    "views is no table": ("views = 6", 3, ["views = 6", "table"]),
    "labelling is no table": ("labelling = 30", 3, ["labelling = 30", "table"]),
    "six is a word": ('[views]\nsix = "often"', 4, ["views.six = 'often'", "true or false"]),
    "size has one number": ("image_size = [32]", 3, ["image_size = [32]", "2"]),
    "size has three": ("image_size = [32, 32, 3]", 3, ["image_size = [32, 32, 3]", "2"]),
    "angles lack one": (
        "[views]\nrotations_deg = [[0, 0, 0], [0, 90]]",
        4,
        ["views.rotations_deg.1 = [0, 90]", "3"],
    ),
    "limits are one": ("source.length_um = 3", None, ["TOML"]),
    # Names
    "unknown setting": ("sed = 5", 3, ["'sed'", "seed"]),
    "unknown truth": ('ground_truth = ["masks"]', 3, ["ground_truth.0 = 'masks'", "'mask'"]),
    "unknown noise": ('noise = "poisson"', 3, ["noise = 'poisson'", "'camera'", "'physeg'"]),
    "unknown setting of views": ("[views]\nsixty = true", 4, ["views", "'sixty'"]),
    "unknown labelling": ("[labelling]\n\ndensity = 30", 5, ["labelling", "'density'"]),
    "unknown layout": ('[output]\nlayout = "coco"', 4, ["output.layout = 'coco'", "'flat'"]),
    # Ranges
    "seed below zero": ("seed = -1", 3, ["seed = -1", "must be 0 or more"]),
    "no repeat": ("repeats = 0", 3, ["repeats = 0", "must be 1 to 1,000,000"]),
    "tiny image": ("image_size = [32, 4]", 3, ["image_size.1 = 4", "8"]),
    "infinite density": (
        "[labelling]\ndensity_per_um2 = [1, inf]",
        4,
        ["labelling.density_per_um2 = inf", "finite"],
    ),
    "density range reaches zero": (
        "[labelling]\ndensity_per_um2 = [0, 30]",
        4,
        ["labelling.density_per_um2 = 0", "must be above 0 to 100,000 /µm²"],
    ),
    "density upside down": (
        "[labelling]\nefficiency = [0.9, 0.5]",
        4,
        ["labelling.efficiency", "0.9", "0.5", "lower number first"],
    ),
    "range of three": (
        "[labelling]\nefficiency = [0.1, 0.5, 0.9]",
        4,
        ["labelling.efficiency", "[low, high]"],
    ),
    "log range from zero": (
        '[focus]\nfocus_um = [0, 2, "log"]',
        4,
        ["focus.focus_um", "logarithmic", "above 0"],
    ),
    "focus is a word": ('[focus]\nfocus_um = "sharp"', 4, ["focus.focus_um = 'sharp'", "number"]),
    "focus upside down": (
        "[focus]\nfocus_um = [2.0, -2.0]",
        4,
        ["focus.focus_um", "2", "-2", "lower number first"],
    ),
    "depth below the coverslip": (
        "[focus]\nplanes = 3\ndepth_um = [-1, 2]",
        5,
        ["focus.depth_um = -1", "must be 0 to 100 µm"],
    ),
    "snr of nothing": ("snr = 0", 3, ["snr = 0", "must be above 0 to 10,000"]),
    "snr without end": ("snr = [1, inf]", 3, ["snr = [1, inf]: must be finite"]),
    "snr is no number": ("snr = nan", 3, ["snr = nan: must be finite"]),
    "focus without end": ("focus.focus_um = -inf", 3, ["focus.focus_um = -inf: must be finite"]),
    "snr upside down": ("snr = [9, 3]", 3, ["snr", "lower number first"]),
    # What does not go together
    "no view": ("[views]\nsix = false", 3, ["views", "no view"]),
    "shares are too much": (
        "[split]\ntrain = 0.9\nval = 0.2",
        3,
        ["split", "train + val + test = 1.2", "add up to 1"],
    ),
    "snr without camera": ('snr = 5\nnoise = "none"', 3, ["snr", "noise = 'camera'"]),
    "zips of the flat layout": ("[output]\nzips = true", 3, ["output", "zips", "3dmsl"]),
    "white below black": (
        "[output]\nstretch_percentiles = [99, 1]",
        4,
        ["output.stretch_percentiles = [99.0, 1.0]", "below the second"],
    ),
    "white may become darker than black": (
        "[output]\nstretch_black = [10, 90]\nstretch_white = [80, 255]",
        5,
        ["output.stretch_white = [80.0, 255.0]", "above stretch_black"],
    ),
    "more than all pixels": (
        "[output]\nstretch_percentiles = [1, 101]",
        4,
        ["output.stretch_percentiles.1 = 101", "100"],
    ),
    "random views as released": (
        '[views]\nrandom = 2\n[output]\nlayout = "3dmsl"',
        6,
        ["output.layout = '3dmsl'", "views"],
    ),
    "tracks of what stands still": (
        'ground_truth = ["mask", "tracks"]',
        3,
        ["ground_truth", "tracks", "motion"],
    ),
    # The file
    "twice the same key": ("seed = 1\nseed = 2", None, ["TOML", "line 4"]),
    "no value": ("seed =", None, ["TOML", "line 3"]),
}

WHOLE: dict[str, tuple[str, str, int | None, list[str]]] = {
    "empty TOML": (".toml", "", None, ["source: missing", "microscopes: missing"]),
    "empty JSON": (".json", "", None, ["JSON", "line 1"]),
    "JSON without a comma": (".json", '{"seed": 1\n "name": "a"}', None, ["JSON", "line 2"]),
    "JSON with a key twice": (
        ".json",
        '{"seed": 1, "source": {"library": "a", "library": "b"}}',
        None,
        ["'library' is there twice"],
    ),
    "JSON list": (".json", "[1, 2]", None, ["table of settings", "list"]),
    "YAML": (".yaml", "seed: 1", None, [".toml or .json"]),
    "NA is true": (
        ".toml",
        'source.library = "a"\nmicroscopes = [{ preset = "epi1", numerical_aperture = true }]\n',
        2,
        ["microscopes.0.numerical_aperture = True: expected a number"],
    ),
    "no library": (
        ".toml",
        'microscopes = ["epi1"]\n[source]\nwhole_only = true\n',
        2,
        ["source.library: missing"],
    ),
    "no microscope": (
        ".toml",
        'microscopes = []\nsource.library = "shapes"\n',
        1,
        ["microscopes = []", "at least 1"],
    ),
    "one microscope without a list": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = "epi1"\n',
        2,
        ["microscopes = 'epi1'", "list"],
    ),
    "unknown microscope": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = ["epi1", "con9"]\n',
        2,
        ["microscopes.1", "'con9'", "con1"],
    ),
    "microscope is a number": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = [7]\n',
        2,
        ["microscopes.0", "7", "name"],
    ),
    "preset is a number": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = 7\n',
        3,
        ["microscopes.0.preset = 7", "name"],
    ),
    "microscope in a microscope": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\nmicroscope = "con1"\n',
        3,
        ["microscopes.0.microscope", "preset"],
    ),
    "twice the same microscope": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = ["epi1", "con1", "epi1"]\n',
        2,
        ["microscopes", "'epi1'", "twice"],
    ),
    "two names for the same files": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = [{ name = "a b" }, { name = "A-b" }]\n',
        2,
        ["microscopes", "'A-b'", "files"],
    ),
    "microscope without a name": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = [{ name = "" }]\n',
        2,
        ["microscopes", "name", "letters"],
    ),
    "one image set for two microscopes": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = ["con1", "con1-released"]\n'
        'output.layout = "3dmsl"\n',
        2,
        ["microscopes con1 and con1-released", "Conf1"],
    ),
    "unknown setting of a microscope": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = "epi1"\n\n'
        '[[microscopes]]\npreset = "con1"\npinhole = 2\n',
        7,
        ["microscopes.1", "'pinhole'"],
    ),
    "aperture above the index": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = "epi1"\nnumerical_aperture = 1.6\n',
        2,
        ["microscopes.0", "numerical_aperture = 1.6", "immersion index"],
    ),
    "unknown objective": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = "epi1"\nobjective = "big"\n',
        4,
        ["microscopes.0.objective", "'big'"],
    ),
    "unknown camera": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = "epi1"\ncamera = "phone"\n',
        4,
        ["microscopes.0.camera", "'phone'", "scmos"],
    ),
    "camera out of range": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = "epi1"\n'
        "[microscopes.camera]\nquantum_efficiency = [0.5, 1.5]\n",
        5,
        ["microscopes.0.camera.quantum_efficiency = 1.5", "must be 0.001 to 1 e⁻/photon"],
    ),
    "unknown setting of a camera": (
        ".toml",
        'source.library = "shapes"\n[[microscopes]]\npreset = "epi1"\n'
        "[microscopes.camera]\nnoise = 1\n",
        5,
        ["microscopes.0.camera", "'noise'"],
    ),
    "unknown class": (
        ".json",
        '{"microscopes": ["epi1"],\n "source": {\n  "library": "shapes",\n'
        '  "classes": ["dot", "blob"]\n }}',
        4,
        ["source.classes.1 = 'blob'", "'dot'", "'nano-tunnel'"],
    ),
    "limits upside down": (
        ".json",
        '{"microscopes": ["epi1"], "source":\n {"library": "shapes",\n  "length_um": [5, 1]}}',
        3,
        ["source.length_um = [5.0, 1.0]", "lowest comes first"],
    ),
    "limits are one number": (
        ".json",
        '{"microscopes": ["epi1"], "source":\n {"library": "shapes",\n  "length_um": 5}}',
        3,
        ["source.length_um = 5", "a list"],
    ),
    "source is a name": (
        ".json",
        '{"microscopes": ["epi1"],\n "source": "shapes"}',
        2,
        ["source = 'shapes'", "table"],
    ),
    "settings one level too high": (
        ".toml",
        'source.library = "shapes"\nmicroscopes = ["epi1"]\nrandom = 4\n',
        3,
        ["'random'"],
    ),
    "not text": (".toml", "name = 'caf\udce9'", None, ["UTF-8"]),
}
