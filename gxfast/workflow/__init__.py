"""Jobs on a run directory: inputs, options, steps, scans."""
