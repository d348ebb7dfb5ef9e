"""Reading flowers, classifying them by their nearest neighbours, and telling Headgate what came of it."""

import csv
import json
import math
import os
from collections import Counter


def read(path):
    """The flowers of a CSV file as (four measurements in cm, species)."""
    with open(path, newline="") as file:
        return [([float(value) for value in row[:4]], row[4]) for row in list(csv.reader(file))[1:]]


def write(path, flowers):
    """The flowers as a CSV file."""
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sepal_length", "sepal_width", "petal_length", "petal_width", "species"])
        rows.writerows([*measures, species] for measures, species in flowers)


def classify(known, measures, k):
    """The species of most of the k nearest known flowers; of equally many, that of the nearer ones."""
    nearest = sorted(known, key=lambda flower: math.dist(flower[0], measures))[:k]
    return Counter(species for _, species in nearest).most_common(1)[0][0]


def accuracy(known, asked, k):
    """The share of the asked flowers that are classified as what they are."""
    right = sum(classify(known, measures, k) == species for measures, species in asked)
    return round(right / len(asked), 4)


def give(**outputs):
    """The outputs of this op."""
    with open(os.environ["HEADGATE_OUTPUTS_PATH"], "w") as file:
        json.dump(outputs, file)
    print(" ".join(f"{name}={value}" for name, value in outputs.items()))


def artifact(name):
    """Where this op puts a file that other ops may read."""
    return os.path.join(os.environ["HEADGATE_ARTIFACTS_PATH"], name)
