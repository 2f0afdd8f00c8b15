"""StepUP-P150: footsteps on a pressure floor."""
