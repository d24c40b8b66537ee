"""Scores as tables and pictures: Markdown that a model card can hold, and a folder to look through."""

import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

SHOWN = 8  # best and as many worst
TITLES = {
    "hdri": "relit under unseen panoramas",
    "lamp": "relit under single lamps",
    "own": "relit by its own light",
    "rendered": "relit, truth rendered under the panorama itself",
}
COLUMNS = {
    "psnr": "PSNR (dB)",
    "ssim": "SSIM",
    "dssim": "DSSIM",
    "mae": "MAE",
    "mse": "MSE",
    "log_rmse": "log-RMSE",
    "lpips": "LPIPS",
    "mps": "MPS",
    "identity": "identity",
    "shadow_iou": "shadow IoU",
}
PARTS = (
    ("matte_sad", "matte SAD (thousands of px)", "{:.2f}"),
    ("matte_mae", "matte MAE", "{:.4f}"),
    ("matte_gradient", "matte gradient (thousands)", "{:.2f}"),
    ("parsing_accuracy", "parsing, share of pixels right", "{:.3f}"),
    ("normal_deg", "normals, mean angle (°)", "{:.1f}"),
    ("face_normal_deg", "normals of the face, mean angle (°)", "{:.1f}"),
    ("normal_median_deg", "normals, median angle (°)", "{:.1f}"),
    ("normal_below_11", "normals, share below 11.25°", "{:.3f}"),
    ("normal_below_22", "normals, share below 22.5°", "{:.3f}"),
    ("light_deg", "the photo's light, angle between where most of it comes from (°)", "{:.1f}"),
    ("albedo_psnr", "albedo, scale-invariant PSNR (dB)", "{:.2f}"),
)


class Row(NamedTuple):
    """A picture's score, its name, and what is shown of it, (H, W, 3) each, encoded in [0, 1]."""

    psnr: float
    name: str
    pictures: list[np.ndarray]


def extremes(rows: list[Row]) -> list[Row]:
    """The best and the worst, worst first; all while there are few."""
    rows = sorted(rows, key=lambda row: row.psnr)
    return rows if len(rows) <= 2 * SHOWN else rows[:SHOWN] + rows[-SHOWN:]


def as_markdown(result: dict) -> str:
    """The scores as tables: mean ± standard error over identities."""
    lines = [
        f"{result['photos']} photos of {result['identities']} unseen identities under unseen panoramas "
        f"({', '.join(result['test_hdris'])}); mean ± standard error over identities.",
    ]
    parts = result["scores"]["parts"]
    others = {name: (method, scores[name]) for method, scores in parts.items() if method != "ours" for name in scores}
    lines += ["", "| part | ours | without looking |", "|---|---|---|"]
    for name, title, form in PARTS:
        if name not in parts["ours"]:
            continue
        beside = ""
        if name in others:
            method, (mean, error) = others[name]
            beside = f"{_number(form, mean, error)} ({method})"
        lines.append(f"| {title} | {_number(form, *parts['ours'][name])} | {beside} |")
    for kind, title in TITLES.items():
        methods = result["scores"].get(kind)
        if not methods:
            continue
        names = [name for name in COLUMNS if name in methods["ours"]]
        lines += [
            "",
            f"| {title} ({result['pictures'][kind]} pictures) | " + " | ".join(COLUMNS[n] for n in names) + " |",
        ]
        lines.append("|---|" + "---|" * len(names))
        for method, scores in methods.items():
            cells = [_number(_form(n), *scores[n]) if n in scores else "" for n in names]
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
    classes = sorted({skin for groups in result["skin"].values() for skin in groups})
    lines += ["", "| PSNR by skin (identities) | " + " | ".join(classes) + " |", "|---|" + "---|" * len(classes)]
    for kind, groups in result["skin"].items():
        cells = [_of_skin(*groups[c]) if c in groups else "" for c in classes]
        lines.append(f"| {TITLES[kind]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _form(name: str) -> str:
    return "{:.2f}" if name == "psnr" else "{:.4f}" if name in ("mae", "mse") else "{:.3f}"


def _of_skin(mean: float, error: float, people: int) -> str:
    # Of one person nothing is known about the spread.
    return f"{mean:.2f} (1)" if people == 1 else f"{_number('{:.2f}', mean, error)} ({people})"


def _number(form: str, mean: float, error: float) -> str:
    return f"{form.format(mean)} ± {form.format(error)}"


def write(out: Path, result: dict, table: str, rows: list[Row]) -> None:
    """Write scores.json, report.md, best.png and worst.png into a folder, made if need be."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    half = len(rows) // 2
    text = ["# Scores", "", table]
    columns = "photo; normals, true normals; albedo, true albedo; ours; input; Lambert (predicted, mean normals); truth"
    for title, name, group in (("Best", "best", rows[::-1][:half]), ("Worst", "worst", rows[: len(rows) - half])):
        if not group:
            continue
        strip = np.concatenate([np.concatenate(row.pictures, axis=1) for row in group], axis=0)
        cv2.imwrite(str(out / f"{name}.png"), np.rint(strip.clip(0, 1) * 255).astype(np.uint8)[:, :, ::-1])
        names = ", ".join(f"{row.name} ({row.psnr:.1f} dB)" for row in group)
        text += [f"## {title} {len(group)}", "", f"![{title}]({name}.png)", "", f"{columns}. From above: {names}.", ""]
    (out / "report.md").write_text("\n".join(text), encoding="utf-8")
