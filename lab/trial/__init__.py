"""One trial: clone, apply, settle, measure, verify, time the reads; `lab.trial.trial` runs these steps in order."""
