"""A proposal that people talk on: its pushes, its comments and what we answer, the runs of it."""


def propose(world, **files):
    """A new head of the proposal `topic`, seen."""
    world.sha = world.propose("topic", **files)
    world.settle()
    world.clock.jump(1)


def answered(world, body, by="ann"):
    """What our comment says after somebody's."""
    world.comment("topic", body, by)
    world.settle()
    return world.conversations.ours.get("topic", "")


def trials(world):
    """The trial runs there were."""
    return [run for run in world.store.runs(repository="shop") if run.facts.proposal]
