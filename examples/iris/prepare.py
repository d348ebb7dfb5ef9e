"""prepare.py SEED SHARE: shuffle the flowers and keep a share of them aside for the final exam."""

import os
import random
import sys

from flowers import artifact, give, read, write

seed, share = int(sys.argv[1]), float(sys.argv[2])
flowers = read(os.path.join(os.path.dirname(__file__), "iris.csv"))
random.Random(seed).shuffle(flowers)
exam = round(len(flowers) * share)
write(artifact("exam.csv"), flowers[:exam])
write(artifact("train.csv"), flowers[exam:])
give(rows=len(flowers), exam=exam)
