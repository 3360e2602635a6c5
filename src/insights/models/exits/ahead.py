"""What a report on leaving asks for late, worked out early by a process beside its notebook."""

from contextlib import suppress

from insights.data.snapshot import Bank
from insights.errors import InsightsError
from insights.models.exits.checks import exit_checks
from insights.models.exits.trials import chosen_model, exit_trials, held_out_risks
from insights.stats.results import NotEstimable


def work_ahead(bank: Bank) -> None:
    """Compute the fits at past landmarks and the checks of today's model, and keep them on disk.

    A notebook begins with today's fits and comes to these after them; both are the longest work of a run, and neither
    needs the other. Whoever asks first computes, and results do not depend on who it was. What cannot be computed is
    not told here: the notebook says it.
    """
    if bank.window_from is None:
        return
    with suppress(InsightsError):
        chosen_model(bank)
        trials = exit_trials(bank)
        if not isinstance(trials, NotEstimable):
            held_out_risks(bank, trials.landmarks.days[-1])
        exit_checks(bank)
