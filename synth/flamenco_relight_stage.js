// SPDX-License-Identifier: GPL-3.0-or-later

// A job type for Flamenco 3, the render farm of Blender Studio: one task a shard of a dataset.
// Lay this file into the folder `scripts` beside flamenco-manager; docs/farm.md says more.

const JOB_TYPE = {
    label: "Relight Stage Dataset",
    description: "Portraits with their ground truth, from a virtual light stage",
    settings: [
        { key: "out", type: "string", subtype: "dir_path", required: true,
          description: "Folder of the dataset on the shared storage. Complete samples in it are kept" },
        { key: "count", type: "int32", required: true, default: 1000, propargs: { min: 1 },
          description: "Number of samples" },
        { key: "seed", type: "int32", required: true, default: 0, propargs: { min: 0 },
          description: "Same seed, same samples" },
        { key: "size", type: "int32", required: true, default: 256, propargs: { min: 32, max: 4096 },
          description: "Side of the square images in pixels, an even number" },
        { key: "lights", type: "string", required: true, default: "hdri",
          description: "hdri, hdri:K for K panoramas a person, olat:N for N single lights, olat:N@R for lights " +
            "of R degrees radius, gradient for colour gradients, or olat:N+gradient" },
        { key: "samples", type: "int32", required: true, default: 24, propargs: { min: 1 },
          description: "Cycles samples a pixel" },
        { key: "frames", type: "int32", required: true, default: 1, propargs: { min: 1, max: 240 },
          description: "Of each sequence, whose frames are consecutive samples. 1 for stills" },
        { key: "assets", type: "string", subtype: "dir_path", required: false, default: "",
          description: "Folder of head packs and HDRIs on the shared storage. Without one, procedural heads" },
        { key: "device", type: "string", required: true, default: "auto",
          choices: ["auto", "cpu", "gpu", "optix", "cuda", "hip", "metal", "oneapi"],
          description: "What Cycles renders on" },
        { key: "workers", type: "int32", required: true, default: 1, propargs: { min: 1 },
          description: "Processes a task, which share the processors of its machine" },
        { key: "chunk_size", type: "int32", required: true, default: 100, propargs: { min: 1 }, visible: "submission",
          description: "Number of samples in one task" },
        { key: "checkout", type: "string", subtype: "dir_path", required: false, default: "", visible: "submission",
          description: "Folder of a checkout of Relight Stage on the workers. Without one, their installed extension" },
        { key: "blender", type: "string", required: true, default: "{blender}", visible: "submission",
          description: "The command that starts Blender on a worker" },
    ],
};

function compileJob(job) {
    // The Manager fills in no defaults: a submitter may leave out whatever is not required.
    const settings = {};
    for (const setting of JOB_TYPE.settings) {
        const given = job.settings[setting.key];
        settings[setting.key] = given === undefined || given === null ? setting.default : given;
    }
    if (!settings.out) {
        throw "The setting \"out\" is empty; name the folder of the dataset.";
    }
    if (!(settings.count >= 1 && settings.chunk_size >= 1)) {
        throw `count is ${settings.count} and chunk_size is ${settings.chunk_size}; both must be at least 1.`;
    }
    const shards = Math.ceil(settings.count / settings.chunk_size);
    for (let shard = 1; shard <= shards; shard++) {
        const task = author.Task(`render-${shard}-of-${shards}`, "blender");
        task.addCommand(author.Command("exec", {
            exe: settings.blender,
            args: blenderArguments(settings, `${shard}/${shards}`),
        }));
        job.addTask(task);
    }
}

function blenderArguments(settings, shard) {
    let flags = [
        settings.out,
        "--count", `${settings.count}`,
        "--seed", `${settings.seed}`,
        "--size", `${settings.size}`,
        "--lights", settings.lights,
        "--samples", `${settings.samples}`,
        "--frames", `${settings.frames}`,
        "--device", settings.device,
        "--workers", `${settings.workers}`,
        "--shard", shard,
    ];
    if (settings.assets) {
        flags = flags.concat("--assets", settings.assets);
    }
    if (settings.checkout) {
        // The exit code counts only where it stands before the script.
        const script = `${settings.checkout}/synth/render.py`;
        return ["-b", "--python-exit-code", "1", "-P", script, "--"].concat(flags);
    }
    return ["-b", "--command", "relight_stage", "render"].concat(flags);
}
