"""choose.py KS ACCURACIES: the best k; of equally good ones the smallest. Both are lists with commas, in one order."""

import sys

from flowers import give

ks = [int(k) for k in sys.argv[1].split(",")]
accuracies = [float(accuracy) for accuracy in sys.argv[2].split(",")]
best, k = max(zip(accuracies, (-k for k in ks)))
give(k=-k, accuracy=best)
