"""One trial: clone, apply, settle, weigh, verify; `lab.trial.trial` puts them in order."""
