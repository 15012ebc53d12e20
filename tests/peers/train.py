"""Times of a training step (forward, backward, Adam) against PyTorch's, in turn in one run.

    cargo build --release -p gliss-nets --example step_speed
    python3 tests/peers/train.py target/release/examples/step_speed [--rounds 5] [--only resnet]

Needs torch. Both sides have one thread and are given the same nets, batches and seconds; each round runs one after the
other, in an order that turns round. Times are of the processor, which other programs disturb less than the clock; the
ratio is the median of the rounds' ratios, with the least and the largest. `--channels-last` and `MALLOC_` variables tune PyTorch.

With `--threads 2`, PyTorch has two threads for its one net, and we train two nets at once, one on each, as the program does with a
sweep: what counts is the time of the clock for each step that is made.

With `--device cuda`, and the program built with `--features cuda`, both train on the GPU, times are of the clock, and each
step ends when the host has its loss; `--tf32` lets both round the factors of products to TF32.
"""

import argparse
import os
import statistics
import subprocess
import time

import torch
from torch import nn


def flat(*widths):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Pooled(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def stack(channels, filters, kernels, pools, norm, dense):
    layers = []
    for f, k, p in zip(filters, kernels, pools):
        layers.append(nn.Conv2d(channels, f, k, padding=k // 2))
        layers += ([nn.BatchNorm2d(f)] if norm else []) + [nn.ReLU(), nn.MaxPool2d(p)]
        channels = f
    layers.append(Pooled())
    for d in dense:
        layers += [nn.Linear(channels, d), nn.ReLU()]
        channels = d
    return nn.Sequential(*layers, nn.Linear(channels, 10))


def liu_cnn(channels, side, p):
    layers, f = [], 4
    for i in range(4):
        k = [11, 7, 3, 3][i]
        layers += [nn.Conv2d(channels, f, k, padding=k // 2), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Dropout(p)] if p else []
        channels, f = f, 2 * f
    layers += [nn.Flatten(), flat(channels * (side // 16) ** 2, 128, 128, 64, 32, 16), nn.ReLU()]
    layers += [nn.Dropout(p)] if p else []
    return nn.Sequential(*layers, nn.Linear(16, 10))


class LiuCrnn(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels, f = [], 3, 4
        for i in range(4):
            k = [11, 7, 3, 3][i]
            layers += [nn.Conv2d(channels, f, k, padding=k // 2), nn.BatchNorm2d(f), nn.ReLU(), nn.MaxPool2d(2)]
            channels, f = f, 2 * f
        self.conv = nn.Sequential(*layers)
        self.gru = nn.GRU(256, 256, num_layers=2, dropout=0.5, batch_first=True)
        self.end = nn.Sequential(
            nn.Dropout(0.5), nn.BatchNorm1d(256), flat(256, 128, 128, 64, 32, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 10)
        )

    def forward(self, x):
        x = self.conv(x)
        x = x.permute(0, 3, 1, 2).flatten(2)
        return self.end(self.gru(x)[0][:, -1])


class Gru(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.end = nn.GRU(128, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, x):
        return self.end(self.gru(x)[0][:, -1])


class Block(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.one, self.two = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.Conv2d(b, b, 3, 1, 1, bias=False)
        self.n1, self.n2 = nn.BatchNorm2d(b), nn.BatchNorm2d(b)
        self.short = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)) if stride > 1 else None

    def forward(self, x):
        y = self.n2(self.two(torch.relu(self.n1(self.one(x)))))
        return torch.relu(y + (self.short(x) if self.short else x))


def resnet18():
    layers = [nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for f in (64, 128, 256, 512):
        layers += [Block(channels, f, 2 if f > 64 else 1), Block(f, f, 1)]
        channels = f
    return nn.Sequential(*layers, Pooled(), nn.Linear(512, 10))


CASES = {
    "mlp 57-128-64-10, batch 8": (lambda: flat(57, 128, 64, 10), (8, 57)),
    "mlp 57-128-64-10, batch 32": (lambda: flat(57, 128, 64, 10), (32, 57)),
    "cnn 1x128x128, batch 32": (lambda: stack(1, [32, 64, 128, 128], [5, 5, 3, 3], [2] * 4, False, [64]), (32, 1, 128, 128)),
    "liu_cnn 1x64x64, batch 32": (lambda: liu_cnn(1, 64, 0.5), (32, 1, 64, 64)),
    "liu_cnn 3x128x128, batch 64": (lambda: liu_cnn(3, 128, 0.5), (64, 3, 128, 128)),
    "liu_crnn 3x128x128, batch 64": (LiuCrnn, (64, 3, 128, 128)),
    "gru 64, 32 steps of 128, batch 32": (Gru, (32, 32, 128)),
    "gct_base2d 1x96x125, batch 32": (
        lambda: stack(1, [16, 32, 64, 128], [7, 5, 3, 3], [5, 3, 3, 2], True, []),
        (32, 1, 96, 125),
    ),
    "resnet18 1x128x128, batch 16": (resnet18, (16, 1, 128, 128)),
}


class Theirs:
    def __init__(self, make, shape, channels_last, device, clock):
        torch.manual_seed(0)
        self.device, self.clock = device, clock
        self.net, self.x = make().to(device), torch.rand(shape, device=device)
        if channels_last and len(shape) == 4:
            self.net, self.x = self.net.to(memory_format=torch.channels_last), self.x.contiguous(memory_format=torch.channels_last)
        self.labels = torch.arange(shape[0], device=device) % 10
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=1e-3)

    def step(self):
        self.optimiser.zero_grad()
        loss = nn.functional.cross_entropy(self.net(self.x), self.labels)
        loss.backward()
        self.optimiser.step()
        if self.device != "cpu":
            loss.item()

    def milliseconds(self, seconds):
        self.step()
        count, began, until = 0, self.clock(), time.monotonic() + seconds
        while time.monotonic() < until or count < 3:
            self.step()
            count += 1
        return (self.clock() - began) / count * 1e3


def ours(program, name, seconds, device, tf32, threads):
    # As the program itself sets its allocator (cli/src/allocator.rs).
    allocator = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(512 << 20)}
    environment = {**allocator, **os.environ, "CANDLE_NUM_THREADS": "1"}
    environment |= {"GLISS_TF32": "1"} if tf32 else {}
    runs = [
        subprocess.Popen([program, str(seconds), name, device], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(threads)
    ]
    times = []
    for run in runs:
        out, _ = run.communicate()
        if run.returncode:
            raise SystemExit(f"{program} failed")
        line = next(line for line in out.splitlines() if line.startswith(name + " "))
        times.append(float(line[len(name) :].split()[4 if device == "cpu" and threads == 1 else 3]))
    return statistics.mean(times) / threads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--only", default="")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    clock = time.process_time if args.device == "cpu" and args.threads == 1 else time.monotonic
    torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.tf32
    print(f"torch {torch.__version__}, {args.threads} thread(s){', channels last' if args.channels_last else ''}, {args.device}{', TF32' if args.tf32 else ''}")
    print(f"{'step of':36} {'ours ms':>9} {'torch ms':>9} {'ratio':>6}  least-most of {args.rounds}")
    for name, (make, shape) in CASES.items():
        if args.only not in name:
            continue
        theirs = Theirs(make, shape, args.channels_last, args.device, clock)
        rounds = []
        for number in range(args.rounds):
            sides = [lambda: ours(args.program, name, args.seconds, args.device, args.tf32, args.threads), lambda: theirs.milliseconds(args.seconds)]
            first = number % 2
            times = {first: sides[first](), 1 - first: sides[1 - first]()}
            rounds.append((times[0] / times[1], times[0], times[1]))
        ratio, mine, torch_ms = (statistics.median(column) for column in zip(*rounds))
        ratios = [r[0] for r in rounds]
        print(f"{name:36} {mine:9.3f} {torch_ms:9.3f} {ratio:6.2f}  {min(ratios):.2f}-{max(ratios):.2f}", flush=True)


if __name__ == "__main__":
    main()
