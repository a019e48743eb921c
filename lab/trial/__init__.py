"""One trial: clone, apply, settle, measure, verify; `lab.trial.trial` runs these steps in order."""
