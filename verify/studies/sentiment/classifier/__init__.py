"""The classifier: data, hard and softmax attention, the trained model, training, the baseline without attention."""
