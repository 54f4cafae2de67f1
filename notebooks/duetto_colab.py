# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   accelerator: GPU
# ---

# %% [markdown]
# # duetto: a singing voice, from recordings to a converted song
#
# Run the cells from top to bottom. With a GPU (Runtime, Change runtime type, T4) training is faster; without one it
# works, too.
#
# - Without recordings of your own, leave `data` at `case_b`: a synthetic singer.
# - With your own: put recordings of **one** voice, without accompaniment, into `recordings` in your Drive folder.
# - If the runtime is taken away, run the cells from the top again: training resumes from the copy on Drive.

# %% tags=["parameters"]
# @title 1. Settings
repository = ""  # @param {type:"string"}
data = "case_b"  # @param ["case_b", "folder"]
name = "my_voice"  # @param {type:"string"}
minutes = 20.0  # @param {type:"number"}
more_settings = ""  # @param {type:"string"}
weights = ""  # @param {type:"string"}
use_drive = True  # @param {type:"boolean"}
drive_folder = "duetto"  # @param {type:"string"}
song = ""  # @param {type:"string"}
transpose = "auto"  # @param {type:"string"}
export_as = "voice"  # @param ["voice", "ecosystem", "onnx"]
workplace = "/content"  # where the checkout, corpora and runs lie; elsewhere than on Colab, any folder

# %%
# @title 2. Installation, and what this machine is
import html
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from IPython.display import HTML, Audio, display

ON_COLAB = "google.colab" in sys.modules  # its runtimes import it before the first cell
WORK = Path(workplace).resolve()
LOGS, CHECKOUT = WORK / "logs", WORK / "checkout"
PLAIN = {key: value for key, value in os.environ.items() if key != "FORCE_COLOR"} | {"TERM": "dumb"}  # no moving bars


def run(*command, folder=WORK):
    """Run a command, show what it says, and stop here if it fails."""
    with subprocess.Popen(
        list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=PLAIN
    ) as process:
        for line in process.stdout:
            print(line, end="")
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:4]))} ... ended with status {process.returncode}: see above")


def duetto(*arguments):
    """A command of duetto: train, infer, doctor, ..."""
    run(sys.executable, "-m", "duetto", *arguments)


if importlib.util.find_spec("duetto") is None:
    if not CHECKOUT.is_dir():
        if not repository:
            raise RuntimeError("repository is empty: give the address of duetto's repository in the first cell")
        run("git", "clone", "--depth", "1", repository, CHECKOUT)
    held = [
        f"{package}=={importlib.metadata.version(package)}" for package in ("torch", "torchaudio", "numpy", "scipy")
    ]
    (WORK / "held.txt").write_text("\n".join(held) + "\n")
    requirements = ("-r", "requirements-colab.txt", "-c", WORK / "held.txt")
    run(sys.executable, "-m", "pip", "install", "--quiet", *requirements, folder=CHECKOUT)
duetto("hardware")

# %%
# @title 3. Drive
if ON_COLAB and use_drive:
    from google.colab import drive

    drive.mount("/content/drive")
    KEPT = Path("/content/drive/MyDrive") / drive_folder
else:
    KEPT = WORK / drive_folder
RECORDINGS = KEPT / "recordings"
RECORDINGS.mkdir(parents=True, exist_ok=True)
print(f"Copies of the voice and of the last checkpoint: {KEPT / 'logs'}")
if data == "folder":
    print(f"Recordings: {RECORDINGS}, {sum(path.is_file() for path in RECORDINGS.iterdir())} files")

# %%
# @title 4. Whose voice it is, and what the doctor says of the recordings
# @markdown Only for `data = folder`. The person whose voice it is has to agree, before anything is trained.
singer = ""  # @param {type:"string"}
controller = ""  # @param {type:"string"}
scopes = (
    "train,infer"  # @param ["train,infer", "train,infer,publish_audio", "train,infer,publish_audio,publish_weights"]
)
purposes = "research"  # @param {type:"string"}
expires = "2030-12-31"  # @param {type:"date"}

if data == "folder":
    if not (RECORDINGS / "consent.yaml").exists():
        record = {
            "subject": singer,
            "controller": controller,
            "scopes": scopes,
            "purposes": purposes,
            "expires": expires,
        }
        duetto("consent", "new", RECORDINGS, *(f"--{key}={value}" for key, value in record.items()))
    duetto("consent", "show", RECORDINGS)
    recordings = WORK / "recordings"  # training reads from here: Drive is slow
    shutil.copytree(RECORDINGS, recordings, dirs_exist_ok=True)
    examined = subprocess.run(
        [sys.executable, "-m", "duetto", "doctor", recordings, "quick"], cwd=WORK, text=True, capture_output=True
    )
    print(examined.stdout, examined.stderr)  # a serious finding is said, and does not stop you

# %%
# @title 5. Public weights
# @markdown Names as `python -m duetto weights list` has them, with blanks between; empty for the weights that ship.
for each in weights.split():
    duetto("weights", "get", each)

# %%
# @title 6. Training
# @markdown Voice and last checkpoint are copied to Drive every ten minutes. Run this cell again to resume.
from duetto.storage.safekeeping import copy_changed, kept

EVERY_S = 600
copy_changed(KEPT / "logs", LOGS)  # what an earlier runtime left
settings = [f"data={data}", f"name={name}", f"trainer.max_minutes={minutes}", "logger=none", f"logs={LOGS}"]
settings += [f"data.root={WORK / 'data'}", *([f"data.path={WORK / 'recordings'}"] if data == "folder" else [])]
LOGS.mkdir(exist_ok=True)
with kept(LOGS, KEPT / "logs", EVERY_S):
    duetto("train", "model=rvc", *settings, *more_settings.split())

# %%
# @title 7. The page of the run
from duetto.voices.find import find_run

RUN = find_run(LOGS, name)
page = (RUN / "index.html").read_text("utf-8")
display(HTML(f'<iframe srcdoc="{html.escape(page)}" width="100%" height="800" style="border:0"></iframe>'))

# %%
# @title 8. A song
source = WORK / "song.wav"
if song:
    source = KEPT / song
elif not source.exists():
    duetto("sing", "slow_01", "voice=low", f"output={source}")
converted = WORK / "converted.wav"
duetto("infer", f"run={name}", f"source={source}", f"transpose={transpose}", f"output={converted}", f"logs={LOGS}")
shutil.copy2(converted, KEPT / "converted.wav")
print("The source, then its conversion:")
display(Audio(str(source)), Audio(str(converted)))

# %%
# @title 9. To take away
# @markdown `voice`: duetto's own files. `ecosystem`: for RVC WebUI and Applio, if the voice has one of their sizes.
if export_as == "voice":
    exported = Path(shutil.make_archive(str(WORK / name), "zip", RUN / "voice"))
    shutil.copy2(exported, KEPT / exported.name)
else:
    duetto("export", name, f"--output={KEPT / 'export'}", f"--format={export_as}", f"--logs={LOGS}")
print(f"In {KEPT}: {', '.join(sorted(path.name for path in KEPT.iterdir()))}")
