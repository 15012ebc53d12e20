"""Times of one convolution on a GPU, layer by layer, against cuDNN's as PyTorch calls it, in turn in one run.

    cargo build --release -p gliss-nets --features cuda --example conv_speed
    python3 tests/peers/convolve.py target/release/examples/conv_speed [--rounds 3] [--seconds 0.3] [--tf32]

Needs torch with CUDA. Milliseconds of the clock for a pass forward, and for a pass forward and backward (of weights and bias,
and of the input where it is not a picture), many passes queued and waited for together. cuDNN chooses its method by trial
(`benchmark`). The ratio is the median of the rounds' ratios of both ways together.
"""

import argparse
import os
import statistics
import subprocess
import time

import torch

# Name, batch, channels, side, filters, kernel, stride, padding: as in worker/nets/examples/conv_speed.rs.
LAYERS = [
    ("liu_cnn 1", 32, 1, 64, 4, 11, 1, 5),
    ("liu_cnn 2", 32, 4, 32, 8, 7, 1, 3),
    ("liu_cnn 3", 32, 8, 16, 16, 3, 1, 1),
    ("liu_cnn 4", 32, 16, 8, 32, 3, 1, 1),
    ("1 channel", 32, 1, 128, 32, 5, 1, 2),
    ("32 channels", 32, 32, 64, 64, 5, 1, 2),
    ("64 channels", 32, 64, 32, 128, 3, 1, 1),
    ("128 channels", 32, 128, 16, 128, 3, 1, 1),
    ("resnet stem", 16, 1, 128, 64, 7, 2, 3),
    ("resnet 1", 16, 64, 32, 64, 3, 1, 1),
    ("resnet 2 first", 16, 64, 32, 128, 3, 2, 1),
    ("resnet 2", 16, 128, 16, 128, 3, 1, 1),
    ("resnet 3", 16, 256, 8, 256, 3, 1, 1),
    ("resnet 4", 16, 512, 4, 512, 3, 1, 1),
    ("alexnet 1", 16, 3, 224, 64, 11, 4, 2),
    ("alexnet 2", 16, 64, 27, 192, 5, 1, 2),
]


def milliseconds(seconds, step):
    for _ in range(20):
        step()
    torch.cuda.synchronize()
    passes, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        for _ in range(10):
            step()
        torch.cuda.synchronize()
        passes += 10
    return (time.monotonic() - began) * 1e3 / passes


def theirs(layer, seconds):
    _, batch, channels, side, filters, kernel, stride, padding = layer
    x = torch.rand(batch, channels, side, side, device="cuda", requires_grad=channels > 3)
    conv = torch.nn.Conv2d(channels, filters, kernel, stride, padding).cuda()
    ones = torch.ones_like(conv(x))

    def both():
        conv.zero_grad()
        x.grad = None
        conv(x).backward(ones)

    with torch.no_grad():
        forward = milliseconds(seconds, lambda: conv(x))
    return forward, milliseconds(seconds, both)


def ours(program, name, seconds, tf32):
    environment = {**os.environ, "CANDLE_NUM_THREADS": "1"} | ({"GLISS_TF32": "1"} if tf32 else {})
    out = subprocess.run([program, str(seconds), name, "cuda"], capture_output=True, text=True, env=environment, check=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    return next((float(forward), float(both)) for got, forward, both in rows if got == name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--tf32", action="store_true")
    args = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.tf32
    print(f"torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, {torch.cuda.get_device_name()}{', TF32' if args.tf32 else ''}")
    print(f"{'ms':18} {'ours':>8} {'both':>8} {'cuDNN':>8} {'both':>8} {'ratio':>6}  least-most of {args.rounds}")
    for layer in LAYERS:
        rounds = []
        for number in range(args.rounds):
            sides = [lambda: ours(args.program, layer[0], args.seconds, args.tf32), lambda: theirs(layer, args.seconds)]
            first = number % 2
            times = {first: sides[first](), 1 - first: sides[1 - first]()}
            rounds.append((*times[0], *times[1]))
        a, b, c, d = (statistics.median(column) for column in zip(*rounds))
        ratios = sorted(r[1] / r[3] for r in rounds)
        print(f"{layer[0]:18} {a:8.3f} {b:8.3f} {c:8.3f} {d:8.3f} {statistics.median(ratios):6.2f}  {ratios[0]:.2f}-{ratios[-1]:.2f}", flush=True)


if __name__ == "__main__":
    main()
