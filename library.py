"""The subcommands about what people are drawn from and what samples become: ``assets``, ``pack`` and ``variety``."""

import argparse
from pathlib import Path

from .arguments import natural, positive
from .cli import add_command
from .errors import ConfigError

ORIGINS = ("ict-facekit", "makehuman")


def add_library(commands: argparse._SubParsersAction) -> None:
    """Add the three subcommands to the parser of ``relight-stage``."""
    assets = add_command(commands, "assets", None, "list asset packs, or make them from their origins")
    actions = assets.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = add_command(actions, "list", _list, "say what there is, where, under which licence, and what is missing")
    _add_assets(listing)
    convert = add_command(actions, "convert", _convert, "turn clones of an origin into a pack")
    convert.add_argument("origin", metavar="|".join(ORIGINS), choices=ORIGINS)
    convert.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="folder of a clone; for makehuman also a second one with its assets, or mpfb for the installed extension",
    )
    convert.add_argument("out", metavar="OUT", type=Path, help="folder of packs; the pack becomes a folder in it")

    pack = add_command(commands, "pack", _pack, "pack a dataset into WebDataset shards with a dataset card")
    pack.add_argument("out", metavar="OUT", type=Path, help="folder of the dataset")
    pack.add_argument("shards", metavar="SHARDS", type=Path, help="folder of the shards; those up to date are kept")
    pack.add_argument(
        "--samples-a-shard", type=positive, default=100, metavar="N", help="at most so many (default %(default)s)"
    )
    pack.add_argument(
        "--images",
        choices=("exr", "png16"),
        default="exr",
        help="maps as they are, or as 16-bit PNG (default %(default)s)",
    )
    pack.add_argument(
        "--licence", metavar="ID", help="what you give the dataset to others under, for the card: cc0-1.0"
    )

    variety = add_command(
        commands, "variety", _variety, "measure how much drawn subjects differ; 1 when an axis collapsed"
    )
    variety.add_argument("--count", type=positive, default=1000, metavar="N", help="subjects (default %(default)s)")
    variety.add_argument("--seed", type=natural, default=0, metavar="S", help="as of render (default %(default)s)")
    _add_assets(variety)
    variety.add_argument(
        "--report", dest="out", type=Path, metavar="OUT.md|png", help="write the table and the histograms here"
    )


def _add_assets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--assets", type=Path, metavar="DIR", help="folder of packs and HDRIs (default: $RELIGHT_STAGE_ASSETS)"
    )


def _list(assets: Path | None) -> int:
    from .scenes.inventory import describe_assets

    print("\n".join(describe_assets(assets)))
    return 0


def _pack(**arguments) -> int:
    from .synth.shards import pack_dataset

    pack_dataset(**arguments)
    return 0


def _variety(**arguments) -> int:
    from .synth.variety import report_variety

    report_variety(**arguments)
    return 0


def _convert(origin: str, sources: list[str], out: Path) -> int:
    from .scenes.ict_origin import convert_ict_facekit
    from .scenes.inventory import mpfb_sources
    from .scenes.makehuman_origin import convert_makehuman

    if origin == "ict-facekit":
        if len(sources) > 1:
            raise ConfigError(f"ict-facekit is made from one clone; {len(sources)} folders were given.")
        pack = convert_ict_facekit(Path(sources[0]), out)
    else:
        folders = [f for name in sources for f in (mpfb_sources() if name == "mpfb" else [Path(name)])]
        pack = convert_makehuman(folders, out)
    print(f"{pack} is ready: relight-stage render … --assets {out}")
    return 0
