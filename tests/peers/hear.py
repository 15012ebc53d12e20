#!/usr/bin/env python3
"""Our audio front end against librosa's: both in one run, in alternation, in seconds of sound per processor-second.

    cargo build --release -p gliss-audio --example hear_speed
    python3 -m venv venv && venv/bin/pip install librosa==0.11.0
    venv/bin/python tests/peers/hear.py target/release/examples/hear_speed [--case hpss ...] [--rounds 5] [--markdown]

Each round times every case once on each side: librosa in this process, ours in the program named, both for about a second on
one thread after a warm-up, by the processor's clock (numba has compiled, plans are made, files are in the page cache). What is
printed is the median over the rounds with its smallest and largest, and the median of the rounds' ratios.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

# One thread: numpy's matrix products and numba would take more. Kernels chosen for other processors are not what people run.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import librosa
import numpy as np
import scipy.fft
import soundfile

RATE = 22050
SECONDS = 30
FRONT_ENDS = {
    "a": dict(sr=22050, n_fft=2048, hop_length=512, n_mels=128),
    "b": dict(sr=16000, n_fft=2048, hop_length=512, n_mels=128),
    "c": dict(sr=22050, n_fft=2048, win_length=1984, hop_length=992, n_mels=64),
    "d": dict(sr=22050, n_fft=1024, hop_length=512, n_mels=256),
}


def music(rate, channels):
    """Chords, a beat and noise, different in each channel: what the transforms cost does not depend on it, HPSS's ties do."""
    t = np.arange(SECONDS * rate) / rate
    rng = np.random.default_rng(0)
    beat = np.exp(-(t % 0.48) * 30) * rng.standard_normal(t.size)
    columns = []
    for channel in range(channels):
        chord = sum(np.sin(2 * np.pi * f * (1 + 0.01 * channel) * t) for f in (220.0, 277.2, 329.6, 1318.5))
        columns.append(0.12 * chord * (1 + 0.3 * np.sin(2 * np.pi * 0.5 * t)) + 0.15 * beat + 0.01 * rng.standard_normal(t.size))
    return np.stack(columns, axis=1).astype(np.float32)


def mel_db(samples, settings):
    return librosa.power_to_db(librosa.feature.melspectrogram(y=samples, **settings), ref=np.max)


def features57(y):
    """The published program's calls (papers: GTZAN's 57 columns)."""
    parts = [
        librosa.feature.chroma_stft(y=y, sr=RATE),
        librosa.feature.rms(y=y),
        librosa.feature.spectral_centroid(y=y, sr=RATE),
        librosa.feature.spectral_bandwidth(y=y, sr=RATE),
        librosa.feature.spectral_rolloff(y=y, sr=RATE),
        librosa.feature.zero_crossing_rate(y),
        *librosa.effects.hpss(y),
    ]
    row = [moment for part in parts for moment in (part.mean(), part.var())]
    row.append(float(np.atleast_1d(librosa.beat.beat_track(y=y, sr=RATE)[0])[0]))
    for line in librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=20):
        row += [line.mean(), line.var()]
    return row


def cases(wav, mp3):
    y, _ = librosa.load(wav, sr=None)
    at = {22050: y, 16000: librosa.resample(y, orig_sr=RATE, target_sr=16000)}
    found = {}
    for name, settings in FRONT_ENDS.items():
        rate = settings["sr"]
        found[f"mel_{name}"] = lambda s=settings, rate=rate: mel_db(at[rate], s)
        found[f"wav_mel_{name}"] = lambda s=settings, rate=rate: mel_db(librosa.load(wav, sr=rate)[0], s)
        found[f"mp3_mel_{name}"] = lambda s=settings, rate=rate: mel_db(librosa.load(mp3, sr=rate)[0], s)
    frames = np.ascontiguousarray(librosa.util.frame(np.pad(y, 1024), frame_length=2048, hop_length=512).T)
    found["transforms_a"] = lambda: scipy.fft.rfft(frames)
    found["power_a"] = lambda: np.abs(librosa.stft(y, n_fft=2048, hop_length=512)) ** 2
    found["mp3_decode"] = lambda: librosa.load(mp3, sr=RATE)
    found["hpss"] = lambda: librosa.effects.hpss(y)
    found["percussive"] = lambda: librosa.effects.percussive(y)
    for rate in (0.93, 1.07):
        found[f"stretch_{rate}"] = lambda rate=rate: librosa.effects.time_stretch(y, rate=rate)
    for steps in (1, -1):
        found[f"pitch_{steps:+d}"] = lambda steps=steps: librosa.effects.pitch_shift(y, sr=RATE, n_steps=steps)
    found["features57"] = lambda: features57(y)
    found["wav_features57"] = lambda: features57(librosa.load(wav, sr=RATE)[0])
    found["mp3_features57"] = lambda: features57(librosa.load(mp3, sr=RATE)[0])
    return found


def speed(work, least=1.0):
    """Seconds of sound per processor-second over at least `least` processor-seconds."""
    began, times = time.process_time(), 0
    while True:
        work()
        times += 1
        spent = time.process_time() - began
        if spent >= least:
            return SECONDS * times / spent


def ours(program, case, wav, mp3, threads=1):
    done = subprocess.run(
        [program, case, wav, mp3, "--threads", str(threads)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def spread(values):
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--case", action="append", help="a part of the names of the cases to run; all without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", action="store_true", help="leave librosa out")
    parser.add_argument("--threads", action="store_true", help="ours on two threads against one, by the wall's clock")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wav, mp3 = os.path.join(folder, "clip.wav"), os.path.join(folder, "clip.mp3")
        soundfile.write(wav, music(RATE, 1)[:, 0], RATE, subtype="PCM_16")
        soundfile.write(mp3, music(44100, 2), 44100, format="MP3")
        chosen = {
            name: work
            for name, work in cases(wav, mp3).items()
            if not arguments.case or any(part in name for part in arguments.case)
        }
        print(
            f"librosa {librosa.__version__}, numpy {np.__version__}, scipy {scipy.__version__}, one thread; "
            f"median of {arguments.rounds} rounds (smallest to largest), seconds of sound per processor-second",
            file=sys.stderr,
        )
        if arguments.threads:
            print("| work | one thread, per wall second | two threads | ratio |\n|---|---|---|---|")
            for name in chosen:
                pairs = [[ours(arguments.program, name, wav, mp3, n)["per_wall_second"] for n in (1, 2)] for _ in range(arguments.rounds)]
                one, two = zip(*pairs)
                ratio = statistics.median(b / a for a, b in pairs)
                print(f"| {name} | {spread(one)} | {spread(two)} | {ratio:.2f} |", flush=True)
            return
        if not arguments.ours:
            for work in chosen.values():
                work()
        print("| work | librosa | ours | times librosa |\n|---|---|---|---|")
        for name, work in chosen.items():
            theirs, mine, ratios = [], [], []
            for _ in range(arguments.rounds):
                mine.append(ours(arguments.program, name, wav, mp3)["per_processor_second"])
                if not arguments.ours:
                    theirs.append(speed(work))
                    ratios.append(mine[-1] / theirs[-1])
            if arguments.ours:
                print(f"| {name} | | {spread(mine)} | |", flush=True)
            else:
                print(f"| {name} | {spread(theirs)} | {spread(mine)} | {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}) |", flush=True)


if __name__ == "__main__":
    main()
