"""report.py K TRAINED EXAM: write what came of it for people."""

import sys

from flowers import artifact, give

k, trained, exam = sys.argv[1:]
sentence = f"{k} neighbours: {float(trained):.1%} right in training, {float(exam):.1%} in the exam."
with open(artifact("report.md"), "w") as file:
    file.write(f"# Irises\n\n{sentence}\n")
give(sentence=sentence)
