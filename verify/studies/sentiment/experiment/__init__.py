"""The experiment on it: trials over seeds, measures, interventions, statistics, the paper's claims."""
