"""The command line ``relight-stage``.

One parser for three doors: the console command, ``blender -b -P synth/render.py -- OUT …`` and
``blender --command relight_stage render OUT …``. Nothing heavy is imported before the arguments are known to be good.
"""

import _thread
import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .arguments import background, exposure, finite, lights, natural, positive, shard, side, slurm_option
from .errors import ConfigError, RelightError

# Optional libraries by import name, and the extra of the pip package that brings each of them.
EXTRAS = {
    "bpy": "render",
    "torch": "train",
    "accelerate": "train",
    "tensorboardX": "train",
    "onnx": "train",
    "onnxscript": "train",
    "safetensors": "train",
    "submitit": "slurm",
}
# What the plain package brings; Blender's own Python has only some of it.
REQUIRED = ("numpy", "cv2", "OpenEXR", "onnxruntime")
# Names the file of addon/jobs.py by which a job is asked to end, and how often it is looked for.
STOP_FILE, _LOOK_S = "RELIGHT_STAGE_STOP_FILE", 0.5
DEVICES = ("auto", "cpu", "gpu", "optix", "cuda", "hip", "metal", "oneapi")


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        argv: arguments after the program's name; None takes them from the process.

    Returns:
        The exit code: 0 done, 1 something the user can mend, 130 interrupted. A bad flag exits with 2 at once.
    """
    arguments = vars(_parser().parse_args(argv))
    run: Callable[..., int] = arguments.pop("run")
    _heed_stop_file()
    try:
        return run(**arguments)
    except RelightError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(_missing(error))
    except KeyboardInterrupt:
        print("relight-stage: interrupted.", file=sys.stderr)
        return 130


def _heed_stop_file() -> None:
    """Let a file do what Ctrl-C does: how the panel stops its jobs under Windows, where no signal reaches them."""
    # Taken out: the processes that this one starts are stopped by it.
    name = os.environ.pop(STOP_FILE, "")
    if name:
        # What was started in the background of a shell ignores Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=_wait_for, args=(Path(name),), daemon=True).start()


def _wait_for(stop_file: Path) -> None:
    while True:
        time.sleep(_LOOK_S)
        if stop_file.exists():
            stop_file.unlink()
            _thread.interrupt_main()


def _fail(sentence: str) -> int:
    print(f"relight-stage: {' '.join(sentence.split())}", file=sys.stderr)
    return 1


def _missing(error: ModuleNotFoundError) -> str:
    """Say which extra brings the library; an unknown module is a bug and is raised on."""
    library = (error.name or "").partition(".")[0]
    if library in EXTRAS:
        return (
            f"This needs {library}, which is missing here. Install it: pip install 'relight_stage[{EXTRAS[library]}]'."
        )
    if library in REQUIRED:
        return f"This needs {library}, which is missing here. Install it outside Blender: pip install relight_stage."
    raise error


def _render(worker: bool, out: Path, assets: Path | None, device: str, **arguments) -> int:
    if worker:
        from .synth.render import serve

        serve(out, assets, device)
        return 0
    from .synth.farm import render_dataset
    from .synth.settings import Settings, Shard

    slurm, shard = arguments.pop("slurm"), Shard(*arguments.pop("shard"))
    del arguments["resume"]  # it always does
    how = {"assets": assets, "device": device, **{name: arguments.pop(name) for name in ("count", "workers")}}
    settings = Settings(**arguments)
    if slurm is None:
        render_dataset(out, settings=settings, shard=shard, **how)
        return 0
    from .synth.slurm import submit_dataset

    if shard.of > 1:
        raise ConfigError("--shard and --slurm exclude each other: each task of the array is a shard. Leave one out.")
    submit_dataset(out, settings=settings, options=dict(slurm), **how)
    return 0


def _check(out: Path, sheet: Path | None) -> int:
    from .synth.shards import check_shards, is_packed

    if is_packed(out):
        check_shards(out)
        return 0
    from .synth.checks import check_dataset

    check_dataset(out, sheet)
    return 0


def _compose(**arguments) -> int:
    from .synth.compose import compose_sample

    compose_sample(**arguments)
    return 0


def _train(slurm: list[tuple[str, int | float | str]] | None, **arguments) -> int:
    if slurm is None:
        from .nets.train import train

        train(**arguments)
        return 0
    from .nets.slurm import submit_training

    submit_training(options=dict(slurm), **arguments)
    return 0


def _evaluate(**arguments) -> int:
    from .nets.evaluate import evaluate

    evaluate(**arguments)
    return 0


def _export(**arguments) -> int:
    from .nets.export import export

    export(**arguments)
    return 0


def _relight(**arguments) -> int:
    from .nets.photos import relight_photo

    relight_photo(**arguments)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="relight-stage", description="A virtual light stage and its relighting networks."
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print the version and exit"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    render = add_command(commands, "render", _render, "render portraits with their ground truth")
    render.add_argument("out", metavar="OUT", type=Path, help="folder of the dataset; complete samples in it are kept")
    render.add_argument(
        "--count", type=positive, default=1, metavar="N", help="number of samples (default %(default)s)"
    )
    render.add_argument(
        "--seed", type=natural, default=0, metavar="S", help="same seed, same samples (default %(default)s)"
    )
    render.add_argument(
        "--size", type=side, default=256, metavar="PX", help="side of the square images (default %(default)s)"
    )
    render.add_argument(
        "--assets",
        type=Path,
        metavar="DIR",
        help="folder of head packs and HDRIs (default: $RELIGHT_STAGE_ASSETS; without one, procedural heads)",
    )
    render.add_argument(
        "--lights",
        type=lights,
        default="hdri",
        metavar="hdri[:K]|olat:N[@R]|gradient|olat:N+gradient",
        help="hdri:K shows each person under K panoramas, a sample each; olat:N adds an image for each of N single "
        "lights, discs that tile the sphere or, as in olat:32@4, have a radius of 4 degrees; gradient adds one under "
        "each of seven colour gradients (default %(default)s)",
    )
    render.add_argument(
        "--samples",
        type=positive,
        default=24,
        metavar="SPP",
        help="Cycles samples a pixel (default %(default)s); each light of olat:N gets 2 of its own, from 48 on 4, "
        "from 96 on 8, and so on",
    )
    render.add_argument(
        "--frames",
        type=positive,
        default=1,
        metavar="N",
        help="render sequences of N consecutive samples in which head, eyes and camera move (default: stills)",
    )
    render.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="K",
        help="render in K processes, which share the processors (default %(default)s)",
    )
    render.add_argument(
        "--shard",
        type=shard,
        default=(1, 1),
        metavar="k/N",
        help="render the k-th of N parts of the dataset; parts may be rendered anywhere and in any order",
    )
    render.add_argument(
        "--device", choices=DEVICES, default="auto", help="what Cycles renders on (default %(default)s)"
    )
    render.add_argument(
        "--slurm",
        type=slurm_option,
        nargs="+",
        metavar="KEY=VALUE",
        help="queue the dataset as a Slurm array and return: tasks=N, and what else submitit knows, for example "
        "partition=gpu timeout_min=240 mem_gb=8 cpus_per_task=4 array_parallelism=10",
    )
    render.add_argument("--resume", action="store_true", help="go on with what OUT lacks (the default)")
    render.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # what the parent starts

    check = add_command(commands, "check", _check, "hold a dataset against the laws of light")
    check.add_argument("out", metavar="OUT", type=Path, help="folder of the dataset, or of its shards")
    check.add_argument(
        "--sheet", type=Path, metavar="PNG", help="write the contact sheet here (default OUT/contact_sheet.png)"
    )

    compose = add_command(commands, "compose", _compose, "relight a sample by summing its OLAT images")
    compose.add_argument("sample", metavar="SAMPLE", type=Path, help="folder of a sample rendered with --lights olat:N")
    compose.add_argument(
        "--light", required=True, metavar="HDRI", help="panorama, .hdr or .exr, or a studio light of Blender's by name"
    )
    compose.add_argument(
        "--rotate-deg",
        type=finite,
        default=0.0,
        metavar="D",
        help="turn the light counter-clockwise seen from above; at 0 it stands as in Blender's world",
    )
    compose.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="OUT.exr|png",
        help="radiance with its diffuse and specular layers, or a picture to look at (default SAMPLE_HDRI.png)",
    )

    train = add_command(commands, "train", _train, "train the networks")
    train.add_argument("recipe", metavar="RECIPE.toml", type=Path)
    train.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the dataset")
    train.add_argument(
        "--out", type=Path, required=True, metavar="RUN", help="folder of checkpoints, logs and pictures"
    )
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint in RUN")
    train.add_argument(
        "--device", choices=("auto", "cpu"), default="auto", help="auto takes GPUs where there are any (default)"
    )
    train.add_argument(
        "--slurm",
        type=slurm_option,
        nargs="+",
        metavar="KEY=VALUE",
        help="queue the run as a Slurm job and return: what submitit knows, for example nodes=2 gpus_per_node=4 "
        "partition=gpu timeout_min=1440",
    )

    evaluate = add_command(commands, "evaluate", _evaluate, "score weights on identities and HDRIs never trained on")
    evaluate.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder of ONNX files (default: the shipped ones)"
    )
    evaluate.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the dataset")
    evaluate.add_argument("--out", type=Path, metavar="DIR", help="write the scores and pictures here")
    evaluate.add_argument(
        "--everyone", action="store_true", help="nobody in the dataset was trained on: test all, not the held-out share"
    )
    evaluate.add_argument(
        "--lpips", type=Path, metavar="FILE", help="ONNX: two pictures in [-1, 1] to their LPIPS; also gives MPS"
    )
    evaluate.add_argument(
        "--identity", type=Path, metavar="FILE", help="ONNX: a face in [-1, 1] to an embedding; gives its cosine"
    )

    export = add_command(commands, "export", _export, "turn a training run into ONNX files")
    export.add_argument("run_folder", metavar="RUN", type=Path, help="folder that train wrote")
    export.add_argument("out", metavar="OUT", type=Path, help="folder of the ONNX files")

    relight = add_command(commands, "relight", _relight, "relight a photo of a person")
    relight.add_argument(
        "photo", metavar="PHOTO", type=Path, help="JPEG, PNG, TIFF, WebP, EXR or HDR; its alpha is the matte"
    )
    relight.add_argument(
        "--light",
        required=True,
        metavar="HDRI",
        help="lat-long panorama, .hdr or .exr, or a studio light of Blender's by name",
    )
    relight.add_argument(
        "--rotate-deg",
        type=finite,
        default=0.0,
        metavar="D",
        help="turn the light counter-clockwise seen from above; at 0 its centre stands at image right",
    )
    relight.add_argument(
        "--background",
        type=background,
        default="hdri",
        metavar="hdri|none|COLOUR",
        help="behind the person: the panorama, nothing (alpha), #RRGGBB, or scene-linear R,G,B (default %(default)s)",
    )
    relight.add_argument(
        "--exposure",
        type=exposure,
        default="auto",
        metavar="auto|STOPS",
        help="auto keeps the brightness of the face (default %(default)s)",
    )
    relight.add_argument("--maps", type=Path, metavar="DIR", help="write matte, normals, albedo and more here")
    relight.add_argument("--model", type=Path, metavar="DIR", help="folder of ONNX files (default: the shipped ones)")
    relight.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.png", help="the relit picture")

    from .library import add_library

    add_library(commands)
    return parser


def add_command(commands, name: str, run: Callable[..., int] | None, purpose: str) -> argparse.ArgumentParser:
    """Add a subcommand whose arguments ``run`` is called with; None where it has subcommands of its own."""
    parser = commands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", allow_abbrev=False
    )
    if run is not None:
        parser.set_defaults(run=run)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        from . import __version__

        print(f"relight-stage {__version__}")
        parser.exit(0)
