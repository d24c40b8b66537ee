"""The Flamenco job type, run in a JavaScript engine with Flamenco's API recorded, and held against our own parser."""

import json
from pathlib import Path

import pytest

from relight_stage import cli
from relight_stage.synth.settings import Settings, Shard

quickjs = pytest.importorskip("quickjs", reason="a JavaScript engine is needed: pip install quickjs")

SCRIPT = Path(__file__).resolve().parents[2] / "synth" / "flamenco_relight_stage.js"
# What Flamenco's Manager hands to a job compiler, as far as ours uses it (its job_compilers/author.go): tasks have a
# name and a type, and commands with a name and parameters; a task counts once it was added to the job.
FLAMENCO = """
const author = {
    Task: (name, type) => {
        const task = { name, type, commands: [] };
        task.addCommand = command => task.commands.push(command);
        return task;
    },
    Command: (name, parameters) => ({ name, parameters }),
};
const print = () => {};
function compiled(settings) {
    const job = { settings: JSON.parse(settings), tasks: [] };
    job.addTask = task => job.tasks.push(task);
    compileJob(job);
    return JSON.stringify(job.tasks);
}
"""


@pytest.fixture(scope="module")
def engine():
    context = quickjs.Context()
    # Flamenco compiles scripts in strict mode.
    context.eval('"use strict";' + FLAMENCO + SCRIPT.read_text())
    return context


def tasks_of(engine, **settings):
    return json.loads(engine.eval("compiled")(json.dumps(settings)))


def render_arguments(task):
    """What our command line makes of a task's only command."""
    (command,) = task["commands"]
    assert command["name"] == "exec" and task["type"] == "blender"
    arguments = command["parameters"]["args"]
    assert arguments[0] == "-b"
    if "--command" in arguments:
        assert arguments[1:3] == ["--command", "relight_stage"]
        words = arguments[3:]
    else:
        assert arguments.index("--python-exit-code") < arguments.index("-P")
        words = ["render", *arguments[arguments.index("--") + 1 :]]
    return vars(cli._parser().parse_args(words))


def test_the_settings_are_such_as_flamenco_knows(engine):
    job_type = json.loads(engine.eval("JSON.stringify(JOB_TYPE)"))
    settings = job_type["settings"]
    assert job_type["label"] and len({s["key"] for s in settings}) == len(settings)
    # The enumerations of AvailableJobSetting in Flamenco's OpenAPI file.
    known = {"key", "type", "subtype", "choices", "propargs", "description", "default", "visible", "required"}
    types = {"string": str, "int32": int}
    for setting in settings:
        assert set(setting) <= known and setting["description"]
        assert setting.get("subtype", "dir_path") in {"file_path", "dir_path"}
        assert setting.get("visible", "visible") in {"visible", "hidden", "submission", "web"}
        assert isinstance(setting.get("default", types[setting["type"]]()), types[setting["type"]])
        assert "choices" not in setting or setting["type"] == "string"


def test_its_defaults_and_choices_are_those_of_the_command_line(engine):
    (task,) = tasks_of(engine, out="/farm/set", count=1)
    ours = vars(cli._parser().parse_args(["render", "/farm/set"]))
    assert render_arguments(task) == ours
    job_type = json.loads(engine.eval("JSON.stringify(JOB_TYPE)"))
    (device,) = (s for s in job_type["settings"] if s["key"] == "device")
    assert tuple(device["choices"]) == cli.DEVICES


@pytest.mark.parametrize(("count", "chunk_size", "wanted"), [(1000, 100, 10), (7, 3, 3), (5, 100, 1)])
def test_its_tasks_are_shards_that_make_up_the_dataset(engine, count, chunk_size, wanted):
    tasks = tasks_of(engine, out="/farm/set", count=count, chunk_size=chunk_size)
    assert len(tasks) == len({task["name"] for task in tasks}) == wanted
    groups = []
    for task in tasks:
        arguments = render_arguments(task)
        shard = Shard(*arguments["shard"])
        assert shard.of == wanted and arguments["count"] == count
        assert len(shard.groups(count, 1)) <= chunk_size
        groups += shard.groups(count, 1)
    assert sorted(groups) == list(range(count))


def test_every_setting_arrives(engine):
    given = {
        "out": "/farm/a set", "count": 6, "seed": 5, "size": 128, "lights": "olat:32", "samples": 64, "frames": 24,
        "device": "optix", "assets": "/farm/my assets", "workers": 2, "chunk_size": 6, "checkout": "/opt/relight-stage",
        "blender": "/opt/blender/blender",
    }  # fmt: skip
    (task,) = tasks_of(engine, **given)
    assert task["commands"][0]["parameters"]["exe"] == "/opt/blender/blender"
    assert "/opt/relight-stage/synth/render.py" in task["commands"][0]["parameters"]["args"]
    assert (SCRIPT.parents[1] / "synth" / "render.py").is_file()
    arguments = render_arguments(task)
    decisive = Settings.__dataclass_fields__.keys()
    for key in (*decisive, "count", "device", "workers"):
        assert arguments[key] == given[key], key
    assert (arguments["out"], arguments["assets"]) == (Path(given["out"]), Path(given["assets"]))
    assert Settings(**{key: arguments[key] for key in decisive}).size == 128


@pytest.mark.parametrize("settings", [{"out": "", "count": 3}, {"out": "/farm", "count": 0}])
def test_an_impossible_job_is_refused_in_a_sentence(engine, settings):
    with pytest.raises(quickjs.JSException, match=r"\."):
        tasks_of(engine, **settings)
