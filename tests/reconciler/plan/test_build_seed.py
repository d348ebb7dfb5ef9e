"""Facts about the example that this product was built from."""

from __future__ import annotations

SEED = """\
version: 1
kind: component
name: test-pipeline

ops:
  - name: job1
    dagRef: job-template
    params:
      bucket: s3://bucket-with-data
  - name: deep-wide-experiment
    hubRef: deep-wide-model
    dependencies: [job1]
    params:
      lr: 0.05

components:
  - name: job-template
    inputs:
    - name: input-bucket
      type: s3
    environment:
      nodeSelector: {polyaxon: experiments}
      serviceAccount: my-service
    run:
      kind: job
      container:
        name: data-processing-image
        command: [run.sh]
        args: ["--input-bucket"]
"""

HUB = """\
kind: component
name: deep-wide-model
inputs:
- {name: lr, type: float}
run:
  kind: job
  container: {image: org/deep-wide, args: ["{{ params.lr.as_arg }}"]}
"""


def test_the_seed_has_three_mistakes_on_their_lines_and_no_more(built):
    found = built(SEED).findings
    assert [(finding.rule, finding.severity, finding.span.line) for finding in found] == [
        ("param-undeclared", "error", 9),
        ("ref-not-found", "error", 11),
        ("image-missing", "error", 26),
    ]
    assert found[0].suggestion == "input-bucket"
    assert "did you mean `input-bucket`?" in found[0].message
    assert "`deep-wide-model` is not in the hub" in found[1].message
    assert found[0].path == "test-pipeline.ops.job1.params.bucket"


def test_the_mended_seed_is_a_plan_of_two_jobs(built):
    mended = SEED.replace("      bucket:", "      input-bucket:").replace(
        "        name: data-processing-image", "        image: org/data-processing"
    )
    result = built(mended, {"hub/deep-wide-model.yaml": HUB})
    assert result.findings == ()
    assert result.references == ("hub/deep-wide-model.yaml",)
    job, experiment = result.plan.graph.ops
    assert (job.name, job.downstream, job.sources["input-bucket"].value) == ("job1", (1,), "s3://bucket-with-data")
    assert (experiment.upstream, experiment.sources["lr"].value) == ((0,), 0.05)
    assert job.run["environment"]["nodeSelector"] == {"polyaxon": "experiments"}
