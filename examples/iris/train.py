"""train.py DATA K: how well k neighbours do, by cross-validation in five parts of the training data."""

import sys

from flowers import accuracy, give, read

data, k = sys.argv[1], int(sys.argv[2])
flowers = read(data + "/train.csv")
parts = [flowers[start::5] for start in range(5)]
scores = []
for part in parts:
    rest = [flower for other in parts if other is not part for flower in other]
    scores.append(accuracy(rest, part, k))
give(accuracy=round(sum(scores) / len(scores), 4))
