"""Pure rules of growth: health, interventions, intervals. Facts and the time in, a decision out."""
