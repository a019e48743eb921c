"""The lab's own speed, measured as ratios side by side in one run."""
